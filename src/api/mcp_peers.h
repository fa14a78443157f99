/* The api processes of an instance, as far as MCP sessions are concerned. The loop's thread.
 *
 * A session lives in the process that began it, and its id begins with that process's name. A request that came to
 * another process is handed to it whole, with the client's connection, through the socket RUN_DIR/mcp/NAME.sock,
 * and is looked at there as if it had come in there: nothing is believed of it. Only processes of the same user are
 * heard. A file RUN_DIR/mcp/NAME.USER.N stands for each session, so that all processes count them alike; what a process
 * that was killed left there is removed by the next one that counts. Without that folder (an api that `replinet up` did
 * not start) each process is alone. */
#pragma once

#include "api/api.h"

#define MCP_PEER_NAME_SIZE 17 /* 16 hex digits */

struct mcp_peers;

struct mcp_peers *mcp_peers_new(struct api *api);
/* Takes nothing any more that comes from now on; the memory goes once the loop has turned. */
void mcp_peers_close(struct mcp_peers *peers);
const char *mcp_peers_name(const struct mcp_peers *peers);

/* Hands the request to the process that the session's id names. -ENOENT: there is none, or it is this one; -EAGAIN: it
 * has too much to do. Then the request still needs its answer. */
int mcp_peers_hand_over(const struct mcp_peers *peers, const char *session_id, struct http_request *request);

/* Notes a session of a user; returns the number to forget it by. */
uint64_t mcp_peers_note(struct mcp_peers *peers, const char *user_id);
void mcp_peers_forget(struct mcp_peers *peers, const char *user_id, uint64_t number);
/* The sessions of all processes, and those of the user among them. */
void mcp_peers_count(struct mcp_peers *peers, const char *user_id, int64_t *ret_all, int64_t *ret_own);
