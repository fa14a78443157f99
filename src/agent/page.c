#include "agent/page_internal.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* A document whose text is still coming is worked with after so long: some never end. */
#define WHOLE_DOCUMENT_MS 5000

static int remaining(int64_t deadline) {
    int ms = clock_remaining_ms(deadline);
    return ms > 0 ? ms : 1;
}

struct page *page_make(struct cdp_client *client, const struct page_listener *listener, struct dialogs *dialogs,
                       const char *target, const char *session_id) {
    struct page *page = memory_alloc(sizeof *page);
    page->client = client;
    page->listener = *listener;
    page->dialogs = dialogs;
    page->unfinished = -1;
    snprintf(page->target, sizeof page->target, "%s", target);
    struct page_session *session = &page->sessions[page->session_count++];
    *session = (struct page_session){.told_world = -1};
    snprintf(session->id, sizeof session->id, "%s", session_id);
    snprintf(session->frame, sizeof session->frame, "%s", target);
    return page;
}

/* Workers only when somebody wants to tell them something: stopping each costs a page its time. */
static json_t *inner_targets(const struct page *page) {
    bool all = page->listener.target;
    json_t *types =
        all ? json_pack("[{s:s}, {s:s}]", "type", "iframe", "type", "worker") : json_pack("[{s:s}]", "type", "iframe");
    return json_pack("{s:b, s:b, s:b, s:o}", "autoAttach", 1, "waitForDebuggerOnStart", all, "flatten", 1, "filter",
                     types);
}

static void let_go(struct page *page, const char *session_id, const char *type) {
    if (page->listener.target)
        page->listener.target(page->listener.user, session_id, type);
    cdp_send(page->client, session_id, "Runtime.runIfWaitingForDebugger", NULL, NULL);
}

void page_listen_worker(struct page *page, const char *session_id, const char *type) {
    cdp_send(page->client, session_id, "Target.setAutoAttach", inner_targets(page), NULL);
    let_go(page, session_id, type);
}

void page_listen_session(struct page *page, const char *session_id) {
    cdp_send(page->client, session_id, "Page.enable", NULL, NULL);
    cdp_send(page->client, session_id, "Runtime.enable", NULL, NULL);
    cdp_send(page->client, session_id, "Target.setAutoAttach", inner_targets(page), NULL);
    if (page->listener.target)
        let_go(page, session_id, "iframe");
}

#define LISTENING_CALLS 7

static void make_listening(struct page *page, struct cdp_request requests[LISTENING_CALLS]) {
    const struct cdp_request calls[LISTENING_CALLS] = {
        {.method = "Page.enable"},
        {.method = "Page.setLifecycleEventsEnabled", .params = json_pack("{s:b}", "enabled", 1)},
        {.method = "Runtime.enable"},
        {.method = "Inspector.enable"},
        {.method = "Target.setAutoAttach", .params = inner_targets(page)},
        /* A page in the background gets no frames and no focus; this one always thinks it is in front. */
        {.method = "Emulation.setFocusEmulationEnabled", .params = json_pack("{s:b}", "enabled", 1)},
        {.method = "Runtime.runIfWaitingForDebugger"},
    };
    for (size_t i = 0; i < LISTENING_CALLS; i++) {
        requests[i] = calls[i];
        requests[i].session_id = page->sessions[0].id;
    }
}

void page_listen(struct page *page) {
    struct cdp_request requests[LISTENING_CALLS];
    make_listening(page, requests);
    if (page->listener.target)
        page->listener.target(page->listener.user, page->sessions[0].id, "page");
    for (size_t i = 0; i < LISTENING_CALLS; i++)
        cdp_send(page->client, requests[i].session_id, requests[i].method, requests[i].params, NULL);
}

int page_listen_now(struct page *page, int64_t deadline, struct error *e) {
    struct cdp_request requests[LISTENING_CALLS];
    make_listening(page, requests);
    int r = cdp_call_many(page->client, requests, LISTENING_CALLS, remaining(deadline), e);
    for (size_t i = 0; i < LISTENING_CALLS; i++) {
        if (!r && requests[i].error.code != ERROR_NONE)
            r = error_set(e, EIO, requests[i].error.code, "%s: %s", requests[i].method, requests[i].error.text);
        json_decref(requests[i].result);
    }
    return r;
}

void page_free(struct page *page) {
    for (size_t i = 0; page && i < page->download_count; i++) {
        free(page->downloads[i].name);
        free(page->downloads[i].url);
    }
    if (page) {
        json_decref(page->drag);
        json_decref(page->chooser);
        free(page->recorded_url);
    }
    free(page);
}

int page_check_alive(const struct page *page, struct error *e) {
    if (page->closed)
        return error_set(e, ENOLINK, ERROR_STEP, "the tab was closed");
    return page->crashed ? error_set(e, EIO, ERROR_BROWSER_CRASH, "the page crashed") : 0;
}

static bool is_lost(const struct page *page) {
    return page->crashed || page->closed;
}

struct stage_wait {
    struct page *page;
    enum page_stage stage;
    int64_t commits, moves; /* at least one more than this; -1: any */
};

static bool reached_stage(void *user) {
    struct stage_wait *wait = user;
    return is_lost(wait->page) || (wait->page->commits > wait->commits && page_moves(wait->page) > wait->moves &&
                                   !page_is_navigating(wait->page) && wait->page->reached[wait->stage]);
}

static int wait_stage(struct page *page, enum page_stage stage, int64_t commits, int64_t moves, int64_t deadline,
                      struct error *e) {
    static const char *const names[] = {"its first byte", "the whole document", "all of its parts", "quiet"};
    struct stage_wait wait = {page, stage, commits, moves};
    int r = cdp_wait(page->client, reached_stage, &wait, deadline, e);
    if (is_lost(page))
        return page_check_alive(page, e);
    if (r == -ETIMEDOUT)
        return error_set(e, ETIMEDOUT, ERROR_TIMEOUT, "the page did not reach %s in time", names[stage]);
    return r;
}

int page_wait_stage(struct page *page, enum page_stage stage, int64_t deadline, struct error *e) {
    return wait_stage(page, stage, -1, -1, deadline, e);
}

int page_wait_next(struct page *page, enum page_stage stage, int64_t commits, int64_t deadline, struct error *e) {
    return wait_stage(page, stage, commits, -1, deadline, e);
}

int page_wait_moved(struct page *page, enum page_stage stage, int64_t moves, int64_t deadline, struct error *e) {
    return wait_stage(page, stage, -1, moves, deadline, e);
}

int64_t page_moves(const struct page *page) {
    return page->commits + page->within;
}

int64_t page_commits(const struct page *page) {
    return page->commits;
}

enum page_stage page_stage_of(const char *name, enum page_stage fallback) {
    static const char *const names[] = {"commit", "dom", "load", "quiet"};
    for (size_t i = 0; name && i < ARRAY_LENGTH(names); i++)
        if (!strcmp(names[i], name))
            return (enum page_stage)i;
    return fallback;
}

/* Nobody is there to type into the browser's own dialog, so the browser gives up at once. */
static int refuse_password(const char *url, const char *problem, struct error *e) {
    error_set(e, EACCES, ERROR_STEP, "%.300s asks for a user name and password (%s)", url, problem);
    error_hint(e, "Give them in the address: https://NAME:PASSWORD@host/");
    return -EACCES;
}

int page_navigate(struct page *page, const char *url, enum page_stage stage, int64_t deadline, struct error *e) {
    cleanup_json json_t *answer = NULL;
    int64_t commits = page->commits;
    int r = cdp_call(page->client, page->sessions[0].id, "Page.navigate", json_pack("{s:s}", "url", url),
                     remaining(deadline), &answer, e);
    if (r == -ETIMEDOUT)
        return error_set(e, ETIMEDOUT, ERROR_TIMEOUT, "%.300s did not answer in time", url);
    if (r < 0)
        return r;
    const char *problem = json_text_or(answer, "errorText", "");
    page->navigation_asked = page->navigation_started = false;
    if (strstr(problem, "AUTH_CREDENTIALS"))
        return refuse_password(url, problem, e);
    if (*problem)
        return error_set(e, EIO, ERROR_STEP, "%.300s cannot be opened: %s", url, problem);
    bool same_document = !json_object_get(answer, "loaderId");
    return wait_stage(page, stage, same_document ? -1 : commits, -1, deadline, e);
}

static bool is_settled(void *user) {
    struct page *page = user;
    return is_lost(page) || !page_is_navigating(page);
}

int page_settle(struct page *page, int64_t deadline, struct error *e) {
    int64_t whole = clock_deadline(WHOLE_DOCUMENT_MS);
    /* A navigation that was asked for and not started is forgotten after a while without any event. */
    while (!is_settled(page)) {
        int64_t soon = clock_deadline(50);
        int r = cdp_wait(page->client, is_settled, page, soon < deadline ? soon : deadline, e);
        if (r < 0 && r != -ETIMEDOUT)
            return r;
        if (clock_remaining_ms(deadline) <= 0)
            return error_set(e, ETIMEDOUT, ERROR_TIMEOUT, "the page that is being opened did not come in time");
    }
    if (is_lost(page))
        return page_check_alive(page, e);
    /* A tab's first, empty document was whole before anybody listened. */
    if (page->reached[PAGE_DOM] || page->unfinished == page->commits || !page->shown)
        return 0;
    struct stage_wait wait = {page, PAGE_DOM, -1};
    int r = cdp_wait(page->client, reached_stage, &wait, whole < deadline ? whole : deadline, e);
    if (r != -ETIMEDOUT)
        return r;
    page->unfinished = page->commits;
    return 0;
}

static bool download_ended(void *user) {
    struct stage_wait *wait = user;
    size_t before = (size_t)wait->commits;
    return is_lost(wait->page) ||
           (wait->page->download_count > before && wait->page->downloads[before].state != DOWNLOAD_GOING_ON);
}

static bool download_begun(void *user) {
    struct stage_wait *wait = user;
    return is_lost(wait->page) || wait->page->download_count > (size_t)wait->commits;
}

int page_wait_download(struct page *page, size_t before, int64_t begin_deadline, int64_t deadline, struct error *e) {
    struct stage_wait wait = {.page = page, .commits = (int64_t)before};
    int r = cdp_wait(page->client, download_begun, &wait, begin_deadline < deadline ? begin_deadline : deadline, e);
    if (!r)
        r = cdp_wait(page->client, download_ended, &wait, deadline, e);
    if (r == -ETIMEDOUT && page->download_count <= before)
        return error_set(e, ETIMEDOUT, ERROR_STEP, "the click began no download");
    if (r == -ETIMEDOUT)
        return error_set(e, ETIMEDOUT, ERROR_STEP, "the download of %.200s did not end in time",
                         page->downloads[before].url);
    if (r < 0)
        return r;
    if (is_lost(page))
        return page_check_alive(page, e);
    if (page->downloads[before].state == DOWNLOAD_FAILED)
        return error_set(e, EIO, ERROR_STEP, "the download of %.200s failed", page->downloads[before].url);
    return 0;
}

size_t page_session_count(const struct page *page) {
    return page->session_count;
}

const char *page_session_id(const struct page *page, size_t session) {
    return page->sessions[session].id;
}

const char *page_session_frame(const struct page *page, size_t session) {
    return page->sessions[session].frame;
}

size_t page_session_parent(const struct page *page, size_t session) {
    for (size_t i = 0; i < page->session_count; i++)
        if (!strcmp(page->sessions[i].id, page->sessions[session].parent))
            return i;
    return SIZE_MAX;
}

size_t page_download_count(const struct page *page) {
    return page->download_count;
}

const struct page_download *page_download(const struct page *page, size_t i) {
    return &page->downloads[i];
}

json_t *page_take_drag(struct page *page) {
    return take_pointer(page->drag);
}

bool page_has_chooser(const struct page *page) {
    return page->chooser != NULL;
}

json_t *page_take_chooser(struct page *page) {
    return take_pointer(page->chooser);
}

bool page_crashed(const struct page *page) {
    return page->crashed;
}

bool page_closed(const struct page *page) {
    return page->closed;
}

void page_set_closed(struct page *page) {
    page->closed = true;
}

const char *page_target(const struct page *page) {
    return page->target;
}

bool page_is_blank(const struct page *page) {
    return !page->shown;
}

struct cdp_client *page_client(struct page *page) {
    return page->client;
}
