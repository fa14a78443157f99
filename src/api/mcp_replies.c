/* What goes back to the client: which message of a session's process belongs into which reply. */
#include "api/mcp_client.h"
#include "base/clock.h"
#include "mcp/event_id.h"
#include "mcp/rpc.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static void reply_free(struct mcp_reply *reply) {
    struct mcp_client *client = reply->client;
    struct mcp_reply **link = &client->replies;
    while (*link != reply)
        link = &(*link)->next;
    *link = reply->next;
    mcp_events_forget(reply, INT64_MAX);
    if (client->listener == reply)
        client->listener = NULL;
    text_done(&reply->body);
    free(reply);
}

struct mcp_reply *mcp_reply_new(struct mcp_client *client, struct http_request *request, bool streams,
                                size_t expected) {
    struct mcp_reply *reply = memory_alloc(sizeof *reply);
    *reply = (struct mcp_reply){.client = client,
                                .next = client->replies,
                                .request = request,
                                .streams = streams,
                                .expected = expected,
                                .listens = !expected};
    client->replies = reply;
    if (streams)
        mcp_events_attach(reply, request);
    return reply;
}

/* Bodies */

static void end_body(void *user) {
    struct mcp_reply *reply = user;
    http_on_close(reply->request, NULL, NULL);
    http_stream_on_drain(reply->request, NULL, NULL);
    http_stream_end(reply->request);
    reply_free(reply);
}

/* A large one stays a reply until the client has read it, so that what waits for it is known. */
static void send_body(struct mcp_reply *reply) {
    struct text *body = &reply->body;
    if (reply->batch && body->length)
        text_append_char(body, ']');
    if (body->length <= HTTP_STREAM_HIGH) {
        http_respond(reply->request, body->length ? 200 : 202, body->length ? "application/json" : NULL, body->data,
                     body->length);
        reply_free(reply);
        return;
    }
    http_stream_begin(reply->request, 200, "application/json", (int64_t)body->length);
    if (!http_stream_write(reply->request, body->data, body->length)) {
        end_body(reply);
        return;
    }
    text_done(&reply->body);
    http_on_close(reply->request, end_body, reply);
    http_stream_on_drain(reply->request, end_body, reply);
}

static void add_to_body(struct mcp_reply *reply, const char *text, size_t length) {
    if (reply->batch)
        text_append_char(&reply->body, reply->body.length ? ',' : '[');
    text_append(&reply->body, text, length);
}

/* Answers. `text` NULL: there is none. */
static void take_answer(struct mcp_reply *reply, const char *text, size_t length) {
    if (!--reply->expected)
        reply->left_ms = clock_monotonic_ms(); /* it is kept from here on */
    if (reply->streams && text)
        mcp_events_add(reply, text, length);
    else if (reply->streams)
        mcp_events_write(reply, false);
    else if (text)
        add_to_body(reply, text, length);
    if (!reply->streams && !reply->expected)
        send_body(reply);
}

/* Requests that wait */

static void await(struct mcp_reply *reply, const char *route) {
    struct mcp_waiting *waiting = memory_alloc(sizeof *waiting);
    *waiting = (struct mcp_waiting){reply->client->waiting, reply, memory_copy_text(route)};
    reply->client->waiting = waiting;
    reply->client->waiting_count++;
}

struct mcp_waiting *mcp_reply_find(const struct mcp_client *client, const char *route) {
    struct mcp_waiting *one = client->waiting;
    while (one && strcmp(one->route, route))
        one = one->next;
    return one;
}

/* The reply may be gone after its last answer: then no message is left that has one. */
static void pass_on(struct mcp_client *client, struct mcp_reply *reply, const struct mcp_message *message) {
    if (message->refused) {
        take_answer(reply, message->text, strlen(message->text));
        return;
    }
    if (message->route)
        await(reply, message->route);
    mcp_process_say(client, message->text);
}

void mcp_reply_post(struct mcp_client *client, struct http_request *request, bool streams,
                    const struct mcp_posted *posted) {
    struct mcp_reply *reply = posted->answers ? mcp_reply_new(client, request, streams, posted->answers) : NULL;
    if (reply)
        reply->batch = posted->batch;
    else
        http_respond(request, 202, NULL, "", 0);
    for (size_t i = 0; i < posted->count; i++)
        pass_on(client, reply, &posted->messages[i]);
}

static void answer(struct mcp_waiting *waiting, const char *text, size_t length) {
    struct mcp_reply *reply = waiting->reply;
    struct mcp_waiting **link = &reply->client->waiting;
    while (*link != waiting)
        link = &(*link)->next;
    *link = waiting->next;
    reply->client->waiting_count--;
    free(waiting->route);
    free(waiting);
    take_answer(reply, text, length);
}

static void answer_failed(struct mcp_waiting *waiting, const char *why) {
    cleanup_json json_t *id = json_loads(waiting->route, JSON_DECODE_ANY, NULL);
    cleanup_json json_t *message = rpc_error(id, RPC_INTERNAL, why);
    cleanup_free char *text = json_print(message);
    answer(waiting, text, strlen(text));
}

/* What the process says */

/* Bytes that clients have not read yet. */
static size_t queued(const struct mcp_client *client) {
    size_t sum = 0;
    for (const struct mcp_reply *one = client->replies; one; one = one->next)
        sum += one->request ? http_stream_queued(one->request) : 0;
    return sum;
}

/* Its own messages begin with what they are: jansson keeps the order of members. */
static bool is_notification(const char *text) {
    return text_starts_with(text, "{\"jsonrpc\":\"2.0\",\"method\":");
}

static void notify(struct mcp_client *client, const struct mcp_waiting *waiting, const char *text, size_t length) {
    struct mcp_reply *reply = waiting && waiting->reply->streams ? waiting->reply : client->listener;
    if (reply)
        mcp_events_add(reply, text, length);
}

void mcp_reply_deliver(struct mcp_client *client, const char *route, const char *text, size_t length) {
    struct mcp_waiting *waiting = *route ? mcp_reply_find(client, route) : NULL;
    if (length && is_notification(text))
        notify(client, waiting, text, length);
    else if (waiting)
        answer(waiting, length ? text : NULL, length);
    if (queued(client) > MCP_QUEUED_MAX)
        mcp_process_hold(client, true);
}

/* The client's GET */

static struct mcp_reply *find_stream(const struct mcp_client *client, uint64_t number) {
    struct mcp_reply *one = client->replies;
    while (one && (!one->streams || one->number != number))
        one = one->next;
    return one;
}

static int find_lost(struct mcp_client *client, const char *last_event_id, struct mcp_reply **ret_reply,
                     uint64_t *ret_event, struct error *e) {
    uint64_t stream;
    if (mcp_event_id_read(last_event_id, &stream, ret_event) < 0 || stream > client->replies_made ||
        *ret_event > client->events_made)
        return error_set(e, EINVAL, ERROR_BAD_INPUT, "Last-Event-ID names no event of this session");
    *ret_reply = find_stream(client, stream);
    if (*ret_reply && *ret_event >= (*ret_reply)->lost)
        return 0;
    error_set(e, ENODATA, ERROR_CONFLICT, "what came behind the event of Last-Event-ID is not kept any more");
    error_hint(e, "The session goes on; ask for what is missing once more");
    return -ENODATA;
}

static int resume(struct mcp_client *client, struct http_request *request, const char *last_event_id, struct error *e) {
    struct mcp_reply *reply = NULL;
    uint64_t event = 0;
    int r = find_lost(client, last_event_id, &reply, &event, e);
    if (r < 0)
        return r;
    struct mcp_event *next = mcp_events_behind(reply, event);
    if (!next && mcp_reply_is_over(reply)) { /* the client has it all: it need not come again */
        http_respond(request, 204, NULL, "", 0);
        return 0;
    }
    mcp_events_leave(reply); /* a connection that we do not know to be lost */
    mcp_events_attach(reply, request);
    reply->unsent = next;
    mcp_events_write(reply, false);
    return 0;
}

int mcp_reply_listen(struct mcp_client *client, struct http_request *request, const char *last_event_id,
                     struct error *e) {
    if (last_event_id)
        return resume(client, request, last_event_id, e);
    if (client->listener && client->listener->request)
        return error_set(e, EBUSY, ERROR_CONFLICT, "the session has a stream already");
    if (client->listener)
        reply_free(client->listener);
    client->listener = mcp_reply_new(client, request, true, 0);
    return 0;
}

/* Ends, and time */

/* Of one that nobody waits for. */
static void end_reply(struct mcp_reply *reply) {
    if (!reply->streams) { /* a large body that is on its way */
        end_body(reply);
        return;
    }
    mcp_events_write(reply, true);
    mcp_events_leave(reply);
    reply_free(reply);
}

void mcp_replies_end(struct mcp_client *client, const char *why) {
    while (client->waiting)
        answer_failed(client->waiting, why);
    while (client->replies)
        end_reply(client->replies);
}

/* Not to one who does not read: the server tells by what is queued that nothing moves. */
static void beat(const struct mcp_reply *reply) {
    if (reply->streams && reply->request && !http_stream_queued(reply->request))
        http_stream_write(reply->request, ":\n", 2);
}

static bool is_kept(const struct mcp_reply *reply, int64_t now, size_t newer) {
    bool may_go = !reply->request && (reply->listens || mcp_reply_is_over(reply));
    return !may_go || (now - reply->left_ms < MCP_KEPT_MS && newer < MCP_REPLIES_MAX);
}

void mcp_replies_tick(struct mcp_client *client, int64_t now, bool beats) {
    size_t newer = 0;
    for (struct mcp_reply *one = client->replies, *next; one; one = next) {
        next = one->next;
        mcp_events_forget(one, now - MCP_KEPT_MS);
        if (beats)
            beat(one);
        if (is_kept(one, now, newer++))
            continue;
        reply_free(one);
    }
    if (queued(client) <= MCP_QUEUED_MAX)
        mcp_process_hold(client, false);
}
