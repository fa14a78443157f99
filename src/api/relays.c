#include "api/relays.h"
#include "api/api_internal.h"
#include "api/standing.h"
#include "base/log.h"
#include "base/metrics.h"
#include "cdp/door_client.h"
#include "net/relay.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

struct relays {
    struct api *api;
    struct relayed *list;
    size_t count;
    bool closing;
};

/* One that is open. It lives until its sockets are closed and no check of it is under way. */
struct relayed {
    struct relayed *next;
    struct relays *relays;
    struct relay *relay; /* NULL once it has ended */
    struct standing standing;
};

/* What a handler leaves for relays_park. */
struct prepared {
    int door_fd;
    char *path;
};

struct relays *relays_new(struct api *api) {
    struct relays *relays = memory_alloc(sizeof *relays);
    relays->api = api;
    return relays;
}

size_t relays_count(const struct relays *relays) {
    return relays->count;
}

static void forget(struct relayed *relayed) {
    struct relays *relays = relayed->relays;
    struct relayed **link = &relays->list;
    if (relayed->relay || relayed->standing.asking)
        return;
    while (*link != relayed)
        link = &(*link)->next;
    *link = relayed->next;
    free(relayed);
    metrics_set(METRIC_WEBSOCKETS, "relay", (double)--relays->count);
    if (relays->closing && !relays->count)
        free(relays);
}

static void has_ended(void *user) {
    struct relayed *relayed = user;
    relayed->relay = NULL;
    forget(relayed);
}

void relays_close(struct relays *relays) {
    relays->closing = true;
    for (struct relayed *relayed = relays->list; relayed; relayed = relayed->next)
        if (relayed->relay)
            relay_end(relayed->relay);
    if (!relays->count)
        free(relays);
}

static void told(struct standing *standing) {
    struct relayed *relayed = (struct relayed *)((char *)standing - offsetof(struct relayed, standing));
    if (standing->lost && relayed->relay)
        relay_end(relayed->relay);
    else if (relayed->relay)
        standing_ask_again(standing, relayed->relays->api->lanes);
    forget(relayed);
}

void relays_check_user(struct relays *relays, const char *user_id) {
    for (struct relayed *relayed = relays->list; relayed; relayed = relayed->next)
        if (relayed->relay && (!user_id || !strcmp(relayed->standing.user_id, user_id)) &&
            standing_ask(&relayed->standing, relays->api->lanes) < 0)
            relay_end(relayed->relay); /* nobody can say that the right still stands */
}

static void free_prepared(struct prepared *prepared) {
    if (prepared->door_fd >= 0)
        close(prepared->door_fd);
    free(prepared->path);
    free(prepared);
}

int relays_prepare(struct api_call *call, const struct door *door, const char *door_path, struct error *e) {
    int fd = door_connect(door, e);
    if (fd < 0)
        return fd;
    struct prepared *prepared = memory_alloc(sizeof *prepared);
    *prepared = (struct prepared){fd, memory_copy_text(door_path)};
    call->user = prepared;
    return 0;
}

static bool is_upgrade(struct http_request *request, struct error *e) {
    const char *upgrade = http_header(request, "upgrade");
    if (upgrade && !strcasecmp(upgrade, "websocket") && http_header(request, "sec-websocket-key") &&
        http_header(request, "sec-websocket-version"))
        return true;
    error_set(e, EPROTO, ERROR_UPGRADE_REQUIRED, "this is a WebSocket: the request must ask for the upgrade");
    return false;
}

/* The client's own key and version, so the answer of whoever serves it fits; nothing else of its request. */
static char *door_request(struct http_request *request, const char *path) {
    return memory_print("GET %s HTTP/1.1\r\nHost: door\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                        "Sec-WebSocket-Key: %s\r\nSec-WebSocket-Version: %s\r\n\r\n",
                        path, http_header(request, "sec-websocket-key"), http_header(request, "sec-websocket-version"));
}

static void keep(struct relays *relays, struct relayed *relayed, struct relay *relay) {
    relayed->relays = relays;
    relayed->relay = relay;
    relayed->next = relays->list;
    relays->list = relayed;
    metrics_set(METRIC_WEBSOCKETS, "relay", (double)++relays->count);
}

static void join(struct api *api, struct http_request *request, struct api_call *call, struct prepared *prepared) {
    cleanup_text struct text first = {0};
    cleanup_free char *asked = door_request(request, prepared->path), *head = NULL;
    size_t head_length = 0;
    int fd = http_upgrade(request, &head, &head_length);
    if (fd < 0)
        return; /* the client is gone */
    text_append_string(&first, asked);
    text_append(&first, head, head_length);
    struct relayed *relayed = memory_alloc(sizeof *relayed);
    standing_begin(&relayed->standing, call, told);
    struct relay *relay =
        relay_join(&api->loop, fd, take_fd(prepared->door_fd), first.data, first.length, has_ended, relayed);
    if (relay)
        keep(api->relays, relayed, relay);
    else
        free(relayed);
}

void relays_park(struct api *api, struct http_request *request, struct api_call *call) {
    struct prepared *prepared = call->user;
    struct error e;
    if (api->stopping || !is_upgrade(request, &e)) {
        if (api->stopping)
            error_set(&e, EAGAIN, ERROR_UNAVAILABLE, "this server is about to end");
        http_respond_error(request, &e);
    } else
        join(api, request, call, prepared);
    free_prepared(prepared);
    api_call_free(call);
}
