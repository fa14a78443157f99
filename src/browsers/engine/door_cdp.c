/* GET /browsers/{id}/cdp and /live: gives the client's socket to the browser's keeper and forgets it. */
#include "base/log.h"
#include "base/memory.h"
#include "base/text.h"
#include "browsers/engine/door.h"
#include <errno.h>
#include <string.h>
#include <strings.h>

/* The base64 text of 16 bytes (RFC 6455 4.2.1). */
static bool is_websocket_key(const char *key) {
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    return key && strlen(key) == 24 && strspn(key, digits) == 22 && !strcmp(key + 22, "==");
}

static bool check_handshake(struct http_request *request) {
    const char *upgrade = http_header(request, "upgrade"), *version = http_header(request, "sec-websocket-version");
    if (!upgrade || strcasecmp(upgrade, "websocket"))
        door_refuse(request, ERROR_UPGRADE_REQUIRED, "the only protocol to upgrade to is websocket", "");
    else if (!version || strcmp(version, "13")) {
        http_add_header(request, "Sec-WebSocket-Version", "13");
        door_refuse(request, ERROR_UPGRADE_REQUIRED, "only version 13 of WebSocket is spoken here", "");
    } else if (!is_websocket_key(http_header(request, "sec-websocket-key")))
        door_refuse(request, ERROR_BAD_REQUEST, "Sec-WebSocket-Key is not 16 bytes in base64", "");
    else
        return true;
    return false;
}

static bool check_browser(struct http_request *request, const struct browser *browser) {
    struct error e;
    if (browser->state == BROWSER_LEASED && !browser->leasing && browser->keeper)
        return true;
    if (browser->state == BROWSER_LEASED)
        error_set(&e, EAGAIN, ERROR_UNAVAILABLE, "the browser's keeper is not reachable just now");
    else
        error_set(&e, EBUSY, ERROR_CONFLICT, "the browser is not leased: it is %s%s%s",
                  browser_state_name(browser->state), browser->reason ? ", reason " : "",
                  browser->reason ? end_reason_name(browser->reason) : "");
    http_respond_error(request, &e);
    return false;
}

static void on_attached(void *user, const struct error *error, const json_t *answer) {
    if (error && error->code != ERROR_CLOSED)
        log_warning(error, "a keeper did not take a client");
}

static void hand_over(struct http_request *request, struct door *door, const char *op) {
    if (!check_handshake(request))
        return;
    struct browser *browser = door_find_browser(door, request);
    if (!browser || !check_browser(request, browser))
        return;
    cleanup_text struct text encoded = {0};
    cleanup_free char *head = NULL;
    size_t head_length = 0;
    json_t *members =
        json_pack("{s:s, s:s}", "ticket", door_ticket(request), "key", http_header(request, "sec-websocket-key"));
    int fd = http_upgrade(request, &head, &head_length);
    if (fd < 0) {
        json_decref(members);
        return; /* the client is gone already */
    }
    text_append_base64(&encoded, head, head_length);
    json_object_set_new(members, "head", json_stringn(encoded.data, encoded.length));
    keeper_link_call(browser->keeper, op, members, fd, on_attached, NULL);
}

void door_get_cdp(struct http_request *request, void *user) {
    hand_over(request, user, "attach");
}

void door_get_live(struct http_request *request, void *user) {
    hand_over(request, user, "watch");
}
