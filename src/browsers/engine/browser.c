#include "browsers/engine/browser.h"
#include "base/clock.h"
#include "base/config.h"
#include "base/memory.h"
#include <stdlib.h>
#include <unistd.h>

#define PROFILE_KEPT_MS 120000 /* for whoever released the browser to fetch it */

static const char *const state_names[] = {
#define X(id, name) name,
    BROWSER_STATE_TABLE(X)
#undef X
};

const char *browser_state_name(enum browser_state state) {
    return state_names[state];
}

static json_t *time_or_null(int64_t wall_us) {
    char text[CLOCK_TEXT_SIZE];
    return wall_us ? json_string(clock_format(wall_us, text)) : json_null();
}

/* A browser says its own version: what is no text must not make the whole object fail. */
static json_t *text_or_null(const char *text) {
    json_t *json = text && *text ? json_string(text) : NULL;
    return json ? json : json_null();
}

/* When its lease is over at the latest, as the keeper counts it. */
static json_t *expiry(const struct browser *browser) {
    int64_t longest = config_int(CONFIG_BROWSER_TIMEOUT) * 1000;
    int64_t wanted = json_int_or(browser->lease, "timeout_ms", longest);
    int64_t ms = wanted > 0 && wanted < longest ? wanted : longest;
    return time_or_null(browser->state == BROWSER_LEASED && browser->leased_us ? browser->leased_us + ms * 1000 : 0);
}

json_t *browser_to_json(const struct browser *browser) {
    cleanup_free char *path = memory_print("/browsers/%s/cdp", browser->id);
    bool leased = browser->state == BROWSER_LEASED;
    return json_pack(
        "{s:s, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:I, s:I, s:I, s:i, s:i, s:o, s:b, s:o}", "id", browser->id,
        "state", browser_state_name(browser->state), "reason",
        text_or_null(browser->reason ? end_reason_name(browser->reason) : NULL), "created_at",
        time_or_null(browser->created_us), "leased_at", time_or_null(browser->leased_us), "ended_at",
        time_or_null(browser->ended_us), "thread_id", text_or_null(json_text_or(browser->lease, "thread_id", NULL)),
        "user_id", text_or_null(json_text_or(browser->lease, "user_id", NULL)), "lease_id",
        text_or_null(browser->lease_id), "version", text_or_null(browser->version), "memory_bytes",
        (json_int_t)browser->memory_bytes, "memory_limit_bytes", (json_int_t)browser->memory_limit_bytes, "cpu_ms",
        (json_int_t)(browser->cpu_us / 1000), "pids", (int)browser->pids, "clients", browser->clients, "websocket_path",
        text_or_null(leased ? path : NULL), "frozen", browser->frozen, "expires_at", expiry(browser));
}

void browser_set_lease(struct browser *browser, json_t *lease, const char *lease_id) {
    json_decref(browser->lease);
    browser->lease = json_incref(lease);
    free(browser->lease_id);
    browser->lease_id = memory_copy_text(lease_id);
}

void browser_keep_profile(struct browser *browser, int fd) {
    browser_drop_profile(browser);
    browser->profile_fd = fd;
    browser->profile_until = clock_deadline(PROFILE_KEPT_MS);
}

void browser_drop_profile(struct browser *browser) {
    if (browser->profile_fd >= 0)
        close(take_fd(browser->profile_fd));
}

void browser_free(struct browser *browser) {
    browser_drop_profile(browser);
    free(browser->profile_lease);
    keeper_link_free(take_pointer(browser->keeper));
    json_decref(browser->lease);
    free(browser->lease_id);
    free(browser);
}

void browser_mourn(struct browser *browser, void (*gone)(void *user, struct browser *browser), void *user) {
    struct browser_mourner *mourner = memory_alloc(sizeof *mourner);
    *mourner = (struct browser_mourner){browser->mourners, gone, user};
    browser->mourners = mourner;
}

void browser_stop_mourning(struct browser *browser, void *user) {
    for (struct browser_mourner **at = &browser->mourners; *at; at = &(*at)->next)
        if ((*at)->user == user) {
            struct browser_mourner *mourner = *at;
            *at = mourner->next;
            free(mourner);
            return;
        }
}
