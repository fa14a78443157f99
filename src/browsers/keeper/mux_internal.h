/* What the files of the mux share: mux.c (clients, sessions), mux_calls.c (client to browser), mux_answers.c (browser
 * to client). */
#pragma once

#include "browsers/keeper/mux.h"
#include "browsers/keeper/session_table.h"

#define MUX_CALLS_PER_CLIENT 16384
#define MUX_CALLS_CLIENTS    61440 /* of all clients together; the rest of the table is for the keeper's own calls */
#define MUX_SESSIONS_MAX     4096  /* further targets are not announced; no page needs as many */

struct mux_client {
    struct mux_client *next;
    struct mux *mux;
    void *connection;
    struct session *root; /* NULL until it is attached, and when it has ended */
    bool awaits_root;
    uint32_t open_calls;
    bool wants_events; /* Replinet.enable */
    bool left;         /* the connection is gone, the root session's id is still awaited */
};

struct mux {
    struct mux_outputs outputs;
    void *user;
    struct mux_client *clients;
    struct session_table sessions;
    struct call_table calls;
    uint64_t nonsense; /* messages of the browser that were none */
};

/* JSON-RPC codes as Chromium uses them. */
enum cdp_error_code {
    CDP_PARSE_ERROR = -32700,
    CDP_INVALID_REQUEST = -32600,
    CDP_SERVER_ERROR = -32000,
    CDP_SESSION_NOT_FOUND = -32001
};

#define PART(text) uv_buf_init((char *)(text), (unsigned)strlen(text))

static inline uv_buf_t span_part(struct cdp_span span) {
    return uv_buf_init((char *)span.data, (unsigned)span.length);
}

/* Whether a method name or session id may stand in an envelope unescaped: letters, digits, '.', '-', '_'. */
bool mux_is_plain_name(const char *name);
/* As mux_call, in a client's session ("": the browser's own). */
void mux_call_in(struct mux *mux, const char *session_id, const char *method, const char *params,
                 call_answered *answered, void *user);
/* Answers a client's call with an error; id < 0 when the message had none; session "" is the root. */
void mux_answer_error(struct mux_client *client, int64_t id, const char *session, int code, const char *text);
void mux_answer_empty(struct mux_client *client, int64_t id, const char *session);
void mux_close_call(struct mux *mux, struct call *call);
void mux_forget_session(struct mux *mux, struct session *session);
