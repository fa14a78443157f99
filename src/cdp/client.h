/* A blocking CDP client over a WebSocket of the door: calls with deadlines, events to one handler.
 *
 * One thread per client. Messages are received into one buffer that is reused and grows to the largest message (at most
 * CDP_MESSAGE_MAX_MB); results are handed out as spans of it or parsed on demand. A call whose page crashed fails
 * with -EIO, ERROR_BROWSER_CRASH instead of waiting for its deadline; one whose page or frame went away (closed,
 * navigated, detached: a frame does that all the time) with -ESTALE, ERROR_BROWSER. A page whose process went is told
 * from one that closes only after a moment (sessions.h): calls to it wait so long, and the handler hears of a crash
 * then, always as Inspector.targetCrashed. Other errors of the browser are -EREMOTEIO, ERROR_BROWSER. */
#pragma once

#include "base/json.h"
#include "browsers/protocol/end_reason.h"
#include "cdp/scanner.h"

struct cdp_client;

/* Called for every event while the client waits for something. `params` is borrowed and may be NULL. The handler must
 * not call cdp_call or cdp_wait; it may call cdp_send. */
typedef void cdp_event_handler(void *user, const char *session_id, const char *method, const json_t *params);

/* Connects to ws://host:port<path> (path with the ticket in its query). */
int cdp_connect(const char *host, int port, const char *path, int64_t deadline, struct cdp_client **ret_client,
                struct error *e);
/* A client on a connected stream socket whose WebSocket handshake is done; it owns the descriptor. */
struct cdp_client *cdp_adopt(int fd);
void cdp_client_free(struct cdp_client *client); /* NULL is fine; closes politely */
#define cleanup_cdp_client __attribute__((cleanup(cdp_client_free_value)))
void cdp_client_free_value(struct cdp_client **client);

void cdp_client_set_handler(struct cdp_client *client, cdp_event_handler *handler, void *user);

/* Called with the handler's user before the client waits: does what is due, and says when it wants to be called again
 * at the latest (monotonic ms; INT64_MAX: after the next message). It must not use the client. */
typedef int64_t cdp_idle_handler(void *user);
void cdp_client_set_idle(struct cdp_client *client, cdp_idle_handler *idle);

/* A descriptor that becomes readable when the run should stop: every wait then fails with -ECANCELED, ERROR_CANCELLED.
 * -1: none. The client does not read from it. */
void cdp_client_set_interrupt(struct cdp_client *client, int fd);

/* Calls a method and waits. `session_id` NULL or "" means the root session. `params` is stolen and may be NULL. The
 * result (the caller's, never NULL on success; ret_result may be NULL) is an object. Errors: ERROR_BROWSER with the
 * browser's message, ERROR_TIMEOUT, ERROR_CANCELLED, ERROR_BROWSER_CRASH, ERROR_CLOSED. */
int cdp_call(struct cdp_client *client, const char *session_id, const char *method, json_t *params, int64_t timeout_ms,
             json_t **ret_result, struct error *e);

/* As cdp_call, but the raw JSON text of the result: `ret_result` points into the client's buffer until its next use. */
int cdp_call_raw(struct cdp_client *client, const char *session_id, const char *method, json_t *params,
                 int64_t timeout_ms, struct cdp_span *ret_result, struct error *e);

/* Sends without waiting; the answer is dropped. */
int cdp_send(struct cdp_client *client, const char *session_id, const char *method, json_t *params, struct error *e);

/* Sends several calls and then waits for all: index i of the results belongs to call i (NULL when that one failed).
 * 0 when every call has its own outcome; -errno when the wait itself failed (time, stop, connection), which is then
 * also the error of every call without an answer. */
struct cdp_request {
    const char *session_id, *method;
    json_t *params;     /* stolen */
    json_t *result;     /* out: the caller's */
    struct error error; /* out: code NONE on success */
};
int cdp_call_many(struct cdp_client *client, struct cdp_request *requests, size_t count, int64_t timeout_ms,
                  struct error *e);

/* Serves messages until `done(user)` is true or the deadline passes (-ETIMEDOUT). done is asked after every message and
 * before waiting. */
int cdp_wait(struct cdp_client *client, bool (*done)(void *user), void *user, int64_t deadline, struct error *e);

/* Serves what has arrived, without waiting; -errno when the connection is gone or the run should stop. */
int cdp_poll(struct cdp_client *client, struct error *e);

/* Why the keeper closed the connection (NONE while it is open or when it broke without a word). */
enum end_reason cdp_client_end_reason(const struct cdp_client *client);
