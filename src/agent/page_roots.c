/* Closed shadow roots: the library's world cannot reach them by itself, the browser tells where they are. Asked only
 * when nothing else fits a target, not too often, and not of documents that are very large. */
#include "agent/page_internal.h"
#include "base/clock.h"
#include "base/memory.h"
#include <errno.h>
#include <string.h>

#define ROOTS_MAX     256
#define DEPTH_MAX     4096
#define WEIGHT_MAX    (4 * 1024 * 1024) /* characters of a document's HTML */
#define ASK_FIRST_MS  500               /* before the second time, then twice as long, up to: */
#define ASK_LATEST_MS 4000

/* The value of `"key":` at a quotation mark, or NULL. */
static const char *value_of(const char *at, const char *end, const char *key) {
    size_t length = strlen(key);
    return (size_t)(end - at) > length && !memcmp(at, key, length) ? at + length : NULL;
}

static const char *skip_string(const char *at, const char *end) {
    for (at++; at < end && *at != '"'; at++)
        at += *at == '\\';
    return at;
}

/* The backendNodeIds of closed shadow roots in the answer of DOM.getDocument, which is not parsed: it may be large. */
static size_t find_closed(struct cdp_span answer, int64_t ids[ROOTS_MAX]) {
    static int64_t node[DEPTH_MAX]; /* the id of each object around */
    static const char id_key[] = "\"backendNodeId\":", closed[] = "\"shadowRootType\":\"closed\"";
    const char *end = answer.data + answer.length, *value;
    size_t depth = 0, count = 0;
    if (!memmem(answer.data, answer.length, closed, strlen(closed)))
        return 0;
    for (const char *at = answer.data; at < end && count < ROOTS_MAX; at++) {
        if (*at == '{' && ++depth == DEPTH_MAX)
            break;
        if (*at == '}' && depth)
            depth--;
        if (*at != '"')
            continue;
        if ((value = value_of(at, end, id_key)))
            node[depth] = strtoll(value, NULL, 10);
        if (value_of(at, end, closed))
            ids[count++] = node[depth];
        at = skip_string(at, end);
    }
    return count;
}

static bool is_time(struct page_session *session) {
    int64_t now = clock_monotonic_ms();
    if (session->roots_world != session->world)
        session->roots_pause_ms = 0;
    else if (now < session->roots_next_ms)
        return false;
    int64_t pause = session->roots_pause_ms ? session->roots_pause_ms * 2 : ASK_FIRST_MS;
    session->roots_pause_ms = pause < ASK_LATEST_MS ? pause : ASK_LATEST_MS;
    session->roots_world = session->world;
    session->roots_next_ms = now + session->roots_pause_ms;
    return true;
}

/* Calls a method for each of `count` objects at once: `make` gives the parameters. Results are the caller's. */
static int call_each(struct page *page, const char *id, const char *method, struct cdp_request *requests, size_t count,
                     int64_t deadline, struct error *e) {
    for (size_t i = 0; i < count; i++) {
        requests[i].session_id = id;
        requests[i].method = method;
    }
    return cdp_call_many(page->client, requests, count, clock_remaining_ms(deadline), e);
}

static void release(struct cdp_request *requests, size_t count) {
    for (size_t i = 0; i < count; i++)
        json_decref(requests[i].result);
}

static size_t count_new(const struct cdp_request *requests, size_t count) {
    size_t found = 0;
    for (size_t i = 0; i < count; i++)
        found += json_bool_or(json_object_get(requests[i].result, "result"), "value", false);
    return found;
}

/* Hands nodes to a function of the library of this world, which says whether one was new. */
static int hand_over(struct page *page, const char *id, int64_t world, const int64_t *ids, size_t count,
                     const char *function, int64_t deadline, bool *ret_found, struct error *e) {
    struct cdp_request nodes[ROOTS_MAX] = {0}, calls[ROOTS_MAX] = {0};
    for (size_t i = 0; i < count; i++)
        nodes[i].params =
            json_pack("{s:I, s:I}", "backendNodeId", (json_int_t)ids[i], "executionContextId", (json_int_t)world);
    cleanup_free char *declaration = memory_print("function () { return replinet.%s(this); }", function);
    int r = call_each(page, id, "DOM.resolveNode", nodes, count, deadline, e);
    for (size_t i = 0; i < count; i++)
        calls[i].params = json_pack("{s:s, s:s, s:b}", "objectId",
                                    json_text_or(json_object_get(nodes[i].result, "object"), "objectId", ""),
                                    "functionDeclaration", declaration, "returnByValue", 1);
    release(nodes, count);
    if (!r)
        r = call_each(page, id, "Runtime.callFunctionOn", calls, count, deadline, e);
    else
        for (size_t i = 0; i < count; i++)
            json_decref(calls[i].params);
    *ret_found |= count_new(calls, count) > 0;
    release(calls, count);
    return r;
}

int page_hand_over(struct page *page, size_t session, const int64_t *ids, size_t count, const char *function,
                   int64_t deadline, bool *ret_found, struct error *e) {
    char id[PAGE_ID_SIZE];
    if (session >= page->session_count || !page->sessions[session].has_world || count > ROOTS_MAX)
        return -EAGAIN;
    snprintf(id, sizeof id, "%s", page->sessions[session].id);
    return hand_over(page, id, page->sessions[session].world, ids, count, function, deadline, ret_found, e);
}

static int ask_session(struct page *page, size_t index, bool now, int64_t deadline, bool *ret_found, struct error *e) {
    cleanup_json json_t *weight = NULL;
    struct page_session *session = &page->sessions[index];
    char id[PAGE_ID_SIZE];
    int64_t world = session->world, ids[ROOTS_MAX];
    struct cdp_span answer;
    if (!session->has_world || !(is_time(session) || now))
        return 0;
    snprintf(id, sizeof id, "%s", session->id);
    int r = page_call(page, index, "weight", json_array(), deadline, &weight, e);
    if (r < 0 || json_int_or(weight, "characters", 0) > WEIGHT_MAX)
        return r;
    r = cdp_call_raw(page->client, id, "DOM.getDocument", json_pack("{s:i, s:b}", "depth", -1, "pierce", 1),
                     clock_remaining_ms(deadline), &answer, e);
    size_t count = r < 0 ? 0 : find_closed(answer, ids);
    cdp_send(page->client, id, "DOM.disable", NULL, NULL); /* or it would tell every change from now on */
    return count ? hand_over(page, id, world, ids, count, "addClosedRoot", deadline, ret_found, e) : 0;
}

/* What goes wrong here goes wrong for whoever asks next, and is told there. */
static bool ask_all(struct page *page, bool now, int64_t deadline) {
    bool found = false;
    struct error ignored;
    for (size_t i = 0; i < page->session_count; i++)
        ask_session(page, i, now, deadline, &found, &ignored);
    return found;
}

bool page_find_closed_roots(struct page *page, int64_t deadline) {
    return ask_all(page, false, deadline);
}

bool page_show_closed_roots(struct page *page, int64_t deadline) {
    return ask_all(page, true, deadline);
}
