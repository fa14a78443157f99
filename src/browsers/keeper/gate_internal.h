/* What gate.c (life, listening, decisions) and gate_connection.c (one connection from request to end) share. */
#pragma once

#include "browsers/keeper/domain_rules.h"
#include "browsers/keeper/gate.h"
#include "browsers/keeper/gate_report.h"
#include "browsers/keeper/gate_resolve.h"
#include "browsers/keeper/gate_upstream.h"
#include "browsers/keeper/socks.h"
#include "net/address_policy.h"

/* Deadlines. The browser gives up on its own after some minutes; these free our side before. */
#define GATE_HANDSHAKE_MS      10000
#define GATE_RESOLVE_MS        15000
#define GATE_CONNECT_MS        30000 /* all addresses of a target together, the upstream's talk included */
#define GATE_CONNECT_TRY_MS    5000  /* one address, when another is left to try */
#define GATE_IDLE_MS           (2 * 3600 * 1000)
#define GATE_HALF_CLOSED_MS    60000
#define GATE_KEEPALIVE_SECONDS 60 /* tells a dead peer of a quiet WebSocket */

/* Bytes read at once. A slow reader holds at most one such read per direction; when many do, reads get smaller, so that
 * a page with hundreds of stalled connections cannot make the keeper grow. */
#define GATE_READ_SIZE       (32 * 1024)
#define GATE_READ_SIZE_SMALL 4096
#define GATE_BACKLOG_SOFT    (1024 * 1024)

struct connection;

struct gate {
    uv_loop_t *loop;
    uv_tcp_t listener;
    struct address_policy *policy;
    struct resolver *resolver;
    struct gate_report *report;
    unsigned max_connections;
    bool open;
    struct domain_rules domains;
    struct upstream upstream;
    struct connection *connections;
    struct gate_counters counters;
    size_t backlog; /* bytes waiting in all connections */
    char buffer[GATE_READ_SIZE];
};

/* Why something is not done; `rule` is fixed text. */
struct gate_refusal {
    enum socks_reply reply;
    enum gate_decision decision; /* REFUSED or FAILED */
    const char *rule;
    char setting[sizeof((struct address_verdict *)0)->setting];
    char text[sizeof((struct address_verdict *)0)->text];
};

/* What can be said before the name is resolved: lease, domain lists, port. True when allowed so far. */
bool gate_allows_request(struct gate *gate, const struct host *host, unsigned port, struct gate_refusal *ret_refusal);

/* Is this address one that the target may be reached at? */
bool gate_allows_address(struct gate *gate, const struct host *host, unsigned port, const struct ip_address *address,
                         struct gate_refusal *ret_refusal);

/* The same for the upstream proxy. */
bool gate_allows_upstream_port(struct gate *gate, struct gate_refusal *ret_refusal);

/* Takes the next connection off the listener. */
void connection_accept(struct gate *gate);

/* Ends all of them now; those that were connected are told as closed, with their bytes. */
void connection_close_all(struct gate *gate);
