#include "cdp/page_json.h"
#include "base/memory.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define ESCAPE_LENGTH 6 /* \uXXXX */

static const char replacement[ESCAPE_LENGTH] = {'\\', 'u', 'f', 'f', 'f', 'd'};

/* The code unit of an escape at `p`, -1 when there is none. */
static int unit_at(const char *p, const char *end) {
    char digits[5] = "", *stop;
    if (end - p < ESCAPE_LENGTH || p[0] != '\\' || p[1] != 'u')
        return -1;
    memcpy(digits, p + 2, 4);
    long unit = strtol(digits, &stop, 16);
    return *stop ? -1 : (int)unit;
}

static bool is_high(int unit) {
    return unit >= 0xD800 && unit <= 0xDBFF;
}

static bool is_low(int unit) {
    return unit >= 0xDC00 && unit <= 0xDFFF;
}

/* In place: an escape and its replacement are of one length. */
static void replace_impossible(char *data, size_t length) {
    char *end = data + length;
    for (char *p = data; (p = memchr(p, '\\', (size_t)(end - p)));) {
        int unit = unit_at(p, end);
        if (is_high(unit) && is_low(unit_at(p + ESCAPE_LENGTH, end))) {
            p += 2 * ESCAPE_LENGTH;
            continue;
        }
        if (!unit || is_high(unit) || is_low(unit))
            memcpy(p, replacement, ESCAPE_LENGTH);
        p += unit >= 0 ? ESCAPE_LENGTH : end - p < 2 ? 1 : 2;
    }
}

int page_json_parse(struct cdp_span raw, const char *what, json_t **ret_json, struct error *e) {
    json_error_t problem;
    json_t *json = json_loadb(raw.data, raw.length, JSON_DECODE_ANY, &problem);
    if (!json) {
        cleanup_free char *copy = memory_copy_bytes(raw.data, raw.length);
        replace_impossible(copy, raw.length);
        json = json_loadb(copy, raw.length, JSON_DECODE_ANY, &problem);
    }
    if (!json)
        return error_set(e, EPROTO, ERROR_PROTOCOL, "%s: the browser's JSON is wrong: %s", what, problem.text);
    *ret_json = json;
    return 0;
}
