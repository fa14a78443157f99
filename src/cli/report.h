/* How commands tell a person, or with --json a program, that something failed. */
#pragma once

#include "base/error.h"
#include "base/json.h"
#include <stdbool.h>

/* {"code","detail","hint"}; the caller's. */
json_t *report_error(const struct error *error);

/* Prints "replinet: text" and the hint on standard error, or {"error":{"code","detail","hint"}} on standard output.
 * Returns 1, the exit status. */
int report_failure(const struct error *error, bool json);

/* One line about wrong usage and the help of the command (help.h); returns 2. */
int report_usage(const char *command, const char *format, ...) __attribute__((format(printf, 2, 3)));
