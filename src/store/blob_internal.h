/* What a place of blobs has to offer, and what its files share. */
#pragma once

#include "base/memory.h"
#include "store/blob.h"
#include <errno.h>

#define BLOB_PIECE ((size_t)256 * 1024)

struct blob_backend {
    int (*open)(struct blob_store *store, const char *folder, struct error *e);
    void (*close)(struct blob_store *store);
    int (*put)(struct blob_store *store, const char *key, const struct blob_source *source, struct error *e);
    /* Bytes [offset, offset + length) of a blob that has at least so many. */
    int (*get)(struct blob_store *store, const char *key, int64_t offset, int64_t length, const struct blob_sink *sink,
               struct error *e);
    int (*look)(struct blob_store *store, const char *key, int64_t *ret_size, struct error *e);
    int (*remove)(struct blob_store *store, const char *key, struct error *e);
    int (*list)(struct blob_store *store, int (*found)(void *user, const struct blob_found *found), void *user,
                struct error *e);
};
extern const struct blob_backend blob_local, blob_s3;

static inline int blob_missing(const char *key, struct error *e) {
    return error_set(e, ENOENT, ERROR_NOT_FOUND, "there is no file %s", key);
}
