/* One browser's way through the pool: start, warm, frozen, leased (lease.c), closing, ended. */
#include "base/clock.h"
#include "base/config.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/metrics.h"
#include "browsers/engine/others_metrics.h"
#include "browsers/engine/pool.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#define CREATE_MS          60000
#define CALL_MS            10000
#define DESTROY_MS         30000
#define START_GRACE_MS     5000 /* the keeper ends a slow start itself; this is for keepers that do not */
#define SETTLE_MS          1500 /* Chromium goes on starting after its first answer; frozen later, it is quicker to use */
#define KEEPER_PATIENCE_MS 3000
#define CLOSING_MS         2500  /* for the keeper's own way of ending, before the launcher is asked to use force */
#define PROFILE_CLOSING_MS 40000 /* with a profile, which Chromium writes and the launcher has packed */
#define STATISTICS_MS      2000
#define FAILURE_LEAST_MS   250
#define FAILURE_MOST_MS    30000

void pool_set_state(struct browser *browser, enum browser_state state) {
    struct pool *pool = browser->pool;
    pool->counts[browser->state]--;
    pool->counts[state]++;
    for (int i = browser->state;; i = (int)state) {
        metrics_set(METRIC_BROWSERS, browser_state_name((enum browser_state)i), (double)pool->counts[i]);
        if (i == (int)state)
            break;
    }
    browser->state = state;
}

static struct browser *oldest_forgettable(struct pool *pool, size_t *ret_count) {
    struct browser *oldest = NULL;
    *ret_count = 0;
    for (struct browser *browser = pool->browsers; browser; browser = browser->next)
        if (browser->state == BROWSER_ENDED && !browser->calls) {
            ++*ret_count;
            if (!oldest || browser->ended_ms < oldest->ended_ms)
                oldest = browser;
        }
    return oldest;
}

void pool_forget_old_tombstones(struct pool *pool) {
    size_t count;
    for (struct browser *oldest; (oldest = oldest_forgettable(pool, &count)) && count > POOL_TOMBSTONES;) {
        struct browser **at = &pool->browsers;
        while (*at != oldest)
            at = &(*at)->next;
        *at = oldest->next;
        pool->counts[BROWSER_ENDED]--;
        browser_free(oldest);
    }
}

struct browser *pool_add(struct pool *pool, const char *id, enum browser_state state) {
    struct browser *browser = memory_alloc(sizeof *browser);
    browser->pool = pool;
    snprintf(browser->id, sizeof browser->id, "%s", id);
    browser->state = state;
    browser->profile_fd = -1;
    browser->created_us = clock_wall_us();
    browser->started_ms = clock_monotonic_ms();
    browser->closing_deadline = browser->keeper_deadline = browser->statistics_due = INT64_MAX;
    browser->listed = pool->list_generation;
    browser->next = pool->browsers;
    pool->browsers = browser;
    pool->counts[state]++;
    pool_set_state(browser, state);
    return browser;
}

/* The call's owner is the browser; what it was for is told apart by the callback. */
struct launcher_call_user {
    struct browser *browser;
    launcher_done *done;
};

static void on_launcher_done(void *user, const struct launcher_reply *reply, int fd) {
    struct launcher_call_user *call = user;
    struct browser *browser = call->browser;
    browser->calls--;
    if (call->done)
        call->done(browser, reply, fd);
    else if (reply->status < 0 && browser->state < BROWSER_CLOSING)
        log_warn("the launcher could not do it", LOG_BROWSER(browser->id),
                 LOG_INT("replinet.operation", reply->operation), LOG_TEXT("error.message", reply->text));
    free(call);
}

void pool_call_launcher(struct browser *browser, struct launcher_request *request, int64_t timeout_ms,
                        launcher_done *done) {
    struct launcher_call_user *call = memory_alloc(sizeof *call);
    *call = (struct launcher_call_user){browser, done};
    memcpy(request->browser_id, browser->id, sizeof request->browser_id);
    browser->calls++;
    launcher_link_call(browser->pool->launcher, request, timeout_ms, on_launcher_done, call);
}

/* Starting. */

static void count_failed_start(struct pool *pool, const char *text) {
    int64_t wait = FAILURE_LEAST_MS << (pool->failed_starts < 8 ? pool->failed_starts : 8);
    pool->failed_starts++;
    pool->start_not_before = clock_deadline(wait > FAILURE_MOST_MS ? FAILURE_MOST_MS : wait);
    error_set(&pool->last_start_error, EIO, ERROR_UNAVAILABLE, "no browser could be started: %s", text);
    error_hint(&pool->last_start_error, "`replinet doctor` checks what a browser needs; the launcher's log says more");
}

static void on_created(void *user, const struct launcher_reply *reply, int fd) {
    struct browser *browser = user;
    if (reply->status == -ETIMEDOUT) /* the launcher may still make it, and then it would be nobody's */
        pool_destroy_leftover(browser->pool, browser->id);
    if (browser->state != BROWSER_STARTING)
        return; /* ended meanwhile */
    if (reply->status < 0) {
        log_warn("a browser could not be started", LOG_BROWSER(browser->id), LOG_TEXT("error.message", reply->text));
        snprintf(browser->trouble.text, sizeof browser->trouble.text, "%s", reply->text);
        browser->profile_refused = reply->status == -EBADMSG;
        if (browser->profile_refused)
            lease_profile_refused(browser, reply->text);
        pool_browser_gone(browser, END_REASON_START_FAILED);
        return;
    }
    browser->created = true;
    pool_connect_keeper(browser);
}

static void call_create(struct browser *browser, struct launcher_request *request, int profile) {
    struct launcher_call_user *call = memory_alloc(sizeof *call);
    *call = (struct launcher_call_user){browser, on_created};
    memcpy(request->browser_id, browser->id, sizeof request->browser_id);
    browser->calls++;
    launcher_link_call_with(browser->pool->launcher, request, profile, CREATE_MS, on_launcher_done, call);
}

/* A start may fail and be tried again, so the request keeps its own descriptor. */
static int profile_copy(const struct lease_request *lease) {
    return lease && lease->profile_fd >= 0 ? fcntl(lease->profile_fd, F_DUPFD_CLOEXEC, 3) : -1;
}

void pool_start_browser(struct pool *pool, const struct lease_request *lease) {
    char id[UUID_TEXT_SIZE];
    struct browser *browser = pool_add(pool, uuid_make(id), BROWSER_STARTING);
    browser->memory_limit_bytes = (uint64_t)config_int(CONFIG_BROWSER_MEMORY_MB) << 20;
    struct launcher_request request = {
        .operation = LAUNCHER_CREATE,
        .memory_bytes = browser->memory_limit_bytes,
        .cpu_millis = (uint32_t)(config_real(CONFIG_BROWSER_CPUS) * 1000),
        .profile = lease != NULL,
    };
    browser->profile = lease;
    browser->profile_lease = lease ? memory_copy_text(lease->id) : NULL;
    pool->started_total++;
    metrics_add(METRIC_BROWSERS_STARTED, NULL, 1);
    log_debug("starting a browser", LOG_BROWSER(browser->id));
    call_create(browser, &request, profile_copy(lease));
}

/* Its first answer: the CPU quota that was lifted for the start comes back. */
static void browser_became_warm(struct browser *browser) {
    struct pool *pool = browser->pool;
    struct launcher_request request = {
        .operation = LAUNCHER_SET_LIMITS,
        .cpu_millis = (uint32_t)(config_real(CONFIG_BROWSER_CPUS) * 1000),
    };
    browser->warm_ms = clock_monotonic_ms();
    browser->statistics_due = browser->warm_ms + STATISTICS_MS;
    pool_set_state(browser, BROWSER_WARM);
    pool_call_launcher(browser, &request, CALL_MS, NULL);
    if (browser->adopted) /* the engine before this one may have ended before it set the quota */
        return;
    durations_add(&pool->start_times, browser->warm_ms - browser->started_ms);
    metrics_observe(METRIC_BROWSER_START, (double)(browser->warm_ms - browser->started_ms) / 1000);
    pool->failed_starts = 0;
    pool->start_not_before = 0;
    log_info("browser is warm", LOG_BROWSER(browser->id),
             LOG_INT("replinet.duration_ms", browser->warm_ms - browser->started_ms));
}

/* A browser that was leased by an engine before this one. */
static void browser_found_leased(struct browser *browser, const json_t *status) {
    browser_set_lease(browser, json_object_get(status, "lease"), json_text_or(status, "lease_id", NULL));
    if (clock_parse(json_text_or(status, "leased_at", ""), &browser->leased_us) < 0)
        browser->leased_us = clock_wall_us();
    browser->leased_ms = clock_monotonic_ms();
    browser->statistics_due = 0;
    pool_set_state(browser, BROWSER_LEASED);
    log_info("found a leased browser", LOG_BROWSER(browser->id),
             LOG_THREAD(json_text_or(browser->lease, "thread_id", "")));
}

static int64_t closing_ms(const struct browser *browser) {
    return browser->profile ? PROFILE_CLOSING_MS : CLOSING_MS;
}

static void on_keeper_status(void *user, const json_t *status) {
    struct browser *browser = user;
    const char *state = json_text_or(status, "state", "");
    snprintf(browser->version, sizeof browser->version, "%s", json_text_or(status, "version", ""));
    browser->clients = (int)json_int_or(status, "clients", browser->clients);
    others_metrics_of_keeper(browser, status);
    browser->keeper_deadline = INT64_MAX;
    bool open = browser->state == BROWSER_STARTING || (browser->state == BROWSER_WARM && !browser->leasing);
    if (!strcmp(state, "warm") && browser->state == BROWSER_STARTING)
        browser_became_warm(browser);
    else if (!strcmp(state, "leased") && open)
        browser_found_leased(browser, status);
    else if (!strcmp(state, "ending") && browser->state < BROWSER_CLOSING) {
        pool_set_state(browser, BROWSER_CLOSING);
        browser->closing_deadline = clock_deadline(closing_ms(browser));
    }
    browser->adopted = false;
    pool_balance(browser->pool);
}

static void on_keeper_lost(void *user) {
    struct browser *browser = user;
    keeper_link_free(take_pointer(browser->keeper));
    if (browser->keeper_deadline == INT64_MAX)
        browser->keeper_deadline = clock_deadline(KEEPER_PATIENCE_MS);
}

void pool_connect_keeper(struct browser *browser) {
    static const struct keeper_link_events events = {on_keeper_status, on_keeper_lost};
    struct error e;
    if (browser->keeper_deadline == INT64_MAX)
        browser->keeper_deadline = clock_deadline(KEEPER_PATIENCE_MS);
    if (keeper_link_open(browser->pool->loop, browser->id, &events, browser, &browser->keeper, &e) < 0)
        log_debug("a keeper does not answer yet", LOG_BROWSER(browser->id), LOG_TEXT("error.message", e.text));
    else if (!browser->adopted)
        browser->keeper_deadline = INT64_MAX;
}

/* Ending. */

static void on_destroyed(void *user, const struct launcher_reply *reply, int fd) {
    struct browser *browser = user;
    browser->destroying = false;
    if (reply->status == 0 || reply->status == -ENOENT)
        pool_browser_gone(browser, browser->reason);
    else if (browser->state != BROWSER_ENDED) {
        log_warn("a browser could not be destroyed; trying again", LOG_BROWSER(browser->id),
                 LOG_TEXT("error.message", reply->text));
        browser->closing_deadline = clock_deadline(1000);
    }
}

static void destroy(struct browser *browser) {
    struct launcher_request request = {.operation = LAUNCHER_DESTROY};
    browser->closing_deadline = INT64_MAX;
    if (browser->destroying)
        return;
    browser->destroying = true;
    pool_call_launcher(browser, &request, DESTROY_MS, on_destroyed);
}

void pool_end_browser(struct browser *browser, enum end_reason reason) {
    if (browser->state >= BROWSER_CLOSING)
        return;
    bool polite = browser->state == BROWSER_LEASED && browser->keeper;
    browser->reason = reason;
    pool_set_state(browser, BROWSER_CLOSING);
    if (!polite) { /* nobody is there to be told */
        destroy(browser);
        return;
    }
    keeper_link_call(browser->keeper, "end", json_pack("{s:s}", "reason", end_reason_name(reason)), -1, NULL, NULL);
    browser->closing_deadline = clock_deadline(closing_ms(browser));
}

static void tell_mourners(struct browser *browser) {
    struct browser_mourner *mourners = take_pointer(browser->mourners);
    for (struct browser_mourner *mourner = mourners, *next; mourner; mourner = next) {
        next = mourner->next;
        mourner->gone(mourner->user, browser);
        free(mourner);
    }
}

void pool_browser_gone(struct browser *browser, enum end_reason reason) {
    struct pool *pool = browser->pool;
    if (browser->state == BROWSER_ENDED)
        return;
    if (browser->state == BROWSER_STARTING && !browser->profile_refused)
        count_failed_start(pool, *browser->trouble.text ? browser->trouble.text : end_reason_text(reason));
    if (browser->leased_ms)
        durations_add(&pool->use_times, clock_monotonic_ms() - browser->leased_ms);
    browser->reason = browser->reason ? browser->reason : reason ? reason : END_REASON_SHUTDOWN;
    browser->ended_us = clock_wall_us();
    browser->ended_ms = clock_monotonic_ms();
    browser->clients = 0;
    browser->memory_bytes = 0;
    browser->pids = 0;
    browser->closing_deadline = browser->keeper_deadline = browser->statistics_due = INT64_MAX;
    pool->ended_total++;
    pool->ended_cpu_us += browser->cpu_us;
    pool_set_state(browser, BROWSER_ENDED);
    metrics_add(METRIC_BROWSERS_ENDED, end_reason_name(browser->reason), 1);
    log_info("browser ended", LOG_BROWSER(browser->id), LOG_TEXT("event.reason", end_reason_name(browser->reason)),
             LOG_THREAD(json_text_or(browser->lease, "thread_id", "")));
    keeper_link_free(take_pointer(browser->keeper));
    lease_browser_gone(browser);
    tell_mourners(browser);
    pool_balance(pool);
}

/* Care. */

static void on_statistics(void *user, const struct launcher_reply *reply, int fd) {
    struct browser *browser = user;
    if (reply->status < 0 || browser->state == BROWSER_ENDED)
        return;
    browser->memory_bytes = reply->memory_bytes;
    browser->memory_limit_bytes = reply->memory_limit_bytes;
    browser->pids = reply->pids;
    if (reply->cpu_us > browser->cpu_us)
        metrics_add(METRIC_BROWSER_CPU, NULL, (double)(reply->cpu_us - browser->cpu_us) / 1000);
    browser->cpu_us = reply->cpu_us;
}

static void on_status_answer(void *user, const struct error *error, const json_t *answer) {
    struct browser *browser = user;
    browser->calls--;
    browser->unanswered--;
    browser->silent_ticks = 0;
    if (error)
        return;
    browser->clients = (int)json_int_or(answer, "clients", browser->clients);
    others_metrics_of_keeper(browser, answer);
}

static void ask_statistics(struct browser *browser, int64_t now) {
    struct launcher_request request = {.operation = LAUNCHER_STATISTICS};
    browser->statistics_due = browser->frozen ? INT64_MAX : now + STATISTICS_MS;
    pool_call_launcher(browser, &request, CALL_MS, on_statistics);
    if (browser->state != BROWSER_LEASED || !browser->keeper || browser->unanswered)
        return;
    browser->calls++;
    browser->unanswered++;
    keeper_link_call(browser->keeper, "status", NULL, -1, on_status_answer, browser);
}

static void freeze(struct browser *browser) {
    struct launcher_request request = {.operation = LAUNCHER_FREEZE};
    browser->frozen = true;
    browser->statistics_due = 0;
    keeper_link_call(browser->keeper, "sleep", NULL, -1, NULL, NULL);
    pool_call_launcher(browser, &request, CALL_MS, NULL);
}

static void miss_keeper(struct browser *browser, int64_t now) {
    if (!launcher_link_is_up(browser->pool->launcher))
        return; /* it knows better; asked when it is back */
    if (now >= browser->keeper_deadline) {
        log_warn("a browser's keeper is not reachable", LOG_BROWSER(browser->id));
        pool_end_browser(browser, END_REASON_KEEPER_CRASH);
    } else
        pool_connect_keeper(browser);
}

static void miss_answer(struct browser *browser) {
    browser->silent_ticks = browser->unanswered ? browser->silent_ticks + 1 : 0;
    if (browser->silent_ticks <= (browser->leasing ? POOL_SILENT_TICKS_LEASING : POOL_SILENT_TICKS))
        return;
    log_warn("a browser's keeper does not answer", LOG_BROWSER(browser->id));
    keeper_link_free(take_pointer(browser->keeper)); /* fails what it was asked; it is not told of the end */
    pool_end_browser(browser, END_REASON_KEEPER_CRASH);
}

void pool_look_after(struct browser *browser, int64_t now) {
    int64_t start_limit = config_int(CONFIG_BROWSER_START_SECONDS) * 1000 + START_GRACE_MS;
    if (browser->state == BROWSER_ENDED && now >= browser->profile_until)
        browser_drop_profile(browser);
    if (browser->state == BROWSER_ENDED)
        return;
    if (now >= browser->closing_deadline && launcher_link_is_up(browser->pool->launcher))
        destroy(browser);
    if (browser->state >= BROWSER_CLOSING)
        return;
    if (browser->created && !browser->keeper)
        miss_keeper(browser, now);
    miss_answer(browser);
    if (browser->state == BROWSER_STARTING && browser->created && now >= browser->started_ms + start_limit)
        pool_end_browser(browser, END_REASON_START_FAILED);
    if (browser->state == BROWSER_WARM && !browser->profile && !browser->frozen && !browser->leasing &&
        browser->keeper && now >= browser->warm_ms + SETTLE_MS)
        freeze(browser);
    if (browser->state < BROWSER_CLOSING && now >= browser->statistics_due)
        ask_statistics(browser, now);
}
