#include "browsers/engine/pool.h"
#include "base/clock.h"
#include "base/config.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/metrics.h"
#include "browsers/engine/memory_pressure.h"
#include "browsers/engine/others_metrics.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DEMAND_WINDOW_MS   60000
#define SURPLUS_MS         60000 /* a warm browser over the target is kept so long: demand comes in waves */
#define OBJECTION_FOR_MS   500
#define STARTS_AT_ONCE_MIN 2

struct browser *pool_find(struct pool *pool, const char *id) {
    for (struct browser *browser = pool->browsers; browser; browser = browser->next)
        if (!strcmp(browser->id, id))
            return browser;
    return NULL;
}

struct browser *pool_find_lease(struct pool *pool, const char *lease_id) {
    for (struct browser *browser = pool->browsers; browser; browser = browser->next)
        if (browser->lease_id && !browser->undelivered && !strcmp(browser->lease_id, lease_id))
            return browser;
    return NULL;
}

size_t pool_alive(const struct pool *pool) {
    return pool->counts[BROWSER_STARTING] + pool->counts[BROWSER_WARM] + pool->counts[BROWSER_LEASED] +
           pool->counts[BROWSER_CLOSING];
}

static int recent_leases(const struct pool *pool) {
    int count = 0;
    int64_t since = clock_monotonic_ms() - DEMAND_WINDOW_MS;
    for (size_t i = 0; i < ARRAY_LENGTH(pool->recent_leases_ms); i++)
        count += pool->recent_leases_ms[i] > since;
    return count;
}

/* Enough for the leases that come while two browsers start one after the other, at the last minute's rate. */
int pool_warm_target(const struct pool *pool) {
    int least = (int)config_int(CONFIG_POOL_WARM), most = (int)config_int(CONFIG_MAX_BROWSERS);
    if (!least)
        return 0;
    int64_t start_ms = durations_percentile(&pool->start_times, 0.5);
    int64_t wanted = (recent_leases(pool) * 2 * start_ms + DEMAND_WINDOW_MS - 1) / DEMAND_WINDOW_MS;
    int target = wanted > least ? (int)wanted : least;
    return target > most ? most : target;
}

static const char *objection_to_starting(struct pool *pool) {
    int64_t now = clock_monotonic_ms();
    if (now - pool->objection_read_ms >= OBJECTION_FOR_MS) {
        const char *before = pool->objection;
        pool->objection = memory_pressure_objection(config_int(CONFIG_POOL_MIN_FREE_MB));
        pool->objection_read_ms = now;
        if (pool->objection && !before)
            log_warn("no browser is started now", LOG_TEXT("event.reason", pool->objection));
    }
    return pool->objection;
}

static size_t starts_at_once(void) {
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    return cores > STARTS_AT_ONCE_MIN ? (size_t)cores : STARTS_AT_ONCE_MIN;
}

static bool may_start(struct pool *pool) {
    return pool->ready && !pool->stopping && pool_alive(pool) < (size_t)config_int(CONFIG_MAX_BROWSERS) &&
           pool->counts[BROWSER_STARTING] < starts_at_once() && clock_monotonic_ms() >= pool->start_not_before &&
           !objection_to_starting(pool);
}

static size_t coming_own(const struct pool *pool) {
    size_t count = 0;
    for (const struct browser *browser = pool->browsers; browser; browser = browser->next)
        count += browser->state == BROWSER_STARTING && browser->profile_lease;
    return count;
}

static struct browser *oldest_idle_warm(struct pool *pool) {
    struct browser *oldest = NULL;
    for (struct browser *browser = pool->browsers; browser; browser = browser->next)
        if (browser->state == BROWSER_WARM && !browser->leasing && !browser->profile)
            oldest = browser; /* the list is newest first */
    return oldest;
}

/* A lease that needs a browser of its own cannot use the warm ones, which may take up all places. */
static void make_room(struct pool *pool) {
    bool full = pool_alive(pool) >= (size_t)config_int(CONFIG_MAX_BROWSERS);
    struct browser *oldest = full && !pool->counts[BROWSER_CLOSING] ? oldest_idle_warm(pool) : NULL;
    if (oldest)
        pool_end_browser(oldest, END_REASON_RELEASED);
}

/* Those who wait come first; the warm reserve is refilled one at a time, when nobody waits. */
static void start_missing(struct pool *pool) {
    for (;;) {
        size_t coming = pool->counts[BROWSER_STARTING];
        size_t reserve = pool->counts[BROWSER_WARM] + coming;
        const struct lease_request *own = lease_lacking_own(pool);
        size_t waiting = pool->queue.waiting - pool->queue.waiting_own;
        bool for_a_lease = own || waiting > coming - coming_own(pool);
        bool for_the_reserve = !pool->queue.waiting && !coming && reserve < (size_t)pool_warm_target(pool);
        if (own)
            make_room(pool);
        if ((!for_a_lease && !for_the_reserve) || !may_start(pool))
            return;
        pool_start_browser(pool, own);
    }
}

static void end_surplus(struct pool *pool) {
    struct browser *oldest = oldest_idle_warm(pool);
    if (oldest && pool->counts[BROWSER_WARM] > (size_t)pool_warm_target(pool) &&
        clock_monotonic_ms() - oldest->warm_ms > SURPLUS_MS)
        pool_end_browser(oldest, END_REASON_RELEASED);
}

void pool_balance(struct pool *pool) {
    lease_serve(pool);
    start_missing(pool);
    metrics_set(METRIC_LEASE_QUEUE, NULL, (double)pool->queue.waiting);
}

static void sum_memory(struct pool *pool) {
    uint64_t total = 0;
    for (struct browser *browser = pool->browsers; browser; browser = browser->next)
        total += browser->memory_bytes;
    metrics_set(METRIC_BROWSER_MEMORY, NULL, (double)total);
}

static void on_tick(uv_timer_t *timer) {
    struct pool *pool = timer->data;
    int64_t now = clock_monotonic_ms();
    struct browser *next;
    for (struct browser *browser = pool->browsers; browser; browser = next) {
        next = browser->next;
        pool_look_after(browser, now);
    }
    pool_forget_old_tombstones(pool);
    end_surplus(pool);
    sum_memory(pool);
    others_metrics_tick(pool, now);
    pool_balance(pool);
}

struct pool *pool_new(uv_loop_t *loop, const char *launcher_path) {
    struct pool *pool = memory_alloc(sizeof *pool);
    pool->loop = loop;
    uv_timer_init(loop, &pool->timer);
    pool->timer.data = pool;
    uv_timer_start(&pool->timer, on_tick, POOL_TICK_MS, POOL_TICK_MS);
    pool->launcher = launcher_link_new(loop, launcher_path, &pool_launcher_events, pool);
    return pool;
}

static void on_timer_closed(uv_handle_t *handle) {
    struct pool *pool = handle->data;
    for (struct browser *browser = pool->browsers, *next; browser; browser = next) {
        next = browser->next;
        browser_free(browser);
    }
    free(pool);
}

void pool_stop(struct pool *pool) {
    struct error e;
    error_set(&e, ESHUTDOWN, ERROR_UNAVAILABLE, "the browser manager is being stopped");
    pool->stopping = true;
    lease_refuse_all(pool, &e);
}

void pool_free(struct pool *pool) {
    pool_stop(pool);
    for (struct browser *browser = pool->browsers; browser; browser = browser->next)
        keeper_link_free(take_pointer(browser->keeper));
    launcher_link_free(pool->launcher);
    uv_close((uv_handle_t *)&pool->timer, on_timer_closed);
}

static json_t *percentiles(const struct durations *durations) {
    return json_pack("{s:I, s:I, s:I, s:I}", "count", (json_int_t)durations->count, "p50_ms",
                     (json_int_t)durations_percentile(durations, 0.5), "p95_ms",
                     (json_int_t)durations_percentile(durations, 0.95), "p99_ms",
                     (json_int_t)durations_percentile(durations, 0.99));
}

json_t *pool_statistics(const struct pool *pool) {
    json_t *states = json_object();
    for (int i = 0; i < BROWSER_ENDED; i++)
        json_object_set_new(states, browser_state_name((enum browser_state)i),
                            json_integer((json_int_t)pool->counts[i]));
    return json_pack("{s:b, s:o, s:I, s:i, s:{s:I, s:I}, s:{s:I, s:I, s:I, s:I}, s:o, s:o, s:s?}", "ready", pool->ready,
                     "browsers", states, "max_browsers", (json_int_t)config_int(CONFIG_MAX_BROWSERS), "warm_target",
                     pool_warm_target(pool), "queue", "length", (json_int_t)pool->queue.waiting, "oldest_wait_ms",
                     (json_int_t)lease_oldest_wait_ms(pool), "totals", "started", (json_int_t)pool->started_total,
                     "leased", (json_int_t)pool->leased_total, "refused", (json_int_t)pool->refused_total, "ended",
                     (json_int_t)pool->ended_total, "start", percentiles(&pool->start_times), "lease",
                     percentiles(&pool->lease_times), "not_starting_because", pool->objection);
}
