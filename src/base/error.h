/* Errors: a code of the error table, a text for a person, a hint how to mend it.
 *
 * A function that can fail returns 0 or -errno and takes an optional `struct error *` as its last argument; it fills it
 * on failure only and leaves outputs (`ret_*`) untouched then. Libraries return errors, entry points log them once.
 * The struct is plain data owned by the caller; no function keeps a pointer to it. Any thread. */
#pragma once

#include "base/error_table.h"
#include <stdarg.h>

enum error_code {
#define X(id, http, name, doc) ERROR_##id,
    ERROR_TABLE(X)
#undef X
        ERROR_COUNT
};

struct error {
    enum error_code code;
    char text[640]; /* what could not be done, and why */
    char hint[320]; /* how to mend it; empty when there is nothing to say */
};

/* Fills `e` (when not NULL) and returns -err; `err` is a positive errno value. */
int error_set(struct error *e, int err, enum error_code code, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* As error_set with strerror(err) appended: "cannot open /x: No such file or directory". */
int error_errno(struct error *e, int err, enum error_code code, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* Adds or replaces the hint. */
void error_hint(struct error *e, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Puts "context: " before the text, as an error travels up. */
void error_prefix(struct error *e, const char *format, ...) __attribute__((format(printf, 2, 3)));

const char *error_name(enum error_code code);
int error_http_status(enum error_code code);

/* The code with this wire name, ERROR_INTERNAL when unknown. */
enum error_code error_from_name(const char *name);
