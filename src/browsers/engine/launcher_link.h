/* The engine's connection to the launcher: requests with deadlines, notices of ended browsers, reconnection.
 *
 * One per engine, on its loop. A request's `done` is called exactly once (LIST: once per browser and once at the end),
 * always from the loop and never from within launcher_link_call. */
#pragma once

#include "browsers/protocol/launcher_protocol.h"
#include <stdbool.h>
#include <uv.h>

struct launcher_link;

/* reply->status is -ENOTCONN when the launcher was not there, -ECONNRESET when it went away, -ETIMEDOUT past the
 * deadline. `fd` (-1: none) is the callee's. */
typedef void launcher_done(void *user, const struct launcher_reply *reply, int fd);

struct launcher_link_events {
    void (*connected)(void *user);
    void (*lost)(void *user);
    void (*exited)(void *user, const struct launcher_reply *notice, int fd); /* `fd` (-1: none) is the callee's */
};

/* Connects to `path` at once and again whenever the connection is lost. */
struct launcher_link *launcher_link_new(uv_loop_t *loop, const char *path, const struct launcher_link_events *events,
                                        void *user);
bool launcher_link_is_up(const struct launcher_link *link);
/* Fills request->serial. `done` may be NULL. `fd` (-1: none) goes along and is taken over. */
void launcher_link_call_with(struct launcher_link *link, struct launcher_request *request, int fd, int64_t timeout_ms,
                             launcher_done *done, void *user);
void launcher_link_call(struct launcher_link *link, struct launcher_request *request, int64_t timeout_ms,
                        launcher_done *done, void *user);
/* Ends the connection; calls in progress fail with -ECONNRESET. Its memory goes with the loop's next turns. */
void launcher_link_free(struct launcher_link *link);
