/* Revisions of the Model Context Protocol that are spoken here. Constant; any thread. */
#pragma once

#include <stdbool.h>

struct mcp_version {
    const char *name;
    bool batches;       /* several messages in one array */
    bool primes_events; /* a stream begins with an event without data, whose id it can be resumed by */
};

/* The one that a client wants (NULL: says nothing), or the newest. */
const struct mcp_version *mcp_version_for(const char *wanted);
bool mcp_version_is_known(const char *version);
