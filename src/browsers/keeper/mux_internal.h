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
    const struct mux_insider *insider; /* NULL: a client from outside */
    void *connection;
    struct session *root; /* NULL until it is attached, and when it has ended */
    bool awaits_root;
    uint32_t open_calls;
    bool wants_events; /* Replinet.enable */
    bool has_run;      /* Replinet.setRun */
    bool left;         /* the connection is gone, the root session's id is still awaited */
};

struct mux {
    struct mux_outputs outputs;
    void *user;
    struct mux_client *clients;
    struct session_table sessions;
    struct call_table calls;
    uint64_t nonsense; /* messages of the browser that were none */
    struct mux_counters counters;
    char *lasting; /* the message of mux_announce_lasting; NULL: none */
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

/* Answers a client's call with an error; id < 0 when the message had none; session "" is the root. */
void mux_answer_error(struct mux_client *client, int64_t id, const char *session, int code, const char *text);
void mux_answer_empty(struct mux_client *client, int64_t id, const char *session);
/* Tells a client what mux_announce_lasting said last. */
void mux_tell_lasting(struct mux_client *client);
void mux_close_call(struct mux *mux, struct call *call);
void mux_forget_session(struct mux *mux, struct session *session);
