/* The pool: all browsers of this engine, how many there should be, and how each gets from one state to the next.
 *
 *     starting ──answers──> warm (frozen) ──lease──> leased ──end──> closing ──> ended (tombstone)
 *
 * The truth about which browsers exist is the launcher's; about leases the keepers'. The pool can therefore be rebuilt
 * by asking them (pool_reconcile.c), and is, at every start. A browser never goes to a second user: after a lease it
 * ends. One pool per engine, on its loop. */
#pragma once

#include "browsers/engine/browser.h"
#include "browsers/engine/durations.h"
#include "browsers/engine/launcher_link.h"
#include "browsers/engine/lease.h"
#include <uv.h>

#define POOL_TOMBSTONES 200
#define POOL_TICK_MS    250

/* A keeper that answers nothing for so long is stopped or hangs: nothing would ever end its browser. Counted in ticks,
 * so that an engine that was itself stopped blames nobody. */
#define POOL_SILENT_TICKS         (30000 / POOL_TICK_MS)
#define POOL_SILENT_TICKS_LEASING (10000 / POOL_TICK_MS) /* somebody waits for it */

struct pool {
    uv_loop_t *loop;
    uv_timer_t timer;
    struct launcher_link *launcher;
    struct browser *browsers; /* newest first, tombstones among them */
    struct lease_queue queue;
    size_t counts[BROWSER_STATE_COUNT];
    bool ready;    /* knows what exists: the launcher's list has been read */
    bool stopping; /* starts nothing any more */
    unsigned list_generation;

    int failed_starts; /* in a row */
    int64_t start_not_before;
    struct error last_start_error;
    const char *objection; /* why no browser is started now; NULL: nothing speaks against it */
    int64_t objection_read_ms;

    struct durations start_times, lease_times, use_times;
    int64_t recent_leases_ms[64]; /* ring: when */
    uint64_t started_total, leased_total, refused_total, ended_total;
    uint64_t ended_cpu_us;
    int64_t report_due; /* others_metrics.c */
};

struct pool *pool_new(uv_loop_t *loop, const char *launcher_path);
/* Stops starting and leasing, and turns away whoever waits or still comes; browsers stay as they are. */
void pool_stop(struct pool *pool);
/* After pool_stop, when nobody uses the pool any more. Memory goes with the loop's last turns. */
void pool_free(struct pool *pool);

struct browser *pool_find(struct pool *pool, const char *id);
struct browser *pool_find_lease(struct pool *pool, const char *lease_id); /* not those that reached nobody */
size_t pool_alive(const struct pool *pool);                               /* everything but tombstones */
int pool_warm_target(const struct pool *pool);
json_t *pool_statistics(const struct pool *pool);

/* Looks at everything: serves leases, starts what is missing, ends what is too much. Called after every change. */
void pool_balance(struct pool *pool);

/* pool_life.c: one browser's way. */
void pool_set_state(struct browser *browser, enum browser_state state);
/* From the tick only: whoever walks through the browsers may hold on to any of them. */
void pool_forget_old_tombstones(struct pool *pool);
struct browser *pool_add(struct pool *pool, const char *id, enum browser_state state);
/* For one lease with a profile (`request`), or for the pool (NULL). */
void pool_start_browser(struct pool *pool, const struct lease_request *request);
void pool_connect_keeper(struct browser *browser);
void pool_end_browser(struct browser *browser, enum end_reason reason); /* twice is fine */
void pool_browser_gone(struct browser *browser, enum end_reason reason);
void pool_look_after(struct browser *browser, int64_t now); /* deadlines, freezing, statistics */
/* A launcher call about a browser, which is kept until it is answered. */
void pool_call_launcher(struct browser *browser, struct launcher_request *request, int64_t timeout_ms,
                        launcher_done *done);

/* pool_reconcile.c: what the launcher tells. */
/* Ends a browser that is not, or no longer, one of the pool's. */
void pool_destroy_leftover(struct pool *pool, const char *id);
extern const struct launcher_link_events pool_launcher_events;
