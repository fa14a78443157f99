/* A browser's WebSockets: CDP for whoever leased it, the live view for whoever may see its thread. */
#include "api/browsers.h"
#include "api/relays.h"
#include "api/route_table.h"
#include "cdp/door_client.h"
#include "domain/threads.h"
#include "domain/users.h"
#include <errno.h>
#include <sodium.h>
#include <string.h>

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
        r = api_find_browser(call, &door, id, NULL, e);
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
        r = api_find_browser(call, &door, id, NULL, e);
    if (!r)
        r = prepare_view(call, &door, id, may_control(call), e);
    sodium_memzero(&key, sizeof key);
    return r;
}

static int watch_thread(struct api_call *call, struct error *e) {
    struct ticket_key key;
    struct door door;
    char browser_id[UUID_TEXT_SIZE];
    int r = threads_browser(call->db, &call->who.caller, call_parameter(call, "id"), browser_id, e);
    if (!r)
        r = door_open(&key, &door, e);
    if (!r)
        r = prepare_view(call, &door, browser_id, may_control(call), e);
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
