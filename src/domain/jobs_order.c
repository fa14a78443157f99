#include "domain/jobs_order.h"
#include "base/clock.h"
#include "base/memory.h"
#include "base/text.h"
#include "domain/job_kinds.h"
#include "store/redis.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>

#define UNLESS_THERE                                                                                                   \
    " ON CONFLICT (kind, unique_key) WHERE status IN ('queued', 'running') AND unique_key IS NOT NULL DO NOTHING "
#define COLUMNS                                                                                                        \
    "INSERT INTO jobs (id, kind, lane, max_attempts, backoff_ms, repeat_after_loss, user_id, payload, run_at, "        \
    "priority, unique_key) "

static const struct statement ENQUEUE = {
    "jobs_enqueue",
    COLUMNS "SELECT $11::uuid, $1, $2, $3::int, $4::int, $5::boolean, $6::uuid, $7::jsonb, "
            "coalesce($8::timestamptz, clock_timestamp()), $9::smallint, $10::text" UNLESS_THERE "RETURNING id"};
static const struct statement ENQUEUE_MANY = {
    "jobs_enqueue_many",
    "WITH job AS (" COLUMNS "SELECT id, kind, lane, attempts, backoff_ms, repeat, user_id, payload, "
    "coalesce(run_at, clock_timestamp()), priority, unique_key FROM jsonb_to_recordset($1::jsonb) AS o (id uuid, kind "
    "text, "
    "lane text, attempts int, backoff_ms int, repeat boolean, user_id uuid, payload jsonb, run_at timestamptz, "
    "priority smallint, unique_key text)" UNLESS_THERE "RETURNING 1) SELECT count(*) FROM job"};

/* $1: [{kind, lane, attempts, backoff_ms, repeat, priority, every_s}]. Periods begin at whole multiples since 1970, by
 * the server's clock: workers' clocks do not matter. A job of the last period that still waits or runs is enough. */
static const struct statement WRITE_DUE = {
    "jobs_write_due",
    "WITH kind AS (SELECT * FROM jsonb_to_recordset($1::jsonb) AS k (kind text, lane text, attempts int, backoff_ms "
    "int, repeat boolean, priority smallint, every_s int)), "
    "due AS (INSERT INTO job_schedules AS s (kind, due_at) SELECT kind, "
    "to_timestamp((floor(extract(epoch FROM clock_timestamp()) / every_s) + 1) * every_s) FROM kind "
    "ON CONFLICT (kind) DO UPDATE SET due_at = excluded.due_at WHERE s.due_at <= clock_timestamp() RETURNING kind), "
    "job AS (INSERT INTO jobs (kind, lane, max_attempts, backoff_ms, repeat_after_loss, priority, unique_key) "
    "SELECT kind, lane, attempts, backoff_ms, repeat, priority, 'recurring' FROM kind JOIN due USING "
    "(kind)" UNLESS_THERE "RETURNING id) SELECT count(*) FROM job"};

static int check_order(const struct job_order *order, const char *payload, struct error *e) {
    const struct job_kind_row *kind = &job_kinds[order->kind];
    bool is_system = job_lanes[kind->lane].whose == JOB_OWNER_SYSTEM;
    if (order->payload && !json_is_object(order->payload))
        return error_set(e, EINVAL, ERROR_BAD_INPUT, "the payload of a job must be an object");
    if (strlen(payload) > kind->payload_max)
        return error_set(e, EFBIG, ERROR_TOO_LARGE, "the payload of a job of kind %s has %zu bytes, the limit is %zu",
                         kind->name, strlen(payload), kind->payload_max);
    if (order->priority < -100 || order->priority > 100)
        return error_set(e, EINVAL, ERROR_BAD_INPUT, "priority must be from -100 to 100");
    int64_t time;
    if (order->run_at && clock_parse_any(order->run_at, &time))
        return error_set(e, EINVAL, ERROR_BAD_INPUT, "\"%s\" is no time; write it as 2026-11-25T08:00:00Z",
                         order->run_at);
    if (is_system == !!order->user_id)
        return error_set(e, EINVAL, ERROR_BAD_INPUT, "jobs of kind %s belong to %s", kind->name,
                         is_system ? "the system, not to a user" : "a user");
    return 0;
}

int jobs_enqueue(struct postgres *db, const struct job_order *order, char ret_id[UUID_TEXT_SIZE], struct error *e) {
    const struct job_kind_row *kind = &job_kinds[order->kind];
    cleanup_free char *payload = order->payload ? json_print(order->payload) : memory_copy_text("{}");
    cleanup_result struct pg_result *result = NULL;
    char id[UUID_TEXT_SIZE];
    int r = check_order(order, payload, e);
    if (!r)
        r = postgres_query(db, &ENQUEUE, &result, e, kind->name, job_lanes[kind->lane].name, SQL_INT(kind->attempts),
                           SQL_INT(kind->backoff_ms), SQL_BOOL(kind->repeat_after_acting), order->user_id, payload,
                           order->run_at, SQL_INT(kind->priority + order->priority), order->unique_key, uuid_make(id));
    if (!r && ret_id)
        snprintf(ret_id, UUID_TEXT_SIZE, "%s", result_rows(result) ? result_text(result, 0, 0) : "");
    return r;
}

/* A kind's members are the same for each of its orders. */
static void print_kind(struct text *out, const struct job_kind_row *kind, int priority) {
    text_print(out,
               "{\"kind\":\"%s\",\"lane\":\"%s\",\"attempts\":%d,\"backoff_ms\":%d,\"repeat\":%s,\"priority\":%d,"
               "\"every_s\":%d",
               kind->name, job_lanes[kind->lane].name, kind->attempts, kind->backoff_ms,
               SQL_BOOL(kind->repeat_after_acting), kind->priority + priority, kind->every_s);
}

static void print_text(struct text *out, const char *name, const char *value) {
    if (!value)
        return;
    text_print(out, ",\"%s\":", name);
    text_append_json(out, value, strlen(value));
}

static int print_order(struct text *out, const struct job_order *order, struct error *e) {
    cleanup_free char *payload = order->payload ? json_print(order->payload) : memory_copy_text("{}");
    int r = check_order(order, payload, e);
    if (r < 0)
        return r;
    char id[UUID_TEXT_SIZE];
    print_kind(out, &job_kinds[order->kind], order->priority);
    print_text(out, "id", uuid_make(id)); /* a tenth of the whole cost, were the database to make it */
    print_text(out, "user_id", order->user_id);
    print_text(out, "run_at", order->run_at);
    print_text(out, "unique_key", order->unique_key);
    text_print(out, ",\"payload\":%s}", payload);
    return 0;
}

int jobs_enqueue_many(struct postgres *db, const struct job_order *orders, size_t count, size_t *ret_count,
                      struct error *e) {
    cleanup_text struct text list = {0};
    cleanup_result struct pg_result *result = NULL;
    int r = 0;
    for (size_t i = 0; !r && i < count; i++) {
        text_append_char(&list, i ? ',' : '[');
        r = print_order(&list, &orders[i], e);
    }
    text_append_string(&list, count ? "]" : "[]");
    if (!r)
        r = postgres_query(db, &ENQUEUE_MANY, &result, e, list.data);
    if (!r && ret_count)
        *ret_count = (size_t)result_int(result, 0, 0);
    return r;
}

void jobs_ring(struct redis *redis, enum job_kind kind) {
    cleanup_free char *message = memory_print("ready %s", job_lanes[job_kinds[kind].lane].name);
    redis_publish(redis, REDIS_CHANNEL_JOBS, message, NULL);
}

int jobs_write_due(struct postgres *db, int *ret_count, struct error *e) {
    cleanup_text struct text kinds = {0};
    cleanup_result struct pg_result *result = NULL;
    for (int i = 0; i < JOB_KIND_COUNT; i++)
        if (job_kinds[i].every_s) {
            text_append_char(&kinds, kinds.length ? ',' : '[');
            print_kind(&kinds, &job_kinds[i], 0);
            text_append_char(&kinds, '}');
        }
    text_append_string(&kinds, kinds.length ? "]" : "[]");
    int r = postgres_query(db, &WRITE_DUE, &result, e, kinds.data);
    if (!r)
        *ret_count = (int)result_int(result, 0, 0);
    return r;
}
