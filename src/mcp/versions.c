#include "mcp/versions.h"
#include "base/memory.h"
#include <string.h>

/* The newest first. */
static const struct mcp_version versions[] = {
    {"2025-11-25", .primes_events = true},
    {"2025-06-18"},
    {"2025-03-26", .batches = true},
    {"2024-11-05", .batches = true}, /* as JSON-RPC has it; the revision says nothing of its own */
};

static const struct mcp_version *find(const char *name) {
    for (size_t i = 0; i < ARRAY_LENGTH(versions); i++)
        if (name && !strcmp(versions[i].name, name))
            return &versions[i];
    return NULL;
}

bool mcp_version_is_known(const char *version) {
    return find(version);
}

const struct mcp_version *mcp_version_for(const char *wanted) {
    const struct mcp_version *found = find(wanted);
    return found ? found : &versions[0];
}
