#include "api/hub_internal.h"
#include "api/route_table.h"
#include "base/log.h"
#include "base/metrics.h"
#include "domain/principals.h"
#include <errno.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#define MESSAGE_MAX  4096
#define TICK_MS      1000
#define POLL_TICKS   5  /* how often channels are looked at although Redis is heard */
#define PING_TICKS   30 /* keeps proxies from closing idle connections */
#define BEAT_TICKS   15 /* the same for event streams */
#define CHECK_TICKS  60 /* whether sessions and keys still count */
#define STUCK_TICKS  5
#define DEAD_PEER_MS 90000

size_t hub_count(const struct hub *hub) {
    return hub->socket_count;
}

void hub_maybe_free(struct hub *hub) {
    if (!hub->closing || hub->socket_count || hub->jobs || !hub->timer_closed)
        return;
    void (*done)(void *user) = hub->done;
    void *user = hub->user;
    free(hub);
    done(user);
}

bool hub_submit(struct hub *hub, struct lane_job *job) {
    if (lanes_submit(hub->api->lanes, LANE_DATABASE, job) < 0)
        return false;
    hub->jobs++;
    return true;
}

/* Sending. */

static void send_block(struct hub_socket *socket, struct block *block, size_t length) {
    uv_buf_t part = uv_buf_init(block->data, (unsigned)length);
    websocket_send_text(socket->websocket, &part, 1, block);
}

void hub_send(struct hub_socket *socket, const struct hub_frame *frame) {
    if (socket->websocket)
        send_block(socket, frame->block, frame->length);
    else
        hub_stream_send(socket, frame);
}

static size_t queued(const struct hub_socket *socket) {
    return socket->websocket ? websocket_queued(socket->websocket) : http_stream_queued(socket->request);
}

bool hub_is_full(const struct hub_socket *socket) {
    return queued(socket) > HUB_QUEUE_MAX;
}

void hub_end(struct hub_socket *socket, unsigned code, const char *reason) {
    if (socket->websocket)
        websocket_close(socket->websocket, code, reason);
    else
        hub_stream_end(socket);
}

void hub_send_json(struct hub_socket *socket, json_t *message) {
    cleanup_json json_t *owned = message;
    if (!socket->websocket)
        return; /* an event stream carries events alone */
    cleanup_free char *text = json_print(message);
    size_t length = strlen(text);
    struct block *block = block_new(length + 1);
    memcpy(block->data, text, length);
    send_block(socket, block, length);
    block_unref(block);
}

static void send_error(struct hub_socket *socket, const char *channel, const char *code, const char *detail) {
    hub_send_json(socket, json_pack("{s:s, s:s*, s:s, s:s}", "type", "error", "channel", channel, "code", code,
                                    "detail", detail));
}

/* What clients say. */

static struct subscriber *find_subscription(struct hub_socket *socket, const char *name) {
    struct subscriber *at = socket->subscriptions;
    while (at && strcmp(at->name, name))
        at = at->next_of_socket;
    return at;
}

static void op_subscribe(struct hub_socket *socket, const json_t *message) {
    const char *name = json_text_or(message, "channel", "");
    bool is_thread = !strncmp(name, "thread:", strlen("thread:"));
    const char *id = is_thread ? name + strlen("thread:") : socket->caller.id;
    int64_t after = json_int_or(message, "after", -1);
    struct subscriber *old = find_subscription(socket, name);
    if (!(is_thread ? uuid_is_valid(id) : !strcmp(name, "user")))
        send_error(socket, NULL, "bad_input", "channel must be \"user\" or \"thread:<id>\"");
    else if (after < -1)
        send_error(socket, name, "bad_input", "after must be the seq of an event");
    else if (!old && socket->subscription_count >= HUB_CHANNELS)
        send_error(socket, name, "limit", "too many channels on this connection");
    else {
        if (old)
            hub_unsubscribe(old);
        hub_subscribe(socket, name, is_thread, id, after);
    }
}

static void op_unsubscribe(struct hub_socket *socket, const json_t *message) {
    struct subscriber *subscriber = find_subscription(socket, json_text_or(message, "channel", ""));
    if (subscriber)
        hub_unsubscribe(subscriber);
}

static void op_ping(struct hub_socket *socket, const json_t *message) {
    hub_send_json(socket, json_pack("{s:s}", "type", "pong"));
}

static const struct {
    const char *name;
    void (*run)(struct hub_socket *socket, const json_t *message);
} operations[] = {
    {"subscribe", op_subscribe}, {"unsubscribe", op_unsubscribe}, {"ping", op_ping}, {"answer", hub_answer}};

static void on_writable(void *user) {
    struct hub_socket *socket = user;
    socket->stuck_ticks = 0;
    if (websocket_queued(socket->websocket) < HUB_QUEUE_MAX / 4)
        hub_resume(socket);
}

static void on_message(void *user, struct block *block, size_t length) {
    struct hub_socket *socket = user;
    cleanup_json json_t *message = NULL;
    struct error e;
    if (json_parse(block->data, length, "the message", &message, &e) < 0 || !json_is_object(message)) {
        websocket_close(socket->websocket, WEBSOCKET_POLICY, "a message must be a JSON object");
        return;
    }
    const char *op = json_text_or(message, "op", "");
    for (size_t i = 0; i < ARRAY_LENGTH(operations); i++)
        if (!strcmp(operations[i].name, op)) {
            operations[i].run(socket, message);
            return;
        }
    send_error(socket, NULL, "bad_input", "op must be subscribe, unsubscribe, answer or ping");
}

static void count_sockets(struct hub *hub, const struct hub_socket *socket, size_t more) {
    hub->socket_count += more;
    hub->stream_count += socket->websocket ? 0 : more;
    metrics_set(METRIC_WEBSOCKETS, "hub", (double)(hub->socket_count - hub->stream_count));
    metrics_set(METRIC_WEBSOCKETS, "stream", (double)hub->stream_count);
}

void hub_keep(struct hub *hub, struct hub_socket *socket) {
    socket->hub = hub;
    socket->serial = ++hub->serial;
    socket->next = hub->sockets;
    hub->sockets = socket;
    count_sockets(hub, socket, 1);
}

void hub_forget(struct hub_socket *socket) {
    struct hub_socket **link = &socket->hub->sockets;
    while (socket->subscriptions)
        hub_unsubscribe(socket->subscriptions);
    while (*link != socket)
        link = &(*link)->next;
    *link = socket->next;
    count_sockets(socket->hub, socket, (size_t)-1);
    free(socket);
}

static void on_closed(void *user) {
    struct hub *hub = ((struct hub_socket *)user)->hub;
    hub_forget(user);
    hub_maybe_free(hub);
}

static const struct websocket_events events = {.message = on_message, .writable = on_writable, .closed = on_closed};

/* Opening. */

static bool is_upgrade(struct http_request *request) {
    const char *upgrade = http_header(request, "upgrade");
    return upgrade && !strcasecmp(upgrade, "websocket") && http_header(request, "sec-websocket-key");
}

static void greet(struct hub *hub, struct hub_socket *socket) {
    hub_keep(hub, socket);
    websocket_set_reading(socket->websocket, true);
    hub_send_json(socket, json_pack("{s:s}", "type", "hello"));
}

static void open_socket(struct api *api, struct http_request *request, struct api_call *call) {
    cleanup_free char *key = memory_copy_text(http_header(request, "sec-websocket-key")), *head = NULL;
    size_t head_length = 0;
    unsigned patience = DEAD_PEER_MS;
    struct error e;
    int fd = http_upgrade(request, &head, &head_length);
    if (fd < 0)
        return; /* the client is gone */
    setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &patience, sizeof patience);
    struct hub_socket *socket = memory_alloc(sizeof *socket);
    socket->caller = call->who.caller;
    socket->scopes = call->who.scopes;
    snprintf(socket->reference, sizeof socket->reference, "%s", call->inside->credentials.reference);
    if (websocket_open(&api->loop, fd, key, head, head_length, MESSAGE_MAX, &events, socket, &socket->websocket, &e) <
        0)
        free(socket);
    else
        greet(api->hub, socket);
}

static void park(struct api *api, struct http_request *request, struct api_call *call) {
    struct error e;
    if (api->stopping) {
        error_set(&e, EAGAIN, ERROR_UNAVAILABLE, "this server is about to end");
        http_respond_error(request, &e);
    } else if (!is_upgrade(request)) {
        error_set(&e, EPROTO, ERROR_UPGRADE_REQUIRED, "this is a WebSocket: the request must ask for the upgrade");
        http_respond_error(request, &e);
    } else
        open_socket(api, request, call);
    api_call_free(call);
}

const struct api_route hub_routes[] = {
    {"GET", "/ws", .park = park, .lane = LANE_DATABASE, .permission = PERMISSION_PROFILE_READ, .scope = SCOPE_READ,
     .flags = API_UPGRADE, .ticket = "ws", .query = &api_socket_query, .form = FORM_NOTHING, .status = 101,
     .tag = "live", .summary = "Live channels: one's own feed, threads' events (WebSocket)"},
    {NULL},
};

/* Whether sessions and keys still count. */

struct check_job {
    struct lane_job job;
    struct hub *hub;
    size_t count;
    struct check_item {
        uint64_t serial;
        bool revoked;
        char reference[PRINCIPAL_REFERENCE_SIZE];
    } items[];
};

/* On a lane. A database that does not answer revokes nothing. */
static void check_items(struct lane_job *job, struct lane_thread *thread) {
    struct check_job *check = (struct check_job *)job;
    struct signed_in who;
    struct error e;
    for (struct check_item *item = check->items; item < check->items + check->count; item++) {
        bool is_key = !strncmp(item->reference, "key:", strlen("key:"));
        int r = is_key ? principals_of_key(&thread->db, item->reference + strlen("key:"), &who, &e)
                       : principals_of_session(&thread->db, item->reference, &who, &e);
        item->revoked = r < 0 && error_http_status(e.code) < 500;
        if (r < 0 && !item->revoked)
            return;
    }
}

static void items_checked(struct lane_job *job) {
    struct check_job *check = (struct check_job *)job;
    struct hub *hub = check->hub;
    for (struct hub_socket *at = hub->sockets; at; at = at->next)
        for (size_t i = 0; i < check->count; i++)
            if (check->items[i].serial == at->serial && check->items[i].revoked)
                hub_end(at, WEBSOCKET_POLICY, "signed out");
    hub->jobs--;
    hub->checking = false;
    free(check);
    if (hub->check_again && !hub->closing)
        hub_check_user(hub, NULL);
    hub_maybe_free(hub);
}

void hub_check_user(struct hub *hub, const char *user_id) {
    hub->check_again = hub->checking;
    if (hub->checking || !hub->socket_count || hub->closing)
        return;
    struct check_job *check = memory_alloc(sizeof *check + hub->socket_count * sizeof *check->items);
    check->hub = hub;
    check->job = (struct lane_job){.work = check_items, .done = items_checked};
    for (struct hub_socket *at = hub->sockets; at; at = at->next)
        if (!user_id || !strcmp(at->caller.id, user_id)) {
            check->items[check->count].serial = at->serial;
            strcpy(check->items[check->count++].reference, at->reference);
        }
    hub->checking = check->count && hub_submit(hub, &check->job);
    if (!hub->checking) {
        hub->check_again = check->count; /* the next tick tries again */
        free(check);
    }
}

/* The clock. */

/* Who takes nothing for long, though much waits, is let go. Answers to what a client says are not held back, so one
 * that talks and never listens ends here too. */
static void tick_socket(struct hub_socket *socket, bool ping) {
    size_t waiting = queued(socket);
    bool takes = waiting < socket->last_queued;
    socket->stuck_ticks = hub_is_full(socket) && !takes ? socket->stuck_ticks + 1 : 0;
    socket->last_queued = waiting;
    if (socket->stuck_ticks > STUCK_TICKS || waiting > 4 * HUB_QUEUE_MAX)
        hub_end(socket, HUB_TRY_LATER, "too slow: connect again and go on behind your last event");
    else if (!socket->websocket && socket->hub->ticks % BEAT_TICKS == 0)
        hub_stream_beat(socket);
    else if (socket->websocket && ping)
        websocket_ping(socket->websocket);
}

static void on_tick(uv_timer_t *timer) {
    struct hub *hub = timer->data;
    hub->ticks++;
    hub_tick_channels(hub, !bus_is_up(hub->api->bus) || hub->ticks % POLL_TICKS == 0);
    if (hub->ticks % CHECK_TICKS == 0 || (hub->check_again && !hub->checking))
        hub_check_user(hub, NULL);
    for (struct hub_socket *at = hub->sockets; at; at = at->next)
        tick_socket(at, hub->ticks % PING_TICKS == 0);
    hub_sweep(hub);
}

struct hub *hub_new(struct api *api) {
    struct hub *hub = memory_alloc(sizeof *hub);
    hub->api = api;
    uv_timer_init(&api->loop, &hub->timer);
    hub->timer.data = hub;
    uv_timer_start(&hub->timer, on_tick, TICK_MS, TICK_MS);
    return hub;
}

static void on_timer_closed(uv_handle_t *handle) {
    struct hub *hub = handle->data;
    hub->timer_closed = true;
    hub_maybe_free(hub);
}

void hub_close(struct hub *hub, void (*done)(void *user), void *user) {
    hub->closing = true;
    hub->done = done;
    hub->user = user;
    for (struct hub_socket *at = hub->sockets; at; at = at->next)
        hub_end(at, WEBSOCKET_GOING_AWAY, "this server ends: connect again");
    hub_sweep(hub);
    uv_close((uv_handle_t *)&hub->timer, on_timer_closed);
}
