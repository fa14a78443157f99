/* Revisions of the Model Context Protocol that are spoken here. Constant; any thread. */
#pragma once

#include <stdbool.h>

/* The one that a client wants, or the newest. */
const char *mcp_version_for(const char *wanted);
bool mcp_version_is_known(const char *version);
