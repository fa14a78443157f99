/* Many CDP clients on one browser's pipe.
 *
 * Each client has a root session of its own (Target.attachToBrowserTarget); it never sees the id of that session: what
 * it sends without a sessionId goes there, what comes from there reaches it without one. Further sessions belong to
 * the client whose session announced them. Calls get ids of the mux and a fresh envelope around their raw params.
 *
 * The mux knows neither sockets nor pipes: bytes come in by mux_from_browser and mux_from_client and go out by the
 * functions below, none of which may call back into the mux at once. Clients are owned by the mux from mux_add to
 * mux_remove. The loop's thread only. */
#pragma once

#include "base/error.h"
#include "browsers/keeper/call_table.h"
#include "net/stream.h"
#include <stdbool.h>

struct mux;
struct mux_client;

struct mux_outputs {
    void (*to_browser)(void *user, const uv_buf_t *parts, size_t count, struct block *owner);
    void (*to_client)(void *connection, const uv_buf_t *parts, size_t count, struct block *owner);
    /* The root session is there: messages of this client may come in now. */
    void (*client_is_ready)(void *connection);
    /* The client asked to be disconnected, or cannot be served. */
    void (*close_client)(void *connection, unsigned code, const char *reason);
    /* An event of interest to the keeper passed: a target crashed. */
    void (*target_crashed)(void *user);
    /* A client said what its run does (Replinet.setRun): "running" or "paused"; "none" when that client has gone. */
    void (*run_is)(void *user, const char *state);
};

/* A client inside the keeper: gets events as they are, makes calls with mux_call_in, is never stalled. */
struct mux_insider {
    void (*ready)(void *connection, const char *root_session);
    /* In whichever of its sessions; the envelope is good for the call only. */
    void (*event)(void *connection, const struct cdp_envelope *event);
};

struct mux_counters {
    uint64_t from_clients, from_browser; /* messages */
    uint64_t refused;                    /* calls that the method table forbids */
};
void mux_count(const struct mux *mux, struct mux_counters *ret_counters);

struct mux *mux_new(const struct mux_outputs *outputs, void *user);
void mux_free(struct mux *mux); /* NULL is fine */

struct mux_client *mux_add(struct mux *mux, void *connection);
struct mux_client *mux_add_insider(struct mux *mux, const struct mux_insider *insider, void *connection);
/* Its sessions are detached (Chromium then disposes contexts made with disposeOnDetach), its open calls forgotten. */
void mux_remove(struct mux_client *client);

/* One message from a client: the first `length` bytes of `block`. A message that cannot be passed on is answered with
 * a CDP error. */
void mux_from_client(struct mux_client *client, struct block *block, size_t length);

/* One message from Chromium, without its NUL; `message` lies in `block`. */
void mux_from_browser(struct mux *mux, const char *message, size_t length, struct block *block);
/* Chromium's answer to the call `id` was larger than allowed and has been thrown away. */
void mux_answer_too_large(struct mux *mux, int64_t id, size_t limit);

/* A call of the keeper itself on the browser's own session; `params` is JSON text, `answered` may be NULL. */
void mux_call(struct mux *mux, const char *method, const char *params, call_answered *answered, void *user);

/* As mux_call, in a session ("": the browser's own). A call whose session ends is forgotten. */
void mux_call_in(struct mux *mux, const char *session_id, const char *method, const char *params,
                 call_answered *answered, void *user);

/* Sends an event of the Replinet domain to every client that asked for it. `params` is JSON text. */
void mux_announce(struct mux *mux, const char *method, const char *params);
/* The same for something that lasts: whoever asks later is told too. One such event is remembered. */
void mux_announce_lasting(struct mux *mux, const char *method, const char *params);

/* Whether a method name or session id may stand in an envelope unescaped: letters, digits, '.', '-', '_'. */
bool mux_is_plain_name(const char *name);
