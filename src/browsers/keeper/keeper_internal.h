/* What the files of the keeper process share.
 *
 *     keeper.c   start, states, the end          control.c  the engine's messages
 *     clients.c  WebSockets of CDP clients       lease.c    the lease and its deadlines
 *     health.c   pings, memory, crashes          live.c     who watches (live.h)
 *
 * One struct keeper per process, on its one loop. */
#pragma once

#include "base/json.h"
#include "base/uuid.h"
#include "browsers/keeper/browser_pipe.h"
#include "browsers/keeper/gate.h"
#include "browsers/keeper/memory_watch.h"
#include "browsers/keeper/mux.h"
#include "browsers/protocol/end_reason.h"
#include "browsers/protocol/keeper_protocol.h"

enum keeper_state { KEEPER_STARTING, KEEPER_WARM, KEEPER_LEASED, KEEPER_ENDING };

struct client;
struct live;

struct keeper {
    uv_loop_t loop;
    char id[UUID_TEXT_SIZE];
    enum keeper_state state;
    enum end_reason reason;
    int64_t started_at, start_ms;
    char *version;

    struct browser_pipe pipe;
    bool browser_gone;
    struct mux *mux;
    struct gate *gate;
    struct live *live;
    uv_signal_t terminate;
    uv_timer_t start_timer, end_timer;

    /* control.c */
    uv_poll_t listener, *control;
    int control_fd; /* -1: the engine is not connected */

    /* clients.c */
    struct client *clients;
    size_t client_count;
    uv_timer_t stall_timer, keepalive_timer;
    bool clients_stalled, browser_stalled;

    /* lease.c */
    json_t *lease;
    char *lease_id;
    int64_t leased_at_us, last_use, life_until;
    int64_t wait_began, wait_left_ms; /* wait_began 0: the run does not wait for a person */
    uv_timer_t life_timer, idle_timer, linger_timer;

    /* health.c */
    uv_timer_t health_timer;
    int64_t ping_sent_at, ping_answered_at; /* ping_sent_at 0: none is open */
    struct memory_counts memory, memory_at_ping;
};

/* keeper.c: the end begins, once; the first reason counts. */
void keeper_end(struct keeper *keeper, enum end_reason reason);
/* Ends the loop when clients and browser are gone. */
void keeper_end_if_done(struct keeper *keeper);
void keeper_set_state(struct keeper *keeper, enum keeper_state state);

int control_start(struct keeper *keeper, struct error *e);
void control_send_status(struct keeper *keeper);

void clients_start(struct keeper *keeper);
/* Takes the socket over and answers its upgrade request, with an error of HTTP's when it cannot be served. */
int clients_attach(struct keeper *keeper, int fd, const char *key, const void *head, size_t head_length,
                   struct error *e);
void clients_refuse(int fd, const struct error *why);
void clients_close_all(struct keeper *keeper, unsigned code, const char *reason);
void clients_announce_egress(struct keeper *keeper, const struct gate_event *event);
extern const struct mux_outputs clients_mux_outputs;
extern const struct browser_pipe_events clients_pipe_events;

/* lease.c */
void lease_start(struct keeper *keeper);
int lease_take(struct keeper *keeper, const char *ticket, struct error *e);
void lease_note_use(struct keeper *keeper);
void lease_note_clients(struct keeper *keeper);
/* The run says that it waits for a person, or goes on. */
void lease_note_run(struct keeper *keeper, bool waits);
void lease_stop(struct keeper *keeper);

/* health.c */
void health_start(struct keeper *keeper);
void health_watch(struct keeper *keeper, bool on);
void health_forgive(struct keeper *keeper); /* the pipe was not read for a while, or the browser was frozen */
enum end_reason health_explain_end(struct keeper *keeper);
void health_look_at_memory(struct keeper *keeper);
