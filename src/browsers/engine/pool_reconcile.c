/* What the launcher tells: which browsers exist (asked at every new connection) and which have ended. */
#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "browsers/engine/pool.h"
#include <string.h>

#define LIST_MS 10000

static void ask_list(struct pool *pool);

static void adopt(struct pool *pool, const struct launcher_reply *reply) {
    struct browser *browser = pool_add(pool, reply->browser_id, BROWSER_STARTING);
    browser->created = browser->adopted = true;
    browser->profile = reply->profile;
    browser->frozen = reply->frozen;
    browser->created_us = reply->created_wall_us;
    browser->memory_limit_bytes = reply->memory_limit_bytes;
    pool_connect_keeper(browser);
}

void pool_destroy_leftover(struct pool *pool, const char *id) {
    struct launcher_request request = {.operation = LAUNCHER_DESTROY};
    memcpy(request.browser_id, id, sizeof request.browser_id);
    launcher_link_call(pool->launcher, &request, 30000, NULL, NULL);
}

static void on_listed(struct pool *pool, const struct launcher_reply *reply) {
    struct browser *browser = pool_find(pool, reply->browser_id);
    if (!browser)
        adopt(pool, reply);
    else if (browser->state == BROWSER_ENDED)
        pool_destroy_leftover(pool, browser->id); /* its start was given up while the launcher went on with it */
    else {
        browser->listed = pool->list_generation;
        browser->created = true;
    }
}

/* Whatever the launcher did not name is gone. A browser asked for after the list was is not meant. */
static void end_unlisted(struct pool *pool) {
    struct browser *next;
    for (struct browser *browser = pool->browsers; browser; browser = next) {
        next = browser->next;
        if (browser->state != BROWSER_ENDED && browser->listed != pool->list_generation)
            pool_browser_gone(browser, END_REASON_SHUTDOWN);
    }
}

static void on_list(void *user, const struct launcher_reply *reply, int fd) {
    struct pool *pool = user;
    if (reply->more) {
        on_listed(pool, reply);
        return;
    }
    if (reply->status < 0) {
        if (launcher_link_is_up(pool->launcher))
            ask_list(pool);
        return;
    }
    end_unlisted(pool);
    pool->ready = true;
    pool_balance(pool);
}

static void ask_list(struct pool *pool) {
    struct launcher_request request = {.operation = LAUNCHER_LIST};
    pool->list_generation++;
    launcher_link_call(pool->launcher, &request, LIST_MS, on_list, pool);
}

static void on_connected(void *user) {
    log_info("connected to the launcher");
    ask_list(user);
}

static void on_lost(void *user) {
    ((struct pool *)user)->ready = false;
}

static void on_exited(void *user, const struct launcher_reply *notice, int fd) {
    cleanup_close int profile = fd;
    struct browser *browser = pool_find(user, notice->browser_id);
    if (browser && browser->state != BROWSER_ENDED && profile >= 0)
        browser_keep_profile(browser, take_fd(profile));
    if (browser && browser->state != BROWSER_ENDED)
        pool_browser_gone(browser, notice->end_reason < END_REASON_COUNT ? (enum end_reason)notice->end_reason
                                                                         : END_REASON_KEEPER_CRASH);
}

const struct launcher_link_events pool_launcher_events = {on_connected, on_lost, on_exited};
