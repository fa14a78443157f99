/* Artifacts: files of threads. Bytes lie in STATE_DIR/artifacts/OWNER/xx/SHA256, once per owner and never shared
 * between owners, written whole or not at all by the worker's user; rows name them. */
#pragma once

#include "base/error.h"
#include "domain/jobs_fenced.h"
#include "domain/roles.h"

#define ARTIFACT_MAX_BYTES ((size_t)2 << 30)

struct artifact {
    const char *owner_id, *kind, *name, *media_type;
    const void *data;
    size_t length;
};

/* ERROR_STORAGE while less than DISK_MIN_FREE_MB is free where artifacts lie. */
int artifacts_check_disk(struct error *e);

/* Stores bytes and row for the thread of a held job. `id` was made by the caller (uuid_make), so a call may be
 * repeated. */
int artifacts_store(struct postgres *db, const struct job_fence *fence, const char *id, const struct artifact *artifact,
                    struct error *e);

/* The artifact's JSON and the path of its bytes (both free()). */
int artifacts_get(struct postgres *db, const struct caller *caller, const char *id, char **ret_json, char **ret_path,
                  struct error *e);
/* {"items":[...]} of a thread, oldest first. */
int artifacts_list(struct postgres *db, const struct caller *caller, const char *thread_id, char **ret_json,
                   struct error *e);
