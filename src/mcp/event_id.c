#include "mcp/event_id.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void mcp_event_id_print(uint64_t stream, uint64_t event, char id[MCP_EVENT_ID_SIZE]) {
    snprintf(id, MCP_EVENT_ID_SIZE, "%llu-%llu", (unsigned long long)stream, (unsigned long long)event);
}

int mcp_event_id_read(const char *id, uint64_t *ret_stream, uint64_t *ret_event) {
    char again[MCP_EVENT_ID_SIZE];
    const char *dash = strchr(id, '-');
    if (!dash)
        return -EINVAL;
    uint64_t stream = strtoull(id, NULL, 10), event = strtoull(dash + 1, NULL, 10);
    mcp_event_id_print(stream, event, again);
    if (strcmp(id, again)) /* signs, spaces, zeros in front, numbers that are too large */
        return -EINVAL;
    *ret_stream = stream;
    *ret_event = event;
    return 0;
}
