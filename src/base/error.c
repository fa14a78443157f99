#include "base/error.h"
#include <stdio.h>
#include <string.h>

static const struct {
    const char *name;
    int http;
} error_rows[] = {
#define X(id, http, name, doc) {name, http},
    ERROR_TABLE(X)
#undef X
};

int error_set(struct error *e, int err, enum error_code code, const char *format, ...) {
    if (e) {
        va_list args;
        va_start(args, format);
        e->code = code;
        e->hint[0] = '\0';
        vsnprintf(e->text, sizeof e->text, format, args);
        va_end(args);
    }
    return -err;
}

int error_errno(struct error *e, int err, enum error_code code, const char *format, ...) {
    if (e) {
        va_list args;
        va_start(args, format);
        e->code = code;
        e->hint[0] = '\0';
        int n = vsnprintf(e->text, sizeof e->text, format, args);
        va_end(args);
        if (n >= 0 && (size_t)n < sizeof e->text)
            snprintf(e->text + n, sizeof e->text - (size_t)n, ": %s", strerror(err));
    }
    return -err;
}

void error_hint(struct error *e, const char *format, ...) {
    if (!e)
        return;
    va_list args;
    va_start(args, format);
    vsnprintf(e->hint, sizeof e->hint, format, args);
    va_end(args);
}

void error_prefix(struct error *e, const char *format, ...) {
    if (!e)
        return;
    char text[sizeof e->text];
    va_list args;
    va_start(args, format);
    int n = vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (n >= 0 && (size_t)n < sizeof text)
        snprintf(text + n, sizeof text - (size_t)n, ": %.*s", (int)(sizeof text) - n - 3, e->text);
    memcpy(e->text, text, sizeof text);
}

const char *error_name(enum error_code code) {
    return code < ERROR_COUNT ? error_rows[code].name : "internal";
}

int error_http_status(enum error_code code) {
    return code < ERROR_COUNT ? error_rows[code].http : 500;
}

enum error_code error_from_name(const char *name) {
    for (int i = 0; i < ERROR_COUNT; i++)
        if (name && !strcmp(error_rows[i].name, name))
            return (enum error_code)i;
    return ERROR_INTERNAL;
}
