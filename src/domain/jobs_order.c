#include "domain/jobs_order.h"
#include "base/memory.h"
#include "base/text.h"
#include "domain/job_kinds.h"
#include "store/redis.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>

/* $1 kind, $2 lane, $3 attempts, $4 backoff, $5 repeat, $6 user, $7 payload, $8 run_at, $9 priority */
#define ENQUEUE(key, source)                                                                                           \
    "INSERT INTO jobs (kind, lane, max_attempts, backoff_ms, repeat_after_loss, user_id, payload, run_at, priority, "  \
    "unique_key) SELECT $1, $2, $3::int, $4::int, $5::boolean, $6::uuid, $7::jsonb, "                                  \
    "coalesce($8::timestamptz, clock_timestamp()), $9::smallint, " key " " source

static const struct statement ENQUEUE_ONE = {
    "jobs_enqueue", ENQUEUE("$10::text", "ON CONFLICT (kind, unique_key) WHERE status IN ('queued', 'running') "
                                         "DO NOTHING RETURNING id")};
static const struct statement ENQUEUE_MANY = {"jobs_enqueue_many",
                                              ENQUEUE("NULL", "FROM generate_series(1, $10::int)")};

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
    "SELECT kind, lane, attempts, backoff_ms, repeat, priority, 'recurring' FROM kind JOIN due USING (kind) "
    "ON CONFLICT (kind, unique_key) WHERE status IN ('queued', 'running') DO NOTHING RETURNING id) "
    "SELECT count(*) FROM job"};

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
    if (is_system == !!order->user_id)
        return error_set(e, EINVAL, ERROR_BAD_INPUT, "jobs of kind %s belong to %s", kind->name,
                         is_system ? "the system, not to a user" : "a user");
    return 0;
}

#define ORDER_VALUES(order, kind, payload)                                                                             \
    (kind)->name, job_lanes[(kind)->lane].name, SQL_INT((kind)->attempts), SQL_INT((kind)->backoff_ms),                \
        SQL_BOOL((kind)->repeat_after_acting), (order)->user_id, payload, (order)->run_at,                             \
        SQL_INT((kind)->priority + (order)->priority)

int jobs_enqueue(struct postgres *db, const struct job_order *order, char ret_id[UUID_TEXT_SIZE], struct error *e) {
    const struct job_kind_row *kind = &job_kinds[order->kind];
    cleanup_free char *payload = order->payload ? json_print(order->payload) : memory_copy_text("{}");
    cleanup_result struct pg_result *result = NULL;
    int r = check_order(order, payload, e);
    if (!r)
        r = postgres_query(db, &ENQUEUE_ONE, &result, e, ORDER_VALUES(order, kind, payload), order->unique_key);
    if (!r && ret_id)
        snprintf(ret_id, UUID_TEXT_SIZE, "%s", result_rows(result) ? result_text(result, 0, 0) : "");
    return r;
}

int jobs_enqueue_many(struct postgres *db, const struct job_order *order, int count, struct error *e) {
    const struct job_kind_row *kind = &job_kinds[order->kind];
    cleanup_free char *payload = order->payload ? json_print(order->payload) : memory_copy_text("{}");
    int r = check_order(order, payload, e);
    if (!r && order->unique_key)
        r = error_set(e, EINVAL, ERROR_BAD_INPUT, "several jobs cannot have one unique key");
    return r < 0 ? r : postgres_query(db, &ENQUEUE_MANY, NULL, e, ORDER_VALUES(order, kind, payload), SQL_INT(count));
}

void jobs_ring(struct redis *redis, enum job_kind kind) {
    cleanup_free char *message = memory_print("ready %s", job_lanes[job_kinds[kind].lane].name);
    redis_publish(redis, REDIS_CHANNEL_JOBS, message, NULL);
}

static json_t *recurring_kinds(void) {
    json_t *list = json_array();
    for (int i = 0; i < JOB_KIND_COUNT; i++) {
        const struct job_kind_row *kind = &job_kinds[i];
        if (kind->every_s)
            json_array_append_new(list, json_pack("{s:s, s:s, s:i, s:i, s:b, s:i, s:i}", "kind", kind->name, "lane",
                                                  job_lanes[kind->lane].name, "attempts", kind->attempts, "backoff_ms",
                                                  kind->backoff_ms, "repeat", kind->repeat_after_acting, "priority",
                                                  kind->priority, "every_s", kind->every_s));
    }
    return list;
}

int jobs_write_due(struct postgres *db, int *ret_count, struct error *e) {
    cleanup_json json_t *kinds = recurring_kinds();
    cleanup_free char *text = json_print(kinds);
    cleanup_result struct pg_result *result = NULL;
    int r = postgres_query(db, &WRITE_DUE, &result, e, text);
    if (!r)
        *ret_count = (int)result_int(result, 0, 0);
    return r;
}
