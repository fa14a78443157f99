/* The sessions a client was told of, as a tree, and what becomes of them: crashed, detached, alive again. Only the
 * client (client.c) uses it; one thread. */
#pragma once

#include "cdp/scanner.h"
#include <jansson.h>

enum cdp_loss {
    CDP_LOSS_CRASHED, /* the page's process died: calls in flight are never answered */
    CDP_LOSS_DETACHED /* the page or frame is gone, and the session with it */
};

struct cdp_session; /* sessions.c */

struct cdp_sessions {
    struct cdp_session *items;
    size_t count, room;
};

/* Told of every session that is lost, descendants included. */
typedef void cdp_loss_handler(void *user, const char *session_id, enum cdp_loss loss);

/* Whether cdp_sessions_take_event wants the event; others need not be parsed for it. */
bool cdp_sessions_want(const char *method);

/* Updates the tree by an event of session `session_id`. */
void cdp_sessions_take_event(struct cdp_sessions *sessions, const char *session_id, const char *method,
                             const json_t *params, cdp_loss_handler *lost, void *user);

/* The session's page crashed and has not come back. */
bool cdp_sessions_is_crashed(const struct cdp_sessions *sessions, const char *session_id);

void cdp_sessions_done(struct cdp_sessions *sessions);
