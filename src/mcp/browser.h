/* The browser of a session: leased when it asks for one, driven action by action, given back at its end. */
#pragma once

#include "base/text.h"
#include "mcp/session.h"

/* Hears what the browser says meanwhile: dialogs are answered, an end is noticed. */
void mcp_browser_listen(struct mcp_session *session);
bool mcp_browser_is_open(const struct mcp_session *session);
/* Gives it back; nothing when none is open. */
void mcp_browser_close(struct mcp_session *session);
/* The same at the session's end, with its files. */
void mcp_browser_free(struct mcp_session *session);

/* Files that the session's browsers left: screenshots by name, downloads. As resources (a list, the caller's), */
json_t *mcp_browser_files(const struct mcp_session *session);
/* and the bytes of one, borrowed. Whether there is one of this number. */
bool mcp_browser_file(const struct mcp_session *session, const char *number, struct text *ret_data,
                      const char **ret_media_type);
