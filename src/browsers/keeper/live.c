/* The live view's own sessions in the browser: its tabs, their dialogs and file choosers. */
#include "base/log.h"
#include "base/memory.h"
#include "browsers/keeper/live_internal.h"
#include <stdlib.h>
#include <string.h>

#define TITLES_MS 500

void live_call_in(struct live *live, const char *session, const char *method, json_t *params) {
    cleanup_free char *text = params ? json_print(params) : memory_copy_text("{}");
    json_decref(params);
    mux_call_in(live->keeper->mux, session, method, text, NULL, NULL);
}

void live_call(struct live *live, const struct live_tab *tab, const char *method, json_t *params) {
    if (!live->insider || (tab && !*tab->session))
        json_decref(params);
    else
        live_call_in(live, tab ? tab->session : live->root, method, params);
}

struct live_tab *live_find_tab(const struct live *live, const char *target) {
    struct live_tab *tab = live->tabs;
    while (tab && strcmp(tab->target, target))
        tab = tab->next;
    return tab;
}

static struct live_tab *find_by_session(const struct live *live, const char *session) {
    struct live_tab *tab = live->tabs;
    while (tab && strcmp(tab->session, session))
        tab = tab->next;
    return tab;
}

static void free_tab(struct live_tab *tab) {
    free(tab->title);
    free(tab->url);
    free(tab);
}

static struct live_tab *newest_casting(const struct live *live) {
    struct live_tab *found = NULL;
    for (struct live_tab *tab = live->tabs; tab; tab = tab->next)
        found = tab->casting || !found ? tab : found;
    return found;
}

static void remove_tab(struct live *live, struct live_tab *tab) {
    struct live_tab **link = &live->tabs;
    while (*link != tab)
        link = &(*link)->next;
    *link = tab->next;
    live->tab_count--;
    bool was_front = live->front == tab;
    free_tab(tab);
    if (was_front) {
        live->front = newest_casting(live);
        live_cast_again(live); /* what waited in its shadow for an acknowledgement goes on */
    }
    live_tell_state(live);
}

static void describe_tab(struct live_tab *tab, const json_t *info) {
    free(tab->title);
    free(tab->url);
    tab->title = memory_copy_text(json_text_or(info, "title", ""));
    tab->url = memory_copy_text(json_text_or(info, "url", ""));
}

static void see_new_tab(struct live *live, const json_t *info) {
    const char *target = json_text_or(info, "targetId", "");
    if (strcmp(json_text_or(info, "type", ""), "page") || !mux_is_plain_name(target) ||
        strlen(target) >= LIVE_TARGET_MAX || live->tab_count >= LIVE_TABS_MAX || live_find_tab(live, target))
        return;
    struct live_tab *tab = memory_alloc(sizeof(*tab)), **link = &live->tabs;
    tab->live = live;
    snprintf(tab->target, sizeof(tab->target), "%s", target);
    tab->was_there = live->discovering;
    describe_tab(tab, info);
    while (*link)
        link = &(*link)->next;
    *link = tab;
    live->tab_count++;
    live_call(live, NULL, "Target.attachToTarget", json_pack("{s:s, s:b}", "targetId", target, "flatten", 1));
    live_tell_state(live);
}

static void see_tab(struct live *live, const json_t *info) {
    struct live_tab *tab = live_find_tab(live, json_text_or(info, "targetId", ""));
    if (!tab) {
        see_new_tab(live, info);
        return;
    }
    bool same =
        !strcmp(tab->title, json_text_or(info, "title", "")) && !strcmp(tab->url, json_text_or(info, "url", ""));
    describe_tab(tab, info);
    if (!same)
        live_tell_state(live);
}

static void tab_came(struct live *live, const struct cdp_envelope *event, const json_t *params) {
    see_tab(live, json_object_get(params, "targetInfo"));
}

static void tabs_are(void *user, const struct cdp_envelope *answer) {
    struct live *live = user;
    cleanup_json json_t *result = NULL;
    const json_t *info;
    size_t i;
    if (!live->insider || !answer->result.data ||
        json_parse(answer->result.data, answer->result.length, "targets", &result, NULL) < 0)
        return;
    json_array_foreach (json_object_get(result, "targetInfos"), i, info)
        if (live_find_tab(live, json_text_or(info, "targetId", "")))
            see_tab(live, info);
}

/* Chromium announces a new address, but not a title that comes after it. */
static void look_at_titles(uv_timer_t *timer) {
    struct live *live = timer->data;
    if (*live->root)
        mux_call_in(live->keeper->mux, live->root, "Target.getTargets", "{}", tabs_are, live);
}

static void tab_went(struct live *live, const struct cdp_envelope *event, const json_t *params) {
    struct live_tab *tab = live_find_tab(live, json_text_or(params, "targetId", ""));
    if (tab)
        remove_tab(live, tab);
}

void live_listen_for_control(struct live *live, struct live_tab *tab, bool on) {
    if (on)
        live_call(live, tab, "Page.enable", NULL);
    live_call(live, tab, "Page.setInterceptFileChooserDialog", json_pack("{s:b}", "enabled", on));
    if (on)
        return;
    live_call(live, tab, "Page.disable", NULL); /* it ends the screencast too */
    tab->casting = false;
    live_cast_tab(live, tab);
}

static void tab_attached(struct live *live, const struct cdp_envelope *event, const json_t *params) {
    const char *target = json_text_or(json_object_get(params, "targetInfo"), "targetId", "");
    struct live_tab *tab = live_find_tab(live, target);
    if (!tab)
        return;
    snprintf(tab->session, sizeof(tab->session), "%s", json_text_or(params, "sessionId", ""));
    if (live->held)
        live_listen_for_control(live, tab, true);
    live_cast_tab(live, tab);
}

static void tab_detached(struct live *live, const struct cdp_envelope *event, const json_t *params) {
    struct live_tab *tab = find_by_session(live, json_text_or(params, "sessionId", ""));
    if (tab)
        remove_tab(live, tab);
}

void live_bring_to_front(struct live *live, struct live_tab *tab) {
    live_call(live, NULL, "Target.activateTarget", json_pack("{s:s}", "targetId", tab->target));
    live->front = tab;
    live_cast_again(live); /* its picture comes at once, even when it does not change */
    live_tell_state(live);
}

bool live_is_worse_guess(const struct live *live, const struct live_tab *tab) {
    return tab->was_there && live->front && !strcmp(tab->url, "about:blank") && strcmp(live->front->url, "about:blank");
}

/* It is said again whenever pictures begin: only a change means something. */
static void visibility_changed(struct live *live, const struct cdp_envelope *event, const json_t *params) {
    struct live_tab *tab = find_by_session(live, event->session_id);
    bool visible = json_bool_or(params, "visible", false);
    if (!tab || tab->visible == visible)
        return;
    tab->visible = visible;
    if (!visible || live->front == tab || live_is_worse_guess(live, tab))
        return;
    live->front = tab;
    live_tell_state(live);
}

static void dialog_opened(struct live *live, const struct cdp_envelope *event, const json_t *params) {
    json_decref(live->dialog_message);
    live->dialog = ++live->last_number;
    snprintf(live->dialog_session, sizeof(live->dialog_session), "%s", event->session_id);
    live->dialog_message =
        json_pack("{s:s, s:I, s:s, s:s, s:s}", "type", "dialog", "id", (json_int_t)live->dialog, "kind",
                  json_text_or(params, "type", "alert"), "message", json_text_or(params, "message", ""), "default",
                  json_text_or(params, "defaultPrompt", ""));
    live_tell_holder(live, json_incref(live->dialog_message));
}

static void dialog_closed(struct live *live, const struct cdp_envelope *event, const json_t *params) {
    if (!live->dialog)
        return;
    live_tell_all(live, json_pack("{s:s, s:I}", "type", "dialog_closed", "id", (json_int_t)live->dialog));
    live->dialog = 0;
    json_decref(take_pointer(live->dialog_message));
}

static void chooser_opened(struct live *live, const struct cdp_envelope *event, const json_t *params) {
    live->chooser = ++live->last_number;
    live->chooser_node = json_int_or(params, "backendNodeId", 0);
    snprintf(live->chooser_session, sizeof(live->chooser_session), "%s", event->session_id);
    bool multiple = !strcmp(json_text_or(params, "mode", ""), "selectMultiple");
    live_tell_holder(live, json_pack("{s:s, s:I, s:b}", "type", "chooser", "id", (json_int_t)live->chooser, "multiple",
                                     (int)multiple));
}

static const struct {
    const char *method;
    void (*take)(struct live *live, const struct cdp_envelope *event, const json_t *params);
} events[] = {
    {"Target.targetCreated", tab_came},
    {"Target.targetInfoChanged", tab_came},
    {"Target.targetDestroyed", tab_went},
    {"Target.attachedToTarget", tab_attached},
    {"Target.detachedFromTarget", tab_detached},
    {"Page.screencastVisibilityChanged", visibility_changed},
    {"Page.javascriptDialogOpening", dialog_opened},
    {"Page.javascriptDialogClosed", dialog_closed},
    {"Page.fileChooserOpened", chooser_opened},
};

static void on_event(void *connection, const struct cdp_envelope *event) {
    struct live *live = connection;
    if (!strcmp(event->method, "Page.screencastFrame")) { /* large: not parsed into a tree */
        struct live_tab *tab = find_by_session(live, event->session_id);
        if (tab)
            live_take_frame(live, tab, event->params);
        return;
    }
    for (size_t i = 0; i < ARRAY_LENGTH(events); i++) {
        cleanup_json json_t *params = NULL;
        if (strcmp(events[i].method, event->method) || !event->params.data ||
            json_parse(event->params.data, event->params.length, "an event", &params, NULL) < 0)
            continue;
        events[i].take(live, event, params);
        return;
    }
}

static void are_discovered(void *user, const struct cdp_envelope *answer) {
    struct live *live = user;
    live->discovering = false;
}

static void on_ready(void *connection, const char *root_session) {
    struct live *live = connection;
    snprintf(live->root, sizeof(live->root), "%s", root_session);
    live->discovering = true;
    mux_call_in(live->keeper->mux, live->root, "Target.setDiscoverTargets", "{\"discover\":true}", are_discovered,
                live);
}

void live_start(struct live *live) {
    static const struct mux_insider insider = {on_ready, on_event};
    if (live->insider || live->keeper->state != KEEPER_LEASED)
        return;
    live_frames_start(live);
    live->insider = mux_add_insider(live->keeper->mux, &insider, live);
    uv_timer_start(&live->titles, look_at_titles, TITLES_MS, TITLES_MS);
}

void live_stop(struct live *live) {
    if (!live->insider)
        return;
    uv_timer_stop(&live->titles);
    mux_remove(take_pointer(live->insider));
    *live->root = '\0';
    for (struct live_tab *tab; (tab = live->tabs);) {
        live->tabs = tab->next;
        free_tab(tab);
    }
    live->front = NULL;
    live->tab_count = 0;
    live->chooser = live->dialog = 0;
    json_decref(take_pointer(live->dialog_message));
    live_frames_stop(live);
}

void live_set_run(struct live *live, const char *state) {
    snprintf(live->run, sizeof(live->run), "%s", state);
    live_tell_state(live);
}

struct live *live_new(struct keeper *keeper) {
    struct live *live = memory_alloc(sizeof(*live));
    *live = (struct live){.keeper = keeper, .run = "none"};
    uv_timer_init(&keeper->loop, &live->pace);
    uv_timer_init(&keeper->loop, &live->grace);
    uv_timer_init(&keeper->loop, &live->titles);
    live->pace.data = live->grace.data = live->titles.data = live;
    return live;
}
