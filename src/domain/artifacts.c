#include "domain/artifacts.h"
#include "base/config.h"
#include "base/instance.h"
#include "base/io.h"
#include "base/memory.h"
#include "domain/sql.h"
#include <errno.h>
#include <sodium.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define SHA256_HEX (2 * crypto_hash_sha256_BYTES + 1)

#define ARTIFACT_JSON                                                                                                  \
    "json_build_object('id', f.id, 'thread_id', f.thread_id, 'owner_id', f.owner_id, 'kind', f.kind, 'name', f.name, " \
    "'media_type', f.media_type, 'size', f.size, 'sha256', encode(f.sha256, 'hex'), 'created_at', "                    \
    "rfc3339(f.created_at))"

/* The job's row is locked, so that its lease cannot pass on between check and write. */
static const struct statement STORE = {
    "artifacts_store",
    "WITH job AS (SELECT j.thread_id FROM jobs j WHERE j.id = $1::uuid AND j.attempt = $2::int AND j.status = "
    "'running' "
    "FOR SHARE), "
    "file AS (INSERT INTO artifact_files (owner_id, sha256, size) SELECT $4::uuid, decode($5, 'hex'), $6::bigint FROM "
    "job "
    "ON CONFLICT DO NOTHING), "
    "added AS (INSERT INTO artifacts (id, thread_id, owner_id, sha256, kind, name, media_type, size) "
    "SELECT $3::uuid, t.id, t.owner_id, decode($5, 'hex'), $7, $8, $9, $6::bigint FROM job JOIN threads t "
    "ON t.id = job.thread_id AND t.owner_id = $4::uuid ON CONFLICT (id) DO NOTHING) "
    "SELECT thread_id FROM job"};

static const struct statement GET = {"artifacts_get",
                                     "SELECT " ARTIFACT_JSON ", f.owner_id, encode(f.sha256, 'hex') FROM artifacts f "
                                     "JOIN threads t ON t.id = f.thread_id WHERE f.id = $3::uuid AND " SQL_MAY("t")};

static const struct statement LIST = {
    "artifacts_list",
    "SELECT json_build_object('items', coalesce((SELECT json_agg(" ARTIFACT_JSON " ORDER BY f.id) FROM artifacts f "
    "WHERE f.thread_id = t.id), '[]'::json)) FROM threads t WHERE t.id = $3::uuid AND " SQL_MAY("t")};

static char *path_of(const char *owner_id, const char *sha256) {
    return instance_state_path("artifacts/%s/%.2s/%s", owner_id, sha256, sha256);
}

int artifacts_check_disk(struct error *e) {
    struct statvfs disk;
    const char *folder = config_text(CONFIG_STATE_DIR);
    if (statvfs(folder, &disk))
        return error_errno(e, errno, ERROR_STORAGE, "cannot look at the disk of %s", folder);
    int64_t free_mb = (int64_t)(disk.f_bavail * (uint64_t)disk.f_frsize >> 20);
    if (free_mb >= config_int(CONFIG_DISK_MIN_FREE_MB))
        return 0;
    error_set(e, ENOSPC, ERROR_STORAGE, "only %lld MB are free on the disk of %s", (long long)free_mb, folder);
    error_hint(e, "Make room there, or lower DISK_MIN_FREE_MB (now %lld)",
               (long long)config_int(CONFIG_DISK_MIN_FREE_MB));
    return -ENOSPC;
}

static int write_bytes(const struct artifact *artifact, const char *sha256, struct error *e) {
    cleanup_free char *path = path_of(artifact->owner_id, sha256);
    cleanup_free char *owner_folder = instance_state_path("artifacts/%s", artifact->owner_id);
    cleanup_free char *folder = instance_state_path("artifacts/%s/%.2s", artifact->owner_id, sha256);
    if (!access(path, F_OK))
        return 0;
    int r = artifacts_check_disk(e);
    if (!r)
        r = io_make_dirs(owner_folder, 0770, e);
    if (!r)
        r = io_make_dirs(folder, 0770, e);
    return r < 0 ? r : io_write_file(path, 0640, artifact->data, artifact->length, e);
}

int artifacts_store(struct postgres *db, const struct job_fence *fence, const char *id, const struct artifact *artifact,
                    struct error *e) {
    unsigned char hash[crypto_hash_sha256_BYTES];
    char sha256[SHA256_HEX];
    if (artifact->length > ARTIFACT_MAX_BYTES)
        return error_set(e, EFBIG, ERROR_TOO_LARGE, "a file of %zu bytes is too large to keep", artifact->length);
    crypto_hash_sha256(hash, artifact->data, artifact->length);
    sodium_bin2hex(sha256, sizeof sha256, hash, sizeof hash);
    cleanup_result struct pg_result *result = NULL;
    int r = write_bytes(artifact, sha256, e);
    if (!r)
        r = postgres_query(db, &STORE, &result, e, fence->job_id, SQL_INT(fence->attempt), id, artifact->owner_id,
                           sha256, SQL_INT(artifact->length), artifact->kind, artifact->name, artifact->media_type);
    if (r < 0)
        return r;
    return result_rows(result) ? 0
                               : error_set(e, ESTALE, ERROR_FENCED, "attempt %d does not hold job %s any more",
                                           fence->attempt, fence->job_id);
}

int artifacts_get(struct postgres *db, const struct caller *caller, const char *id, char **ret_json, char **ret_path,
                  struct error *e) {
    cleanup_result struct pg_result *result = NULL;
    if (!uuid_is_valid(id))
        return error_set(e, EINVAL, ERROR_BAD_INPUT, "\"%s\" is no artifact's id", id);
    int r = postgres_query(db, &GET, &result, e, SQL_CALLER(caller), id);
    if (r < 0)
        return r;
    if (!result_rows(result))
        return error_set(e, ENOENT, ERROR_NOT_FOUND, "there is no artifact %s", id);
    *ret_json = memory_copy_text(result_text(result, 0, 0));
    *ret_path = path_of(result_text(result, 0, 1), result_text(result, 0, 2));
    return 0;
}

int artifacts_list(struct postgres *db, const struct caller *caller, const char *thread_id, char **ret_json,
                   struct error *e) {
    int r = postgres_value(db, &LIST, ret_json, e, SQL_CALLER(caller), thread_id);
    return sql_missing(r, "thread", thread_id, e);
}
