/* Names to addresses for the gate: c-ares on the keeper's loop, DNS only. /etc/hosts is not read, so that no name of
 * the operator's machine leads inside.
 *
 * At most RESOLVER_ACTIVE_MAX questions are out at once, the rest wait in order; equal names share one question;
 * answers are kept for their time to live within bounds. The resolver does no checking: the gate checks each address it
 * gets, and connects to that address and no other. Loop thread only. */
#pragma once

#include "base/error.h"
#include "net/host.h"
#include <stdint.h>
#include <uv.h>

#define RESOLVER_ACTIVE_MAX     32
#define RESOLVER_KEPT_MAX       64 /* answers */
#define RESOLVER_ADDRESSES_MAX  16 /* of one name; further ones are ignored */
#define RESOLVER_TTL_MAX_MS     60000
#define RESOLVER_TTL_MIN_MS     1000 /* a page load asks several times within it */
#define RESOLVER_FAILURE_TTL_MS 2000

struct resolver;
struct resolver_lookup;

struct resolver_answer {
    int status;       /* 0, -ENOENT: no such name or no address, -ETIMEDOUT, -EIO: the servers gave no usable answer */
    const char *text; /* why, for a person */
    const struct ip_address *addresses; /* both families mixed, IPv4 first; valid during the callback */
    size_t count;
};

typedef void (*resolver_done)(void *context, const struct resolver_answer *answer);

/* The caller's; zero it, and do not move it while it waits. */
struct resolver_waiter {
    resolver_done done;
    void *context;
    struct resolver_lookup *lookup; /* NULL: not waiting */
    struct resolver_waiter *next;
};

/* `servers`: comma-separated host:port, addresses only; "": those of /etc/resolv.conf. */
int resolver_start(uv_loop_t *loop, const char *servers, struct resolver **ret_resolver, struct error *e);

/* Calls nobody any more; its memory goes on the next turns of the loop. */
void resolver_stop(struct resolver *resolver);

/* Calls waiter->done once, perhaps before it returns. */
void resolver_ask(struct resolver *resolver, const char *name, struct resolver_waiter *waiter);

/* The waiter will not be called. Harmless when it does not wait. */
void resolver_cancel(struct resolver_waiter *waiter);
