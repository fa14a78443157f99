/* What is deleted row by row when it is old (maintenance_table.h): batches, oldest first, each a transaction of its own
 * that skips rows somebody holds. */
#include "base/config.h"
#include "domain/maintenance.h"
#include "domain/sql.h"

#define BATCH 500

/* Ids are UUIDv7: by their time. $1: days, $2: how many. */
#define OLD_IDS(alias) alias ".id < uuid_v7_floor(now() - make_interval(days => $1::int))"

#define RULE(NAME, name, table, alias, key, old)                                                                       \
    static const struct statement NAME##_DELETE = {                                                                    \
        "retention_" name,                                                                                             \
        "WITH old AS MATERIALIZED (SELECT " alias ".ctid FROM " table " " alias " WHERE " old " ORDER BY " key         \
        " LIMIT $2::int FOR UPDATE OF " alias " SKIP LOCKED), gone AS (DELETE FROM " table " " alias " WHERE " alias   \
        ".ctid = ANY (ARRAY(SELECT ctid FROM old)) RETURNING 1) SELECT count(*) FROM gone"};                           \
    static const struct statement NAME##_COUNT = {"retention_count_" name,                                             \
                                                  "SELECT count(*) FROM " table " " alias " WHERE " old};

/* A thread's events stay for their month: nobody reads them without it, and months go whole. */
RULE(THREADS, "threads", "threads", "t", "t.id",
     OLD_IDS("t") " AND t.end_time < now() - make_interval(days => $1::int)")
RULE(SCREENSHOTS, "screenshots", "artifacts", "f", "f.id", "f.kind = 'screenshot' AND " OLD_IDS("f"))
RULE(DOWNLOADS, "downloads", "artifacts", "f", "f.id", "f.kind = ANY (ARRAY['download', 'other']) AND " OLD_IDS("f"))
RULE(JOBS, "jobs", "jobs", "j", "j.id",
     OLD_IDS("j") " AND j.status IN ('done', 'dead', 'cancelled') AND j.finished_at < now() - make_interval(days => "
                  "$1::int)")
/* Kept: the current one, and those that a thread which has not ended runs with. */
RULE(AGENT_REVISIONS, "agent_revisions", "agent_revisions", "r", "r.created_at",
     "r.created_at < now() - make_interval(days => $1::int) AND r.revision < (SELECT a.revision FROM agents a WHERE "
     "a.id = r.agent_id) AND NOT EXISTS (SELECT FROM threads t WHERE t.agent_id = r.agent_id AND t.agent_revision = "
     "r.revision AND t.status NOT IN ('completed', 'error', 'stopped'))")
RULE(PRESET_REVISIONS, "preset_revisions", "preset_revisions", "r", "r.created_at",
     "r.created_at < now() - make_interval(days => $1::int) AND r.revision < (SELECT p.revision FROM presets p WHERE "
     "p.id = r.preset_id) AND NOT EXISTS (SELECT FROM agents a JOIN threads t ON t.agent_id = a.id AND "
     "t.preset_revision = r.revision AND t.status NOT IN ('completed', 'error', 'stopped') WHERE a.preset_id = "
     "r.preset_id)")
/* In the order of time, which is that of numbers: no user's feed gets a gap. The heads stay, numbers are not used
 * again. */
RULE(FEED, "feed", "user_feed", "f", "f.time", "f.time < now() - make_interval(days => $1::int)")
/* Whole days (UTC), as limits and reports count them. */
RULE(MODEL_USAGE, "model_usage", "model_usage", "m", "m.day", "m.day < (now() AT TIME ZONE 'UTC')::date - $1::int")

static int apply(const struct maintenance *maintenance, enum config_id days, const struct statement *remove,
                 const struct statement *count, int64_t *ret_count, struct error *e) {
    int64_t batch = BATCH;
    if (!config_int(days))
        return 0;
    while (batch == BATCH && !maintenance_should_stop(maintenance)) {
        cleanup_result struct pg_result *result = NULL;
        int r = maintenance->dry
                    ? postgres_query(maintenance->db, count, &result, e, SQL_INT(config_int(days)))
                    : postgres_query(maintenance->db, remove, &result, e, SQL_INT(config_int(days)), SQL_INT(BATCH));
        if (r < 0)
            return r;
        batch = maintenance->dry ? 0 : result_int(result, 0, 0);
        *ret_count += result_int(result, 0, 0);
    }
    return 0;
}

#define TASK(function, days, NAME)                                                                                     \
    int function(const struct maintenance *maintenance, int64_t *ret_count, struct error *e) {                         \
        return apply(maintenance, days, &NAME##_DELETE, &NAME##_COUNT, ret_count, e);                                  \
    }
TASK(retention_threads, CONFIG_RETENTION_THREADS_DAYS, THREADS)
TASK(retention_screenshots, CONFIG_RETENTION_SCREENSHOTS_DAYS, SCREENSHOTS)
TASK(retention_downloads, CONFIG_RETENTION_DOWNLOADS_DAYS, DOWNLOADS)
TASK(retention_jobs, CONFIG_RETENTION_JOBS_DAYS, JOBS)
TASK(retention_agent_revisions, CONFIG_RETENTION_REVISIONS_DAYS, AGENT_REVISIONS)
TASK(retention_preset_revisions, CONFIG_RETENTION_REVISIONS_DAYS, PRESET_REVISIONS)
TASK(retention_feed, CONFIG_RETENTION_FEED_DAYS, FEED)
TASK(retention_model_usage, CONFIG_RETENTION_MODEL_USAGE_DAYS, MODEL_USAGE)
