/* The engine's connection to one browser's keeper (browsers/protocol/keeper_protocol.h). On the engine's loop. */
#pragma once

#include "base/error.h"
#include "base/json.h"
#include <uv.h>

struct keeper_link;

struct keeper_link_events {
    void (*status)(void *user, const json_t *status); /* unasked; `status` is borrowed */
    void (*lost)(void *user);                         /* keeper_link_free is still to be called */
};

/* The answer to a request: `error` is NULL when it was granted. Called once, from the loop; with ERROR_CLOSED when the
 * connection goes first. */
typedef void keeper_done(void *user, const struct error *error, const json_t *answer);

int keeper_link_open(uv_loop_t *loop, const char *browser_id, const struct keeper_link_events *events, void *user,
                     struct keeper_link **ret_link, struct error *e);
/* Sends {"op": op, ...members}; `members` is stolen and may be NULL, `fd` (-1: none) is taken over, `done` may be NULL.
 */
void keeper_link_call(struct keeper_link *link, const char *op, json_t *members, int fd, keeper_done *done, void *user);
void keeper_link_free(struct keeper_link *link); /* NULL is fine; calls in progress fail */
