#include "domain/model_usage.h"
#include "base/config.h"
#include "base/memory.h"
#include "domain/sql.h"
#include <errno.h>
#include <string.h>

/* Whoever was deleted: 0075_usage_of_deleted_users.sql. */
#define NOBODY              "'00000000-0000-0000-0000-000000000000'::uuid"
#define TODAY               "(now() AT TIME ZONE 'UTC')::date"
#define SUM(of)             "coalesce(sum(" of "), 0)::bigint"
#define GROWN(member, more) "'" member "', coalesce((t.usage->>'" member "')::bigint, 0) + " more "::bigint"

/* Locks jobs, then threads; the row of the day comes last. */
static const struct statement SPEND = {
    "model_usage_spend",
    "WITH job AS (SELECT j.id, j.thread_id, j.user_id FROM jobs j WHERE " JOBS_HELD
    " AND j.spent < $2::int::bigint * 4294967296 + $3::bigint FOR UPDATE), "
    "marked AS (UPDATE jobs j SET spent = $2::int::bigint * 4294967296 + $3::bigint FROM job WHERE j.id = job.id), "
    "thread AS (UPDATE threads t SET cost_micro = t.cost_micro + $10::bigint, usage = t.usage || "
    "jsonb_build_object(" GROWN("turns", "$6") ", " GROWN("input_tokens", "$7") ", " GROWN(
        "output_tokens",
        "$8") ", " GROWN("cached_tokens",
                         "$9") ", " GROWN("cost_micro",
                                          "$10") ") FROM job "
                                                 "WHERE t.id = job.thread_id AND t.end_time IS NULL RETURNING t.id) "
                                                 "INSERT INTO model_usage AS m (user_id, day, provider, model, calls, "
                                                 "input_tokens, output_tokens, cached_tokens, "
                                                 "cost_micro) SELECT job.user_id, " TODAY
                                                 ", $4, $5, $6::bigint, $7::bigint, $8::bigint, $9::bigint, "
                                                 "$10::bigint "
                                                 "FROM job ON CONFLICT (user_id, day, provider, model) DO UPDATE SET "
                                                 "calls = m.calls + excluded.calls, "
                                                 "input_tokens = m.input_tokens + excluded.input_tokens, output_tokens "
                                                 "= m.output_tokens + excluded.output_tokens, "
                                                 "cached_tokens = m.cached_tokens + excluded.cached_tokens, cost_micro "
                                                 "= m.cost_micro + excluded.cost_micro"};

#define COST_LIMIT(user, role) "coalesce(" user ".model_cost_day, (" role "->>" user ".role::text)::bigint)"

/* $3 and $4: what each role may use in a day, of tokens and of money. */
static const struct statement CHECK = {
    "model_usage_check",
    "SELECT u.role, quota_used_model_tokens_day(u.id), ($3::jsonb->>u.role::text)::bigint, "
    "quota_used_model_cost_day(u.id), " COST_LIMIT(
        "u", "$4::jsonb") ", "
                          "(SELECT " SUM("m.cost_micro") " FROM model_usage m WHERE m.day = " TODAY "), "
                                                         "coalesce((SELECT s.value = 'true'::jsonb FROM "
                                                         "instance_settings s WHERE s.key = 'models_paused'), false), "
                                                         "u.model_cost_day IS NOT NULL FROM jobs j JOIN users u ON "
                                                         "u.id = j.user_id WHERE " JOBS_HELD};

#define NUMBERS                                                                                                        \
    "'calls', " SUM("m.calls") ", 'input_tokens', " SUM("m.input_tokens") ", 'output_tokens', " SUM(                   \
        "m.output_tokens") ", 'cached_tokens', " SUM("m.cached_tokens") ", 'cost_micro', " SUM("m.cost_micro")

/* $3 days; $4 and $5 as $3 and $4 above. */
#define REPORT(scope)                                                                                                  \
    "WITH period AS MATERIALIZED (SELECT m.* FROM model_usage m WHERE " scope " m.day > " TODAY " - $3::int) "         \
    "SELECT json_build_object('days', $3::int, "                                                                       \
    "'today', json_build_object('tokens', quota_used_model_tokens_day(u.id), 'tokens_limit', "                         \
    "($4::jsonb->>u.role::text)::bigint, 'cost_micro', quota_used_model_cost_day(u.id), 'cost_limit', " COST_LIMIT(    \
        "u",                                                                                                           \
        "$5::jsonb") "), "                                                                                             \
                     "'total', (SELECT json_build_object(" NUMBERS ") FROM period m), "                                \
                     "'by_day', coalesce((SELECT json_agg(x ORDER BY x->>'date') FROM (SELECT jsonb_build_object("     \
                     "'date', m.day, " NUMBERS ") AS x FROM period m GROUP BY m.day) days), '[]'::json), "             \
                     "'by_model', coalesce((SELECT json_agg(x ORDER BY x->>'model') FROM (SELECT jsonb_build_object("  \
                     "'model', m.provider || '/' || m.model, " NUMBERS                                                 \
                     ") AS x FROM period m GROUP BY m.provider, m.model) models), '[]'::json), "                       \
                     "'by_user', coalesce((SELECT json_agg(x ORDER BY (x->>'cost_micro')::bigint DESC, x->>'user_id')" \
                     " FROM (SELECT jsonb_build_object('user_id', nullif(m.user_id, " NOBODY "), 'email', "            \
                     "(SELECT p.email FROM users p WHERE p.id = m.user_id), " NUMBERS                                  \
                     ") AS x FROM period m GROUP BY m.user_id) users), '[]'::json)) FROM users u "                     \
                     "WHERE u.id = $1::uuid AND $2::user_role IS NOT NULL"

static const struct statement OWN = {"model_usage_own", REPORT("m.user_id = $1::uuid AND")};
static const struct statement EVERYBODY = {"model_usage_everybody", REPORT("$2::user_role >= 'admin' AND")};

#define PAUSE_JSON                                                                                                     \
    "json_build_object('paused', s.value, 'changed_at', rfc3339(s.updated_at), 'changed_by', "                         \
    "(SELECT coalesce(nullif(u.name, ''), u.email) FROM users u WHERE u.id = s.updated_by))"
static const struct statement GET_PAUSE = {
    "model_pause_get", "SELECT coalesce((SELECT " PAUSE_JSON " FROM instance_settings s WHERE s.key = 'models_paused'),"
                       " json_build_object('paused', false, 'changed_at', NULL, 'changed_by', NULL))"};
static const struct statement SET_PAUSE = {
    "model_pause_set",
    "INSERT INTO instance_settings AS s (key, value, updated_by) SELECT 'models_paused', to_jsonb($3::boolean), "
    "$1::uuid WHERE $2::user_role >= 'admin' ON CONFLICT (key) DO UPDATE SET value = excluded.value, "
    "updated_at = clock_timestamp(), updated_by = excluded.updated_by RETURNING " PAUSE_JSON};

static bool is_nothing(const struct model_spending *spent) {
    return !spent->calls && !spent->input_tokens && !spent->output_tokens && !spent->cost_micro;
}

static int write_down(struct postgres *db, const struct job_fence *fence, const char *ai_model,
                      const struct model_spending *spent, struct error *e) {
    size_t length = strcspn(ai_model, "/");
    cleanup_free char *provider = memory_copy_bytes(ai_model, length);
    const char *model = ai_model[length] ? ai_model + length + 1 : "";
    return postgres_query(db, &SPEND, NULL, e, JOBS_FENCE(fence), SQL_INT(spent->number), provider, model,
                          SQL_INT(spent->calls), SQL_INT(spent->input_tokens), SQL_INT(spent->output_tokens),
                          SQL_INT(spent->cached_tokens), SQL_INT(spent->cost_micro));
}

static int over(struct error *e, const char *what, int64_t most, int64_t used, const char *hint) {
    error_set(e, EDQUOT, ERROR_LIMIT, "%s is used up: %lld of %lld today (UTC)", what, (long long)used,
              (long long)most);
    error_hint(e, "%s", hint);
    return -EDQUOT;
}

/* `row`: what CHECK found. */
static int judge(const struct pg_result *row, struct error *e) {
    int64_t instance = config_int(CONFIG_MODEL_COST_DAY), all = result_int(row, 0, 5);
    int64_t tokens = result_int(row, 0, 1), tokens_most = result_int(row, 0, 2);
    int64_t cost = result_int(row, 0, 3), cost_most = result_int(row, 0, 4);
    bool of_user = result_bool(row, 0, 7);
    cleanup_free char *who =
        of_user ? memory_copy_text("the user's own") : memory_print("the role %s's", result_text(row, 0, 0));
    cleanup_free char *tokens_words =
        memory_print("what the role %s may use of models (model_tokens_day)", result_text(row, 0, 0));
    cleanup_free char *cost_words = memory_print("what %s limit lets models cost (model_cost_day)", who);
    if (result_bool(row, 0, 6)) {
        error_set(e, EAGAIN, ERROR_PAUSED, "an administrator has paused all models");
        return -EAGAIN;
    }
    if (tokens >= tokens_most)
        return over(e, tokens_words, tokens_most, tokens, "wait until tomorrow, or ask an administrator");
    if (cost >= cost_most && cost)
        return over(e, cost_words, cost_most, cost, "wait until tomorrow, or ask an administrator");
    if (instance && all >= instance)
        return over(e, "what models may cost on this instance (MODEL_COST_DAY)", instance, all,
                    "wait until tomorrow, or ask an administrator");
    return 0;
}

int model_usage_spend(struct postgres *db, const struct job_fence *fence, const char *ai_model,
                      const struct model_spending *spent, struct error *e) {
    cleanup_result struct pg_result *row = NULL;
    cleanup_free char *tokens = quota_limits(QUOTA_MODEL_TOKENS_DAY), *cost = quota_limits(QUOTA_MODEL_COST_DAY);
    int r = is_nothing(spent) ? 0 : write_down(db, fence, ai_model, spent, e);
    if (!r)
        r = postgres_query(db, &CHECK, &row, e, JOBS_FENCE(fence), tokens, cost);
    if (r < 0)
        return r;
    return result_rows(row) ? judge(row, e) : jobs_are_fenced(fence, e);
}

int model_usage_report(struct postgres *db, const struct caller *caller, bool all, int days, char **ret_json,
                       struct error *e) {
    bool everybody = all && permission_allows(caller->role, PERMISSION_ALL_READ);
    cleanup_free char *tokens = quota_limits(QUOTA_MODEL_TOKENS_DAY), *cost = quota_limits(QUOTA_MODEL_COST_DAY);
    if (days < 1 || days > MODEL_USAGE_DAYS_MAX)
        return error_set(e, EINVAL, ERROR_BAD_INPUT, "days must be from 1 to %d", MODEL_USAGE_DAYS_MAX);
    return postgres_value(db, everybody ? &EVERYBODY : &OWN, ret_json, e, SQL_CALLER(caller), SQL_INT(days), tokens,
                          cost);
}

int model_pause_get(struct postgres *db, char **ret_json, struct error *e) {
    return postgres_value(db, &GET_PAUSE, ret_json, e);
}

int model_pause_set(struct postgres *db, const struct caller *caller, bool paused, char **ret_json, struct error *e) {
    int r = postgres_value(db, &SET_PAUSE, ret_json, e, SQL_CALLER(caller), SQL_BOOL(paused));
    return sql_is_missing(r, e) ? error_set(e, EPERM, ERROR_FORBIDDEN, "only administrators pause models") : r;
}
