/* A browser's WebSockets: CDP for whoever leased it, the live view for whoever may see its thread. */
#include "api/relays.h"
#include "api/route_table.h"
#include "cdp/door_client.h"
#include "domain/threads.h"
#include "domain/users.h"
#include <errno.h>
#include <sodium.h>
#include <string.h>

static int no_browser(struct error *e) {
    return error_set(e, ENOENT, ERROR_NOT_FOUND, "there is no such browser");
}

/* Of the caller's own; administrators reach all. */
static int find_browser(const struct api_call *call, const struct door *door, const char *id, struct error *e) {
    cleanup_json json_t *browser = NULL;
    int r = uuid_is_valid(id) ? door_get(door, id, &browser, e) : no_browser(e);
    if (r < 0)
        return r == -ENOENT ? no_browser(e) : r;
    bool own = !strcmp(json_text_or(browser, "user_id", ""), call->who.caller.id);
    return own || permission_allows(call->who.caller.role, PERMISSION_ALL_READ) ? 0 : no_browser(e);
}

static int prepare_view(struct api_call *call, const struct door *door, const char *browser_id, bool may_control,
                        struct error *e) {
    cleanup_free char *name = NULL, *path = NULL;
    int r = users_call_name(call->db, &call->who.caller, &name, e);
    const struct door_viewer viewer = {call->who.caller.id, name, may_control};
    if (!r)
        r = door_live_path(door, browser_id, &viewer, &path, e);
    return r < 0 ? r : relays_prepare(call, door, path, e);
}

static int speak_cdp(struct api_call *call, struct error *e) {
    struct ticket_key key;
    struct door door;
    cleanup_free char *path = NULL;
    const char *id = call_parameter(call, "id");
    int r = door_open(&key, &door, e);
    if (!r)
        r = find_browser(call, &door, id, e);
    if (!r)
        r = door_cdp_path(&door, id, &path, e);
    if (!r)
        r = relays_prepare(call, &door, path, e);
    sodium_memzero(&key, sizeof key);
    return r;
}

static bool may_control(const struct api_call *call) {
    return permission_allows(call->who.caller.role, PERMISSION_THREADS_CONTROL) && (call->who.scopes & SCOPE_RUN);
}

static int watch_browser(struct api_call *call, struct error *e) {
    struct ticket_key key;
    struct door door;
    const char *id = call_parameter(call, "id");
    int r = door_open(&key, &door, e);
    if (!r)
        r = find_browser(call, &door, id, e);
    if (!r)
        r = prepare_view(call, &door, id, may_control(call), e);
    sodium_memzero(&key, sizeof key);
    return r;
}

static int browser_of_thread(struct api_call *call, json_t **ret_thread, struct error *e) {
    cleanup_free char *text = NULL;
    int r = threads_get(call->db, &call->who.caller, call_parameter(call, "id"), &text, e);
    if (!r)
        r = json_parse(text, strlen(text), "the thread", ret_thread, e);
    if (r < 0)
        return r;
    if (*json_text_or(*ret_thread, "browser_id", "") && json_is_null(json_object_get(*ret_thread, "end_time")))
        return 0;
    error_set(e, EBUSY, ERROR_CONFLICT, "the thread has no browser at the moment");
    error_hint(e, "it has one while its status is running or waiting");
    return -EBUSY;
}

static int watch_thread(struct api_call *call, struct error *e) {
    struct ticket_key key;
    struct door door;
    cleanup_json json_t *thread = NULL;
    int r = browser_of_thread(call, &thread, e);
    if (!r)
        r = door_open(&key, &door, e);
    if (!r)
        r = prepare_view(call, &door, json_text_or(thread, "browser_id", ""), may_control(call), e);
    sodium_memzero(&key, sizeof key);
    return r;
}

#define SOCKET                                                                                                         \
    .park = relays_park, .lane = LANE_DATABASE, .flags = API_UPGRADE, .query = &api_socket_query,                      \
    .form = FORM_NOTHING, .status = 101, .tag = "live"

const struct api_route live_routes[] = {
    {"GET", "/browsers/{id}/cdp", speak_cdp, SOCKET, .permission = PERMISSION_BROWSERS_USE, .scope = SCOPE_BROWSERS,
     .ticket = "cdp", .summary = "Chrome DevTools Protocol of a leased browser (WebSocket)"},
    {"GET", "/browsers/{id}/live", watch_browser, SOCKET, .permission = PERMISSION_BROWSERS_USE,
     .scope = SCOPE_BROWSERS, .ticket = "live", .summary = "Live view of a leased browser (WebSocket)"},
    {"GET", "/threads/{id}/live", watch_thread, SOCKET, .permission = PERMISSION_THREADS_READ, .scope = SCOPE_READ,
     .ticket = "live", .summary = "Live view of a thread's browser (WebSocket)"},
    {NULL},
};
