#include "store/redis.h"
#include "base/clock.h"
#include "base/config.h"
#include "base/instance.h"
#include "base/memory.h"
#include "base/metrics.h"
#include "base/text.h"
#include <errno.h>
#include <hiredis/hiredis.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CALL_TIMEOUT_MS 500
#define PORT_DEFAULT    6379

typedef redisReply *reply;
static void reply_done(reply *r) {
    if (*r)
        freeReplyObject(*r);
}
#define cleanup_reply __attribute__((cleanup(reply_done)))

static int refuse_url(struct error *e) {
    error_set(e, EINVAL, ERROR_BAD_CONFIG, "REDIS_URL is not a Redis URL");
    error_hint(e, "use redis://user:password@host:port/database or unix:///path/to/socket");
    return -EINVAL;
}

/* %41 -> A, in place: passwords hold characters that a URL does not. */
static void decode_percent(char *text) {
    char *out = text, digits[3] = "";
    for (; text && *text; text++, out++) {
        *out = *text;
        if (*text == '%' && strspn(text + 1, "0123456789abcdefABCDEF") >= 2) {
            memcpy(digits, text + 1, 2);
            *out = (char)strtol(digits, NULL, 16);
            text += 2;
        }
    }
    if (text)
        *out = '\0';
}

static char *take_credentials(char *rest, struct redis_address *address) {
    char *at = strrchr(rest, '@');
    if (!at)
        return rest;
    *at = '\0';
    char *colon = strchr(rest, ':');
    if (colon)
        *colon = '\0';
    address->user = *rest ? rest : NULL;
    address->password = colon ? colon + 1 : NULL;
    decode_percent(rest);
    decode_percent(colon ? colon + 1 : NULL);
    return at + 1;
}

static int parse_number(const char *text, int64_t most, int *ret_value) {
    int64_t value;
    if (text_parse_int(text, 0, most, &value))
        return -EINVAL;
    *ret_value = (int)value;
    return 0;
}

static int parse_path(char *rest, struct redis_address *address) {
    char *query = strstr(rest, "?db=");
    if (query) {
        *query = '\0';
        if (parse_number(query + 4, 1024, &address->database))
            return -EINVAL;
    }
    address->path = rest;
    return *rest == '/' ? 0 : -EINVAL;
}

static int parse_host(char *rest, struct redis_address *address) {
    char *slash = strchr(rest, '/');
    if (slash) {
        *slash = '\0';
        if (slash[1] && parse_number(slash + 1, 1024, &address->database))
            return -EINVAL;
    }
    char *end = *rest == '[' ? strchr(rest, ']') : rest, *colon = end ? strrchr(end, ':') : NULL;
    if (!end || (colon && (parse_number(colon + 1, 65535, &address->port) || !address->port)))
        return -EINVAL;
    if (colon)
        *colon = '\0';
    if (*rest == '[') {
        *end = '\0';
        rest++;
    }
    address->host = rest;
    return *rest ? 0 : -EINVAL;
}

int redis_parse_url(const char *url, struct redis_address *ret_address, struct error *e) {
    bool is_path = text_starts_with(url, "unix://");
    if ((!is_path && !text_starts_with(url, "redis://")) || strlen(url) >= sizeof ret_address->storage)
        return refuse_url(e);
    *ret_address = (struct redis_address){.port = PORT_DEFAULT};
    snprintf(ret_address->storage, sizeof ret_address->storage, "%s", strstr(url, "://") + 3);
    char *rest = take_credentials(ret_address->storage, ret_address);
    return (is_path ? parse_path(rest, ret_address) : parse_host(rest, ret_address)) ? refuse_url(e) : 0;
}

void redis_open(struct redis *ret_redis, const char *url) {
    *ret_redis = (struct redis){0};
    cleanup_free char *socket = instance_run_path(REDIS_PRIVATE_SOCKET);
    const char *configured = config_text(CONFIG_REDIS_URL);
    ret_redis->url = url           ? memory_copy_text(url)
                     : *configured ? memory_copy_text(configured)
                                   : memory_print("unix://%s", socket);
}

static void drop(struct redis *redis) {
    if (redis->context)
        redisFree(redis->context);
    redis->context = NULL;
    redis->subscribed = false;
}

void redis_close(struct redis *redis) {
    drop(redis);
    free(redis->url);
    *redis = (struct redis){0};
}

static int fail(struct redis *redis, struct error *e, const char *what, const char *why) {
    error_set(e, ECONNREFUSED, ERROR_UNAVAILABLE, "Redis: %s: %s", what, why);
    drop(redis);
    redis->retry_at = clock_deadline(REDIS_RETRY_MS);
    return -ECONNREFUSED;
}

/* Sends one command made of `count` words; the reply is the caller's. */
static int call(struct redis *redis, int count, const char **words, reply *ret_reply, struct error *e) {
    int64_t began = clock_wall_us();
    cleanup_reply reply answer = redisCommandArgv(redis->context, count, words, NULL);
    metrics_observe(METRIC_REDIS_TIME, (double)(clock_wall_us() - began) / 1e6);
    if (!answer)
        return fail(redis, e, words[0], redis->context->errstr);
    if (answer->type == REDIS_REPLY_ERROR)
        return fail(redis, e, words[0], answer->str);
    *ret_reply = take_pointer(answer);
    return 0;
}

static int authenticate(struct redis *redis, const struct redis_address *address, struct error *e) {
    cleanup_reply reply answer = NULL;
    cleanup_reply reply selected = NULL;
    const char *auth[] = {"AUTH", address->user ? address->user : "default", address->password};
    if (address->password) {
        int r = call(redis, 3, auth, &answer, e);
        if (r < 0)
            return r;
    }
    char number[16];
    snprintf(number, sizeof number, "%d", address->database);
    const char *select[] = {"SELECT", number};
    return address->database ? call(redis, 2, select, &selected, e) : 0;
}

static int ensure_connected(struct redis *redis, struct error *e) {
    if (redis->context)
        return 0;
    if (clock_monotonic_ms() < redis->retry_at)
        return error_set(e, ECONNREFUSED, ERROR_UNAVAILABLE, "Redis does not answer");
    struct redis_address address;
    int r = redis_parse_url(redis->url, &address, e);
    if (r < 0)
        return r;
    struct timeval timeout = {.tv_usec = CALL_TIMEOUT_MS * 1000};
    redis->context = address.path ? redisConnectUnixWithTimeout(address.path, timeout)
                                  : redisConnectWithTimeout(address.host, address.port, timeout);
    if (!redis->context || redis->context->err)
        return fail(redis, e, "cannot connect", redis->context ? redis->context->errstr : "no memory");
    redisSetTimeout(redis->context, timeout);
    if (address.host)
        redisEnableKeepAlive(redis->context); /* on a Unix socket it would break the context */
    return authenticate(redis, &address, e);
}

static int run(struct redis *redis, int count, const char **words, struct error *e) {
    cleanup_reply reply answer = NULL;
    int r = ensure_connected(redis, e);
    return r < 0 ? r : call(redis, count, words, &answer, e);
}

int redis_ping(struct redis *redis, struct error *e) {
    return run(redis, 1, (const char *[]){"PING"}, e);
}

int redis_publish(struct redis *redis, const char *channel, const char *message, struct error *e) {
    return run(redis, 3, (const char *[]){"PUBLISH", channel, message}, e);
}

int redis_ask(struct redis *redis, int count, const char *const *words, int64_t *ret_value, struct error *e) {
    cleanup_reply reply answer = NULL;
    int r = ensure_connected(redis, e);
    if (!r)
        r = call(redis, count, (const char **)words, &answer, e);
    if (!r && answer->type != REDIS_REPLY_INTEGER)
        return error_set(e, EPROTO, ERROR_PROTOCOL, "Redis: %s: not a number", words[0]);
    if (!r)
        *ret_value = answer->integer;
    return r;
}

int redis_set_once(struct redis *redis, const char *key, const char *value, const char *seconds, bool *ret_fresh,
                   struct error *e) {
    cleanup_reply reply answer = NULL;
    const char *words[] = {"SET", key, value, "EX", seconds, "NX"};
    int r = ensure_connected(redis, e);
    if (!r)
        r = call(redis, 6, words, &answer, e);
    if (!r)
        *ret_fresh = answer->type == REDIS_REPLY_STATUS;
    return r;
}

int redis_subscribe(struct redis *redis, const char *channel, struct error *e) {
    int r = run(redis, 2, (const char *[]){"SUBSCRIBE", channel}, e);
    redis->subscribed = !r;
    return r;
}

int redis_fd(const struct redis *redis) {
    return redis->subscribed ? redis->context->fd : -1;
}

int redis_next_message(struct redis *redis, char **ret_message, struct error *e) {
    *ret_message = NULL;
    if (!redis->subscribed)
        return error_set(e, ENOTCONN, ERROR_UNAVAILABLE, "no subscription");
    cleanup_reply reply message = NULL;
    struct pollfd arrived = {.fd = redis->context->fd, .events = POLLIN};
    if (redisGetReplyFromReader(redis->context, (void **)&message) != REDIS_OK)
        return fail(redis, e, "subscription", redis->context->errstr);
    if (!message && poll(&arrived, 1, 0) > 0 &&
        (redisBufferRead(redis->context) != REDIS_OK ||
         redisGetReplyFromReader(redis->context, (void **)&message) != REDIS_OK))
        return fail(redis, e, "subscription", redis->context->errstr);
    if (message && message->type == REDIS_REPLY_ARRAY && message->elements == 3 && message->element[2]->str)
        *ret_message = memory_copy_text(message->element[2]->str);
    return 0;
}
