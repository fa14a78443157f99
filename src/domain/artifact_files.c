#include "domain/artifact_files.h"
#include "base/memory.h"
#include "domain/disk.h"
#include "domain/sql.h"

/* How often a read looks anew for a file that is being moved. */
#define READ_TRIES 3

static const struct statement FIND = {
    "artifact_files_find", "SELECT place FROM artifact_files WHERE owner_id = $1::uuid AND sha256 = decode($2, 'hex')"};

static char *key_of(const char *owner_id, const char *sha256) {
    return memory_print("%s/%.2s/%s", owner_id, sha256, sha256);
}

/* -ENOENT, ERROR_NOT_FOUND: there is no such row. */
static int find_place(struct postgres *db, const char *owner_id, const char *sha256, enum blob_place *ret_place,
                      struct error *e) {
    cleanup_free char *name = NULL;
    int r = postgres_value(db, &FIND, &name, e, owner_id, sha256);
    if (!r && blob_place_from_name(name, ret_place) < 0)
        return error_set(e, EINVAL, ERROR_INTERNAL, "a file is at \"%s\", which this version does not know", name);
    return r;
}

static int put(enum blob_place place, const char *owner_id, const struct blob_source *source, struct error *e) {
    cleanup_blob struct blob_store store = {0};
    cleanup_free char *key = key_of(owner_id, source->sha256);
    int r = place == BLOB_LOCAL ? disk_check(e) : 0;
    if (!r)
        r = blob_open(place, ARTIFACT_FOLDER, &store, e);
    return r < 0 ? r : blob_put(&store, key, source, e);
}

/* 0: the bytes are there, whole; -ENOENT: they are not. */
static int look(enum blob_place place, const char *owner_id, const struct blob_source *source, struct error *e) {
    cleanup_blob struct blob_store store = {0};
    cleanup_free char *key = key_of(owner_id, source->sha256);
    int64_t size = 0;
    int r = blob_open(place, ARTIFACT_FOLDER, &store, e);
    if (!r)
        r = blob_look(&store, key, &size, e);
    return r < 0 ? r : size == source->length ? 0 : -ENOENT;
}

int artifact_files_keep(struct postgres *db, const char *owner_id, const struct blob_source *source,
                        enum blob_place *ret_place, struct error *e) {
    enum blob_place place;
    int r = find_place(db, owner_id, source->sha256, &place, e);
    if (!r)
        r = look(place, owner_id, source, e);
    if (r != -ENOENT) {
        *ret_place = BLOB_PLACE_COUNT;
        return r;
    }
    *ret_place = blob_place_for_new();
    return put(*ret_place, owner_id, source, e);
}

int artifact_files_confirm(const char *owner_id, const struct blob_source *source, const char *name, struct error *e) {
    enum blob_place place;
    if (blob_place_from_name(name, &place) < 0)
        return error_set(e, EINVAL, ERROR_INTERNAL, "a file is at \"%s\", which this version does not know", name);
    int r = look(place, owner_id, source, e);
    return r == -ENOENT ? put(place, owner_id, source, e) : r;
}

static int read_from(enum blob_place place, const char *owner_id, const struct blob_wanted *wanted,
                     const struct blob_sink *sink, struct error *e) {
    cleanup_blob struct blob_store store = {0};
    cleanup_free char *key = key_of(owner_id, wanted->sha256);
    int r = blob_open(place, ARTIFACT_FOLDER, &store, e);
    return r < 0 ? r : blob_get(&store, key, wanted, sink, e);
}

int artifact_files_read(struct postgres *db, const char *owner_id, const struct blob_wanted *wanted,
                        const struct blob_sink *sink, struct error *e) {
    enum blob_place place = BLOB_LOCAL;
    int r = -ENOENT;
    for (int i = 0; r == -ENOENT && i < READ_TRIES; i++) {
        r = find_place(db, owner_id, wanted->sha256, &place, e);
        if (!r)
            r = read_from(place, owner_id, wanted, sink, e); /* nothing was written when it is not there */
    }
    if (r != -ENOENT)
        return r;
    error_set(e, ENOENT, ERROR_STORAGE, "the bytes of this file are gone");
    error_hint(e, "Restore %s/%.2s/%s below %s from a backup", owner_id, wanted->sha256, wanted->sha256,
               place == BLOB_LOCAL ? "STATE_DIR/" ARTIFACT_FOLDER : "S3_PREFIX" ARTIFACT_FOLDER);
    return -ENOENT;
}
