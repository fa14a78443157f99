#include "api/guard.h"
#include "base/clock.h"
#include <ctype.h>
#include <errno.h>
#include <pthread.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LOCAL_SLOTS 1024
#define NAME_SIZE   33 /* a digest of 16 bytes */

struct counter {
    char name[NAME_SIZE];
    int64_t failures, wait_until, forget_at; /* clock_monotonic_ms */
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct counter counters[LOCAL_SLOTS];

/* Addresses of people do not lie about in Redis. */
static void name_of(const char *kind, const char *what, char name[NAME_SIZE]) {
    unsigned char digest[16];
    cleanup_free char *text = memory_print("%s:%s", kind, what);
    for (char *p = text; *p; p++)
        *p = (char)tolower((unsigned char)*p);
    crypto_generichash(digest, sizeof digest, (unsigned char *)text, strlen(text), NULL, 0);
    sodium_bin2hex(name, NAME_SIZE, digest, sizeof digest);
}

static int64_t wait_after(int64_t failures, int free_ones) {
    int64_t over = failures - free_ones;
    return over < 0 ? 0 : over > 8 ? GUARD_WAIT_MOST_S : (int64_t)1 << over;
}

/* Called with the lock held. */
static struct counter *local_counter(const char *name) {
    char digits[8] = "";
    memcpy(digits, name, sizeof digits - 1);
    size_t slot = strtoul(digits, NULL, 16) % LOCAL_SLOTS;
    struct counter *counter = &counters[slot];
    if (strcmp(counter->name, name) || counter->forget_at < clock_monotonic_ms()) {
        *counter = (struct counter){0};
        memcpy(counter->name, name, NAME_SIZE);
    }
    return counter;
}

static int64_t local_wait(const char *name) {
    pthread_mutex_lock(&lock);
    int64_t left = local_counter(name)->wait_until - clock_monotonic_ms();
    pthread_mutex_unlock(&lock);
    return left > 0 ? (left + 999) / 1000 : 0;
}

static void local_failed(const char *name, int free_ones) {
    pthread_mutex_lock(&lock);
    struct counter *counter = local_counter(name);
    int64_t now = clock_monotonic_ms();
    counter->wait_until = now + wait_after(++counter->failures, free_ones) * 1000;
    counter->forget_at = now + GUARD_MEMORY_S * 1000;
    pthread_mutex_unlock(&lock);
}

static void local_succeeded(const char *name) {
    pthread_mutex_lock(&lock);
    *local_counter(name) = (struct counter){0};
    pthread_mutex_unlock(&lock);
}

static const char *key(struct api_call *call, const char *what, const char *name) {
    return arena_print(&call->arena, "replinet:guard:%s:%s", what, name);
}

static int64_t seconds_to_wait(struct api_call *call, const char *name) {
    int64_t left = 0;
    if (redis_ask(call->redis, 2, (const char *[]){"TTL", key(call, "wait", name)}, &left, NULL) < 0)
        left = 0;
    int64_t local = local_wait(name);
    return left > local ? left : local;
}

static int check(struct api_call *call, const char *kind, const char *what, struct error *e) {
    char name[NAME_SIZE], seconds[24];
    name_of(kind, what, name);
    int64_t wait = seconds_to_wait(call, name);
    if (wait <= 0)
        return 0;
    snprintf(seconds, sizeof seconds, "%lld", (long long)wait);
    call_header(call, "Retry-After", seconds);
    error_set(e, EAGAIN, ERROR_LIMIT, "too many failed attempts");
    error_hint(e, "wait %s seconds", seconds);
    return -EAGAIN;
}

static void failed(struct api_call *call, const char *kind, const char *what, int free_ones) {
    char name[NAME_SIZE], memory[16], seconds[24];
    int64_t failures = 0, done;
    bool fresh;
    name_of(kind, what, name);
    snprintf(memory, sizeof memory, "%d", GUARD_MEMORY_S);
    if (redis_ask(call->redis, 2, (const char *[]){"INCR", key(call, "failures", name)}, &failures, NULL) < 0) {
        local_failed(name, free_ones);
        return;
    }
    redis_ask(call->redis, 3, (const char *[]){"EXPIRE", key(call, "failures", name), memory}, &done, NULL);
    int64_t wait = wait_after(failures, free_ones);
    snprintf(seconds, sizeof seconds, "%lld", (long long)wait);
    if (wait)
        redis_set_once(call->redis, key(call, "wait", name), "1", seconds, &fresh, NULL);
}

int guard_check(struct api_call *call, const char *account, struct error *e) {
    int r = check(call, "address", call->address, e);
    return r < 0 || !*account ? r : check(call, "account", account, e);
}

void guard_failed(struct api_call *call, const char *account) {
    failed(call, "address", call->address, GUARD_FREE_ADDRESS);
    if (*account)
        failed(call, "account", account, GUARD_FREE_ACCOUNT);
}

void guard_succeeded(struct api_call *call, const char *account) {
    char name[NAME_SIZE];
    int64_t removed;
    name_of("account", account, name);
    redis_ask(call->redis, 3, (const char *[]){"DEL", key(call, "failures", name), key(call, "wait", name)}, &removed,
              NULL);
    local_succeeded(name);
}
