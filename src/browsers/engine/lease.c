#include "browsers/engine/lease.h"
#include "base/clock.h"
#include "base/config.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/metrics.h"
#include "browsers/engine/pool.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CALL_MS      10000
#define WAITING_MAX  1000
#define ATTEMPTS_MAX 3

/* The members of a lease that the engine reads; the keeper checks the others. The launcher refuses what is over the
 * configured maximum as well: it need not trust the engine. */
enum member_kind { MEMBER_TEXT, MEMBER_WHOLE, MEMBER_REAL };
static const struct {
    const char *name;
    enum member_kind kind;
    double least, most;
    enum config_id limit; /* of `most`; CONFIG_COUNT: none */
} members[] = {
    {"thread_id", MEMBER_TEXT, 0, 0, CONFIG_COUNT},
    {"user_id", MEMBER_TEXT, 0, 0, CONFIG_COUNT},
    {"memory_mb", MEMBER_WHOLE, 128, 0, CONFIG_BROWSER_MEMORY_MAX_MB},
    {"cpus", MEMBER_REAL, 0.1, 0, CONFIG_BROWSER_CPUS_MAX},
    {"timeout_ms", MEMBER_WHOLE, 0, 86400000, CONFIG_COUNT},
    {"idle_ms", MEMBER_WHOLE, 0, 86400000, CONFIG_COUNT},
    {"wait_ms", MEMBER_WHOLE, 0, 86400000, CONFIG_COUNT},
    {"linger_ms", MEMBER_WHOLE, 0, 86400000, CONFIG_COUNT},
    {"queue_ms", MEMBER_WHOLE, 0, 3600000, CONFIG_COUNT},
};

static int check_member(size_t i, const json_t *value, struct error *e) {
    if (members[i].kind == MEMBER_TEXT)
        return json_is_string(value) ? 0
                                     : error_set(e, EINVAL, ERROR_BAD_INPUT, "lease.%s is not a text", members[i].name);
    bool whole = members[i].kind == MEMBER_WHOLE, limited = members[i].limit != CONFIG_COUNT;
    double most = limited ? config_real(members[i].limit) : members[i].most, given = json_number_value(value);
    if ((whole ? json_is_integer(value) : json_is_number(value)) && given >= members[i].least && given <= most)
        return 0;
    error_set(e, EINVAL, ERROR_BAD_INPUT, "lease.%s is not a %s from %g to %.0f", members[i].name,
              whole ? "whole number" : "number", members[i].least, most);
    if (limited)
        error_hint(e, "%s sets the maximum", config_rows[members[i].limit].name);
    return -EINVAL;
}

int lease_check(const json_t *lease, struct error *e) {
    if (!json_is_object(lease))
        return error_set(e, EINVAL, ERROR_BAD_INPUT, "the ticket's lease is not an object");
    for (size_t i = 0; i < ARRAY_LENGTH(members); i++) {
        json_t *value = json_object_get(lease, members[i].name);
        if (!value || json_is_null(value))
            continue;
        int r = check_member(i, value, e);
        if (r < 0)
            return r;
    }
    json_t *profile = json_object_get(lease, "profile");
    if (profile && !json_is_boolean(profile))
        return error_set(e, EINVAL, ERROR_BAD_INPUT, "lease.profile is neither true nor false");
    return 0;
}

/* The queue. Answering a request may bring the next one of its connection at once, and that one may change the queue;
 * so nobody walks on from a request that was answered. */

static void request_free(struct lease_request *request) {
    free(request->ticket);
    free(request->id);
    json_decref(request->lease);
    if (request->profile_fd >= 0)
        close(request->profile_fd);
    free(request);
}

static bool needs_own(const struct lease_request *request) {
    return json_bool_or(request->lease, "profile", false);
}

static void count_waiting(struct pool *pool, const struct lease_request *request, int change) {
    pool->queue.waiting += (size_t)change;
    if (needs_own(request))
        pool->queue.waiting_own += (size_t)change;
}

static void unlink_request(struct pool *pool, struct lease_request *request) {
    struct lease_request **at = &pool->queue.first;
    while (*at != request)
        at = &(*at)->next;
    *at = request->next;
    if (!request->browser)
        count_waiting(pool, request, -1);
}

static size_t position_of(const struct pool *pool, const struct lease_request *wanted) {
    size_t position = 1;
    for (const struct lease_request *request = pool->queue.first; request != wanted; request = request->next)
        position += !request->browser;
    return position;
}

static void refuse(struct pool *pool, struct lease_request *request, const struct error *error, size_t position) {
    unlink_request(pool, request);
    pool->refused_total++;
    metrics_add(METRIC_LEASES, error_name(error->code), 1);
    request->refused(request->user, error, position);
    request_free(request);
}

static const char *user_of(const json_t *lease) {
    return json_text_or(lease, "user_id", "");
}

static size_t browsers_of(const struct pool *pool, const char *user_id) {
    size_t count = 0;
    for (const struct browser *browser = pool->browsers; browser; browser = browser->next)
        count += browser->state == BROWSER_LEASED && !strcmp(user_of(browser->lease), user_id);
    return count;
}

/* The oldest request among those whose user holds the fewest browsers. */
static struct lease_request *choose(struct pool *pool) {
    struct lease_request *best = NULL;
    size_t fewest = SIZE_MAX;
    for (struct lease_request *request = pool->queue.first; request && fewest; request = request->next) {
        size_t held = request->browser || needs_own(request) ? SIZE_MAX : browsers_of(pool, user_of(request->lease));
        if (held < fewest) {
            best = request;
            fewest = held;
        }
    }
    return best;
}

static struct browser *take_warm(struct pool *pool) {
    struct browser *found = NULL;
    for (struct browser *browser = pool->browsers; browser; browser = browser->next)
        if (browser->state == BROWSER_WARM && !browser->profile && browser->keeper && !browser->adopted &&
            (!found || !browser->frozen))
            found = browser; /* one that is still awake, else the oldest */
    return found;
}

/* Handing over: thaw, limits and the keeper's lease go out together; the launcher keeps their order, and what the
 * keeper sends to a frozen browser waits in the pipe. */

static void note_wait(struct pool *pool, const struct lease_request *request) {
    int64_t waited = clock_monotonic_ms() - request->asked_ms;
    durations_add(&pool->lease_times, waited);
    metrics_observe(METRIC_LEASE_WAIT, (double)waited / 1000);
}

static struct lease_request *find_assigned(const struct pool *pool, const struct browser *browser) {
    struct lease_request *request = pool->queue.first;
    while (request && request->browser != browser)
        request = request->next;
    return request;
}

static void answer_all(struct browser *browser, const struct error *error) {
    struct pool *pool = browser->pool;
    bool fresh = true, delivered = false;
    for (struct lease_request *request; (request = find_assigned(pool, browser));) {
        delivered = true;
        if (error) {
            refuse(pool, request, error, 0);
            continue;
        }
        unlink_request(pool, request);
        if (fresh)
            note_wait(pool, request);
        request->granted(request->user, browser, fresh);
        request_free(request);
        fresh = false;
    }
    if (delivered || error)
        return;
    browser->undelivered = true;
    log_info("a lease reached nobody", LOG_BROWSER(browser->id));
    pool_end_browser(browser, END_REASON_DISCONNECTED);
}

static void note_demand(struct pool *pool) {
    pool->recent_leases_ms[pool->leased_total++ % ARRAY_LENGTH(pool->recent_leases_ms)] = clock_monotonic_ms();
    metrics_add(METRIC_LEASES, "granted", 1);
}

static void finish(struct browser *browser) {
    struct error error = browser->trouble;
    if (browser->state != BROWSER_LEASED)
        return; /* gone meanwhile: lease_browser_gone has seen to the requests */
    if (error.code != ERROR_NONE) {
        browser->undelivered = true;
        if (error.code == ERROR_CLOSED)
            lease_browser_gone(browser);
        else
            answer_all(browser, &error);
        pool_end_browser(browser, END_REASON_KILLED);
        return;
    }
    note_demand(browser->pool);
    browser->leased_us = clock_wall_us();
    browser->leased_ms = clock_monotonic_ms();
    browser->statistics_due = 0;
    log_info("browser leased", LOG_BROWSER(browser->id), LOG_THREAD(json_text_or(browser->lease, "thread_id", "")));
    answer_all(browser, NULL);
}

static void step_done(struct browser *browser, const struct error *error) {
    if (error && browser->trouble.code == ERROR_NONE)
        browser->trouble = *error;
    if (--browser->leasing == 0) {
        finish(browser);
        pool_balance(browser->pool);
    }
}

static void on_launcher_step(void *user, const struct launcher_reply *reply, int fd) {
    struct error e;
    if (reply->status < 0)
        error_set(&e, -reply->status, ERROR_CLOSED, "the browser could not be prepared: %s", reply->text);
    step_done(user, reply->status < 0 ? &e : NULL);
}

static void on_keeper_leased(void *user, const struct error *error, const json_t *answer) {
    struct browser *browser = user;
    browser->calls--;
    browser->unanswered--;
    browser->silent_ticks = 0;
    step_done(browser, error);
}

static void set_limits(struct browser *browser, const json_t *lease) {
    int64_t memory_mb = json_int_or(lease, "memory_mb", 0);
    double cpus = json_real_or(lease, "cpus", 0);
    struct launcher_request request = {
        .operation = LAUNCHER_SET_LIMITS,
        .memory_bytes = (uint64_t)memory_mb << 20,
        .cpu_millis = (uint32_t)((cpus > 0 ? cpus : config_real(CONFIG_BROWSER_CPUS)) * 1000),
    };
    if (!memory_mb && cpus <= 0)
        return;
    if (memory_mb)
        browser->memory_limit_bytes = request.memory_bytes;
    browser->leasing++;
    pool_call_launcher(browser, &request, CALL_MS, on_launcher_step);
}

static void thaw(struct browser *browser) {
    struct launcher_request request = {.operation = LAUNCHER_THAW};
    if (!browser->frozen)
        return;
    browser->frozen = false;
    browser->leasing++;
    pool_call_launcher(browser, &request, CALL_MS, on_launcher_step);
}

static void assign(struct pool *pool, struct lease_request *request, struct browser *browser) {
    request->browser = browser;
    request->attempts++;
    count_waiting(pool, request, -1);
}

static void hand_over(struct pool *pool, struct lease_request *request, struct browser *browser) {
    for (struct lease_request *other = pool->queue.first; other; other = other->next)
        if (!other->browser && !strcmp(other->id, request->id))
            assign(pool, other, browser);
    browser_set_lease(browser, request->lease, request->id);
    browser->trouble = (struct error){0};
    pool_set_state(browser, BROWSER_LEASED);
    thaw(browser);
    set_limits(browser, request->lease);
    browser->leasing++;
    browser->calls++;
    browser->unanswered++;
    keeper_link_call(browser->keeper, "lease", json_pack("{s:s}", "ticket", request->ticket), -1, on_keeper_leased,
                     browser);
}

static struct lease_request *find_late(const struct pool *pool, int64_t now) {
    struct lease_request *request = pool->queue.first;
    while (request && (request->browser || now < request->deadline))
        request = request->next;
    return request;
}

static void refuse_late(struct pool *pool) {
    int64_t now = clock_monotonic_ms();
    struct error e;
    for (struct lease_request *request; (request = find_late(pool, now));) {
        size_t position = position_of(pool, request);
        error_set(&e, EBUSY, ERROR_CAPACITY, "all browsers are busy; this request was number %zu in the queue",
                  position);
        error_hint(&e, "try again later, or raise MAX_BROWSERS (now %lld) if the machine has room",
                   (long long)config_int(CONFIG_MAX_BROWSERS));
        if (pool->objection)
            error_hint(&e, "%s", pool->objection);
        refuse(pool, request, pool->failed_starts ? &pool->last_start_error : &e, position);
    }
}

static struct lease_request *find_waiting(const struct pool *pool, const char *id) {
    struct lease_request *request = pool->queue.first;
    while (request && (request->browser || strcmp(request->id, id)))
        request = request->next;
    return request;
}

/* Browsers that were started for one lease go to it, or, when it is no longer asked for, end. */
static void serve_own(struct pool *pool) {
    struct browser *next;
    for (struct browser *browser = pool->browsers; browser && !pool->stopping; browser = next) {
        next = browser->next;
        if (!browser->profile || browser->state != BROWSER_WARM || !browser->keeper)
            continue;
        const char *id = browser->profile_lease; /* NULL: an engine before this one started it */
        struct lease_request *request = id ? find_waiting(pool, id) : NULL;
        if (request)
            hand_over(pool, request, browser);
        else
            pool_end_browser(browser, END_REASON_RELEASED);
    }
}

static bool has_own(const struct pool *pool, const struct lease_request *request) {
    for (const struct browser *browser = pool->browsers; browser; browser = browser->next)
        if (browser->profile_lease && browser->state <= BROWSER_WARM && !strcmp(browser->profile_lease, request->id))
            return true;
    return false;
}

const struct lease_request *lease_lacking_own(const struct pool *pool) {
    if (!pool->queue.waiting_own)
        return NULL;
    for (const struct lease_request *request = pool->queue.first; request; request = request->next)
        if (!request->browser && needs_own(request) && !has_own(pool, request))
            return request;
    return NULL;
}

void lease_profile_refused(struct browser *browser, const char *text) {
    struct lease_request *request;
    struct error e;
    error_set(&e, EINVAL, ERROR_BAD_INPUT, "%s", text);
    while (browser->profile_lease && (request = find_waiting(browser->pool, browser->profile_lease)))
        refuse(browser->pool, request, &e, 0);
}

void lease_serve(struct pool *pool) {
    struct browser *browser;
    while (!pool->stopping && pool->queue.waiting > pool->queue.waiting_own && (browser = take_warm(pool)))
        hand_over(pool, choose(pool), browser);
    serve_own(pool);
    refuse_late(pool);
}

static struct lease_request *find_unlucky(const struct pool *pool) {
    struct lease_request *request = pool->queue.first;
    while (request && (request->browser || request->attempts < ATTEMPTS_MAX))
        request = request->next;
    return request;
}

/* Whoever was to get it waits again, at their old place, unless this has happened to them too often. */
void lease_browser_gone(struct browser *browser) {
    struct pool *pool = browser->pool;
    struct error e;
    browser->undelivered |= !browser->leased_us;
    for (struct lease_request *request; (request = find_assigned(pool, browser));) {
        request->browser = NULL;
        count_waiting(pool, request, 1);
    }
    for (struct lease_request *request; (request = find_unlucky(pool));) {
        error_set(&e, EIO, ERROR_UNAVAILABLE, "%d browsers in a row ended while they were being leased (%s)",
                  ATTEMPTS_MAX, end_reason_name(browser->reason));
        refuse(pool, request, &e, 0);
    }
}

void lease_refuse_all(struct pool *pool, const struct error *error) {
    while (pool->queue.first)
        refuse(pool, pool->queue.first, error, 0);
}

/* Asking. */

static int64_t deadline_of(const json_t *lease) {
    int64_t most = config_int(CONFIG_POOL_QUEUE_SECONDS) * 1000;
    int64_t wanted = (int64_t)json_real_or(lease, "queue_ms", (double)most);
    return clock_deadline(wanted < most ? wanted : most);
}

/* A lease that exists already: given again, or its end told. */
static bool answer_known(struct pool *pool, const char *id, void (*granted)(void *, struct browser *, bool),
                         void (*refused)(void *, const struct error *, size_t), void *user) {
    struct error e;
    struct browser *browser = pool_find_lease(pool, id);
    if (!browser || browser->leasing)
        return false;
    if (browser->state == BROWSER_LEASED) {
        granted(user, browser, false);
        return true;
    }
    error_set(&e, EEXIST, ERROR_CONFLICT, "this lease had browser %s, which has ended: %s", browser->id,
              end_reason_name(browser->reason));
    error_hint(&e, "ask with a new lease id");
    refused(user, &e, 0);
    return true;
}

static void join_handing_over(struct pool *pool, struct lease_request *request) {
    struct browser *browser = pool_find_lease(pool, request->id);
    if (browser && browser->state == BROWSER_LEASED && browser->leasing)
        assign(pool, request, browser);
}

static struct lease_request *enqueue(struct pool *pool, struct lease_request *request) {
    struct lease_request **at = &pool->queue.first;
    while (*at)
        at = &(*at)->next;
    *at = request;
    request->number = ++pool->queue.last_number;
    count_waiting(pool, request, 1);
    return request;
}

static struct lease_request *find_number(const struct pool *pool, uint64_t number) {
    struct lease_request *request = pool->queue.first;
    while (request && request->number != number)
        request = request->next;
    return request;
}

struct lease_request *lease_ask(struct pool *pool, const char *ticket, json_t *claims, int profile_fd,
                                void (*granted)(void *user, struct browser *browser, bool fresh),
                                void (*refused)(void *user, const struct error *error, size_t position), void *user) {
    cleanup_json json_t *owned = claims;
    cleanup_close int profile = profile_fd;
    struct error e;
    const char *id = json_text_or(owned, "jti", "");
    json_t *lease = json_object_get(owned, "lease");
    int r = *id ? lease_check(lease, &e) : error_set(&e, EINVAL, ERROR_BAD_INPUT, "the ticket has no jti");
    if (!r && pool->stopping)
        r = error_set(&e, ESHUTDOWN, ERROR_UNAVAILABLE, "the browser manager is being stopped");
    if (!r && pool->queue.waiting >= WAITING_MAX)
        r = error_set(&e, EBUSY, ERROR_CAPACITY, "too many requests wait for a browser already");
    if (r < 0) {
        refused(user, &e, 0);
        return NULL;
    }
    if (answer_known(pool, id, granted, refused, user))
        return NULL;
    struct lease_request *request = memory_alloc(sizeof *request);
    *request = (struct lease_request){
        .ticket = memory_copy_text(ticket),
        .id = memory_copy_text(id),
        .lease = json_incref(lease),
        .asked_ms = clock_monotonic_ms(),
        .deadline = deadline_of(lease),
        .profile_fd = take_fd(profile),
        .granted = granted,
        .refused = refused,
        .user = user,
    };
    uint64_t number = enqueue(pool, request)->number;
    join_handing_over(pool, request);
    pool_balance(pool);
    return find_number(pool, number);
}

void lease_withdraw(struct pool *pool, struct lease_request *request) {
    unlink_request(pool, request);
    metrics_add(METRIC_LEASES, "withdrawn", 1);
    request_free(request);
    metrics_set(METRIC_LEASE_QUEUE, NULL, (double)pool->queue.waiting);
}

int64_t lease_oldest_wait_ms(const struct pool *pool) {
    for (const struct lease_request *request = pool->queue.first; request; request = request->next)
        if (!request->browser)
            return clock_monotonic_ms() - request->asked_ms;
    return 0;
}

/* As long as it takes, by past experience, until so many browsers have become free. */
int lease_retry_after_s(const struct pool *pool, size_t position) {
    int64_t use_ms = durations_percentile(&pool->use_times, 0.5);
    int64_t ms = use_ms * (int64_t)position / config_int(CONFIG_MAX_BROWSERS);
    int64_t seconds = (ms + 999) / 1000;
    return seconds < 1 ? 1 : seconds > 60 ? 60 : (int)seconds;
}
