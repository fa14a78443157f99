#include "domain/statistics.h"
#include "domain/sql.h"

/* One pass over the period's threads, by the index on (owner_id, id): an id is its time. "Everybody" is a walk of the
 * primary key. */
#define DASHBOARD(scope, of_usage)                                                                                     \
    "WITH days AS (SELECT ((now() AT TIME ZONE 'UTC')::date - n)::timestamp AT TIME ZONE 'UTC' AS day FROM "           \
    "generate_series(0, $2::int - 1) n), "                                                                             \
    "period AS MATERIALIZED (SELECT t.id, t.agent_id, t.status, t.queued_at, t.execution_time_ms, "                    \
    "date_trunc('day', t.queued_at, 'UTC') AS day FROM threads t WHERE " scope                                         \
    " t.id >= uuid_v7_floor((SELECT min(day) FROM days))), "                                                           \
    "counts AS (SELECT count(*) AS total, count(*) FILTER (WHERE status = 'completed') AS completed, "                 \
    "count(*) FILTER (WHERE status IN ('completed', 'error')) AS judged, "                                             \
    "count(*) FILTER (WHERE day = (SELECT max(day) FROM days)) AS today, "                                             \
    "percentile_disc(0.5) WITHIN GROUP (ORDER BY execution_time_ms) FILTER (WHERE status = 'completed') AS p50, "      \
    "percentile_disc(0.95) WITHIN GROUP (ORDER BY execution_time_ms) FILTER (WHERE status = 'completed') AS p95 "      \
    "FROM period), "                                                                                                   \
    "series AS (SELECT d.day, count(*) FILTER (WHERE p.status = 'completed') AS completed, "                           \
    "count(*) FILTER (WHERE p.status = 'error') AS error, count(*) FILTER (WHERE p.status = 'stopped') AS stopped "    \
    "FROM days d LEFT JOIN period p ON p.day = d.day GROUP BY d.day), "                                                \
    "top AS (SELECT p.agent_id, count(*) AS n, count(*) FILTER (WHERE p.status = 'completed') AS completed, "          \
    "count(*) FILTER (WHERE p.status = 'error') AS failed FROM period p WHERE p.agent_id IS NOT NULL "                 \
    "GROUP BY p.agent_id ORDER BY n DESC, p.agent_id LIMIT 5), "                                                       \
    "recent AS (SELECT t.* FROM threads t WHERE " scope " true ORDER BY t.id DESC LIMIT 10), "                         \
    "own AS (SELECT count(*) AS total, count(*) FILTER (WHERE t.is_active) AS active FROM agents t WHERE " scope       \
    " true), "                                                                                                         \
    "spent AS (SELECT m.day, sum(m.input_tokens + m.output_tokens)::bigint AS tokens, "                                \
    "sum(m.cost_micro)::bigint AS cost FROM model_usage m WHERE " of_usage                                             \
    " m.day >= (SELECT min(day AT TIME ZONE 'UTC')::date FROM days) GROUP BY m.day) "                                  \
    "SELECT json_build_object('days', $2::int, 'threads', json_build_object('by_status', "                             \
    "coalesce((SELECT json_object_agg(status, n) FROM (SELECT status, count(*) AS n FROM period GROUP BY status) s), " \
    "'{}'::json), 'today', c.today, 'total', c.total, 'success_rate', "                                                \
    "round(c.completed::numeric / nullif(c.judged, 0), 4)), "                                                          \
    "'series', (SELECT json_agg(json_build_object('date', to_char(s.day AT TIME ZONE 'UTC', 'YYYY-MM-DD'), "           \
    "'completed', s.completed, 'error', s.error, 'stopped', s.stopped) ORDER BY s.day) FROM series s), "               \
    "'models', json_build_object('tokens', coalesce((SELECT sum(tokens) FROM spent), 0), 'cost_micro', "               \
    "coalesce((SELECT sum(cost) FROM spent), 0), 'series', (SELECT json_agg(json_build_object('date', "                \
    "to_char(d.day AT TIME ZONE 'UTC', 'YYYY-MM-DD'), 'tokens', coalesce(x.tokens, 0), 'cost_micro', "                 \
    "coalesce(x.cost, 0)) ORDER BY d.day) FROM days d LEFT JOIN spent x ON x.day = (d.day AT TIME ZONE "               \
    "'UTC')::date)), "                                                                                                 \
    "'durations', json_build_object('p50_ms', c.p50, 'p95_ms', c.p95), "                                               \
    "'agents', (SELECT json_build_object('total', total, 'active', active) FROM own), "                                \
    "'recent', coalesce((SELECT json_agg(thread_brief(r) ORDER BY r.id DESC) FROM recent r), '[]'::json), "            \
    "'top_agents', coalesce((SELECT json_agg(json_build_object('id', a.id, 'name', a.name, 'threads', top.n, "         \
    "'completed', top.completed, 'failed', top.failed) ORDER BY top.n DESC, a.id) FROM top JOIN agents a "             \
    "ON a.id = top.agent_id), '[]'::json)) FROM counts c"

static const struct statement OWN = {"statistics_own",
                                     DASHBOARD("t.owner_id = $1::uuid AND", "m.user_id = $1::uuid AND")};
static const struct statement EVERYBODY = {"statistics_everybody",
                                           DASHBOARD("$1::uuid IS NOT NULL AND", "$1::uuid IS NOT NULL AND")};

int statistics_dashboard(struct postgres *db, const struct caller *caller, bool all, int days, char **ret_json,
                         struct error *e) {
    bool everybody = all && permission_allows(caller->role, PERMISSION_ALL_READ);
    if (days < 1 || days > STATISTICS_DAYS_MAX)
        return error_set(e, EINVAL, ERROR_BAD_INPUT, "days must be from 1 to %d", STATISTICS_DAYS_MAX);
    return postgres_value(db, everybody ? &EVERYBODY : &OWN, ret_json, e, caller->id, SQL_INT(days));
}
