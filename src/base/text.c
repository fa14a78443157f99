#include "base/text.h"
#include "base/memory.h"
#include <errno.h>
#include <math.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void text_reserve(struct text *text, size_t more) {
    size_t need = text->length + more + 1;
    if (need <= text->room)
        return;
    size_t room = text->room ? text->room : 64;
    while (room < need)
        room *= 2;
    text->data = memory_resize(text->data, room);
    text->room = room;
}

void text_append(struct text *text, const void *data, size_t length) {
    text_reserve(text, length);
    if (length)
        memcpy(text->data + text->length, data, length);
    text->length += length;
    text->data[text->length] = '\0';
}

void text_append_string(struct text *text, const char *string) {
    text_append(text, string, strlen(string));
}

void text_append_char(struct text *text, char c) {
    text_append(text, &c, 1);
}

void text_print(struct text *text, const char *format, ...) {
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int n = vsnprintf(NULL, 0, format, args);
    va_end(args);
    if (n > 0) {
        text_reserve(text, (size_t)n);
        vsnprintf(text->data + text->length, (size_t)n + 1, format, again);
        text->length += (size_t)n;
    }
    va_end(again);
}

void text_clear(struct text *text) {
    text->length = 0;
    if (text->data)
        text->data[0] = '\0';
}

void text_done(struct text *text) {
    free(text->data);
    *text = (struct text){0};
}

bool text_starts_with(const char *string, const char *prefix) {
    return !strncmp(string, prefix, strlen(prefix));
}

bool text_ends_with(const char *string, const char *suffix) {
    size_t n = strlen(string), m = strlen(suffix);
    return n >= m && !memcmp(string + n - m, suffix, m);
}

/* Length of the UTF-8 sequence at `p` (RFC 3629: no surrogates, no overlong forms, at most U+10FFFF), 0 when invalid.
 */
static size_t utf8_sequence_length(const unsigned char *p, size_t left) {
    unsigned char c = p[0];
    if (c < 0x80)
        return 1;
    size_t n = c >= 0xC2 && c <= 0xDF ? 2 : (c & 0xF0) == 0xE0 ? 3 : c >= 0xF0 && c <= 0xF4 ? 4 : 0;
    if (!n || left < n)
        return 0;
    unsigned char low = c == 0xE0 ? 0xA0 : c == 0xF0 ? 0x90 : 0x80;
    unsigned char high = c == 0xED ? 0x9F : c == 0xF4 ? 0x8F : 0xBF;
    if (p[1] < low || p[1] > high)
        return 0;
    for (size_t i = 2; i < n; i++)
        if ((p[i] & 0xC0) != 0x80)
            return 0;
    return n;
}

bool text_is_utf8(const void *data, size_t length) {
    const unsigned char *p = data, *end = p + length;
    while (p < end) {
        uint64_t word;
        if (end - p >= 8 && (memcpy(&word, p, 8), !(word & 0x8080808080808080ULL))) {
            p += 8;
            continue;
        }
        size_t n = utf8_sequence_length(p, (size_t)(end - p));
        if (!n)
            return false;
        p += n;
    }
    return true;
}

void text_append_json(struct text *text, const char *string, size_t length) {
    const unsigned char *p = (const unsigned char *)string, *end = p + length;
    text_reserve(text, length + 2);
    text_append_char(text, '"');
    while (p < end) {
        const unsigned char *start = p;
        while (p < end && *p >= 0x20 && *p < 0x80 && *p != '"' && *p != '\\')
            p++;
        text_append(text, start, (size_t)(p - start));
        if (p == end)
            break;
        size_t n = utf8_sequence_length(p, (size_t)(end - p));
        if (*p >= 0x80 && n)
            text_append(text, p, n);
        else if (*p >= 0x80)
            text_append_string(text, "\xEF\xBF\xBD"), n = 1;
        else if (*p == '"' || *p == '\\')
            text_append_char(text, '\\'), text_append_char(text, (char)*p);
        else if (*p == '\n')
            text_append_string(text, "\\n");
        else
            text_print(text, "\\u%04x", *p);
        p += n ? n : 1;
    }
    text_append_char(text, '"');
}

int text_parse_int(const char *string, int64_t min, int64_t max, int64_t *ret_value) {
    char *end;
    if (!*string || strspn(string, "-0123456789") != strlen(string))
        return -EINVAL;
    errno = 0;
    long long value = strtoll(string, &end, 10);
    if (*end)
        return -EINVAL;
    if (errno || value < min || value > max)
        return -ERANGE;
    *ret_value = value;
    return 0;
}

int text_parse_real(const char *string, double min, double max, double *ret_value) {
    char *end;
    if (!*string || strspn(string, "-+.0123456789eE") != strlen(string))
        return -EINVAL;
    double value = strtod(string, &end);
    if (*end)
        return -EINVAL;
    if (!isfinite(value) || value < min || value > max)
        return -ERANGE;
    *ret_value = value;
    return 0;
}

static void append_base64(struct text *text, const void *data, size_t length, int variant) {
    size_t room = sodium_base64_encoded_len(length, variant);
    text_reserve(text, room);
    sodium_bin2base64(text->data + text->length, room, data, length, variant);
    text->length += strlen(text->data + text->length);
}

void text_append_base64url(struct text *text, const void *data, size_t length) {
    append_base64(text, data, length, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}

void text_append_base64(struct text *text, const void *data, size_t length) {
    append_base64(text, data, length, sodium_base64_VARIANT_ORIGINAL);
}

int text_decode_base64url(const char *string, size_t length, void *data, size_t room, size_t *ret_length) {
    return sodium_base642bin(data, room, string, length, NULL, ret_length, NULL,
                             sodium_base64_VARIANT_URLSAFE_NO_PADDING)
               ? -EINVAL
               : 0;
}

int text_decode_base64(const char *string, size_t length, unsigned char **ret_data, size_t *ret_length) {
    cleanup_free unsigned char *data = memory_alloc(length / 4 * 3 + 4);
    if (sodium_base642bin(data, length / 4 * 3 + 4, string, length, NULL, ret_length, NULL,
                          sodium_base64_VARIANT_ORIGINAL))
        return -EINVAL;
    *ret_data = take_pointer(data);
    return 0;
}
