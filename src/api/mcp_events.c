/* The events of a stream: numbered over the whole session, written as fast as the client reads, and kept for a while.
 */
#include "api/mcp_client.h"
#include "base/clock.h"
#include "mcp/event_id.h"
#include <stdlib.h>
#include <string.h>

#define RETRY_MS 1000

bool mcp_reply_is_over(const struct mcp_reply *reply) {
    return !reply->listens && !reply->expected;
}

/* Keeping */

/* A reader that is so slow that what it has not got is dropped is sent away: it shall not miss it unnoticed. */
static void drop_first(struct mcp_reply *reply) {
    struct mcp_event *event = reply->first;
    bool missed = reply->unsent == event;
    reply->lost = event->number;
    reply->first = event->next;
    if (!reply->first)
        reply->last = NULL;
    reply->client->kept -= event->length;
    free(event);
    if (missed)
        mcp_events_leave(reply);
}

void mcp_events_forget(struct mcp_reply *reply, int64_t before_ms) {
    while (reply->first && reply->first != reply->unsent && reply->first->at_ms < before_ms)
        drop_first(reply);
}

static struct mcp_reply *with_oldest(const struct mcp_client *client) {
    struct mcp_reply *oldest = NULL;
    for (struct mcp_reply *one = client->replies; one; one = one->next)
        if (one->first && (!oldest || one->first->number < oldest->first->number))
            oldest = one;
    return oldest;
}

static void make_room(struct mcp_client *client) {
    while (client->kept > MCP_KEPT_MAX)
        drop_first(with_oldest(client));
}

struct mcp_event *mcp_events_behind(const struct mcp_reply *reply, uint64_t number) {
    struct mcp_event *event = reply->first;
    while (event && event->number <= number)
        event = event->next;
    return event;
}

/* Writing */

static void write_event(const struct mcp_reply *reply, const struct mcp_event *event) {
    cleanup_text struct text out = {0};
    char id[MCP_EVENT_ID_SIZE];
    mcp_event_id_print(reply->number, event->number, id);
    text_reserve(&out, event->length + 80);
    text_print(&out, "event: message\nid: %s\ndata: ", id);
    text_append(&out, event->text, event->length);
    text_append_string(&out, "\n\n");
    http_stream_write(reply->request, out.data, out.length);
}

void mcp_events_write(struct mcp_reply *reply, bool all) {
    while (reply->request && reply->unsent && (all || http_stream_queued(reply->request) < HTTP_STREAM_HIGH)) {
        write_event(reply, reply->unsent);
        reply->unsent = reply->unsent->next;
    }
    if (!reply->unsent && mcp_reply_is_over(reply))
        mcp_events_leave(reply);
}

void mcp_events_add(struct mcp_reply *reply, const char *text, size_t length) {
    struct mcp_client *client = reply->client;
    struct mcp_event *event = memory_alloc(sizeof *event + length);
    event->number = ++client->events_made;
    event->at_ms = clock_monotonic_ms();
    event->length = length;
    memcpy(event->text, text, length);
    *(reply->last ? &reply->last->next : &reply->first) = event;
    reply->last = event;
    client->kept += length;
    if (reply->request && !reply->unsent)
        reply->unsent = event;
    mcp_events_write(reply, false);
    make_room(client);
}

/* Readers */

static void on_gone(void *user) {
    mcp_events_leave(user);
}

static void on_drain(void *user) {
    mcp_events_write(user, false);
}

/* What lets the head go out, and a client of a newer revision come back even if it gets no event. */
static void write_first_words(const struct mcp_reply *reply) {
    cleanup_text struct text out = {0};
    char id[MCP_EVENT_ID_SIZE];
    mcp_event_id_print(reply->number, reply->client->events_made, id);
    if (reply->client->version->primes_events)
        text_print(&out, "id: %s\nretry: %d\ndata: \n\n", id, RETRY_MS);
    else
        text_append_string(&out, ":\n");
    http_stream_write(reply->request, out.data, out.length);
}

void mcp_events_attach(struct mcp_reply *reply, struct http_request *request) {
    bool begins = !reply->number;
    if (begins)
        reply->number = ++reply->client->replies_made;
    reply->request = request;
    http_add_header(request, "Cache-Control", "no-store");
    http_add_header(request, "X-Accel-Buffering", "no"); /* nginx holds answers back otherwise */
    http_stream_begin(request, 200, "text/event-stream", -1);
    http_on_close(request, on_gone, reply);
    http_stream_on_drain(request, on_drain, reply);
    if (begins)
        write_first_words(reply);
    else
        http_stream_write(request, ":\n", 2);
}

void mcp_events_leave(struct mcp_reply *reply) {
    struct http_request *request = take_pointer(reply->request);
    reply->unsent = NULL;
    if (!request)
        return;
    reply->left_ms = clock_monotonic_ms();
    http_on_close(request, NULL, NULL);
    http_stream_on_drain(request, NULL, NULL);
    http_stream_end(request);
}
