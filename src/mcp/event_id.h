/* Ids of the events of a session's streams: "STREAM-EVENT", both numbers of the session. Pure; any thread. */
#pragma once

#include <stdint.h>

#define MCP_EVENT_ID_SIZE 42

void mcp_event_id_print(uint64_t stream, uint64_t event, char id[MCP_EVENT_ID_SIZE]);
/* -EINVAL for anything that was not printed so. */
int mcp_event_id_read(const char *id, uint64_t *ret_stream, uint64_t *ret_event);
