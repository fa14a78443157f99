/* Who waits for a browser, in which order they get one, and handing it over.
 *
 * A lease request carries a ticket that was verified already; its id ("jti") makes it idempotent: the same id again
 * gets the same browser. Requests wait first come, first served, except that whoever's user holds fewer browsers goes
 * first. All on the engine's loop. */
#pragma once

#include "base/json.h"
#include "browsers/engine/browser.h"

struct pool;

struct lease_request {
    struct lease_request *next; /* in the queue, oldest first */
    uint64_t number;            /* tells it from a later one at the same address */
    char *ticket, *id;
    json_t *lease;
    int64_t asked_ms, deadline;
    struct browser *browser; /* being handed over; NULL: waiting */
    int attempts;
    int profile_fd; /* what its browser is to find; -1: none */
    void (*granted)(void *user, struct browser *browser, bool fresh);
    /* `position` in the queue, 0 when that says nothing. */
    void (*refused)(void *user, const struct error *error, size_t position);
    void *user;
};

struct lease_queue {
    struct lease_request *first;
    size_t waiting;     /* requests without a browser yet */
    size_t waiting_own; /* those among them that need a browser of their own (lease.profile) */
    uint64_t last_number;
};

/* Checks the members of a lease object. */
int lease_check(const json_t *lease, struct error *e);

/* Takes `ticket`, its claims and `profile_fd` (both stolen; -1: none). Exactly one of granted and refused is called,
 * perhaps at once, unless the request is withdrawn; the returned pointer is good until then (NULL when the answer was
 * given at once). */
struct lease_request *lease_ask(struct pool *pool, const char *ticket, json_t *claims, int profile_fd,
                                void (*granted)(void *user, struct browser *browser, bool fresh),
                                void (*refused)(void *user, const struct error *error, size_t position), void *user);
void lease_withdraw(struct pool *pool, struct lease_request *request);

/* Hands warm browsers to waiting requests and refuses those past their deadline. */
void lease_serve(struct pool *pool);
/* A waiting request that needs a browser of its own and has none that is starting or warm; NULL: there is none. */
const struct lease_request *lease_lacking_own(const struct pool *pool);
/* The profile that a browser was to start with is no good: its request gets this answer. */
void lease_profile_refused(struct browser *browser, const char *text);
/* A step of handing over went wrong, or the browser is gone meanwhile. */
void lease_browser_gone(struct browser *browser);
void lease_refuse_all(struct pool *pool, const struct error *error);

int64_t lease_oldest_wait_ms(const struct pool *pool);
/* When somebody who was turned away might try again, seconds. */
int lease_retry_after_s(const struct pool *pool, size_t position);
