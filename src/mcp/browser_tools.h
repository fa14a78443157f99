/* The tools that act in the session's browser: the actions that models have (agent/think/tool_table.h), and opening,
 * closing, looking. */
#pragma once

#include "mcp/mcp_internal.h"

struct browser_tool {
    char name[64];
    const char *title, *doc;
    json_t *schema; /* the caller's */
    unsigned hints;
};

size_t browser_tool_count(void);
struct browser_tool browser_tool_at(size_t i);
bool browser_tool_is(const char *name);
int browser_tool_call(struct mcp_call *call, const char *name, struct error *e);
