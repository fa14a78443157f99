#include "api/bus.h"
#include "base/clock.h"
#include "base/config.h"
#include "base/instance.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/text.h"
#include "store/redis.h"
#include <errno.h>
#include <hiredis/adapters/libuv.h>
#include <hiredis/async.h>
#include <stdlib.h>

#define TICK_MS    1000
#define SILENCE_MS 3000 /* a Redis that answers no PING for so long is as good as gone */
#define BUCKETS    1024

struct bus_subscription {
    struct bus_subscription *next, *previous;
    struct bus *bus;
    char *channel;
    void (*message)(void *user, const char *channel, const char *text, size_t length);
    void (*state)(void *user, bool heard);
    void *user;
    bool cancelled; /* freed once no message is being handed out */
};

struct bus {
    uv_loop_t *loop;
    uv_timer_t tick;
    char *url;
    redisAsyncContext *listen, *talk; /* NULL: not connected, not even trying */
    bool listening, talking, closing, handing_out, litter;
    int64_t heard_at;
    struct bus_subscription *buckets[BUCKETS];
};

struct pending_reply {
    void (*reply)(void *user, long long value);
    void *user;
};

static struct bus_subscription **bucket_of(struct bus *bus, const char *channel) {
    uint32_t hash = 2166136261u;
    for (const unsigned char *p = (const unsigned char *)channel; *p; p++)
        hash = (hash ^ *p) * 16777619u;
    return &bus->buckets[hash % BUCKETS];
}

static void remove_subscription(struct bus_subscription *subscription) {
    struct bus_subscription **bucket = bucket_of(subscription->bus, subscription->channel);
    *(subscription->previous ? &subscription->previous->next : bucket) = subscription->next;
    if (subscription->next)
        subscription->next->previous = subscription->previous;
    free(subscription->channel);
    free(subscription);
}

static void remove_litter(struct bus *bus) {
    for (size_t i = 0; bus->litter && i < BUCKETS; i++)
        for (struct bus_subscription *s = bus->buckets[i], *next; s; s = next) {
            next = s->next;
            if (s->cancelled)
                remove_subscription(s);
        }
    bus->litter = false;
}

static void tell_all(struct bus *bus, bool heard) {
    bus->handing_out = true;
    for (size_t i = 0; i < BUCKETS; i++)
        for (struct bus_subscription *s = bus->buckets[i]; s; s = s->next)
            if (!s->cancelled && s->state)
                s->state(s->user, heard);
    bus->handing_out = false;
    remove_litter(bus);
}

static void hand_out(struct bus *bus, const char *channel, const char *text, size_t length) {
    bus->handing_out = true;
    for (struct bus_subscription *s = *bucket_of(bus, channel); s; s = s->next)
        if (!s->cancelled && !strcmp(s->channel, channel))
            s->message(s->user, channel, text, length);
    bus->handing_out = false;
    remove_litter(bus);
}

/* A channel is heard from here on: each subscriber of it is told, also when it was heard before. */
static void tell_channel(struct bus *bus, const char *channel) {
    bus->handing_out = true;
    for (struct bus_subscription *s = *bucket_of(bus, channel); s; s = s->next)
        if (!s->cancelled && s->state && !strcmp(s->channel, channel))
            s->state(s->user, true);
    bus->handing_out = false;
    remove_litter(bus);
}

static void on_published(redisAsyncContext *context, void *answer, void *user) {
    struct bus *bus = context->data;
    const redisReply *reply = answer;
    if (!reply || reply->type != REDIS_REPLY_ARRAY || reply->elements != 3 || !reply->element[1]->str)
        return;
    if (!strcmp(reply->element[0]->str, "message") && reply->element[2]->str)
        hand_out(bus, reply->element[1]->str, reply->element[2]->str, reply->element[2]->len);
    else if (!strcmp(reply->element[0]->str, "subscribe"))
        tell_channel(bus, reply->element[1]->str);
}

static void subscribe_now(struct bus *bus, const char *channel) {
    redisAsyncCommand(bus->listen, on_published, NULL, "SUBSCRIBE %s", channel);
}

static void subscribe_all(struct bus *bus) {
    for (size_t i = 0; i < BUCKETS; i++)
        for (struct bus_subscription *s = bus->buckets[i]; s; s = s->next)
            if (!s->cancelled)
                subscribe_now(bus, s->channel);
}

static void note_state(struct bus *bus, bool was_up) {
    if (was_up == bus_is_up(bus) || bus->closing)
        return;
    if (was_up) {
        log_warn("Redis is lost; changes are looked up in the database meanwhile");
        tell_all(bus, false);
    } else
        log_info("Redis is heard");
}

static void on_gone(const redisAsyncContext *context, int status) {
    struct bus *bus = context->data;
    if (!bus)
        return;
    bool was_up = bus_is_up(bus);
    if (bus->listen == context) {
        bus->listen = NULL;
        bus->listening = false;
    } else if (bus->talk == context) {
        bus->talk = NULL;
        bus->talking = false;
    }
    note_state(bus, was_up);
}

static void on_made(const redisAsyncContext *context, int status) {
    struct bus *bus = context->data;
    if (status != REDIS_OK) {
        on_gone(context, status);
        return;
    }
    bool was_up = bus_is_up(bus);
    bus->heard_at = clock_monotonic_ms();
    if (bus->listen == context) {
        bus->listening = true;
        subscribe_all(bus);
    } else
        bus->talking = true;
    note_state(bus, was_up);
}

static void authenticate(redisAsyncContext *context, const struct redis_address *address) {
    if (address->password)
        redisAsyncCommand(context, NULL, NULL, "AUTH %s %s", address->user ? address->user : "default",
                          address->password);
    if (address->database)
        redisAsyncCommand(context, NULL, NULL, "SELECT %d", address->database);
}

static redisAsyncContext *connect_to(struct bus *bus) {
    struct redis_address address;
    if (redis_parse_url(bus->url, &address, NULL) < 0)
        return NULL;
    redisAsyncContext *context =
        address.path ? redisAsyncConnectUnix(address.path) : redisAsyncConnect(address.host, address.port);
    if (!context || context->err) {
        if (context)
            redisAsyncFree(context);
        return NULL;
    }
    context->data = bus;
    redisLibuvAttach(context, bus->loop);
    redisAsyncSetConnectCallback(context, on_made);
    redisAsyncSetDisconnectCallback(context, on_gone);
    authenticate(context, &address);
    return context;
}

static void drop(struct bus *bus) {
    redisAsyncContext *contexts[] = {take_pointer(bus->listen), take_pointer(bus->talk)};
    bool was_up = bus->listening && bus->talking;
    bus->listening = bus->talking = false;
    for (size_t i = 0; i < ARRAY_LENGTH(contexts); i++)
        if (contexts[i]) {
            contexts[i]->data = NULL;
            redisAsyncFree(contexts[i]);
        }
    note_state(bus, was_up);
}

static void on_pong(redisAsyncContext *context, void *answer, void *user) {
    struct bus *bus = context->data;
    if (answer && bus)
        bus->heard_at = clock_monotonic_ms();
}

static void on_tick(uv_timer_t *timer) {
    struct bus *bus = timer->data;
    if ((bus->listen || bus->talk) && clock_monotonic_ms() - bus->heard_at > SILENCE_MS)
        drop(bus);
    if (!bus->listen || !bus->talk)
        bus->heard_at = clock_monotonic_ms();
    if (!bus->listen)
        bus->listen = connect_to(bus);
    if (!bus->talk)
        bus->talk = connect_to(bus);
    if (bus->talking)
        redisAsyncCommand(bus->talk, on_pong, NULL, "PING");
}

struct bus *bus_new(uv_loop_t *loop) {
    struct bus *bus = memory_alloc(sizeof *bus);
    cleanup_free char *socket = instance_run_path(REDIS_PRIVATE_SOCKET);
    const char *configured = config_text(CONFIG_REDIS_URL);
    bus->loop = loop;
    bus->url = *configured ? memory_copy_text(configured) : memory_print("unix://%s", socket);
    uv_timer_init(loop, &bus->tick);
    bus->tick.data = bus;
    uv_timer_start(&bus->tick, on_tick, 0, TICK_MS);
    return bus;
}

static void on_tick_closed(uv_handle_t *handle) {
    struct bus *bus = handle->data;
    for (size_t i = 0; i < BUCKETS; i++)
        while (bus->buckets[i])
            remove_subscription(bus->buckets[i]);
    free(bus->url);
    free(bus);
}

void bus_close(struct bus *bus) {
    bus->closing = true;
    drop(bus);
    uv_close((uv_handle_t *)&bus->tick, on_tick_closed);
}

bool bus_is_up(const struct bus *bus) {
    return bus->listening && bus->talking;
}

struct bus_subscription *bus_subscribe(struct bus *bus, const char *channel,
                                       void (*message)(void *user, const char *channel, const char *text,
                                                       size_t length),
                                       void (*state)(void *user, bool heard), void *user) {
    struct bus_subscription **bucket = bucket_of(bus, channel), *subscription = memory_alloc(sizeof *subscription);
    *subscription = (struct bus_subscription){.bus = bus,
                                              .channel = memory_copy_text(channel),
                                              .message = message,
                                              .state = state,
                                              .user = user,
                                              .next = *bucket};
    if (*bucket)
        (*bucket)->previous = subscription;
    *bucket = subscription;
    if (bus->listening)
        subscribe_now(bus, channel);
    return subscription;
}

void bus_cancel(struct bus_subscription *subscription) {
    struct bus *bus = subscription->bus;
    bool others = false;
    subscription->cancelled = true;
    for (struct bus_subscription *s = *bucket_of(bus, subscription->channel); s; s = s->next)
        others |= !s->cancelled && !strcmp(s->channel, subscription->channel);
    if (!others && bus->listening)
        redisAsyncCommand(bus->listen, NULL, NULL, "UNSUBSCRIBE %s", subscription->channel);
    if (bus->handing_out)
        bus->litter = true;
    else
        remove_subscription(subscription);
}

static void on_reply(redisAsyncContext *context, void *answer, void *user) {
    struct pending_reply *pending = user;
    const redisReply *reply = answer;
    pending->reply(pending->user, reply && reply->type == REDIS_REPLY_INTEGER ? reply->integer : -1);
    free(pending);
}

int bus_command(struct bus *bus, int count, const char *const *words, void (*reply)(void *user, long long value),
                void *user) {
    struct pending_reply *pending = NULL;
    if (!bus->talking)
        return -ENOTCONN;
    if (reply) {
        pending = memory_alloc(sizeof *pending);
        *pending = (struct pending_reply){reply, user};
    }
    if (redisAsyncCommandArgv(bus->talk, reply ? on_reply : NULL, pending, count, (const char **)words, NULL) ==
        REDIS_OK)
        return 0;
    free(pending);
    return -ENOTCONN;
}
