#include "api/rate_limits.h"
#include "base/clock.h"
#include "base/config.h"
#include "base/memory.h"
#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#define WINDOW_S 60
#define SLOTS    8192 /* of the busiest; a newcomer takes the least busy of WAYS */
#define WAYS     4
#define KEEP_S   "120" /* in Redis */

static const struct {
    const char *name;
    enum config_id limit;
} classes[] = {
    [RATE_READ] = {"read", CONFIG_RATE_LIMIT_READ},
    [RATE_WRITE] = {"write", CONFIG_RATE_LIMIT_WRITE},
    [RATE_SIGN_IN] = {"sign_in", CONFIG_RATE_LIMIT_SIGN_IN},
};

struct counter {
    unsigned char key[16];
    int64_t window;
    int64_t own, sent, shared; /* counted here; told to Redis of that; what Redis said last, ours included */
};

struct limits {
    struct bus *bus;
    uv_timer_t share;
    struct counter counters[SLOTS];
};

static int64_t window_now(void) {
    return clock_wall_us() / 1000000 / WINDOW_S;
}

static struct counter *find(struct limits *limits, const unsigned char key[16], int64_t window) {
    uint32_t hash;
    memcpy(&hash, key, sizeof hash);
    struct counter *set = &limits->counters[hash % (SLOTS / WAYS) * WAYS], *least = set;
    for (size_t i = 0; i < WAYS; i++) {
        if (set[i].window == window && !memcmp(set[i].key, key, sizeof set[i].key))
            return &set[i];
        if (set[i].window != window || (least->window == window && set[i].own < least->own))
            least = &set[i];
    }
    *least = (struct counter){.window = window};
    memcpy(least->key, key, sizeof least->key);
    return least;
}

struct sharing {
    struct limits *limits;
    unsigned char key[16];
    int64_t window;
};

static void on_shared(void *user, long long total) {
    struct sharing *sharing = user;
    if (total >= 0) {
        struct counter *counter = find(sharing->limits, sharing->key, sharing->window);
        if (counter->sent)
            counter->shared = total;
    }
    free(sharing);
}

static void share(struct limits *limits, struct counter *counter) {
    char name[80], hex[33], amount[24];
    sodium_bin2hex(hex, sizeof hex, counter->key, sizeof counter->key);
    snprintf(name, sizeof name, "replinet:rate:%s:%lld", hex, (long long)counter->window);
    snprintf(amount, sizeof amount, "%lld", (long long)(counter->own - counter->sent));
    struct sharing *sharing = memory_alloc(sizeof *sharing);
    *sharing = (struct sharing){.limits = limits, .window = counter->window};
    memcpy(sharing->key, counter->key, sizeof sharing->key);
    if (bus_command(limits->bus, 3, (const char *[]){"INCRBY", name, amount}, on_shared, sharing) < 0) {
        free(sharing);
        return;
    }
    if (!counter->sent)
        bus_command(limits->bus, 3, (const char *[]){"EXPIRE", name, KEEP_S}, NULL, NULL);
    counter->sent = counter->own;
}

static void on_share(uv_timer_t *timer) {
    struct limits *limits = timer->data;
    int64_t window = window_now();
    for (size_t i = 0; bus_is_up(limits->bus) && i < SLOTS; i++)
        if (limits->counters[i].window == window && limits->counters[i].own > limits->counters[i].sent)
            share(limits, &limits->counters[i]);
}

struct limits *limits_new(uv_loop_t *loop, struct bus *bus) {
    struct limits *limits = memory_alloc(sizeof *limits);
    limits->bus = bus;
    uv_timer_init(loop, &limits->share);
    limits->share.data = limits;
    uv_timer_start(&limits->share, on_share, LIMITS_SHARE_MS, LIMITS_SHARE_MS);
    return limits;
}

static void on_closed(uv_handle_t *handle) {
    free(handle->data);
}

void limits_close(struct limits *limits) {
    uv_close((uv_handle_t *)&limits->share, on_closed);
}

static void add_number(struct http_request *request, const char *name, int64_t value) {
    char text[24];
    snprintf(text, sizeof text, "%lld", (long long)value);
    http_add_header(request, name, text);
}

int limits_count(struct limits *limits, struct http_request *request, const char *who, enum api_rate rate,
                 struct error *e) {
    unsigned char key[16];
    if (rate == RATE_NONE || !config_int(classes[rate].limit))
        return 0;
    cleanup_free char *name = memory_print("%s:%s", classes[rate].name, who);
    crypto_generichash(key, sizeof key, (unsigned char *)name, strlen(name), NULL, 0);
    int64_t limit = config_int(classes[rate].limit), left_s = WINDOW_S - clock_wall_us() / 1000000 % WINDOW_S;
    struct counter *counter = find(limits, key, window_now());
    int64_t others = counter->shared > counter->sent ? counter->shared - counter->sent : 0;
    int64_t used = ++counter->own + others;
    add_number(request, "RateLimit-Limit", limit);
    add_number(request, "RateLimit-Remaining", used < limit ? limit - used : 0);
    add_number(request, "RateLimit-Reset", left_s);
    if (used <= limit)
        return 0;
    add_number(request, "Retry-After", left_s);
    error_set(e, EAGAIN, ERROR_LIMIT, "more than %lld requests a minute", (long long)limit);
    error_hint(e, "wait %lld seconds", (long long)left_s);
    return -EAGAIN;
}
