/* One SOCKS connection: gate_connection.c takes it from the greeting to a standing tunnel, gate_relay.c moves the bytes
 * until it ends. Loop thread only; it frees itself some turns of the loop after connection_end. */
#pragma once

#include "browsers/keeper/gate_internal.h"

/* The handshake's bytes, from either side, before the tunnel stands; freed then. Early data of the browser stays in it
 * until it can go out. */
#define CONNECTION_HEAD_SIZE UPSTREAM_ANSWER_MAX

enum connection_state {
    CONNECTION_GREETING,
    CONNECTION_REQUEST,
    CONNECTION_RESOLVING,
    CONNECTION_CONNECTING,
    CONNECTION_UPSTREAM, /* talking to the upstream proxy */
    CONNECTION_RELAYING,
};

/* A TCP handle that outlives its connection by the turn of the loop that closing takes. */
struct gate_socket {
    uv_tcp_t tcp;
    uv_connect_t connect;
    uv_shutdown_t shutdown;
    bool shut;                     /* our FIN went out after all data */
    size_t queued;                 /* bytes that wait to be written */
    struct connection *connection; /* NULL once it is being closed */
};

struct head {
    size_t length;
    uint8_t data[CONNECTION_HEAD_SIZE];
};

struct connection {
    struct gate *gate;
    struct connection *next, **place; /* in the gate's list */
    enum connection_state state;
    struct gate_socket *client, *target;
    uv_timer_t timer;
    struct head *head;   /* from the browser */
    struct head *answer; /* from the upstream proxy */
    struct socks_request request;
    struct resolver_waiter waiter;
    struct ip_address addresses[RESOLVER_ADDRESSES_MAX]; /* checked; to be tried in this order */
    size_t address_count, address_next;
    struct ip_address address; /* the target's, pinned */
    struct upstream_talk talk;
    bool told;                                  /* an ALLOWED event went out; a CLOSED one is owed */
    uint64_t started, connect_deadline, active; /* loop time */
    uint64_t bytes_up, bytes_down;
    bool client_ended, target_ended; /* that side sent its FIN */
};

/* gate_connection.c */
void connection_end(struct connection *c);
/* Ends with a reset towards the browser, so that a cut answer does not look like a whole one. */
void connection_abort(struct connection *c);
void connection_tell(struct connection *c, enum gate_decision decision, const struct gate_refusal *refusal);

/* gate_relay.c: begins to relay; takes over both sockets. `early` is what the target's side already said. */
void relay_start(struct connection *c, const uint8_t *early, size_t early_length);
/* Writes to one side: 0 when all went, 1 when the kernel did not take it all and the rest was copied (`resume`, when
 * not NULL, is not read from until that is gone), -errno when the connection should end. */
int relay_write(struct gate_socket *to, struct gate_socket *resume, const uint8_t *data, size_t length);
