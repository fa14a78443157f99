/* Artifacts: files of threads. Rows name them; their bytes lie in a local folder or an object store, once per owner and
 * never shared between owners, written whole or not at all (artifact_files.h). */
#pragma once

#include "base/error.h"
#include "domain/jobs_fenced.h"
#include "domain/pages.h"
#include "domain/roles.h"
#include "store/blob.h"

#define ARTIFACT_MAX_BYTES ((size_t)2 << 30)

struct artifact {
    const char *owner_id, *kind, *name, *media_type;
    const void *data;
    size_t length;
};

/* ERROR_STORAGE while less than DISK_MIN_FREE_MB is free (domain/disk.h). */
int artifacts_check_disk(struct error *e);

/* Stores bytes and row for the thread of a held job. `id` was made by the caller (uuid_make), so a call may be
 * repeated. ERROR_QUOTA: the owner's role may not have so many bytes; nothing was stored. */
int artifacts_store(struct postgres *db, const struct job_fence *fence, const char *id, const struct artifact *artifact,
                    struct error *e);

/* The artifact's JSON (free()). */
int artifacts_get(struct postgres *db, const struct caller *caller, const char *id, char **ret_json, struct error *e);
/* Its bytes [offset, offset + length); length 0: to the end. The whole is checked against its SHA-256: what went to the
 * sink before a failure must not be used. */
int artifacts_read(struct postgres *db, const struct caller *caller, const char *id, int64_t offset, int64_t length,
                   const struct blob_sink *sink, struct error *e);
/* {"items":[...]} of a thread, oldest first. */
int artifacts_list(struct postgres *db, const struct caller *caller, const char *thread_id, char **ret_json,
                   struct error *e);

struct artifact_filter {
    const char *thread_id, *kind; /* NULL: all */
};
/* Files of all threads by page, searched by name. Sorts: created_at, size. */
int artifacts_page(struct postgres *db, const struct caller *caller, const struct list_query *query,
                   const struct artifact_filter *filter, char **ret_json, struct error *e);
