/* The tools that are no actions of scripts, and the shapes of their arguments. */
#pragma once

#include "agent/think/tool.h"

extern const struct shape shape_tool_read_page, shape_tool_extract, shape_tool_ask_user, shape_tool_note,
    shape_tool_done;

tool_handler tool_act, tool_read_page, tool_extract, tool_ask_user, tool_note, tool_done;

/* The text of the page (`what`: text | tables) from the beginning, at most `limit` bytes of it from `offset`; what is
 * secret in it is not told. ret_total: all there is. */
int page_read_text(struct call *call, const char *what, size_t offset, size_t limit, struct text *ret_text,
                   size_t *ret_total, struct error *e);
