#include "domain/events.h"
#include "domain/sql.h"

/* thread_id is compared with the parameter, not with t.id, so that only one partition is planned for. */
static const struct statement READ = {
    "events_read",
    "SELECT (SELECT json_build_object('items', coalesce(json_agg(json_build_object('seq', x.seq, 'time', "
    "rfc3339(x.time), "
    "'kind', x.kind, 'level', x.level, 'message', x.message, 'data', x.data) ORDER BY x.seq), '[]'::json), "
    "'next_after', coalesce(max(x.seq), $4::bigint)) FROM (SELECT * FROM thread_events v WHERE v.thread_id = $3::uuid "
    "AND v.seq > $4::bigint ORDER BY v.seq LIMIT $5::int) x) FROM threads t WHERE t.id = $3::uuid AND " SQL_MAY("t")};

static const struct statement HEAD = {
    "events_head", "SELECT t.last_seq, t.end_time IS NOT NULL FROM threads t WHERE t.id = $3::uuid AND " SQL_MAY("t")};

static const struct statement PAGE = {
    "events_page",
    "SELECT (SELECT json_build_object('items', coalesce(json_agg(json_build_object('seq', x.seq, 'time', "
    "rfc3339(x.time), 'kind', x.kind, 'level', x.level, 'message', x.message, 'data', x.data) ORDER BY x.seq), "
    "'[]'::json), 'next', CASE WHEN count(*) = $5::int THEN max(x.seq)::text END) FROM (SELECT * FROM thread_events v "
    "WHERE v.thread_id = $3::uuid AND v.seq > $4::bigint AND ($6::event_level IS NULL OR v.level >= $6::event_level) "
    "AND ($7::text IS NULL OR v.kind = ANY (string_to_array($7::text, ','))) ORDER BY v.seq LIMIT $5::int) x) "
    "FROM threads t WHERE t.id = $3::uuid AND " SQL_MAY("t")};

int events_read(struct postgres *db, const struct caller *caller, const char *thread_id, int64_t after, int limit,
                char **ret_json, struct error *e) {
    if (limit < 1 || limit > EVENTS_LIMIT_MAX || after < 0)
        return error_set(e, EINVAL, ERROR_BAD_INPUT, "limit must be from 1 to %d, after at least 0", EVENTS_LIMIT_MAX);
    int r = postgres_value(db, &READ, ret_json, e, SQL_CALLER(caller), thread_id, SQL_INT(after), SQL_INT(limit));
    return sql_missing(r, "thread", thread_id, e);
}

int events_head(struct postgres *db, const struct caller *caller, const char *thread_id, int64_t *ret_seq,
                bool *ret_ended, struct error *e) {
    cleanup_result struct pg_result *result = NULL;
    int r = postgres_query(db, &HEAD, &result, e, SQL_CALLER(caller), thread_id);
    if (r < 0)
        return r;
    if (!result_rows(result))
        return error_set(e, ENOENT, ERROR_NOT_FOUND, "there is no thread %s", thread_id);
    *ret_seq = result_int(result, 0, 0);
    if (ret_ended)
        *ret_ended = result_bool(result, 0, 1);
    return 0;
}

int events_page(struct postgres *db, const struct caller *caller, const char *thread_id,
                const struct events_filter *filter, char **ret_json, struct error *e) {
    if (filter->limit < 1 || filter->limit > EVENTS_LIMIT_MAX || filter->after < 0)
        return error_set(e, EINVAL, ERROR_BAD_INPUT, "limit must be from 1 to %d, after at least 0", EVENTS_LIMIT_MAX);
    if (!uuid_is_valid(thread_id))
        return error_set(e, ENOENT, ERROR_NOT_FOUND, "there is no thread %.40s", thread_id);
    int r = postgres_value(db, &PAGE, ret_json, e, SQL_CALLER(caller), thread_id, SQL_INT(filter->after),
                           SQL_INT(filter->limit), filter->level, filter->kinds);
    return sql_missing(r, "thread", thread_id, e);
}
