#include "mcp/versions.h"
#include "base/memory.h"
#include <string.h>

/* The newest first. */
static const char *const versions[] = {"2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05"};

bool mcp_version_is_known(const char *version) {
    for (size_t i = 0; i < ARRAY_LENGTH(versions); i++)
        if (!strcmp(versions[i], version))
            return true;
    return false;
}

const char *mcp_version_for(const char *wanted) {
    for (size_t i = 0; i < ARRAY_LENGTH(versions); i++)
        if (!strcmp(versions[i], wanted))
            return versions[i];
    return versions[0];
}
