#include "domain/feed.h"
#include "base/memory.h"
#include <errno.h>

static const struct statement HEAD = {"feed_head", "SELECT last_seq FROM user_feed_heads WHERE user_id = $1::uuid"};

static const struct statement READ = {
    "feed_read",
    "SELECT json_build_object('items', coalesce((SELECT json_agg(json_build_object('seq', x.seq, 'time', "
    "rfc3339(x.time), 'kind', x.kind, 'object_id', x.object_id, 'data', x.data) ORDER BY x.seq) FROM (SELECT * FROM "
    "user_feed f WHERE f.user_id = $1::uuid AND f.seq > $2::bigint ORDER BY f.seq LIMIT $3::int) x), '[]'::json), "
    "'oldest', coalesce((SELECT min(seq) FROM user_feed WHERE user_id = $1::uuid), 0), "
    "'head', coalesce((SELECT last_seq FROM user_feed_heads WHERE user_id = $1::uuid), 0))"};

static const struct statement HEADS = {
    "feed_heads", "SELECT coalesce(json_agg(json_build_object('id', id, 'seq', seq)), '[]'::json) FROM ("
                  "SELECT h.user_id AS id, h.last_seq AS seq FROM jsonb_array_elements_text($1::jsonb) want (id) "
                  "JOIN user_feed_heads h ON h.user_id = want.id::uuid UNION ALL "
                  "SELECT t.id, t.last_seq FROM jsonb_array_elements_text($2::jsonb) want (id) "
                  "JOIN threads t ON t.id = want.id::uuid) heads"};

void feed_announce(struct redis *redis, const char *user_id) {
    cleanup_free char *channel = memory_print(FEED_CHANNEL "%s", user_id);
    redis_publish(redis, channel, "look", NULL);
}

int feed_head(struct postgres *db, const char *user_id, int64_t *ret_seq, struct error *e) {
    cleanup_result struct pg_result *result = NULL;
    int r = postgres_query(db, &HEAD, &result, e, user_id);
    if (!r)
        *ret_seq = result_rows(result) ? result_int(result, 0, 0) : 0;
    return r;
}

int feed_read(struct postgres *db, const char *user_id, int64_t after, int limit, char **ret_json, struct error *e) {
    if (limit < 1 || limit > FEED_LIMIT_MAX || after < 0)
        return error_set(e, EINVAL, ERROR_BAD_INPUT, "limit must be from 1 to %d, after at least 0", FEED_LIMIT_MAX);
    return postgres_value(db, &READ, ret_json, e, user_id, SQL_INT(after), SQL_INT(limit));
}

int feed_heads(struct postgres *db, const char *users, const char *threads, char **ret_json, struct error *e) {
    return postgres_value(db, &HEADS, ret_json, e, users, threads);
}
