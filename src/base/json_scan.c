#include "base/json_scan.h"
#include <stdlib.h>
#include <string.h>

/* The closing quote of the text that opens at `at`. */
static const char *end_of_text(const char *at, const char *end) {
    for (at++; at < end && *at != '"'; at++)
        if (*at == '\\')
            at++;
    return at;
}

static const char *skip_blanks(const char *at, const char *end) {
    while (at < end && (*at == ' ' || *at == '\n' || *at == '\t' || *at == '\r'))
        at++;
    return at;
}

static bool read_number(const char *at, const char *end, int64_t *ret_value) {
    char *stop;
    at = skip_blanks(at, end);
    if (at == end || (*at != '-' && (*at < '0' || *at > '9')))
        return false;
    *ret_value = strtoll(at, &stop, 10);
    return true;
}

bool json_scan_int(const char *text, size_t length, const char *name, int64_t *ret_value) {
    const char *end = text + length;
    size_t name_length = strlen(name);
    int depth = 0;
    for (const char *at = text; at < end; at++) {
        if (*at == '{' || *at == '[')
            depth++;
        else if (*at == '}' || *at == ']')
            depth--;
        else if (*at == '"') {
            const char *close = end_of_text(at, end), *after = skip_blanks(close + 1, end);
            bool is_name = depth == 1 && after < end && *after == ':';
            if (is_name && (size_t)(close - at - 1) == name_length && !memcmp(at + 1, name, name_length))
                return read_number(after + 1, end, ret_value);
            at = close;
        }
    }
    return false;
}
