/* The hub's channels: who listens, and the reads that serve them. */
#include "api/hub_internal.h"
#include "domain/events.h"
#include "domain/feed.h"
#include <stdlib.h>
#include <string.h>

/* As whom a channel is read: each subscriber's own right was checked when it came. */
static const struct caller everybody = {.id = "00000000-0000-0000-0000-000000000000", .role = ROLE_SUPER_ADMIN};

/* Reading, on a lane. */

struct reading {
    bool is_thread;
    char id[UUID_TEXT_SIZE], name[HUB_NAME_SIZE];
    int64_t after;
    struct hub_frames frames;
    int64_t head, oldest; /* of a feed; oldest 0: it holds nothing */
    int result;
    struct error error;
};

void hub_frames_done(struct hub_frames *frames) {
    for (size_t i = 0; i < frames->count; i++)
        block_unref(frames->list[i].block);
    free(frames->list);
    *frames = (struct hub_frames){0};
}

static bool is_end(const char *kind) {
    return !strcmp(kind, "thread.completed") || !strcmp(kind, "thread.error") || !strcmp(kind, "thread.stopped");
}

static void make_frame(const struct reading *reading, json_t *item, struct hub_frame *ret_frame) {
    cleanup_free char *data = json_print(item);
    ret_frame->seq = json_int_or(item, "seq", 0);
    cleanup_free char *text = memory_print("{\"type\":\"event\",\"channel\":\"%s\",\"seq\":%lld,\"data\":%s}",
                                           reading->name, (long long)ret_frame->seq, data);
    ret_frame->length = strlen(text);
    ret_frame->data = ret_frame->length - 1 - strlen(data);
    ret_frame->last = reading->is_thread && is_end(json_text_or(item, "kind", ""));
    ret_frame->block = block_new(ret_frame->length + 1);
    memcpy(ret_frame->block->data, text, ret_frame->length);
}

static void make_frames(struct reading *reading, const json_t *page) {
    json_t *items = json_object_get(page, "items"), *item;
    size_t i;
    reading->frames.list = memory_alloc((json_array_size(items) + 1) * sizeof *reading->frames.list);
    json_array_foreach (items, i, item)
        make_frame(reading, item, &reading->frames.list[reading->frames.count++]);
    reading->head = json_int_or(page, "head", 0);
    reading->oldest = json_int_or(page, "oldest", 0);
}

static void read_page(struct reading *reading, struct postgres *db) {
    cleanup_free char *text = NULL;
    cleanup_json json_t *page = NULL;
    struct error *e = &reading->error;
    int64_t after = reading->after < 0 ? 0 : reading->after;
    int r = reading->is_thread ? events_read(db, &everybody, reading->id, after, HUB_READ_MAX, &text, e)
                               : feed_read(db, reading->id, after, HUB_READ_MAX, &text, e);
    if (!r)
        r = json_parse(text, strlen(text), "the page", &page, e);
    if (!r)
        make_frames(reading, page);
    reading->result = r;
}

/* Life of channels. */

static size_t bucket_of(const char *id) {
    size_t hash = 5381;
    for (; *id; id++)
        hash = hash * 33 + (unsigned char)*id;
    return hash % HUB_BUCKETS;
}

static void start_tail(struct channel *channel);

static void on_word(void *user, const char *name, const char *text, size_t length) {
    start_tail(user);
}

/* What was said meanwhile was not heard. */
static void on_heard(void *user, bool heard) {
    if (heard)
        start_tail(user);
}

static struct channel *take_channel(struct hub *hub, bool is_thread, const char *id) {
    struct channel **first = &hub->channels[bucket_of(id)], *channel = *first;
    while (channel && (channel->is_thread != is_thread || strcmp(channel->id, id)))
        channel = channel->next;
    if (channel)
        return channel;
    cleanup_free char *name = memory_print("%s%s", is_thread ? REDIS_CHANNEL_THREAD : FEED_CHANNEL, id);
    channel = memory_alloc(sizeof *channel);
    channel->hub = hub;
    channel->is_thread = is_thread;
    strcpy(channel->id, id);
    channel->next = *first;
    *first = channel;
    channel->heard = bus_subscribe(hub->api->bus, name, on_word, on_heard, channel);
    return channel;
}

static void maybe_drop_channel(struct channel *channel) {
    struct channel **link = &channel->hub->channels[bucket_of(channel->id)];
    if (channel->subscribers || channel->job)
        return;
    while (*link != channel)
        link = &(*link)->next;
    *link = channel->next;
    bus_cancel(channel->heard);
    free(channel);
}

/* One read for all who are live. */

struct tail_job {
    struct lane_job job;
    struct channel *channel;
    struct reading reading;
};

static void run_tail(struct lane_job *job, struct lane_thread *thread) {
    read_page(&((struct tail_job *)job)->reading, &thread->db);
}

/* Who is full falls behind and catches up later by reads of its own. */
static void deliver_to(struct subscriber *subscriber, const struct hub_frame *frame) {
    if (hub_is_full(subscriber->socket)) {
        subscriber->live = false;
        subscriber->channel->live_count--;
        return;
    }
    subscriber->seq = frame->seq;
    hub_send(subscriber->socket, frame);
}

static void deliver(struct channel *channel, const struct hub_frame *frame) {
    for (struct subscriber *at = channel->subscribers; at; at = at->next_of_channel)
        if (at->live && frame->seq > at->seq)
            deliver_to(at, frame);
    channel->seq = frame->seq;
}

static void tail_done(struct lane_job *job) {
    struct tail_job *tail = (struct tail_job *)job;
    struct channel *channel = tail->channel;
    struct hub *hub = channel->hub;
    struct hub_frames *frames = &tail->reading.frames;
    for (size_t i = 0; i < frames->count; i++)
        if (frames->list[i].seq > channel->seq)
            deliver(channel, &frames->list[i]);
    bool more = channel->dirty || frames->count == HUB_READ_MAX;
    channel->job = NULL;
    channel->dirty = tail->reading.result < 0 && error_http_status(tail->reading.error.code) >= 500;
    hub->jobs--;
    hub_frames_done(frames);
    free(tail);
    if (more && !channel->dirty)
        start_tail(channel);
    maybe_drop_channel(channel);
    hub_sweep(hub);
    hub_maybe_free(hub);
}

static void start_tail(struct channel *channel) {
    if (channel->job || !channel->live_count || channel->hub->closing) {
        channel->dirty = true;
        return;
    }
    struct tail_job *tail = memory_alloc(sizeof *tail);
    tail->channel = channel;
    tail->job = (struct lane_job){.work = run_tail, .done = tail_done};
    tail->reading = (struct reading){.is_thread = channel->is_thread, .after = channel->seq};
    strcpy(tail->reading.id, channel->id);
    snprintf(tail->reading.name, HUB_NAME_SIZE, "%s%s", channel->is_thread ? "thread:" : "user",
             channel->is_thread ? channel->id : "");
    channel->dirty = !hub_submit(channel->hub, &tail->job);
    if (channel->dirty)
        free(tail);
    else
        channel->job = tail;
}

/* Catching up: a subscriber's own reads, the first of which checks its right. */

struct catch_up {
    struct lane_job job;
    struct hub *hub;
    struct subscriber *subscriber; /* NULL: it has gone */
    struct caller caller;
    bool first, reset;
    struct reading reading;
};

static void start_catch_up(struct subscriber *subscriber);

static int check_right(struct catch_up *job, struct postgres *db) {
    struct reading *reading = &job->reading;
    if (reading->is_thread)
        return events_head(db, &job->caller, reading->id, &reading->head, NULL, &reading->error);
    return feed_head(db, reading->id, &reading->head, &reading->error);
}

/* What a client names lies outside of what is kept. */
static bool is_lost(const struct reading *reading) {
    if (reading->after > reading->head)
        return true;
    return !reading->is_thread && reading->after < reading->head &&
           (!reading->oldest || reading->after + 1 < reading->oldest);
}

static void run_catch_up(struct lane_job *job, struct lane_thread *thread) {
    struct catch_up *catch = (struct catch_up *)job;
    struct reading *reading = &catch->reading;
    int64_t head;
    reading->result = catch->first ? check_right(catch, &thread->db) : 0;
    head = reading->head;
    if (reading->result < 0 || reading->after < 0)
        return;
    read_page(reading, &thread->db);
    reading->head = reading->head > head ? reading->head : head;
    catch->reset = catch->first && !reading->result && is_lost(reading);
}

static void say_error(struct subscriber *subscriber, const struct error *e) {
    bool ours = error_http_status(e->code) >= 500;
    hub_send_json(subscriber->socket,
                  json_pack("{s:s, s:s, s:s, s:s}", "type", "error", "channel", subscriber->name, "code",
                            error_name(e->code), "detail", ours ? "try again later" : e->text));
}

static void say(struct subscriber *subscriber, const char *type) {
    hub_send_json(subscriber->socket, json_pack("{s:s, s:s, s:I}", "type", type, "channel", subscriber->name, "seq",
                                                (json_int_t)subscriber->seq));
}

static void go_live(struct subscriber *subscriber) {
    struct channel *channel = subscriber->channel;
    subscriber->live = true;
    if (!channel->live_count++)
        channel->seq = subscriber->seq;
    if (channel->dirty)
        start_tail(channel);
    if (subscriber->socket->ends_live)
        hub_end(subscriber->socket, WEBSOCKET_NORMAL, "");
}

/* False: it is full; the rest is read again when it has room. */
static bool take_frames(struct subscriber *subscriber, const struct hub_frames *frames) {
    for (size_t i = 0; i < frames->count; i++) {
        if (hub_is_full(subscriber->socket))
            return false;
        if (frames->list[i].seq > subscriber->seq) {
            subscriber->seq = frames->list[i].seq;
            hub_send(subscriber->socket, &frames->list[i]);
        }
    }
    return true;
}

/* What a catch-up brought, and whether another one is needed. */
static void caught(struct subscriber *subscriber, const struct catch_up *job) {
    const struct channel *channel = subscriber->channel;
    bool full = job->reading.frames.count == HUB_READ_MAX && !job->reset;
    if (job->reset || subscriber->seq < 0)
        subscriber->seq = job->reading.head;
    if (!subscriber->told)
        say(subscriber, job->reset ? "reset" : "subscribed");
    subscriber->told = true;
    if (!job->reset && !take_frames(subscriber, &job->reading.frames))
        return;
    if (full || (channel->live_count && subscriber->seq < channel->seq))
        start_catch_up(subscriber);
    else
        go_live(subscriber);
}

static void catch_up_done(struct lane_job *job) {
    struct catch_up *catch = (struct catch_up *)job;
    struct subscriber *subscriber = catch->subscriber;
    struct hub *hub = catch->hub;
    hub->jobs--;
    if (subscriber) {
        subscriber->job = NULL;
        if (catch->reading.result < 0) {
            say_error(subscriber, &catch->reading.error);
            hub_stream_end(subscriber->socket); /* it has no other channel */
            hub_unsubscribe(subscriber);
        } else
            caught(subscriber, catch);
    }
    hub_frames_done(&catch->reading.frames);
    free(catch);
    hub_sweep(hub);
    hub_maybe_free(hub);
}

/* A lane that is full is tried again at the next tick. */
static void start_catch_up(struct subscriber *subscriber) {
    const struct channel *channel = subscriber->channel;
    struct catch_up *catch = memory_alloc(sizeof *catch);
    catch->hub = channel->hub;
    catch->subscriber = subscriber;
    catch->caller = subscriber->socket->caller;
    catch->first = !subscriber->told;
    catch->job = (struct lane_job){.work = run_catch_up, .done = catch_up_done};
    catch->reading = (struct reading){.is_thread = channel->is_thread, .after = subscriber->seq};
    strcpy(catch->reading.id, channel->id);
    strcpy(catch->reading.name, subscriber->name);
    if (hub_submit(channel->hub, &catch->job))
        subscriber->job = catch;
    else
        free(catch);
}

void hub_subscribe(struct hub_socket *socket, const char *name, bool is_thread, const char *id, int64_t after) {
    struct subscriber *subscriber = memory_alloc(sizeof *subscriber);
    struct channel *channel = take_channel(socket->hub, is_thread, id);
    subscriber->socket = socket;
    subscriber->channel = channel;
    subscriber->seq = after;
    snprintf(subscriber->name, sizeof subscriber->name, "%s", name);
    subscriber->next_of_socket = socket->subscriptions;
    socket->subscriptions = subscriber;
    socket->subscription_count++;
    subscriber->next_of_channel = channel->subscribers;
    channel->subscribers = subscriber;
    start_catch_up(subscriber);
}

void hub_unsubscribe(struct subscriber *subscriber) {
    struct channel *channel = subscriber->channel;
    struct subscriber **link = &channel->subscribers;
    while (*link != subscriber)
        link = &(*link)->next_of_channel;
    *link = subscriber->next_of_channel;
    for (link = &subscriber->socket->subscriptions; *link != subscriber;)
        link = &(*link)->next_of_socket;
    *link = subscriber->next_of_socket;
    subscriber->socket->subscription_count--;
    channel->live_count -= subscriber->live;
    if (subscriber->job)
        subscriber->job->subscriber = NULL;
    free(subscriber);
    maybe_drop_channel(channel);
}

void hub_resume(struct hub_socket *socket) {
    for (struct subscriber *at = socket->subscriptions; at; at = at->next_of_socket)
        if (!at->live && !at->job)
            start_catch_up(at);
}

/* Looking without being told: the heads of all channels in one statement. */

struct poll_job {
    struct lane_job job;
    struct hub *hub;
    char *users, *threads;
    json_t *heads; /* NULL: the database did not say */
};

static void run_poll(struct lane_job *job, struct lane_thread *thread) {
    struct poll_job *poll = (struct poll_job *)job;
    cleanup_free char *text = NULL;
    struct error e;
    if (!feed_heads(&thread->db, poll->users, poll->threads, &text, &e))
        json_parse(text, strlen(text), "the heads", &poll->heads, &e);
}

static void poll_done(struct lane_job *job) {
    struct poll_job *poll = (struct poll_job *)job;
    struct hub *hub = poll->hub;
    json_t *item;
    size_t i;
    json_array_foreach (poll->heads, i, item) {
        const char *id = json_text_or(item, "id", "");
        for (struct channel *at = hub->channels[bucket_of(id)]; at; at = at->next)
            if (at->live_count && !at->job && !strcmp(at->id, id) && json_int_or(item, "seq", 0) > at->seq)
                start_tail(at);
    }
    hub->jobs--;
    hub->polling = false;
    json_decref(poll->heads);
    free(poll->users);
    free(poll->threads);
    free(poll);
    hub_maybe_free(hub);
}

static void start_poll(struct hub *hub, json_t *users, json_t *threads) {
    struct poll_job *poll = memory_alloc(sizeof *poll);
    poll->hub = hub;
    poll->job = (struct lane_job){.work = run_poll, .done = poll_done};
    poll->users = json_print(users);
    poll->threads = json_print(threads);
    hub->polling = hub_submit(hub, &poll->job);
    if (hub->polling)
        return;
    free(poll->users);
    free(poll->threads);
    free(poll);
}

/* What could not be read, or not even be asked for, is tried again. */
static void tick_channel(struct channel *channel) {
    if (channel->dirty)
        start_tail(channel);
    for (struct subscriber *at = channel->subscribers; at; at = at->next_of_channel)
        if (!at->live && !at->job && !hub_is_full(at->socket))
            start_catch_up(at);
}

void hub_tick_channels(struct hub *hub, bool poll) {
    cleanup_json json_t *users = json_array(), *threads = json_array();
    for (size_t i = 0; i < HUB_BUCKETS; i++)
        for (struct channel *at = hub->channels[i]; at; at = at->next) {
            tick_channel(at);
            if (poll && at->live_count)
                json_array_append_new(at->is_thread ? threads : users, json_string(at->id));
        }
    if (poll && !hub->polling && (json_array_size(users) || json_array_size(threads)))
        start_poll(hub, users, threads);
}
