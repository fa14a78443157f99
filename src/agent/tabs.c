#include "agent/tabs.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "browsers/protocol/launcher_protocol.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* A window that stays empty is what its opener writes into it: it is not waited for any longer. */
#define BLANK_MS   1000
#define WINDOW_MAX 50 /* windows that are told in events */

struct tab {
    struct page *page;
    char opener[129];
    int64_t number; /* among all that came, from 1 */
};

struct tabs {
    struct cdp_client *client;
    struct page_listener listener;
    struct dialogs *dialogs;
    struct tab items[TABS_MAX]; /* oldest first */
    size_t count;
    int64_t seen, told;
    struct page *current;
    struct page *held; /* somebody waits for it; NULL */
    char current_opener[129];
    bool opening; /* whoever opens listens to new tabs itself */
};

static int remaining(int64_t deadline) {
    int ms = clock_remaining_ms(deadline);
    return ms > 0 ? ms : 1;
}

static struct tab *find(struct tabs *tabs, const char *target) {
    for (size_t i = 0; i < tabs->count; i++)
        if (!strcmp(page_target(tabs->items[i].page), target))
            return &tabs->items[i];
    return NULL;
}

static void note(struct tabs *tabs, const char *message, const char *url) {
    if (tabs->listener.note && tabs->told++ < WINDOW_MAX)
        tabs->listener.note(tabs->listener.user, LOG_INFO, "note", message, json_pack("{s:s}", "url", url));
}

static void make_current(struct tabs *tabs, struct tab *tab) {
    struct page *before = tabs->current;
    tabs->current = tab->page;
    memcpy(tabs->current_opener, tab->opener, sizeof tab->opener);
    if (before && before != tab->page && before != tabs->held && page_closed(before))
        page_free(before);
}

static void refuse(struct tabs *tabs, const char *session_id, const char *target) {
    cdp_send(tabs->client, session_id, "Runtime.runIfWaitingForDebugger", NULL, NULL);
    cdp_send(tabs->client, NULL, "Target.closeTarget", json_pack("{s:s}", "targetId", target), NULL);
    note(tabs, "A window was closed again: too many are open", "");
}

/* Shared and service workers belong to no page. */
static void let_worker_go(struct tabs *tabs, const char *session_id, const char *type) {
    if (tabs->listener.target)
        tabs->listener.target(tabs->listener.user, session_id, type);
    cdp_send(tabs->client, session_id, "Runtime.runIfWaitingForDebugger", NULL, NULL);
}

/* In front, so that whoever watches sees it; a page that does not answer is no reason to wait. */
static void bring_to_front(struct tabs *tabs) {
    cdp_send(tabs->client, page_session_id(tabs->current, 0), "Page.bringToFront", NULL, NULL);
}

static void on_attached(struct tabs *tabs, const json_t *params) {
    const json_t *info = json_object_get(params, "targetInfo");
    const char *id = json_text_or(params, "sessionId", ""), *target = json_text_or(info, "targetId", "");
    const char *type = json_text_or(info, "type", "");
    if (strcmp(type, "page")) {
        let_worker_go(tabs, id, type);
        return;
    }
    if (find(tabs, target))
        return;
    if (tabs->count == TABS_MAX) {
        refuse(tabs, id, target);
        return;
    }
    struct tab *tab = &tabs->items[tabs->count++];
    *tab = (struct tab){.page = page_make(tabs->client, &tabs->listener, tabs->dialogs, target, id),
                        .number = ++tabs->seen};
    snprintf(tab->opener, sizeof tab->opener, "%s", json_text_or(info, "openerId", ""));
    if (tabs->opening)
        return;
    page_listen(tab->page);
    if (tabs->current)
        bring_to_front(tabs);
    if (*tab->opener)
        note(tabs, "The page opened a window", json_text_or(info, "url", ""));
}

/* The current one stays until another takes its place. */
static void on_gone(struct tabs *tabs, const char *target) {
    struct tab *tab = find(tabs, target);
    if (!tab)
        return;
    page_set_closed(tab->page);
    if (tab->page != tabs->current && tab->page != tabs->held)
        page_free(tab->page);
    size_t i = (size_t)(tab - tabs->items);
    memmove(tab, tab + 1, (--tabs->count - i) * sizeof *tab);
}

static void on_detached(struct tabs *tabs, const json_t *params) {
    const char *session = json_text_or(params, "sessionId", "");
    for (size_t i = 0; i < tabs->count; i++)
        if (!strcmp(page_session_id(tabs->items[i].page, 0), session))
            return on_gone(tabs, page_target(tabs->items[i].page));
}

static void on_destroyed(struct tabs *tabs, const json_t *params) {
    on_gone(tabs, json_text_or(params, "targetId", ""));
}

static const struct {
    const char *method;
    void (*function)(struct tabs *tabs, const json_t *params);
} events[] = {
    {"Target.attachedToTarget", on_attached},
    {"Target.detachedFromTarget", on_detached},
    {"Target.targetDestroyed", on_destroyed},
};

void tabs_event(struct tabs *tabs, const char *session_id, const char *method, const json_t *params) {
    for (size_t i = 0; i < tabs->count; i++)
        if (page_event(tabs->items[i].page, session_id, method, params))
            return;
    if (session_id && *session_id)
        return;
    for (size_t i = 0; i < ARRAY_LENGTH(events); i++)
        if (!strcmp(events[i].method, method))
            events[i].function(tabs, params);
    if (tabs->current)
        page_browser_event(tabs->current, method, params);
}

static int call(struct tabs *tabs, const char *method, json_t *params, int64_t deadline, json_t **ret_answer,
                struct error *e) {
    return cdp_call(tabs->client, NULL, method, params, remaining(deadline), ret_answer, e);
}

static json_t *outer_targets(const struct tabs *tabs) {
    json_t *types = json_pack("[{s:s}]", "type", "page");
    if (tabs->listener.target) {
        json_array_append_new(types, json_pack("{s:s}", "type", "shared_worker"));
        json_array_append_new(types, json_pack("{s:s}", "type", "service_worker"));
    }
    return json_pack("{s:b, s:b, s:b, s:o}", "autoAttach", 1, "waitForDebuggerOnStart", 1, "flatten", 1, "filter",
                     types);
}

static int listen_browser(struct tabs *tabs, int64_t deadline, struct error *e) {
    int r = call(tabs, "Target.setDiscoverTargets", json_pack("{s:b}", "discover", 1), deadline, NULL, e);
    if (!r)
        r = call(tabs, "Browser.setDownloadBehavior",
                 json_pack("{s:s, s:s, s:b}", "behavior", "allowAndName", "downloadPath", LAUNCHER_TRANSFER_PATH,
                           "eventsEnabled", 1),
                 deadline, NULL, e);
    /* A new tab waits until it is listened to: nothing that it does at once is missed. */
    return r < 0 ? r : call(tabs, "Target.setAutoAttach", outer_targets(tabs), deadline, NULL, e);
}

static bool has_any(void *user) {
    return ((struct tabs *)user)->count > 0;
}

static int take_first(struct tabs *tabs, int64_t deadline, struct error *e) {
    int r = listen_browser(tabs, deadline, e);
    if (!r && !tabs->count)
        r = call(tabs, "Target.createTarget", json_pack("{s:s}", "url", "about:blank"), deadline, NULL, e);
    if (!r)
        r = cdp_wait(tabs->client, has_any, tabs, deadline, e);
    for (size_t i = 0; !r && i < tabs->count; i++)
        r = page_listen_now(tabs->items[i].page, deadline, e);
    return r;
}

int tabs_open(struct cdp_client *client, const struct page_listener *listener, struct dialogs *dialogs,
              int64_t deadline, struct tabs **ret_tabs, struct error *e) {
    struct tabs *tabs = memory_alloc(sizeof *tabs);
    tabs->client = client;
    tabs->listener = *listener;
    tabs->dialogs = dialogs;
    tabs->opening = true;
    *ret_tabs = tabs; /* already: events of the opening are for it */
    int r = take_first(tabs, deadline, e);
    tabs->opening = false;
    if (!r && !tabs->count)
        r = error_set(e, EIO, ERROR_BROWSER, "its tab closed at once");
    if (r < 0)
        return error_prefix(e, "the browser's page cannot be used"), r;
    make_current(tabs, &tabs->items[0]);
    return 0;
}

void tabs_free(struct tabs *tabs) {
    if (tabs && tabs->current && page_closed(tabs->current))
        page_free(tabs->current);
    for (size_t i = 0; tabs && i < tabs->count; i++)
        page_free(tabs->items[i].page);
    free(tabs);
}

struct page *tabs_current(const struct tabs *tabs) {
    return tabs->current;
}

size_t tabs_count(const struct tabs *tabs) {
    return tabs->count;
}

struct page *tabs_hold(struct tabs *tabs, size_t i) {
    return tabs->held = tabs->items[i].page;
}

void tabs_let_go(struct tabs *tabs) {
    struct page *page = tabs->held;
    tabs->held = NULL;
    if (page && page != tabs->current && page_closed(page))
        page_free(page);
}

struct page *tabs_find(const struct tabs *tabs, const char *target) {
    struct tab *tab = find((struct tabs *)tabs, target);
    return tab ? tab->page : NULL;
}

int64_t tabs_number(const struct tabs *tabs, const struct page *page) {
    for (size_t i = 0; i < tabs->count; i++)
        if (tabs->items[i].page == page)
            return (int64_t)i + 1;
    return 0;
}

int64_t tabs_changes(const struct tabs *tabs) {
    int64_t changes = tabs->seen;
    for (size_t i = 0; i < tabs->count; i++)
        changes += page_commits(tabs->items[i].page);
    return changes;
}

int64_t tabs_seen(const struct tabs *tabs) {
    return tabs->seen;
}

static const json_t *info_of(const json_t *targets, const char *id) {
    size_t i;
    json_t *info;
    json_array_foreach (json_object_get(targets, "targetInfos"), i, info) {
        if (!strcmp(json_text_or(info, "targetId", ""), id))
            return info;
    }
    return NULL;
}

int tabs_list(struct tabs *tabs, int64_t deadline, json_t **ret_list, struct error *e) {
    cleanup_json json_t *targets = NULL;
    int r = call(tabs, "Target.getTargets", NULL, deadline, &targets, e);
    if (r < 0)
        return r;
    *ret_list = json_array();
    for (size_t i = 0; i < tabs->count; i++) {
        const char *id = page_target(tabs->items[i].page);
        const json_t *info = info_of(targets, id);
        json_array_append_new(*ret_list,
                              json_pack("{s:I, s:s, s:s, s:s, s:b}", "number", (json_int_t)i + 1, "id", id, "title",
                                        json_text_or(info, "title", ""), "url", json_text_or(info, "url", ""),
                                        "current", tabs->items[i].page == tabs->current));
    }
    return 0;
}

int tabs_switch(struct tabs *tabs, const char *id, int64_t deadline, struct error *e) {
    struct tab *tab = find(tabs, id);
    if (!tab)
        return error_set(e, ENOENT, ERROR_STEP, "the tab has closed");
    make_current(tabs, tab);
    bring_to_front(tabs);
    return 0;
}

struct wait {
    struct tabs *tabs;
    const char *target; /* that shall be there, or be gone */
    int64_t seen;
};

static bool is_there(void *user) {
    struct wait *wait = user;
    return find(wait->tabs, wait->target) != NULL;
}

static bool is_gone(void *user) {
    return !is_there(user);
}

int tabs_add(struct tabs *tabs, int64_t deadline, struct error *e) {
    cleanup_json json_t *made = NULL;
    int r = call(tabs, "Target.createTarget", json_pack("{s:s}", "url", "about:blank"), deadline, &made, e);
    if (r < 0)
        return r;
    struct wait wait = {.tabs = tabs, .target = json_text_or(made, "targetId", "")};
    r = cdp_wait(tabs->client, is_there, &wait, deadline, e);
    if (r == -ETIMEDOUT)
        return error_set(e, ETIMEDOUT, ERROR_STEP, "the new tab did not come; %d may be open at once", TABS_MAX);
    struct tab *tab = r < 0 ? NULL : find(tabs, wait.target);
    if (tab) /* when it closes, the script goes on where it came from */
        snprintf(tab->opener, sizeof tab->opener, "%s", page_target(tabs->current));
    return r < 0 ? r : tabs_switch(tabs, wait.target, deadline, e);
}

/* Of a link with rel=noopener the browser may tell no opener. */
static bool is_opened_by(const struct tab *tab, const struct page *page) {
    return !*tab->opener || !strcmp(tab->opener, page_target(page));
}

/* The newest that the current tab opened after `seen`. */
static struct tab *find_opened(struct tabs *tabs, int64_t seen) {
    struct tab *found = NULL;
    for (size_t i = 0; i < tabs->count; i++)
        if (tabs->items[i].number > seen && is_opened_by(&tabs->items[i], tabs->current))
            found = &tabs->items[i];
    return found;
}

const char *tabs_opened(struct tabs *tabs, int64_t seen) {
    struct tab *tab = find_opened(tabs, seen);
    return tab ? page_target(tab->page) : NULL;
}

static bool has_opened(void *user) {
    struct wait *wait = user;
    return find_opened(wait->tabs, wait->seen) != NULL;
}

static bool has_content(void *user) {
    struct page *page = user;
    return !page_is_blank(page) || page_closed(page) || page_crashed(page);
}

static int wait_content(struct tabs *tabs, int64_t deadline, struct error *e) {
    int64_t soon = clock_deadline(BLANK_MS);
    int r = cdp_wait(tabs->client, has_content, tabs->current, soon < deadline ? soon : deadline, e);
    if (r < 0 && r != -ETIMEDOUT)
        return r;
    return page_settle(tabs->current, deadline, e);
}

int tabs_follow(struct tabs *tabs, int64_t seen, int64_t deadline, struct error *e) {
    struct wait wait = {.tabs = tabs, .seen = seen};
    int r = cdp_wait(tabs->client, has_opened, &wait, deadline, e);
    if (r == -ETIMEDOUT)
        return error_set(e, ETIMEDOUT, ERROR_STEP, "no tab or window was opened");
    if (r < 0)
        return r;
    make_current(tabs, find_opened(tabs, seen));
    bring_to_front(tabs);
    return wait_content(tabs, deadline, e);
}

int tabs_close(struct tabs *tabs, const char *id, int64_t deadline, struct error *e) {
    struct wait wait = {.tabs = tabs, .target = id};
    struct tab *tab = find(tabs, id);
    if (!tab)
        return 0;
    int r = cdp_call(tabs->client, page_session_id(tab->page, 0), "Page.close", NULL, remaining(deadline), NULL, e);
    if (r < 0 && r != -ESTALE)
        return r;
    r = cdp_wait(tabs->client, is_gone, &wait, deadline, e);
    return r == -ETIMEDOUT ? error_set(e, ETIMEDOUT, ERROR_STEP, "the tab did not close") : r;
}

int tabs_settle(struct tabs *tabs, int64_t deadline, bool *ret_moved, struct error *e) {
    *ret_moved = page_closed(tabs->current);
    if (!*ret_moved)
        return 0;
    struct tab *next = find(tabs, tabs->current_opener);
    if (!next && tabs->count)
        next = &tabs->items[tabs->count - 1];
    if (!next)
        return tabs_add(tabs, deadline, e);
    make_current(tabs, next);
    bring_to_front(tabs);
    return 0;
}
