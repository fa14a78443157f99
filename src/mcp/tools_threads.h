/* Tools about agents and threads (tool_table.h). */
#pragma once

#include "mcp/mcp_internal.h"

mcp_tool_handler mcp_agents_list, mcp_thread_start, mcp_threads_list, mcp_thread_get, mcp_thread_wait,
    mcp_thread_events, mcp_thread_stop, mcp_thread_questions, mcp_thread_answer;
