#include "domain/jobs_admin.h"
#include "base/json.h"
#include "base/memory.h"
#include "domain/job_kinds.h"
#include "domain/sql.h"
#include <string.h>

#define JOB_JSON                                                                                                       \
    "json_build_object('id', j.id, 'kind', j.kind, 'lane', j.lane, 'user_id', j.user_id, 'thread_id', j.thread_id, "   \
    "'status', j.status, 'waiting_for', (SELECT t.reason FROM threads t WHERE t.id = j.thread_id AND t.status = "      \
    "'waiting'), 'reason', j.reason, 'error', j.error, 'attempt', j.attempt, 'max_attempts', "                         \
    "j.max_attempts, 'priority', j.priority, 'unique_key', j.unique_key, 'payload', j.payload, "                       \
    "'stop_requested', j.stop_requested, 'worker', j.worker, 'run_at', rfc3339(j.run_at), 'lease_until', "             \
    "rfc3339(j.lease_until), 'acted_at', rfc3339(j.acted_at), 'created_at', rfc3339(j.created_at), 'started_at', "     \
    "rfc3339(j.started_at), 'finished_at', rfc3339(j.finished_at))"

#define MAY "caller_may(j.user_id, NULL::uuid, $1::uuid, $2::user_role)"

static const struct statement GET = {"jobs_get", "SELECT " JOB_JSON " FROM jobs j WHERE j.id = $3::uuid AND " MAY};

#define LIST_SOURCE                                                                                                    \
    "FROM jobs j WHERE caller_may(j.user_id, NULL::uuid, $4::uuid, $5::user_role) "                                    \
    "AND ($6::text IS NULL OR " LIST_SEARCH(                                                                           \
        "j.kind || ' ' || j.error") ") "                                                                               \
                                    "AND ($7::text IS NULL OR j.kind = $7) AND ($8::text IS NULL OR j.lane = $8) "     \
                                    "AND ($9::job_status IS NULL OR j.status = $9::job_status) AND ($10::uuid IS "     \
                                    "NULL OR j.user_id = $10::uuid)"
static const struct list_sort sorts[] = {LIST_SORT("jobs_list", "created_at", "j.id", "j", JOB_JSON, LIST_SOURCE),
                                         LIST_SORT("jobs_list", "run_at", "j.run_at", "j", JOB_JSON, LIST_SOURCE),
                                         {NULL}};

static const struct statement RETRY = {
    "jobs_retry",
    "UPDATE jobs j SET status = 'queued', max_attempts = j.attempt + $4::int, run_at = clock_timestamp(), "
    "finished_at = NULL, stop_requested = false, reason = '', error = '' "
    "WHERE j.id = $3::uuid AND j.status = 'dead' AND j.thread_id IS NULL AND " MAY " RETURNING " JOB_JSON};

static const struct statement CANCEL = {
    "jobs_cancel", "UPDATE jobs j SET stop_requested = true, reason = 'stopped', "
                   "status = CASE j.status WHEN 'queued' THEN 'cancelled' ELSE j.status END, "
                   "finished_at = CASE j.status WHEN 'queued' THEN clock_timestamp() END "
                   "WHERE j.id = $3::uuid AND j.status IN ('queued', 'running') AND j.thread_id IS NULL AND " MAY
                   " RETURNING " JOB_JSON ", j.status = 'running'"};

int jobs_get(struct postgres *db, const struct caller *caller, const char *id, char **ret_json, struct error *e) {
    if (!uuid_is_valid(id))
        return error_set(e, EINVAL, ERROR_BAD_INPUT, "\"%s\" is no job's id", id);
    return sql_missing(postgres_value(db, &GET, ret_json, e, SQL_CALLER(caller), id), "job", id, e);
}

static int check_filter(const struct job_filter *filter, struct error *e) {
    static const char *const statuses[] = {"queued", "running", "done", "dead", "cancelled"};
    bool is_known = !filter->status;
    for (size_t i = 0; i < ARRAY_LENGTH(statuses) && !is_known; i++)
        is_known = !strcmp(statuses[i], filter->status);
    if (!is_known)
        return error_set(e, EINVAL, ERROR_BAD_INPUT,
                         "\"%s\" is no status of jobs: queued, running, done, dead or cancelled", filter->status);
    if (filter->user_id && !uuid_is_valid(filter->user_id))
        return error_set(e, EINVAL, ERROR_BAD_INPUT, "\"%s\" is no user's id", filter->user_id);
    return 0;
}

int jobs_list(struct postgres *db, const struct caller *caller, const struct list_query *query,
              const struct job_filter *filter, char **ret_json, struct error *e) {
    const char *const values[] = {filter->kind, filter->lane, filter->status, filter->user_id};
    int r = check_filter(filter, e);
    return r < 0 ? r : list_run(db, sorts, caller, query, values, ARRAY_LENGTH(values), ret_json, e);
}

/* Why a statement found no job to change. */
static int explain(const json_t *job, const char *wanted, struct error *e) {
    const char *thread = json_text_or(job, "thread_id", NULL), *id = json_text_or(job, "id", "");
    if (thread)
        return error_set(e, EBUSY, ERROR_CONFLICT, "job %s is the run of thread %s; stop or retry that", id, thread);
    return error_set(e, EBUSY, ERROR_CONFLICT, "job %s is %s, not %s", id, json_text_or(job, "status", ""), wanted);
}

static int get(struct postgres *db, const struct caller *caller, const char *id, json_t **ret_job, struct error *e) {
    cleanup_free char *text = NULL;
    int r = jobs_get(db, caller, id, &text, e);
    return r < 0 ? r : json_parse(text, strlen(text), "the job", ret_job, e);
}

int jobs_retry(struct postgres *db, const struct caller *caller, const char *id, char **ret_json, struct error *e) {
    cleanup_json json_t *job = NULL;
    int r = get(db, caller, id, &job, e);
    if (r < 0)
        return r;
    if (caller->role < ROLE_ADMIN)
        return error_set(e, EPERM, ERROR_FORBIDDEN, "only an administrator may retry jobs");
    enum job_kind kind = job_kind_from_name(json_text_or(job, "kind", ""));
    if (kind == JOB_KIND_COUNT)
        return error_set(e, ENOTSUP, ERROR_CONFLICT, "this version knows no jobs of kind %s",
                         json_text_or(job, "kind", ""));
    r = postgres_value(db, &RETRY, ret_json, e, SQL_CALLER(caller), id, SQL_INT(job_kinds[kind].attempts));
    return r == -ENOENT ? explain(job, "dead", e) : r;
}

int jobs_cancel(struct postgres *db, const struct caller *caller, const char *id, char **ret_json, bool *ret_running,
                struct error *e) {
    cleanup_json json_t *job = NULL;
    cleanup_result struct pg_result *result = NULL;
    int r = get(db, caller, id, &job, e);
    if (!r)
        r = postgres_query(db, &CANCEL, &result, e, SQL_CALLER(caller), id);
    if (!r && !result_rows(result))
        r = explain(job, "waiting or running", e);
    if (r < 0)
        return r;
    *ret_json = memory_copy_text(result_text(result, 0, 0));
    *ret_running = result_bool(result, 0, 1);
    return 0;
}
