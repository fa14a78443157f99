/* Blobs: whole files under a key, in a local folder or in an S3 bucket (or what speaks its protocol).
 *
 * A key is made of [a-z0-9/_.-] and says nothing about the place. A blob is there whole or not at all; putting one over
 * another replaces it whole. Reading checks size and SHA-256. Each call to S3 has a deadline (S3_TIMEOUT_SECONDS
 * without progress) and is repeated with growing pauses when the server is away, slow or answers 5xx, until
 * S3_RETRY_SECONDS have passed; then ERROR_STORAGE. What a person must mend (key, bucket, region) is ERROR_BAD_CONFIG
 * at once. A store belongs to one thread. */
#pragma once

#include "base/error.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum blob_place { BLOB_LOCAL, BLOB_S3, BLOB_PLACE_COUNT };
const char *blob_place_name(enum blob_place place);                     /* "local", "s3" */
int blob_place_from_name(const char *name, enum blob_place *ret_place); /* -EINVAL */
enum blob_place blob_place_for_new(void);                               /* by ARTIFACTS_ON_S3 */

bool blob_is_configured(enum blob_place place);

#define BLOB_SHA256_HEX 65

/* Opens by the configuration: STATE_DIR/`folder`, or S3_BUCKET with the prefix S3_PREFIX`folder`/. */
struct blob_store {
    enum blob_place place;
    char *root;       /* the folder, or the prefix */
    void *connection; /* of S3: kept between calls */
    int64_t patience_ms;
};
int blob_open(enum blob_place place, const char *folder, struct blob_store *ret_store, struct error *e);
void blob_close(struct blob_store *store);
#define cleanup_blob __attribute__((cleanup(blob_close))) /* struct blob_store name = {0}; */

/* What is put: `length` bytes in memory, or (data NULL) of the file `fd` from its beginning. Both are borrowed. */
struct blob_source {
    const void *data;
    int fd;
    int64_t length;
    char sha256[BLOB_SHA256_HEX];
};
void blob_source_of_memory(const void *data, size_t length, struct blob_source *ret_source);
int blob_source_of_file(int fd, struct blob_source *ret_source, struct error *e);
/* Up to `room` bytes of it from `offset`; 0 at its end, -errno. */
ssize_t blob_source_read(const struct blob_source *source, int64_t offset, void *data, size_t room);

int blob_put(struct blob_store *store, const char *key, const struct blob_source *source, struct error *e);

/* Where bytes go, piece by piece: 0 or -errno to stop. */
struct blob_sink {
    int (*write)(void *user, const void *data, size_t length);
    void *user;
};
struct blob_sink blob_sink_to_fd(int *fd);

struct blob_wanted {
    int64_t size;
    const char *sha256;
    int64_t offset, length; /* length 0: to the end. Only the whole can be checked against sha256. */
};
/* What was written before a failure must not be used. ERROR_NOT_FOUND when there is none; ERROR_STORAGE when its bytes
 * are not those that were put. */
int blob_get(struct blob_store *store, const char *key, const struct blob_wanted *wanted, const struct blob_sink *sink,
             struct error *e);

/* -ENOENT (ERROR_NOT_FOUND) when there is none. */
int blob_look(struct blob_store *store, const char *key, int64_t *ret_size, struct error *e);
/* 0 also when there was none. */
int blob_remove(struct blob_store *store, const char *key, struct error *e);

/* Every file of the store, in no promised order, what a crash left half-made included; `found` returns 0, or -errno to
 * stop. */
struct blob_found {
    const char *key; /* half-made ones have BLOB_DRAFT in theirs */
    int64_t size, changed_us;
};
#define BLOB_DRAFT ".new"
int blob_list(struct blob_store *store, int (*found)(void *user, const struct blob_found *found), void *user,
              struct error *e);
