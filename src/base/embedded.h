/* Files that the build puts into the binary (build-tools/embed.py): migrations, page scripts. Constant; any thread. */
#pragma once

#include <stddef.h>

struct embedded_file {
    const char *name; /* base name; NULL ends a table */
    const char *data; /* NUL-terminated */
    size_t length;    /* without that NUL */
};
