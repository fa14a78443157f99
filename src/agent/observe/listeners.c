/* Elements that a page's scripts listen for clicks at, which nothing on them tells: the browser does. Asked when a
 * document is first looked at and then now and again, not of documents that are very large. */
#include "agent/observe/observer.h"
#include "base/clock.h"
#include "base/memory.h"
#include <errno.h>
#include <string.h>

#define LISTENERS_MOST  200  /* that are handed to the library at once */
#define NODES_MOST      6000 /* of a document that is asked for */
#define ASK_AGAIN_MS    3000
#define LISTENERS_TIMED 2000

static bool is_about_clicks(const char *type) {
    static const char *const types[] = {"click", "mousedown", "mouseup", "pointerdown", "pointerup", "touchstart"};
    for (size_t i = 0; i < ARRAY_LENGTH(types); i++)
        if (!strcmp(types[i], type))
            return true;
    return false;
}

static size_t find_nodes(const json_t *answer, int64_t ids[LISTENERS_MOST]) {
    const json_t *list = json_object_get(answer, "listeners");
    size_t count = 0;
    for (size_t i = 0; i < json_array_size(list) && count < LISTENERS_MOST; i++) {
        const json_t *one = json_array_get(list, i);
        int64_t id = json_int_or(one, "backendNodeId", 0);
        bool again = count && ids[count - 1] == id;
        if (id && !again && is_about_clicks(json_text_or(one, "type", "")))
            ids[count++] = id;
    }
    return count;
}

/* The listeners below a document, as its own scripts see it: the library's world would be told of its own only. */
static int ask(struct run *run, const char *session, int64_t deadline, json_t **ret_answer, struct error *e) {
    cleanup_json json_t *document = NULL;
    int r = cdp_call(run->client, session, "Runtime.evaluate", json_pack("{s:s}", "expression", "document"),
                     clock_remaining_ms(deadline), &document, e);
    if (r < 0)
        return r;
    const char *object = json_text_or(json_object_get(document, "result"), "objectId", "");
    r = cdp_call(run->client, session, "DOMDebugger.getEventListeners",
                 json_pack("{s:s, s:i, s:b}", "objectId", object, "depth", -1, "pierce", 1),
                 clock_remaining_ms(deadline), ret_answer, e);
    cdp_send(run->client, session, "Runtime.releaseObject", json_pack("{s:s}", "objectId", object), NULL);
    return r;
}

static bool find_in(struct run *run, size_t index, int64_t deadline) {
    cleanup_json json_t *answer = NULL;
    struct error ignored;
    int64_t ids[LISTENERS_MOST];
    bool found = false;
    char session[129];
    snprintf(session, sizeof session, "%s", page_session_id(run->page, index));
    size_t count = ask(run, session, deadline, &answer, &ignored) < 0 ? 0 : find_nodes(answer, ids);
    if (count)
        page_hand_over(run->page, index, ids, count, "addListening", deadline, &found, &ignored);
    return found;
}

/* Whether it is time to ask for a world's listeners. */
static bool is_time(struct observer *observer, const json_t *answer, const char *tab, const char *session) {
    if (json_int_or(answer, "nodes", 0) > NODES_MOST || !json_text_or(answer, "world", NULL))
        return false;
    size_t index = observer_world(observer, json_text_or(answer, "world", ""), tab, session);
    int64_t now = clock_monotonic_ms();
    if (observer->worlds[index].listeners_next_ms > now)
        return false;
    observer->worlds[index].listeners_next_ms = now + ASK_AGAIN_MS;
    return true;
}

bool observer_find_listeners(struct run *run, const json_t *answers, int64_t deadline) {
    int64_t own = clock_deadline(LISTENERS_TIMED);
    bool found = false;
    for (size_t i = 0; i < json_array_size(answers) && i < page_session_count(run->page); i++)
        if (is_time(run->observer, json_array_get(answers, i), page_target(run->page), page_session_id(run->page, i)))
            found |= find_in(run, i, own < deadline ? own : deadline);
    return found;
}
