/* The egress gate: the only way from a browser to the network.
 *
 * It serves SOCKS5 (CONNECT, no authentication) on the listener that waits inside the container's net namespace,
 * decides about every request by the egress policy (net/address_policy.h), EGRESS_ALLOW and the lease's domain lists,
 * resolves names itself, connects to an address that it checked, and moves the bytes. Until gate_open() and after
 * gate_close() it refuses everything.
 *
 * One gate per keeper, on the keeper's loop; every function and callback runs on that loop's thread and none blocks.
 * The keeper owns the gate and frees it with gate_stop(). */
#pragma once

#include "base/error.h"
#include <jansson.h>
#include <stdint.h>
#include <uv.h>

struct gate;

#define GATE_DECISION_TABLE(X)                                                                                         \
    X(ALLOWED, "allowed", "The connection to the target stands.")                                                      \
    X(REFUSED, "refused", "A rule forbids it; nothing was sent to the target.")                                        \
    X(FAILED, "failed", "It is allowed, but the name or the target did not answer.")                                   \
    X(CLOSED, "closed", "An allowed connection ended; bytes and duration are final.")

enum gate_decision {
#define X(id, name, doc) GATE_##id,
    GATE_DECISION_TABLE(X)
#undef X
        GATE_DECISION_COUNT
};

/* One decision. The strings live as long as the callback runs; none is NULL, "" says that there is nothing to say. */
struct gate_event {
    enum gate_decision decision;
    const char *host; /* as the browser asked for it: lower case, no trailing dot */
    unsigned port;
    const char *address;           /* the checked address it went to, or the one that was refused */
    const char *rule;              /* REFUSED, FAILED: a short fixed name, such as "metadata" or "port" */
    const char *setting;           /* REFUSED: what would allow it, such as EGRESS_ALLOW=10.0.0.7:8080 */
    const char *text;              /* a sentence for a person */
    uint64_t bytes_up, bytes_down; /* CLOSED; up is from the browser */
    int64_t duration_ms;           /* since the request */
    uint64_t repeated;             /* equal decisions that were left out since the last event of their kind */
};

typedef void (*gate_on_event)(void *context, const struct gate_event *event);

struct gate_options {
    const char *allow;        /* EGRESS_ALLOW; copied */
    const char *dns;          /* EGRESS_DNS; copied; "" for /etc/resolv.conf */
    unsigned max_connections; /* EGRESS_MAX_CONNECTIONS */
    gate_on_event on_event;   /* may be NULL; must not call gate_open, gate_close or gate_stop */
    void *context;
};

struct gate_counters {
    uint64_t connections; /* allowed and connected, since the gate started */
    uint64_t refused, failed;
    uint64_t bytes_up, bytes_down; /* live connections included */
    unsigned open;                 /* SOCKS connections at this moment */
};

/* Takes the listener over (also on failure, when it closes it) and serves at once, refusing everything. */
int gate_start(uv_loop_t *loop, int listener_fd, const struct gate_options *options, struct gate **ret_gate,
               struct error *e);

/* A lease begins. `egress` is the lease's member of that name (keeper_protocol.h), borrowed for the call; NULL or an
 * empty object means no domain lists and no upstream proxy. -EINVAL names what is wrong; the gate then stays shut. */
int gate_open(struct gate *gate, const json_t *egress, struct error *e);

/* The lease ends: every connection is closed (each with its CLOSED event, within this call) and everything is refused
 * from now on. Harmless when not open. */
void gate_close(struct gate *gate);

/* Ends the gate. Its handles close on the next turns of the loop, which must go on running until then; the memory goes
 * with the last handle. No callback is called any more. NULL is fine. */
void gate_stop(struct gate *gate);

void gate_count(const struct gate *gate, struct gate_counters *ret_counters);

const char *gate_decision_name(enum gate_decision decision);

/* The event as params of Replinet.egress (keeper_protocol.h); `repeated` is a member when it is not 0. The caller's. */
json_t *gate_event_json(const struct gate_event *event);
