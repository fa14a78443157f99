/* The CDP message scanner; see scanner.h. A recursive descent over the text that only remembers the top level.
 *
 * Strict text is checked to the last byte; trusted text only for where its values end. Both decode the keys of the top
 * level, because "\u0069d" is "id" to Chromium. */
#include "cdp/scanner.h"
#include <errno.h>
#include <string.h>

#include "base/text.h"

struct cursor {
    const char *start, *p, *end;
    const char *complaint; /* NULL until something is wrong at `p` */
    bool strict;
};

static bool refuse(struct cursor *c, const char *complaint) {
    c->complaint = complaint;
    return false;
}

static void skip_space(struct cursor *c) {
    while (c->p < c->end && (*c->p == ' ' || *c->p == '\t' || *c->p == '\n' || *c->p == '\r'))
        c->p++;
}

static bool at(const struct cursor *c, char wanted) {
    return c->p < c->end && *c->p == wanted;
}

static int hex_value(char digit) {
    return digit >= '0' && digit <= '9'   ? digit - '0'
           : digit >= 'a' && digit <= 'f' ? digit - 'a' + 10
           : digit >= 'A' && digit <= 'F' ? digit - 'A' + 10
                                          : -1;
}

#define ONES  0x0101010101010101ULL
#define HIGHS 0x8080808080808080ULL

/* Whether one of eight bytes is '"', '\' or below 0x20. Bytes from 0x80 may give a false alarm, never a false calm. */
static bool has_special(const char *p) {
    uint64_t word;
    memcpy(&word, p, sizeof(word));
    uint64_t quote = word ^ (ONES * '"'), slash = word ^ (ONES * '\\');
    return (((quote - ONES) & ~quote) | ((slash - ONES) & ~slash) | ((word - ONES * 0x20) & ~word)) & HIGHS;
}

static bool skip_escape(struct cursor *c) {
    if (c->end - c->p < 2)
        return refuse(c, "a string does not end");
    char kind = c->p[1];
    if (kind == 'u') {
        if (c->end - c->p < 6)
            return refuse(c, "a string does not end");
        for (int i = 2; i < 6; i++)
            if (hex_value(c->p[i]) < 0)
                return refuse(c, "a \\u escape needs four hex digits");
        c->p += 6;
        return true;
    }
    if (!kind || !strchr("\"\\/bfnrt", kind))
        return refuse(c, "unknown escape in a string");
    c->p += 2;
    return true;
}

/* At the opening quote; leaves the cursor after the closing one. */
static bool skip_string_strict(struct cursor *c) {
    for (c->p++; c->p < c->end;) {
        while (c->end - c->p >= 8 && !has_special(c->p))
            c->p += 8;
        if (c->p == c->end)
            break;
        unsigned char byte = (unsigned char)*c->p;
        if (byte == '"') {
            c->p++;
            return true;
        }
        if (byte < 0x20)
            return refuse(c, byte ? "control character in a string" : "NUL byte");
        if (byte != '\\')
            c->p++;
        else if (!skip_escape(c))
            return false;
    }
    return refuse(c, "a string does not end");
}

/* A quote ends the string when an even number of backslashes stands before it. */
static bool skip_string_trusted(struct cursor *c) {
    const char *first = ++c->p;
    for (const char *quote; (quote = memchr(c->p, '"', (size_t)(c->end - c->p)));) {
        const char *slash = quote;
        while (slash > first && slash[-1] == '\\')
            slash--;
        c->p = quote + 1;
        if ((quote - slash) % 2 == 0)
            return true;
    }
    return refuse(c, "a string does not end");
}

static bool skip_string(struct cursor *c) {
    return c->strict ? skip_string_strict(c) : skip_string_trusted(c);
}

static bool skip_digits(struct cursor *c) {
    const char *first = c->p;
    while (c->p < c->end && *c->p >= '0' && *c->p <= '9')
        c->p++;
    return c->p > first || refuse(c, "a number needs a digit here");
}

static bool skip_number(struct cursor *c) {
    if (at(c, '-'))
        c->p++;
    if (at(c, '0'))
        c->p++;
    else if (!skip_digits(c))
        return false;
    if (at(c, '.')) {
        c->p++;
        if (!skip_digits(c))
            return false;
    }
    if (at(c, 'e') || at(c, 'E')) {
        c->p++;
        if (at(c, '+') || at(c, '-'))
            c->p++;
        return skip_digits(c);
    }
    return true;
}

static bool skip_word(struct cursor *c, const char *word) {
    size_t length = strlen(word);
    if ((size_t)(c->end - c->p) < length || memcmp(c->p, word, length))
        return refuse(c, "not a JSON value");
    c->p += length;
    return true;
}

static bool skip_colon(struct cursor *c) {
    skip_space(c);
    if (!at(c, ':'))
        return refuse(c, "':' expected");
    c->p++;
    skip_space(c);
    return true;
}

/* After a member or element: true when another one follows. At the closing bracket false without a complaint. */
static bool skip_comma(struct cursor *c, char closing) {
    skip_space(c);
    if (at(c, closing)) {
        c->p++;
        return false;
    }
    if (!at(c, ','))
        return refuse(c, closing == '}' ? "',' or '}' expected" : "',' or ']' expected");
    c->p++;
    skip_space(c);
    return true;
}

/* At an opening bracket: steps in; false when the thing is empty (the cursor is then behind it). */
static bool step_in(struct cursor *c, char closing) {
    c->p++;
    skip_space(c);
    if (!at(c, closing))
        return true;
    c->p++;
    return false;
}

static bool skip_value_strict(struct cursor *c, int depth);

static bool skip_compound(struct cursor *c, int depth) {
    bool object = *c->p == '{';
    char closing = object ? '}' : ']';
    if (depth > CDP_SCAN_DEPTH_MAX)
        return refuse(c, "nested too deeply");
    if (!step_in(c, closing))
        return true;
    do {
        if (object && !at(c, '"'))
            return refuse(c, "a key expected");
        if (object && (!skip_string_strict(c) || !skip_colon(c)))
            return false;
        if (!skip_value_strict(c, depth + 1))
            return false;
    } while (skip_comma(c, closing));
    return !c->complaint;
}

static bool skip_value_strict(struct cursor *c, int depth) {
    switch (c->p < c->end ? *c->p : 'x') {
    case '{':
    case '[':
        return skip_compound(c, depth);
    case '"':
        return skip_string_strict(c);
    case 't':
        return skip_word(c, "true");
    case 'f':
        return skip_word(c, "false");
    case 'n':
        return skip_word(c, "null");
    case '-':
    case '0' ... '9':
        return skip_number(c);
    default:
        return refuse(c, c->p == c->end ? "the message ends early" : "not a JSON value");
    }
}

/* Finds the end of a value without looking at its grammar. */
static bool skip_value_trusted(struct cursor *c) {
    if (at(c, '"'))
        return skip_string_trusted(c);
    if (!at(c, '{') && !at(c, '[')) {
        const char *first = c->p;
        while (c->p < c->end && !strchr(",]} \t\r\n", *c->p))
            c->p++;
        return c->p > first || refuse(c, "not a JSON value");
    }
    for (size_t depth = 0; c->p < c->end;) {
        char byte = *c->p;
        if (byte == '"') {
            if (!skip_string_trusted(c))
                return false;
            continue;
        }
        c->p++;
        if (byte == '{' || byte == '[')
            depth++;
        else if ((byte == '}' || byte == ']') && --depth == 0)
            return true;
    }
    return refuse(c, "the message ends early");
}

static bool skip_value(struct cursor *c) {
    return c->strict ? skip_value_strict(c, 2) : skip_value_trusted(c);
}

static bool read_unit(const char *p, const char *end, uint32_t *ret_unit) {
    uint32_t unit = 0;
    if (end - p < 6 || p[0] != '\\' || p[1] != 'u')
        return false;
    for (int i = 2; i < 6; i++) {
        int digit = hex_value(p[i]);
        if (digit < 0)
            return false;
        unit = unit << 4 | (uint32_t)digit;
    }
    *ret_unit = unit;
    return true;
}

static size_t put_utf8(uint32_t point, char out[4]) {
    static const unsigned char leads[] = {0, 0, 0xC0, 0xE0, 0xF0};
    size_t length = point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
    for (size_t i = length - 1; i > 0; i--, point >>= 6)
        out[i] = (char)(0x80 | (point & 0x3F));
    out[0] = (char)(leads[length] | point);
    return length;
}

/* One \uXXXX, or two that form a surrogate pair. A lone surrogate and U+0000 have no place in a decoded string. */
static bool decode_unicode(const char **p, const char *end, char out[4], size_t *ret_length) {
    uint32_t unit, low;
    if (!read_unit(*p, end, &unit) || unit == 0 || (unit >= 0xDC00 && unit < 0xE000))
        return false;
    *p += 6;
    if (unit >= 0xD800 && unit < 0xDC00) {
        if (!read_unit(*p, end, &low) || low < 0xDC00 || low > 0xDFFF)
            return false;
        unit = 0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00);
        *p += 6;
    }
    *ret_length = put_utf8(unit, out);
    return true;
}

static bool decode_one(const char **p, const char *end, char out[4], size_t *ret_length) {
    static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
    *ret_length = 1;
    if (**p != '\\') {
        out[0] = *(*p)++;
        return true;
    }
    if (end - *p < 2)
        return false;
    if ((*p)[1] == 'u')
        return decode_unicode(p, end, out, ret_length);
    const char *known = (*p)[1] ? strchr(from, (*p)[1]) : NULL;
    if (!known)
        return false;
    out[0] = to[known - from];
    *p += 2;
    return true;
}

/* Decodes a raw string (quotes included) into `value`. -EINVAL: not decodable; -E2BIG: it does not fit with its NUL. */
static int decode_string(struct cdp_span raw, char *value, size_t room) {
    const char *p = raw.data + 1, *end = raw.data + raw.length - 1;
    size_t length = 0;
    while (p < end) {
        char piece[4];
        size_t n;
        if (!decode_one(&p, end, piece, &n))
            return -EINVAL;
        if (length + n >= room)
            return -E2BIG;
        memcpy(value + length, piece, n);
        length += n;
    }
    value[length] = '\0';
    return 0;
}

/* One "key": value; the cursor stands at the key and ends behind the value. `key` is empty when it is none that fits.
 */
static bool read_member(struct cursor *c, char *key, size_t room, struct cdp_span *ret_value) {
    if (!at(c, '"'))
        return refuse(c, "a key expected");
    const char *first = c->p;
    if (!skip_string(c))
        return false;
    if (decode_string((struct cdp_span){first, (size_t)(c->p - first)}, key, room) < 0)
        key[0] = '\0';
    if (!skip_colon(c))
        return false;
    first = c->p;
    if (!skip_value(c))
        return false;
    *ret_value = (struct cdp_span){first, (size_t)(c->p - first)};
    return true;
}

static bool read_id(struct cursor *c, struct cdp_span raw, int64_t *ret_id) {
    int64_t id = 0;
    if (raw.length > 10)
        return refuse(c, "id is not an integer of [0, 2^31)");
    for (size_t i = 0; i < raw.length; i++) {
        if (raw.data[i] < '0' || raw.data[i] > '9')
            return refuse(c, "id is not an integer of [0, 2^31)");
        id = id * 10 + (raw.data[i] - '0');
    }
    if (id > INT32_MAX)
        return refuse(c, "id is not an integer of [0, 2^31)");
    *ret_id = id;
    return true;
}

static bool read_name(struct cursor *c, struct cdp_span raw, char *name, size_t room, const char *complaint) {
    return (raw.data[0] == '"' && decode_string(raw, name, room) == 0) || refuse(c, complaint);
}

enum member { MEMBER_ID, MEMBER_SESSION_ID, MEMBER_METHOD, MEMBER_PARAMS, MEMBER_RESULT, MEMBER_ERROR, MEMBER_COUNT };

static enum member member_of(const char *key) {
    static const char *const names[MEMBER_COUNT] = {"id", "sessionId", "method", "params", "result", "error"};
    int i = 0;
    while (i < MEMBER_COUNT && strcmp(names[i], key))
        i++;
    return (enum member)i;
}

static bool take_member(struct cursor *c, enum member member, struct cdp_span value, struct cdp_envelope *envelope) {
    switch (member) {
    case MEMBER_ID:
        envelope->has_id = true;
        return read_id(c, value, &envelope->id);
    case MEMBER_SESSION_ID:
        return read_name(c, value, envelope->session_id, CDP_SESSION_ID_MAX, "sessionId is not a short string");
    case MEMBER_METHOD:
        return read_name(c, value, envelope->method, CDP_METHOD_MAX, "method is not a short string");
    case MEMBER_PARAMS:
        envelope->params = value;
        return true;
    case MEMBER_RESULT:
        envelope->result = value;
        return true;
    case MEMBER_ERROR:
        envelope->error = value;
        return true;
    default:
        return true;
    }
}

static bool scan_members(struct cursor *c, struct cdp_envelope *envelope) {
    unsigned seen = 0;
    if (!step_in(c, '}'))
        return true;
    do {
        char key[16];
        struct cdp_span value;
        if (!read_member(c, key, sizeof(key), &value))
            return false;
        enum member member = member_of(key);
        if (member < MEMBER_COUNT && seen & 1u << member)
            return refuse(c, "a key stands twice");
        seen |= 1u << member;
        if (!take_member(c, member, value, envelope))
            return false;
    } while (skip_comma(c, '}'));
    return !c->complaint;
}

static bool scan_message(struct cursor *c, struct cdp_envelope *envelope) {
    skip_space(c);
    if (!at(c, '{'))
        return refuse(c, "not a JSON object");
    if (!scan_members(c, envelope))
        return false;
    skip_space(c);
    return c->p == c->end || refuse(c, *c->p ? "something follows the object" : "NUL byte");
}

static int scan(const char *message, size_t length, bool strict, struct cdp_envelope *ret_envelope, struct error *e) {
    struct cursor c = {.start = message, .p = message, .end = message + length, .strict = strict};
    struct cdp_envelope envelope = {0};
    if (!scan_message(&c, &envelope))
        return error_set(e, EINVAL, ERROR_PROTOCOL, "not a CDP message: %s (byte %zu)", c.complaint,
                         (size_t)(c.p - c.start));
    *ret_envelope = envelope;
    return 0;
}

int cdp_scan(const char *message, size_t length, struct cdp_envelope *ret_envelope, struct error *e) {
    if (!text_is_utf8(message, length))
        return error_set(e, EINVAL, ERROR_PROTOCOL, "not a CDP message: invalid UTF-8");
    return scan(message, length, true, ret_envelope, e);
}

int cdp_scan_trusted(const char *message, size_t length, struct cdp_envelope *ret_envelope, struct error *e) {
    return scan(message, length, false, ret_envelope, e);
}

int cdp_span_get(struct cdp_span object, const char *key, struct cdp_span *ret_value) {
    struct cursor c = {.start = object.data, .p = object.data, .end = object.data + object.length};
    if (!object.data || !at(&c, '{') || !step_in(&c, '}'))
        return -ENOENT;
    do {
        char name[64];
        struct cdp_span found;
        if (!read_member(&c, name, sizeof(name), &found))
            return -ENOENT;
        if (!strcmp(name, key)) {
            *ret_value = found;
            return 0;
        }
    } while (skip_comma(&c, '}'));
    return -ENOENT;
}

int cdp_span_get_string(struct cdp_span object, const char *key, char *value, size_t room) {
    struct cdp_span found;
    if (cdp_span_get(object, key, &found) < 0 || found.data[0] != '"')
        return -ENOENT;
    return decode_string(found, value, room);
}
