#include "domain/artifacts.h"
#include "base/memory.h"
#include "domain/artifact_files.h"
#include "domain/disk.h"
#include "domain/sql.h"
#include <string.h>

#define ARTIFACT_JSON                                                                                                  \
    "json_build_object('id', f.id, 'thread_id', f.thread_id, 'owner_id', f.owner_id, 'kind', f.kind, 'name', f.name, " \
    "'media_type', f.media_type, 'url', '/api/v1/artifacts/' || f.id, 'size', f.size, 'sha256', encode(f.sha256, "     \
    "'hex'), 'created_at', "                                                                                           \
    "rfc3339(f.created_at))"

/* The job's row is locked, so that its lease cannot pass on between check and write; the file too (artifact_files.h).
 * $10: where its bytes were just written, or NULL; $11: the limits of stored files. */
static const struct statement STORE = {
    "artifacts_store",
    "WITH job AS (SELECT j.thread_id, " ARTIFACT_FILE_LOCK(
        "_shared", "$4::uuid::text",
        "$5::text") " FROM jobs j WHERE j.id = $1::uuid AND j.attempt = $2::int AND j.status = 'running' FOR SHARE), "
                    "file AS (INSERT INTO artifact_files AS f (owner_id, sha256, size, place) "
                    "SELECT $4::uuid, decode($5, 'hex'), $6::bigint, coalesce($10, 'local') FROM job "
                    "WHERE quota_take_bytes($4::uuid, decode($5, 'hex'), $6::bigint, $11::jsonb) "
                    "ON CONFLICT (owner_id, sha256) DO UPDATE SET place = coalesce($10, f.place), missing_since = NULL "
                    "RETURNING f.place), "
                    "added AS (INSERT INTO artifacts (id, thread_id, owner_id, sha256, kind, name, media_type, size) "
                    "SELECT $3::uuid, t.id, t.owner_id, decode($5, 'hex'), $7, $8, $9, $6::bigint FROM job JOIN "
                    "threads t ON t.id = job.thread_id AND t.owner_id = $4::uuid ON CONFLICT (id) DO NOTHING) "
                    "SELECT place FROM file"};

/* Asked before bytes are written: those that are refused would lie there until somebody sweeps them away. */
static const struct statement FITS = {"artifacts_fits",
                                      "SELECT quota_take_bytes($1::uuid, decode($2, 'hex'), $3::bigint, $4::jsonb)"};

static const struct statement GET = {
    "artifacts_get", "SELECT " ARTIFACT_JSON ", f.owner_id, encode(f.sha256, 'hex'), f.size FROM artifacts f "
                     "JOIN threads t ON t.id = f.thread_id WHERE f.id = $3::uuid AND " SQL_MAY("t")};

static const struct statement LIST = {
    "artifacts_list",
    "SELECT json_build_object('items', coalesce((SELECT json_agg(" ARTIFACT_JSON " ORDER BY f.id) FROM artifacts f "
    "WHERE f.thread_id = t.id), '[]'::json)) FROM threads t WHERE t.id = $3::uuid AND " SQL_MAY("t")};

#define PAGE_SOURCE                                                                                                    \
    "FROM artifacts f JOIN threads t ON t.id = f.thread_id WHERE caller_may(t.owner_id, t.team_id, $4::uuid, "         \
    "$5::user_role) AND ($6::text IS NULL OR " LIST_SEARCH(                                                            \
        "f.name") ") AND ($7::uuid IS NULL OR f.thread_id = $7::uuid) AND ($8::text IS NULL OR f.kind = $8)"
#define SORT(name, expression) LIST_SORT("artifacts_page", name, expression, "f", ARTIFACT_JSON, PAGE_SOURCE)
static const struct list_sort sorts[] = {
    SORT("created_at", "f.id"),
    SORT("size", "f.size"),
    {0},
};

int artifacts_check_disk(struct error *e) {
    return disk_check(e);
}

/* Where its bytes were written; NULL: they were there before. */
static const char *name_of(enum blob_place place) {
    return place == BLOB_PLACE_COUNT ? NULL : blob_place_name(place);
}

int artifacts_store(struct postgres *db, const struct job_fence *fence, const char *id, const struct artifact *artifact,
                    struct error *e) {
    cleanup_result struct pg_result *result = NULL;
    cleanup_free char *limits = quota_limits(QUOTA_STORED_MB);
    struct blob_source source;
    enum blob_place place;
    if (artifact->length > ARTIFACT_MAX_BYTES)
        return error_set(e, EFBIG, ERROR_TOO_LARGE, "a file of %zu bytes is too large to keep", artifact->length);
    blob_source_of_memory(artifact->data, artifact->length, &source);
    int r = postgres_query(db, &FITS, NULL, e, artifact->owner_id, source.sha256, SQL_INT(artifact->length), limits);
    if (!r)
        r = artifact_files_keep(db, artifact->owner_id, &source, &place, e);
    if (!r)
        r = postgres_query(db, &STORE, &result, e, fence->job_id, SQL_INT(fence->attempt), id, artifact->owner_id,
                           source.sha256, SQL_INT(artifact->length), artifact->kind, artifact->name,
                           artifact->media_type, name_of(place), limits);
    if (r < 0)
        return r;
    if (!result_rows(result))
        return error_set(e, ESTALE, ERROR_FENCED, "attempt %d does not hold job %s any more", fence->attempt,
                         fence->job_id);
    return artifact_files_confirm(artifact->owner_id, &source, result_text(result, 0, 0), e);
}

static int find(struct postgres *db, const struct caller *caller, const char *id, struct pg_result **ret_result,
                struct error *e) {
    if (!uuid_is_valid(id))
        return error_set(e, EINVAL, ERROR_BAD_INPUT, "\"%s\" is no artifact's id", id);
    int r = postgres_query(db, &GET, ret_result, e, SQL_CALLER(caller), id);
    return !r && !result_rows(*ret_result) ? error_set(e, ENOENT, ERROR_NOT_FOUND, "there is no artifact %s", id) : r;
}

int artifacts_get(struct postgres *db, const struct caller *caller, const char *id, char **ret_json, struct error *e) {
    cleanup_result struct pg_result *result = NULL;
    int r = find(db, caller, id, &result, e);
    if (!r)
        *ret_json = memory_copy_text(result_text(result, 0, 0));
    return r;
}

int artifacts_read(struct postgres *db, const struct caller *caller, const char *id, int64_t offset, int64_t length,
                   const struct blob_sink *sink, struct error *e) {
    cleanup_result struct pg_result *result = NULL;
    int r = find(db, caller, id, &result, e);
    if (r < 0)
        return r;
    struct blob_wanted wanted = {
        .size = result_int(result, 0, 3), .sha256 = result_text(result, 0, 2), .offset = offset, .length = length};
    return artifact_files_read(db, result_text(result, 0, 1), &wanted, sink, e);
}

int artifacts_list(struct postgres *db, const struct caller *caller, const char *thread_id, char **ret_json,
                   struct error *e) {
    int r = postgres_value(db, &LIST, ret_json, e, SQL_CALLER(caller), thread_id);
    return sql_missing(r, "thread", thread_id, e);
}

int artifacts_page(struct postgres *db, const struct caller *caller, const struct list_query *query,
                   const struct artifact_filter *filter, char **ret_json, struct error *e) {
    static const char *const kinds[] = {"screenshot", "download", "other"};
    const char *const values[] = {filter->thread_id, filter->kind};
    bool known = !filter->kind;
    for (size_t i = 0; i < ARRAY_LENGTH(kinds) && !known; i++)
        known = !strcmp(kinds[i], filter->kind);
    if (!known)
        return error_set(e, EINVAL, ERROR_BAD_INPUT, "\"%.40s\" is no kind of files: screenshot, download or other",
                         filter->kind);
    return list_run(db, sorts, caller, query, values, ARRAY_LENGTH(values), ret_json, e);
}
