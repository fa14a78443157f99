/* Redis: messages and short-lived facts; never the truth. Everything that uses it goes on without it.
 *
 * A connection belongs to one thread. Calls have short deadlines; after a failure further calls fail at once until
 * REDIS_RETRY_MS have passed, so that a dead Redis costs a busy loop nothing. REDIS_URL may be redis://[user:password@]
 * host[:port][/database] or unix://[user:password@]/path[?db=N]; empty: the private server's socket in RUN_DIR/redis.
 *
 * Channels: "replinet:jobs" ("ready LANE", "stop JOB_ID"), "replinet:thread:ID" (the newest seq). */
#pragma once

#include "base/error.h"
#include <stdbool.h>
#include <stdint.h>

#define REDIS_RETRY_MS       1000
#define REDIS_CHANNEL_JOBS   "replinet:jobs"
#define REDIS_CHANNEL_THREAD "replinet:thread:"
#define REDIS_PRIVATE_SOCKET "redis/redis.sock" /* under RUN_DIR */

struct redisContext;
struct redis {
    char *url;
    struct redisContext *context; /* NULL: not connected */
    int64_t retry_at;
    bool subscribed;
};

/* Where a URL leads; the parts are pieces of `storage`. */
struct redis_address {
    char storage[512];
    const char *host, *path, *user, *password; /* NULL when missing; host or path is set */
    int port, database;
};
int redis_parse_url(const char *url, struct redis_address *ret_address, struct error *e);

/* Never connects and never fails; the first call does. `url` NULL: from the configuration. */
void redis_open(struct redis *ret_redis, const char *url);
void redis_close(struct redis *redis);
#define cleanup_redis __attribute__((cleanup(redis_close))) /* struct redis name = {0}; */

int redis_ping(struct redis *redis, struct error *e);
int redis_publish(struct redis *redis, const char *channel, const char *message, struct error *e);

/* Any command that answers with a whole number (INCR, TTL, DEL, EXPIRE). */
int redis_ask(struct redis *redis, int count, const char *const *words, int64_t *ret_value, struct error *e);
/* Sets a key unless it is there already; ret_fresh: it was not. `seconds` is a decimal number. */
int redis_set_once(struct redis *redis, const char *key, const char *value, const char *seconds, bool *ret_fresh,
                   struct error *e);

/* Subscribing takes the connection over: only the functions below work on it then. */
int redis_subscribe(struct redis *redis, const char *channel, struct error *e);
int redis_fd(const struct redis *redis); /* to poll for reading; -1 when not connected */
/* The next message that has arrived (free()), NULL when none; -errno: the connection is lost, subscribe again. */
int redis_next_message(struct redis *redis, char **ret_message, struct error *e);
