/* The door's error answers ({"detail","code","hint"}) as struct error. Any thread. */
#pragma once

#include "base/error.h"
#include <stddef.h>

/* Fills `e` from an HTTP status and the answer's body, which may be anything, and returns -errno: -ENOENT for
 * ERROR_NOT_FOUND, -EAGAIN for ERROR_CAPACITY, and so on. `what` says what was being done ("lease a browser"). */
int door_error_from_answer(int status, const char *body, size_t length, const char *what, struct error *e);
