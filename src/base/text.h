/* Text: a growing buffer, parsing of numbers, UTF-8 and base64url. Nothing here keeps state; any thread. */
#pragma once

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A growing byte buffer, always NUL-terminated once it holds something. Owner calls text_done. */
struct text {
    char *data;
    size_t length, room;
};

void text_reserve(struct text *text, size_t more); /* room for `more` further bytes and a NUL */
void text_append(struct text *text, const void *data, size_t length);
void text_append_string(struct text *text, const char *string);
void text_append_char(struct text *text, char c);
void text_print(struct text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Appends `string` as a JSON string with its quotes; bytes that are not UTF-8 become U+FFFD. */
void text_append_json(struct text *text, const char *string, size_t length);
void text_clear(struct text *text);                      /* keeps the memory */
void text_done(struct text *text);                       /* frees it */
#define cleanup_text __attribute__((cleanup(text_done))) /* struct text name = {0}; */

bool text_starts_with(const char *string, const char *prefix);
bool text_ends_with(const char *string, const char *suffix);
bool text_is_utf8(const void *data, size_t length);

/* The whole string must be a decimal number within [min, max]; 0 or -EINVAL / -ERANGE. */
int text_parse_int(const char *string, int64_t min, int64_t max, int64_t *ret_value);
int text_parse_real(const char *string, double min, double max, double *ret_value);

/* base64url without padding. Encoding appends; decoding returns 0 or -EINVAL and the length in `ret_length`. */
void text_append_base64url(struct text *text, const void *data, size_t length);
int text_decode_base64url(const char *string, size_t length, void *data, size_t room, size_t *ret_length);
void text_append_base64(struct text *text, const void *data, size_t length); /* the padded standard alphabet */
/* Decodes standard base64 into a new block (free()); 0 or -EINVAL. */
int text_decode_base64(const char *string, size_t length, unsigned char **ret_data, size_t *ret_length);
