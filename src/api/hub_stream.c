/* Event streams: a thread's events as text/event-stream (EventSource), as another kind of the hub's sockets. */
#include "api/hub_internal.h"
#include "api/route_table.h"
#include "domain/events.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_WORDS "retry: 1000\n\n" /* and the head goes out with it */

struct wish {
    int64_t after;
    bool ended; /* the thread */
};

void hub_stream_send(struct hub_socket *socket, const struct hub_frame *frame) {
    cleanup_text struct text text = {0};
    if (socket->ending)
        return;
    text_reserve(&text, frame->length + 40);
    text_print(&text, "id: %lld\ndata: ", (long long)frame->seq);
    text_append(&text, (const char *)frame->block->data + frame->data, frame->length - frame->data - 1);
    text_append_string(&text, "\n\n");
    http_stream_write(socket->request, text.data, text.length);
    if (frame->last)
        hub_stream_end(socket);
}

void hub_stream_beat(struct hub_socket *socket) {
    http_stream_write(socket->request, ":\n\n", 3);
}

void hub_stream_end(struct hub_socket *socket) {
    socket->ending = !socket->websocket;
    socket->hub->sweep_due |= socket->ending;
}

void hub_sweep(struct hub *hub) {
    if (!hub->sweep_due)
        return;
    hub->sweep_due = false;
    for (struct hub_socket *at = hub->sockets, *next; at; at = next) {
        next = at->next;
        if (at->websocket || !at->ending)
            continue;
        http_on_close(at->request, NULL, NULL);
        http_stream_on_drain(at->request, NULL, NULL);
        http_stream_end(at->request);
        hub_forget(at);
    }
}

/* The client is gone; possibly in the midst of the hub's sending. */
static void on_gone(void *user) {
    hub_stream_end(user);
}

static void on_drain(void *user) {
    hub_resume(user);
}

/* What an EventSource that connects again says has precedence over the address that it began with. */
static int read_after(const struct api_call *call, int64_t *ret_after, struct error *e) {
    *ret_after = call_query_int(call, "after", 0);
    if (call->last_event_id && text_parse_int(call->last_event_id, 0, INT64_MAX, ret_after))
        return error_set(e, EINVAL, ERROR_BAD_INPUT, "Last-Event-ID must be the seq of an event");
    return 0;
}

static int begin(struct api_call *call, struct error *e) {
    struct wish *wish = arena_alloc(&call->arena, sizeof *wish);
    int64_t head = 0;
    const char *id = call_parameter(call, "id");
    if (!uuid_is_valid(id))
        return error_set(e, ENOENT, ERROR_NOT_FOUND, "there is no thread %.40s", id);
    int r = read_after(call, &wish->after, e);
    if (!r)
        r = events_head(call->db, &call->who.caller, id, &head, &wish->ended, e);
    if (r < 0)
        return r;
    if (wish->after > head)
        return error_set(e, EINVAL, ERROR_BAD_INPUT,
                         "the thread's newest event is %lld: nothing can come behind %lld yet", (long long)head,
                         (long long)wish->after);
    if (wish->ended && wish->after == head)
        call_status(call, 204); /* tells an EventSource not to come again */
    call->user = wish;
    return 0;
}

static void open_stream(struct api *api, struct http_request *request, struct api_call *call) {
    const struct wish *wish = call->user;
    const char *id = call_parameter(call, "id");
    struct hub_socket *socket = memory_alloc(sizeof *socket);
    char name[HUB_NAME_SIZE];
    socket->request = request;
    socket->caller = call->who.caller;
    socket->ends_live = wish->ended;
    snprintf(socket->reference, sizeof socket->reference, "%s", call->inside->credentials.reference);
    snprintf(name, sizeof name, "thread:%s", id);
    http_add_header(request, "Cache-Control", "no-store");
    http_add_header(request, "X-Accel-Buffering", "no"); /* nginx holds answers back otherwise */
    http_stream_begin(request, 200, "text/event-stream", -1);
    http_stream_write(request, FIRST_WORDS, strlen(FIRST_WORDS));
    hub_keep(api->hub, socket);
    http_on_close(request, on_gone, socket);
    http_stream_on_drain(request, on_drain, socket);
    hub_subscribe(socket, name, true, id, wish->after);
}

static void park(struct api *api, struct http_request *request, struct api_call *call) {
    struct error e;
    if (api->stopping) {
        error_set(&e, EAGAIN, ERROR_UNAVAILABLE, "this server is about to end");
        http_respond_error(request, &e);
    } else if (call->status == 204 || !strcmp(call->method, "HEAD"))
        http_respond(request, call->status == 204 ? 204 : 200, NULL, "", 0);
    else
        open_stream(api, request, call);
    api_call_free(call);
}

static const struct schema_field query_fields[] = {
    {"after", SCHEMA_INT, .least = 0, .most = 9e15, .initial = "0",
     .doc = "Only events behind this number; the header Last-Event-ID says the same."},
    {"ticket", SCHEMA_TEXT, .most = 4096, .doc = "Of POST /auth/ticket (purpose ws), instead of Authorization."},
    {NULL},
};
static const struct schema query_schema = {"EventStreamQuery", query_fields, .doc = "From where on."};

const struct api_route hub_stream_routes[] = {
    {"GET", "/threads/{id}/events/stream", begin, .park = park, .lane = LANE_DATABASE,
     .permission = PERMISSION_THREADS_READ, .scope = SCOPE_READ, .ticket = "ws", .query = &query_schema,
     .form = FORM_NOTHING, .status = 200, .tag = "live",
     .summary = "A thread's events as they come, until it ends (text/event-stream)"},
    {NULL},
};
