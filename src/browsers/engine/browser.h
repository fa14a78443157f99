/* A browser as the engine knows it, from the decision to start it until its tombstone is forgotten.
 *
 * Owned by the pool (pool.h); freed when it has ended, no call about it is under way (`calls`) and enough newer
 * tombstones exist. All on the engine's loop. */
#pragma once

#include "base/json.h"
#include "base/uuid.h"
#include "browsers/engine/keeper_link.h"
#include "browsers/protocol/end_reason.h"
#include <stdbool.h>

#define BROWSER_STATE_TABLE(X)                                                                                         \
    X(STARTING, "starting")                                                                                            \
    X(WARM, "warm")                                                                                                    \
    X(LEASED, "leased")                                                                                                \
    X(CLOSING, "closing")                                                                                              \
    X(ENDED, "ended")

enum browser_state {
#define X(id, name) BROWSER_##id,
    BROWSER_STATE_TABLE(X)
#undef X
        BROWSER_STATE_COUNT
};

const char *browser_state_name(enum browser_state state);

#define BROWSER_COUNTERS 9 /* others_metrics.c */

struct browser;

/* Somebody who waits until the browser is gone. */
struct browser_mourner {
    struct browser_mourner *next;
    void (*gone)(void *user, struct browser *browser);
    void *user;
};

struct browser {
    struct pool *pool;
    struct browser *next; /* in the pool's list, newest first */
    char id[UUID_TEXT_SIZE];
    enum browser_state state;
    enum end_reason reason;
    int64_t created_us, leased_us, ended_us;          /* wall clock; 0: not yet */
    int64_t started_ms, warm_ms, leased_ms, ended_ms; /* monotonic */
    json_t *lease;                                    /* the lease object, NULL before */
    char *lease_id;
    char version[64];
    uint64_t memory_bytes, memory_limit_bytes, cpu_us;
    int64_t counted[BROWSER_COUNTERS]; /* its keeper's counters, as far as they are in the metrics */
    uint32_t pids;
    int clients;

    struct keeper_link *keeper;
    int64_t keeper_deadline; /* by when a lost keeper must be reachable again */
    int64_t closing_deadline, statistics_due;
    struct browser_mourner *mourners;
    int calls;           /* launcher and keeper calls under way */
    int leasing;         /* steps of a lease under way */
    int unanswered;      /* questions to its keeper */
    int silent_ticks;    /* of the pool, in which its keeper answered none of them */
    char *profile_lease; /* the lease that it was started for; NULL: any, or found by a new engine */
    int profile_fd;      /* ENDED: the profile that it left; -1: none */
    int64_t profile_until;
    bool profile;         /* started with one: it is nobody's but profile_lease's */
    bool profile_refused; /* why it did not start: no fault of the machine's */
    bool created;         /* the launcher has made it */
    bool frozen;          /* or about to be */
    bool adopted;         /* found by a new engine; its keeper has not spoken yet */
    bool destroying;      /* DESTROY is under way */
    bool undelivered;     /* its lease reached nobody */
    unsigned listed;      /* generation of the last LIST that named it */
    struct error trouble; /* why its lease failed; code NONE: it did not */
};

/* The object that the door gives out. */
json_t *browser_to_json(const struct browser *browser);

/* Sets a browser up from a lease object and the ticket's jti, as they become known. */
void browser_set_lease(struct browser *browser, json_t *lease, const char *lease_id);
/* Keeps what it left (`fd` is taken over) for a while; `browser_drop_profile` forgets it earlier. */
void browser_keep_profile(struct browser *browser, int fd);
void browser_drop_profile(struct browser *browser);
void browser_free(struct browser *browser);

void browser_mourn(struct browser *browser, void (*gone)(void *user, struct browser *browser), void *user);
void browser_stop_mourning(struct browser *browser, void *user);
