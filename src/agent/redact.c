#include "agent/redact.h"
#include "base/clock.h"
#include "base/memory.h"
#include <ctype.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#define SECRETS_MAX 512
/* Texts are cut at fixed lengths, none of which is shorter. */
#define CUT_LEAST_BYTES 60
#define ELLIPSIS        "\xe2\x80\xa6"

struct secret {
    char *text;
    size_t length;
    int64_t until;
};

struct redactor {
    struct secret secrets[SECRETS_MAX]; /* longest first */
    size_t count;
};

struct redactor *redactor_make(void) {
    return memory_alloc(sizeof(struct redactor));
}

static void forget(struct redactor *redactor, size_t i) {
    sodium_memzero(redactor->secrets[i].text, redactor->secrets[i].length);
    free(redactor->secrets[i].text);
    memmove(&redactor->secrets[i], &redactor->secrets[i + 1], (--redactor->count - i) * sizeof redactor->secrets[0]);
}

void redactor_free(struct redactor *redactor) {
    while (redactor && redactor->count)
        forget(redactor, redactor->count - 1);
    free(redactor);
}

/* Codes of an authenticator come by the dozen and soon are worth nothing. */
static void forget_old(struct redactor *redactor) {
    int64_t now = clock_monotonic_ms();
    for (size_t i = redactor->count; i-- > 0;)
        if (redactor->secrets[i].until < now)
            forget(redactor, i);
}

void redactor_add(struct redactor *redactor, const char *secret, int64_t until) {
    size_t length = strlen(secret), at = 0;
    forget_old(redactor);
    if (length < REDACT_LEAST_BYTES || redactor->count == SECRETS_MAX)
        return;
    while (at < redactor->count && redactor->secrets[at].length >= length)
        at++;
    memmove(&redactor->secrets[at + 1], &redactor->secrets[at], (redactor->count++ - at) * sizeof redactor->secrets[0]);
    redactor->secrets[at] = (struct secret){memory_copy_bytes(secret, length), length, until};
}

static int hex_at(const char *at, const char *end, size_t skip, size_t digits) {
    int value = 0;
    if ((size_t)(end - at) < skip + digits)
        return -1;
    for (size_t i = skip; i < skip + digits; i++) {
        if (!isxdigit((unsigned char)at[i]))
            return -1;
        value = value * 16 + (isdigit((unsigned char)at[i]) ? at[i] - '0' : (at[i] | 32) - 'a' + 10);
    }
    return value;
}

static size_t entity_at(const char *at, const char *end, char wanted) {
    static const struct {
        char c;
        const char *text;
    } entities[] = {{'&', "&amp;"}, {'<', "&lt;"},   {'>', "&gt;"},    {'"', "&quot;"},
                    {'"', "&#34;"}, {'\'', "&#39;"}, {'\'', "&#x27;"}, {'\'', "&apos;"}};
    for (size_t i = 0; i < ARRAY_LENGTH(entities); i++) {
        size_t n = strlen(entities[i].text);
        if (entities[i].c == wanted && (size_t)(end - at) >= n && !memcmp(at, entities[i].text, n))
            return n;
    }
    return 0;
}

/* How many bytes at `at` say `wanted` in another way than by itself; 0: they do not. */
static size_t encoded_at(const char *at, const char *end, char wanted) {
    switch (*at) {
    case '%':
        return hex_at(at, end, 1, 2) == (unsigned char)wanted ? 3 : 0;
    case '+':
        return wanted == ' ';
    case '&':
        return entity_at(at, end, wanted);
    case '\\':
        if (end - at > 1 && at[1] == wanted && strchr("\"\\/'", wanted))
            return 2;
        return end - at > 5 && at[1] == 'u' && hex_at(at, end, 2, 4) == (unsigned char)wanted ? 6 : 0;
    default:
        return 0;
    }
}

/* What of the secret is written at `at`: how many bytes of it (`ret_matched`) on how many of the text. A byte that may
 * stand for itself or begin an encoding is tried as both. */
static size_t match(const char *at, const char *end, const char *secret, size_t length, size_t *ret_matched) {
    const char *from = at;
    size_t i = 0;
    for (; i < length && at < end; i++) {
        size_t encoded = encoded_at(at, end, secret[i]);
        if (*at == secret[i] && encoded) {
            size_t inner = 0, used = match(at + encoded, end, secret + i + 1, length - i - 1, &inner);
            if (inner == length - i - 1)
                return *ret_matched = length, (size_t)(at - from) + encoded + used;
        }
        if (*at != secret[i] && !encoded)
            break;
        at += *at == secret[i] ? 1 : encoded;
    }
    *ret_matched = i;
    return (size_t)(at - from);
}

/* Whether a text may have been cut off here. */
static bool is_cut(const char *text, const char *at, const char *end) {
    if ((size_t)(end - at) >= strlen(ELLIPSIS) && !memcmp(at, ELLIPSIS, strlen(ELLIPSIS)))
        return true;
    return at - text >= CUT_LEAST_BYTES && (at == end || *at == '"');
}

/* The length of what is secret at `at`, 0 for nothing. */
static size_t secret_at(const struct redactor *redactor, const char *text, const char *at, const char *end,
                        int64_t now) {
    size_t longest = 0;
    for (size_t i = 0; i < redactor->count; i++) {
        const struct secret *secret = &redactor->secrets[i];
        size_t matched, length = match(at, end, secret->text, secret->length, &matched);
        bool cut = matched >= REDACT_LEAST_BYTES && is_cut(text, at + length, end);
        if (secret->until >= now && (matched == secret->length || cut) && length > longest)
            longest = length;
    }
    return longest;
}

bool redactor_text(const struct redactor *redactor, const char *text, size_t length, struct text *ret_text) {
    const char *end = text + length, *from = text;
    int64_t now = clock_monotonic_ms();
    if (!redactor || !redactor->count)
        return false;
    for (const char *at = text; at < end;) {
        size_t n = secret_at(redactor, text, at, end, now);
        if (!n) {
            at++;
            continue;
        }
        text_append(ret_text, from, (size_t)(at - from));
        text_append_string(ret_text, REDACTED);
        from = at += n;
    }
    if (from == text)
        return false;
    text_append(ret_text, from, (size_t)(end - from));
    return true;
}

static json_t *redact_string(const struct redactor *redactor, const json_t *value) {
    cleanup_text struct text text = {0};
    if (!redactor_text(redactor, json_string_value(value), json_string_length(value), &text))
        return json_incref((json_t *)value);
    json_t *redacted = json_stringn(text.data, text.length);
    return redacted ? redacted : json_string(REDACTED);
}

/* A code that was read as a number has lost its leading zeros. */
static json_t *redact_number(const struct redactor *redactor, const json_t *value) {
    char number[32];
    snprintf(number, sizeof number, json_is_integer(value) ? "%.0f" : "%.17g", json_number_value(value));
    for (size_t i = 0; i < redactor->count; i++) {
        const char *secret = redactor->secrets[i].text;
        if (redactor->secrets[i].until >= clock_monotonic_ms() && !strcmp(secret + strspn(secret, "0"), number))
            return json_string(REDACTED);
    }
    return json_incref((json_t *)value);
}

static json_t *redact_object(const struct redactor *redactor, const json_t *value) {
    json_t *copy = json_object(), *member;
    const char *key;
    bool same = true;
    json_object_foreach ((json_t *)value, key, member) {
        cleanup_text struct text name = {0};
        bool renamed = redactor_text(redactor, key, strlen(key), &name);
        json_t *redacted = redactor_json(redactor, member);
        same &= !renamed && redacted == member;
        json_object_set_new(copy, renamed ? name.data : key, redacted);
    }
    if (!same)
        return copy;
    json_decref(copy);
    return json_incref((json_t *)value);
}

static json_t *redact_array(const struct redactor *redactor, const json_t *value) {
    json_t *copy = json_array();
    bool same = true;
    for (size_t i = 0; i < json_array_size(value); i++) {
        json_t *redacted = redactor_json(redactor, json_array_get(value, i));
        same &= redacted == json_array_get(value, i);
        json_array_append_new(copy, redacted);
    }
    if (!same)
        return copy;
    json_decref(copy);
    return json_incref((json_t *)value);
}

json_t *redactor_json(const struct redactor *redactor, const json_t *value) {
    if (!value || !redactor || !redactor->count)
        return json_incref((json_t *)value);
    if (json_is_string(value))
        return redact_string(redactor, value);
    if (json_is_object(value))
        return redact_object(redactor, value);
    if (json_is_array(value))
        return redact_array(redactor, value);
    return json_is_number(value) ? redact_number(redactor, value) : json_incref((json_t *)value);
}

static void redact_in_place(const struct redactor *redactor, char *field, size_t size) {
    cleanup_text struct text text = {0};
    if (redactor_text(redactor, field, strlen(field), &text))
        snprintf(field, size, "%s", text.data);
}

void redactor_error(const struct redactor *redactor, struct error *e) {
    redact_in_place(redactor, e->text, sizeof e->text);
    redact_in_place(redactor, e->hint, sizeof e->hint);
}
