/* Sessions of the Model Context Protocol over HTTP: a process of `replinet mcp` each, which gets the client's messages
 * through a pipe and dies with this one. The loop's thread.
 *
 * A session belongs to the user, and to the key or session, that began it, and ends when the client says so, is silent
 * for MCP_IDLE_MINUTES, loses its right, or its process ends. */
#pragma once

#include "api/api.h"

struct mcp_sessions;

struct mcp_sessions *mcp_sessions_new(struct api *api);
/* Ends all; requests that wait are answered. The memory goes with the last of them. */
void mcp_sessions_close(struct mcp_sessions *sessions);
/* The sessions or the rights of this user (NULL: of anybody) may have changed. */
void mcp_sessions_check_user(struct mcp_sessions *sessions, const char *user_id);

/* What a handler leaves for the `park`s of the three methods. */
struct mcp_message {
    const char *text;  /* on one line; of what was refused, the error that answers it */
    const char *route; /* its id, as JSON; NULL: no answer is expected */
    bool refused;
};

struct mcp_posted {
    struct mcp_message *messages;
    size_t count;
    size_t answers; /* how many are to go back */
    bool batch;
    bool begins;         /* it is an `initialize` */
    bool streams;        /* its answers are worth a stream: progress may come before them */
    const char *version; /* that an `initialize` wants; NULL */
};
void mcp_park_post(struct api *api, struct http_request *request, struct api_call *call);
void mcp_park_stream(struct api *api, struct http_request *request, struct api_call *call);
void mcp_park_end(struct api *api, struct http_request *request, struct api_call *call);
