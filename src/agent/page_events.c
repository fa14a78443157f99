/* What the browser tells of its own accord, and what it means for the page. Handlers run inside waits and never wait.
 */
#include "agent/page_internal.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/text.h"
#include <stdlib.h>
#include <string.h>

/* A navigation that was asked for but of whose start nothing is heard within this time does not come (mailto:, ...). */
#define ASKED_MS 500

struct page_session *page_find_session(struct page *page, const char *session_id) {
    for (size_t i = 0; i < page->session_count; i++)
        if (session_id && !strcmp(page->sessions[i].id, session_id))
            return &page->sessions[i];
    return NULL;
}

bool page_is_navigating(const struct page *page) {
    return page->navigation_started ||
           (page->navigation_asked && clock_monotonic_ms() - page->navigation_asked_ms < ASKED_MS);
}

static void note(struct page *page, enum log_level level, const char *kind, const char *message, json_t *data) {
    if (page->listener.note)
        page->listener.note(page->listener.user, level, kind, message, data);
    else
        json_decref(data);
}

static bool is_main_frame(const struct page *page, const struct page_session *session, const char *frame) {
    return session == &page->sessions[0] && !strcmp(frame, page->target);
}

static void forget_world(struct page *page, struct page_session *session) {
    session->has_world = false;
    page->context_resets++;
}

static void set_committed(struct page *page, const char *loader) {
    if (!strcmp(page->loader, loader))
        return;
    snprintf(page->loader, sizeof page->loader, "%s", loader);
    memset(page->reached, 0, sizeof page->reached);
    page->reached[PAGE_COMMIT] = true;
    page->commits++;
    page->navigation_asked = page->navigation_started = false;
}

void page_expect_move(struct page *page) {
    page->moved_by_person = true;
}

/* Without the name and password that somebody may have typed into it. */
static json_t *address_of(const char *url) {
    const char *host = strstr(url, "://");
    size_t head = host ? (size_t)(host + 3 - url) : 0, authority = strcspn(url + head, "/?#");
    const char *at = memrchr(url + head, '@', authority);
    return json_sprintf("%.*s%s", (int)head, url, at ? at + 1 : url + head);
}

/* Somebody typed an address, or went back, in the view of the browser. */
static void note_moved_by_person(struct page *page, const char *url) {
    bool web = text_starts_with(url, "http:") || text_starts_with(url, "https:");
    bool by_person = page->moved_by_person && !page->moved_by_itself && web;
    page->moved_by_itself = false;
    if (!page->recorded || !by_person)
        return;
    page->moved_by_person = false;
    cleanup_json json_t *act = json_pack("{s:s, s:o}", "action", "goto", "url", address_of(url));
    if (!page->shown)
        json_object_set_new(act, "fresh", json_true());
    page->listener.acted(page->listener.user, page, act);
}

typedef void event_function(struct page *page, struct page_session *session, const json_t *params);

/* A document that came in another process before that one was listened to is told of afterwards, and as "commit" only.
 */
static void note_late(struct page *page, struct page_session *session, const char *loader) {
    if (!*page->coming || strcmp(page->coming, loader) || !strcmp(page->loader, loader))
        return;
    forget_world(page, session);
    set_committed(page, loader);
    page->shown |= page->coming_shows;
}

static void on_lifecycle(struct page *page, struct page_session *session, const json_t *params) {
    static const struct {
        const char *name;
        enum page_stage stage;
    } stages[] = {{"DOMContentLoaded", PAGE_DOM}, {"load", PAGE_LOAD}, {"networkIdle", PAGE_QUIET}};
    const char *name = json_text_or(params, "name", "");
    if (!is_main_frame(page, session, json_text_or(params, "frameId", "")))
        return;
    if (!strcmp(name, "init"))
        set_committed(page, json_text_or(params, "loaderId", ""));
    if (!strcmp(name, "commit"))
        note_late(page, session, json_text_or(params, "loaderId", ""));
    for (size_t i = 0; i < ARRAY_LENGTH(stages); i++)
        if (!strcmp(stages[i].name, name) && !strcmp(page->loader, json_text_or(params, "loaderId", "")))
            page->reached[stages[i].stage] = true;
}

static void on_navigated(struct page *page, struct page_session *session, const json_t *params) {
    const json_t *frame = json_object_get(params, "frame");
    if (!strcmp(json_text_or(frame, "id", ""), session->frame))
        forget_world(page, session);
    if (!is_main_frame(page, session, json_text_or(frame, "id", "")))
        return;
    set_committed(page, json_text_or(frame, "loaderId", ""));
    note_moved_by_person(page, json_text_or(frame, "url", ""));
    page->shown |= !text_starts_with(json_text_or(frame, "url", "about:blank"), "about:blank");
    page->navigation_asked = page->navigation_started = false;
    if (!strcmp(json_text_or(params, "type", ""), "BackForwardCacheRestore"))
        page->reached[PAGE_DOM] = page->reached[PAGE_LOAD] = page->reached[PAGE_QUIET] = true;
}

static void on_navigation_asked(struct page *page, struct page_session *session, const json_t *params) {
    page->moved_by_itself |= is_main_frame(page, session, json_text_or(params, "frameId", ""));
    if (!is_main_frame(page, session, json_text_or(params, "frameId", "")) ||
        strcmp(json_text_or(params, "disposition", "currentTab"), "currentTab") ||
        json_real_or(params, "delay", 0) > 0.5)
        return;
    page->navigation_asked = true;
    page->navigation_asked_ms = clock_monotonic_ms();
}

static void on_navigation_started(struct page *page, struct page_session *session, const json_t *params) {
    const char *type = json_text_or(params, "navigationType", "differentDocument");
    if (!is_main_frame(page, session, json_text_or(params, "frameId", "")) || !strcmp(type, "sameDocument"))
        return;
    page->navigation_started = true;
    snprintf(page->coming, sizeof page->coming, "%s", json_text_or(params, "loaderId", ""));
    page->coming_shows = !text_starts_with(json_text_or(params, "url", "about:blank"), "about:blank");
}

static void on_navigation_over(struct page *page, struct page_session *session, const json_t *params) {
    if (is_main_frame(page, session, json_text_or(params, "frameId", "")))
        page->navigation_asked = page->navigation_started = false;
}

static void on_moved_within(struct page *page, struct page_session *session, const json_t *params) {
    if (is_main_frame(page, session, json_text_or(params, "frameId", ""))) {
        page->within++;
        note_moved_by_person(page, json_text_or(params, "url", ""));
    }
    on_navigation_over(page, session, params);
}

static void on_contexts_cleared(struct page *page, struct page_session *session, const json_t *params) {
    forget_world(page, session);
}

static void on_context_destroyed(struct page *page, struct page_session *session, const json_t *params) {
    if (json_int_or(params, "executionContextId", -1) == session->world)
        forget_world(page, session);
}

static void on_attached(struct page *page, struct page_session *session, const json_t *params) {
    const json_t *info = json_object_get(params, "targetInfo");
    const char *type = json_text_or(info, "type", ""), *id = json_text_or(params, "sessionId", "");
    if (strcmp(type, "iframe") || page->session_count == PAGE_SESSIONS_MAX) {
        page_listen_worker(page, id, type);
        return;
    }
    struct page_session *added = &page->sessions[page->session_count++];
    *added = (struct page_session){.told_world = -1};
    snprintf(added->id, sizeof added->id, "%s", id);
    snprintf(added->frame, sizeof added->frame, "%s", json_text_or(info, "targetId", ""));
    snprintf(added->parent, sizeof added->parent, "%s", session->id);
    page->context_resets++;
    page_listen_session(page, added->id);
}

static void on_detached(struct page *page, struct page_session *session, const json_t *params) {
    struct page_session *gone = page_find_session(page, json_text_or(params, "sessionId", ""));
    if (!gone || gone == &page->sessions[0])
        return;
    size_t i = (size_t)(gone - page->sessions);
    memmove(gone, gone + 1, (--page->session_count - i) * sizeof *gone);
    page->context_resets++;
}

static void on_crashed(struct page *page, struct page_session *session, const json_t *params) {
    if (session == &page->sessions[0])
        page->crashed = true;
}

/* As the box "no further dialogs of this page" does for a person: a page that shows one after the other lets nothing
 * else through, neither clicks nor questions to it. */
static void silence(struct page *page, const struct page_session *session) {
    static const char script[] =
        "window.alert = () => undefined; window.confirm = () => false; window.prompt = () => null";
    cdp_send(page->client, session->id, "Runtime.evaluate", json_pack("{s:s}", "expression", script), NULL);
    note(page, LOG_WARN, "note", "The page shows dialogs without end; it gets no further ones", NULL);
}

static void on_dialog(struct page *page, struct page_session *session, const json_t *params) {
    if (page->dialogs->left_to_person)
        return;
    json_t *answer = dialogs_answer(page->dialogs, params);
    bool accept = json_bool_or(answer, "accept", false);
    const char *type = json_text_or(params, "type", "alert");
    cdp_send(page->client, session->id, "Page.handleJavaScriptDialog", answer, NULL);
    if (++page->dialogs_told % PAGE_DIALOGS_MAX == 0 && page->dialogs_told <= PAGE_SILENCED_MAX * PAGE_DIALOGS_MAX)
        silence(page, session);
    if (page->dialogs_told > PAGE_DIALOGS_MAX)
        return;
    cleanup_free char *message = memory_print("The page showed %s \"%.200s\"; it was %s", type,
                                              json_text_or(params, "message", ""), accept ? "accepted" : "dismissed");
    note(page, LOG_INFO, "page.dialog", message, json_incref(page->dialogs->last));
}

static void on_drag(struct page *page, struct page_session *session, const json_t *params) {
    json_decref(page->drag);
    page->drag = json_incref(json_object_get(params, "data"));
}

static void on_chooser(struct page *page, struct page_session *session, const json_t *params) {
    json_decref(page->chooser);
    page->chooser = json_copy((json_t *)params);
    json_object_set_new(page->chooser, "session", json_string(session->id));
}

/* Only the library's own world can say what a person did: the page's has no such binding, and is another context. */
static void on_binding(struct page *page, struct page_session *session, const json_t *params) {
    const char *text = json_text_or(params, "payload", "");
    cleanup_json json_t *act = NULL;
    struct error ignored;
    if (!page->recorded || strcmp(json_text_or(params, "name", ""), PAGE_ACTED) ||
        json_int_or(params, "executionContextId", -1) != session->world || strlen(text) > PAGE_ACT_MAX ||
        json_parse(text, strlen(text), "an act", &act, &ignored) < 0)
        return;
    if (session != &page->sessions[0])
        json_object_set_new(act, "outside", json_true());
    page->listener.acted(page->listener.user, page, act);
}

static void print_console_value(struct text *line, const json_t *value) {
    const json_t *plain = json_object_get(value, "value");
    cleanup_free char *json = plain && !json_is_string(plain) ? json_print(plain) : NULL;
    const char *text = json_is_string(plain) ? json_string_value(plain)
                       : json                ? json
                                             : json_text_or(value, "description", "undefined");
    text_print(line, "%s%.500s", line->length ? " " : "", text);
}

static void on_console(struct page *page, struct page_session *session, const json_t *params) {
    if (page->console_lines++ >= PAGE_CONSOLE_MAX) {
        cdp_send(page->client, session->id, "Runtime.disable", NULL, NULL);
        return;
    }
    cleanup_text struct text line = {0};
    const json_t *values = json_object_get(params, "args");
    for (size_t i = 0; i < json_array_size(values) && line.length < 2000; i++)
        print_console_value(&line, json_array_get(values, i));
    note(page, LOG_DEBUG, "page.console", line.length ? line.data : "",
         json_pack("{s:s}", "type", json_text_or(params, "type", "log")));
}

static void on_exception(struct page *page, struct page_session *session, const json_t *params) {
    const json_t *details = json_object_get(params, "exceptionDetails");
    const char *text =
        json_text_or(json_object_get(details, "exception"), "description", json_text_or(details, "text", ""));
    if (page->console_lines++ < PAGE_CONSOLE_MAX)
        note(page, LOG_DEBUG, "page.console", text, json_pack("{s:s}", "type", "exception"));
}

static const struct {
    const char *method;
    event_function *function;
} session_events[] = {
    {"Page.lifecycleEvent", on_lifecycle},
    {"Page.frameNavigated", on_navigated},
    {"Page.frameRequestedNavigation", on_navigation_asked},
    {"Page.frameScheduledNavigation", on_navigation_asked},
    {"Page.frameStartedNavigating", on_navigation_started},
    {"Page.frameStoppedLoading", on_navigation_over},
    {"Page.navigatedWithinDocument", on_moved_within},
    {"Runtime.executionContextsCleared", on_contexts_cleared},
    {"Runtime.executionContextDestroyed", on_context_destroyed},
    {"Target.attachedToTarget", on_attached},
    {"Target.detachedFromTarget", on_detached},
    {"Inspector.targetCrashed", on_crashed},
    {"Page.javascriptDialogOpening", on_dialog},
    {"Input.dragIntercepted", on_drag},
    {"Page.fileChooserOpened", on_chooser},
    {"Runtime.bindingCalled", on_binding},
    {"Runtime.consoleAPICalled", on_console},
    {"Runtime.exceptionThrown", on_exception},
};

static void on_download_begins(struct page *page, const json_t *params) {
    if (page->download_count == PAGE_DOWNLOADS_MAX)
        return;
    struct page_download *download = &page->downloads[page->download_count++];
    *download = (struct page_download){.state = DOWNLOAD_GOING_ON};
    snprintf(download->id, sizeof download->id, "%s", json_text_or(params, "guid", ""));
    download->name = memory_copy_text(json_text_or(params, "suggestedFilename", "download"));
    download->url = memory_copy_text(json_text_or(params, "url", ""));
    page->navigation_asked = page->navigation_started = false;
}

static void on_download_progress(struct page *page, const json_t *params) {
    const char *state = json_text_or(params, "state", "");
    for (size_t i = 0; i < page->download_count; i++) {
        struct page_download *download = &page->downloads[i];
        if (strcmp(download->id, json_text_or(params, "guid", "")))
            continue;
        download->bytes = (int64_t)json_real_or(params, "receivedBytes", 0);
        if (!strcmp(state, "completed"))
            download->state = DOWNLOAD_DONE;
        else if (!strcmp(state, "canceled"))
            download->state = DOWNLOAD_FAILED;
    }
}

static const struct {
    const char *method;
    void (*function)(struct page *page, const json_t *params);
} browser_events[] = {
    {"Browser.downloadWillBegin", on_download_begins},
    {"Browser.downloadProgress", on_download_progress},
};

bool page_event(struct page *page, const char *session_id, const char *method, const json_t *params) {
    struct page_session *session = page_find_session(page, session_id);
    for (size_t i = 0; session && i < ARRAY_LENGTH(session_events); i++)
        if (!strcmp(session_events[i].method, method))
            return session_events[i].function(page, session, params), true;
    return session != NULL;
}

void page_browser_event(struct page *page, const char *method, const json_t *params) {
    for (size_t i = 0; i < ARRAY_LENGTH(browser_events); i++)
        if (!strcmp(browser_events[i].method, method))
            browser_events[i].function(page, params);
}
