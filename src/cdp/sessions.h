/* The sessions a client was told of, as a tree, and what becomes of them: crashed, detached, alive again. Only the
 * client (client.c) uses it; one thread.
 *
 * A tab that closes loses its process first and is detached a moment later (tens of milliseconds, more on a busy
 * machine), so a process that went is no crash yet: its sessions are "going" until they are detached or their time is
 * up (cdp_sessions_settle). */
#pragma once

#include "cdp/scanner.h"
#include <jansson.h>

enum cdp_loss {
    CDP_LOSS_CRASHED,  /* the page's process died and the page stayed: calls in flight are never answered */
    CDP_LOSS_DETACHED, /* the page or frame is gone, and the session with it */
    CDP_LOSS_REPLACED  /* another process has taken the page over: what the old one was asked is never answered */
};

enum cdp_life { CDP_LIFE_ALIVE, CDP_LIFE_GOING, CDP_LIFE_CRASHED };

struct cdp_session; /* sessions.c */

struct cdp_sessions {
    struct cdp_session *items;
    size_t count, room;
    int64_t due_ms; /* monotonic: when cdp_sessions_settle has something to do at the earliest; 0: nothing */
};

/* Told of every session that is lost, descendants included. */
typedef void cdp_loss_handler(void *user, const char *session_id, enum cdp_loss loss);

/* Whether cdp_sessions_take_event wants the event; others need not be parsed for it. */
bool cdp_sessions_want(const char *method);

/* Updates the tree by an event of session `session_id`. True when the event tells of a process that went: `lost` says
 * later what it meant. */
bool cdp_sessions_take_event(struct cdp_sessions *sessions, const char *session_id, const char *method,
                             const json_t *params, cdp_loss_handler *lost, void *user);

/* An answer said that the session's process went. False: that is known already, or there is no such session. */
bool cdp_sessions_take_crash(struct cdp_sessions *sessions, const char *session_id);

/* What was going for too long has crashed: `lost` is told. Whether there was any. */
bool cdp_sessions_settle(struct cdp_sessions *sessions, cdp_loss_handler *lost, void *user);

/* Of a session that nobody announced: alive. */
enum cdp_life cdp_sessions_life(const struct cdp_sessions *sessions, const char *session_id);

void cdp_sessions_done(struct cdp_sessions *sessions);
