/* The isolated world of each session, and calls into the library installed there.
 *
 * A world may reach every document of its process, whatever its origin (grantUniveralAccess; the protocol spells it
 * so), so one call searches all frames of one process. Frames of other processes have a session of their own; the world
 * around each is told which frame element shows it. */
#include "agent/page_internal.h"
#include "base/clock.h"
#include "base/embedded.h"
#include "base/memory.h"
#include "base/text.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

extern const struct embedded_file page_scripts[];

/* One program of the library's files in the order of meson.build; each is a block of its own and shares only the object
 * `replinet`. Made once. */
static const char *library_source(void) {
    static char *source;
    if (source)
        return source;
    struct text text = {0};
    text_append_string(&text, "(() => {'use strict'; const replinet = {};\n");
    for (const struct embedded_file *file = page_scripts; file->name; file++) {
        text_append_char(&text, '{');
        text_append(&text, file->data, file->length);
        text_append_string(&text, "}\n");
    }
    text_append_string(&text, "globalThis.replinet = replinet;})()");
    return source = text.data;
}

/* Errors that mean "the page changed meanwhile", by the words Chromium uses. */
static bool is_about_change(const struct error *e) {
    static const char *const words[] = {"context",    "Session with given id",
                                        "navigated",  "No frame",
                                        "collected",  "frame was",
                                        "Frame with", "detached",
                                        "No node",    "closed"};
    for (size_t i = 0; i < ARRAY_LENGTH(words); i++)
        if (strstr(e->text, words[i]))
            return true;
    return false;
}

/* 0 or -EAGAIN for what another look may mend; everything else as it is. -ESTALE: a frame's own session went, as when
 * an iframe of another site is navigated away. */
static int again_if_changed(struct page *page, int r, struct error *e) {
    int lost = page_check_alive(page, e);
    if (lost < 0)
        return lost;
    bool changed = r < 0 && e->code == ERROR_BROWSER && (r == -ESTALE || is_about_change(e));
    return changed ? -EAGAIN : r;
}

static int make_world(struct page *page, size_t index, int64_t deadline, struct error *e) {
    cleanup_json json_t *world = NULL, *installed = NULL;
    char id[PAGE_ID_SIZE];
    snprintf(id, sizeof id, "%s", page->sessions[index].id);
    int64_t resets = page->context_resets;
    int r = cdp_call(page->client, id, "Page.createIsolatedWorld",
                     json_pack("{s:s, s:s, s:b}", "frameId", page->sessions[index].frame, "worldName", PAGE_WORLD_NAME,
                               "grantUniveralAccess", 1),
                     clock_remaining_ms(deadline), &world, e);
    if (r < 0)
        return r;
    int64_t context = json_int_or(world, "executionContextId", 0);
    cleanup_free char *source = memory_print("%s; replinet.session = '%s'", library_source(), id);
    r = cdp_call(page->client, id, "Runtime.evaluate",
                 json_pack("{s:s, s:I}", "expression", source, "contextId", (json_int_t)context),
                 clock_remaining_ms(deadline), &installed, e);
    if (r < 0)
        return r;
    struct page_session *session = page_find_session(page, id);
    if (!session || resets != page->context_resets)
        return error_set(e, EAGAIN, ERROR_BROWSER, "the page changed");
    session->has_world = true;
    session->world = context;
    session->told_world = -1;
    return 0;
}

static int ensure_world(struct page *page, size_t index, int64_t deadline, struct error *e) {
    if (page->sessions[index].has_world)
        return 0;
    return again_if_changed(page, make_world(page, index, deadline, e), e);
}

/* Tells the world around a frame which element shows it. */
static int tell_parent(struct page *page, size_t index, size_t parent, int64_t deadline, struct error *e) {
    cleanup_json json_t *owner = NULL, *node = NULL;
    char around[PAGE_ID_SIZE], frame[PAGE_ID_SIZE];
    snprintf(around, sizeof around, "%s", page->sessions[parent].id);
    snprintf(frame, sizeof frame, "%s", page->sessions[index].frame);
    int64_t world = page->sessions[parent].world;
    int r = cdp_call(page->client, around, "DOM.getFrameOwner", json_pack("{s:s}", "frameId", frame),
                     clock_remaining_ms(deadline), &owner, e);
    if (!r)
        r = cdp_call(page->client, around, "DOM.resolveNode",
                     json_pack("{s:I, s:I}", "backendNodeId", (json_int_t)json_int_or(owner, "backendNodeId", 0),
                               "executionContextId", (json_int_t)world),
                     clock_remaining_ms(deadline), &node, e);
    if (r < 0)
        return r;
    const char *object = json_text_or(json_object_get(node, "object"), "objectId", "");
    return cdp_call(page->client, around, "Runtime.callFunctionOn",
                    json_pack("{s:s, s:s, s:[{s:s}]}", "objectId", object, "functionDeclaration",
                              "function (id) { replinet.addRemoteFrame(this, id); }", "arguments", "value", frame),
                    clock_remaining_ms(deadline), NULL, e);
}

/* Worlds in every session; a frame that goes meanwhile is no error. */
static int ensure_worlds(struct page *page, int64_t deadline, struct error *e) {
    for (size_t i = 0; i < page->session_count; i++) {
        int r = ensure_world(page, i, deadline, e);
        if (r < 0 && (r != -EAGAIN || i == 0))
            return r;
    }
    for (size_t i = 1; i < page->session_count; i++) {
        size_t parent = page_session_parent(page, i);
        if (parent == SIZE_MAX || !page->sessions[parent].has_world ||
            page->sessions[i].told_world == page->sessions[parent].world)
            continue;
        int64_t world = page->sessions[parent].world;
        char id[PAGE_ID_SIZE];
        snprintf(id, sizeof id, "%s", page->sessions[i].id);
        int r = again_if_changed(page, tell_parent(page, i, parent, deadline, e), e);
        if (r < 0 && r != -EAGAIN && e->code != ERROR_BROWSER)
            return r;
        struct page_session *told = page_find_session(page, id);
        if (told)
            told->told_world = world;
    }
    return 0;
}

static json_t *evaluation(const struct page_session *session, const char *function, const json_t *arguments) {
    cleanup_free char *list = json_print(arguments);
    cleanup_free char *expression = memory_print("replinet.call('%s', %s)", function, list);
    return json_pack("{s:s, s:I, s:b, s:b}", "expression", expression, "contextId", (json_int_t)session->world,
                     "awaitPromise", 1, "returnByValue", 1);
}

/* The answer object out of what Runtime.evaluate returned; NULL when the page threw. */
static json_t *answer_of(const json_t *evaluated) {
    json_t *answer = json_object_get(json_object_get(evaluated, "result"), "value");
    return json_object_get(evaluated, "exceptionDetails") || !json_is_object(answer) ? NULL : json_incref(answer);
}

static int no_answer(struct error *e) {
    return error_set(e, ETIMEDOUT, ERROR_TIMEOUT, "the page did not answer in time: it is busy or stuck");
}

int page_call(struct page *page, size_t session, const char *function, json_t *arguments, int64_t deadline,
              json_t **ret_answer, struct error *e) {
    cleanup_json json_t *list = arguments, *evaluated = NULL;
    struct error unseen;
    e = e ? e : &unseen;
    int r = page_settle(page, deadline, e);
    if (!r)
        r = session < page->session_count ? ensure_world(page, session, deadline, e) : -EAGAIN;
    if (r < 0)
        return r;
    r = cdp_call(page->client, page->sessions[session].id, "Runtime.evaluate",
                 evaluation(&page->sessions[session], function, list), clock_remaining_ms(deadline), &evaluated, e);
    if (r == -ETIMEDOUT)
        return no_answer(e);
    r = again_if_changed(page, r, e);
    if (r < 0)
        return r;
    json_t *answer = answer_of(evaluated);
    /* Found in a document that is about to be left: look again in the next one. */
    if (!answer || page_is_navigating(page))
        return json_decref(answer), -EAGAIN;
    *ret_answer = answer;
    return 0;
}

int page_call_all(struct page *page, const char *function, json_t *arguments, int64_t deadline, json_t **ret_answers,
                  struct error *e) {
    return page_call_each(page, function, NULL, arguments, deadline, ret_answers, e);
}

int page_call_each(struct page *page, const char *function, const json_t *firsts, json_t *arguments, int64_t deadline,
                   json_t **ret_answers, struct error *e) {
    cleanup_json json_t *list = arguments, *answers = json_array();
    struct cdp_request requests[PAGE_SESSIONS_MAX] = {0};
    char ids[PAGE_SESSIONS_MAX][PAGE_ID_SIZE];
    struct error unseen;
    e = e ? e : &unseen;
    int r = page_settle(page, deadline, e);
    if (!r)
        r = ensure_worlds(page, deadline, e);
    if (r < 0)
        return r;
    size_t count = page->session_count;
    int64_t resets = page->context_resets;
    for (size_t i = 0; i < count; i++) {
        memcpy(ids[i], page->sessions[i].id, PAGE_ID_SIZE);
        if (i < json_array_size(firsts))
            json_array_set(list, 0, json_array_get(firsts, i));
        requests[i] = (struct cdp_request){.session_id = ids[i],
                                           .method = "Runtime.evaluate",
                                           .params = evaluation(&page->sessions[i], function, list)};
    }
    r = cdp_call_many(page->client, requests, count, clock_remaining_ms(deadline), e);
    for (size_t i = 0; i < count; i++) {
        json_t *answer = requests[i].result ? answer_of(requests[i].result) : NULL;
        json_array_append_new(answers, answer ? answer : json_null());
        json_decref(requests[i].result);
    }
    if (r < 0 && requests[0].error.code == ERROR_TIMEOUT)
        return no_answer(e);
    if (r < 0 && (r = again_if_changed(page, r, e)) < 0 && e->code != ERROR_BROWSER && e->code != ERROR_TIMEOUT)
        return r;
    if (page_is_navigating(page) || resets != page->context_resets || json_is_null(json_array_get(answers, 0)))
        return -EAGAIN;
    *ret_answers = take_pointer(answers);
    return 0;
}

int page_world_prepare(struct page *page, size_t session, const char *expression, struct cdp_request *ret_request) {
    if (session >= page->session_count || !page->sessions[session].has_world)
        return -EAGAIN;
    *ret_request = (struct cdp_request){.session_id = page->sessions[session].id,
                                        .method = "Runtime.evaluate",
                                        .params = json_pack("{s:s, s:I, s:b, s:b}", "expression", expression,
                                                            "contextId", (json_int_t)page->sessions[session].world,
                                                            "awaitPromise", 1, "returnByValue", 1)};
    return 0;
}

int page_world_evaluate(struct page *page, size_t session, const char *expression, int64_t deadline,
                        json_t **ret_answer, struct error *e) {
    int r = session < page->session_count ? ensure_world(page, session, deadline, e) : -EAGAIN;
    if (r < 0)
        return r;
    bool element = !strcmp(expression, "replinet.kept");
    r = cdp_call(page->client, page->sessions[session].id, "Runtime.evaluate",
                 json_pack("{s:s, s:I, s:b, s:b, s:I}", "expression", expression, "contextId",
                           (json_int_t)page->sessions[session].world, "awaitPromise", 1, "returnByValue", !element,
                           "timeout", (json_int_t)clock_remaining_ms(deadline)),
                 clock_remaining_ms(deadline), ret_answer, e);
    return again_if_changed(page, r, e);
}

/* The binding is there while a person's acts are recorded, and in no world but the library's. */
static void send_binding(struct page *page, bool on) {
    for (size_t i = 0; i < page->session_count; i++) {
        json_t *params = json_pack("{s:s}", "name", PAGE_ACTED);
        if (on)
            json_object_set_new(params, "executionContextName", json_string(PAGE_WORLD_NAME));
        cdp_send(page->client, page->sessions[i].id, on ? "Runtime.addBinding" : "Runtime.removeBinding", params, NULL);
    }
}

void page_record(struct page *page, bool on, int64_t deadline) {
    cleanup_json json_t *answers = NULL;
    struct error ignored;
    if (on && !page->listener.acted)
        return;
    page->recorded |= on;
    if (on)
        send_binding(page, true);
    int r = page_call_all(page, "record", json_pack("[b]", (int)on), deadline, &answers, &ignored);
    if (!on)
        send_binding(page, false);
    page->recorded = on;
    free(page->recorded_url);
    page->recorded_url = r < 0 ? NULL : memory_copy_text(json_text_or(json_array_get(answers, 0), "url", ""));
}

const char *page_recorded_url(const struct page *page) {
    return page->recorded_url ? page->recorded_url : "";
}
