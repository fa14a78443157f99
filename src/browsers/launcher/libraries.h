/* Which shared libraries a program loads: its closure as the dynamic loader sees it, plus a few that Chromium opens by
 * name while it runs. */
#pragma once

#include "base/error.h"
#include <stddef.h>

struct libraries {
    char **paths; /* as the loader opens them, e.g. /usr/lib/x86_64-linux-gnu/libX11.so.6; no folder in it is a link */
    size_t count;
};

/* Lists everything for the program and for the shared objects beside it. */
int libraries_find(const char *program, struct libraries *ret_libraries, struct error *e);
void libraries_done(struct libraries *libraries);
#define cleanup_libraries __attribute__((cleanup(libraries_done)))
