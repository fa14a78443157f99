#include "store/blob.h"
#include "base/config.h"
#include "base/io.h"
#include "store/blob_internal.h"
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct {
    const char *name;
    const struct blob_backend *backend;
} places[BLOB_PLACE_COUNT] = {[BLOB_LOCAL] = {"local", &blob_local}, [BLOB_S3] = {"s3", &blob_s3}};

const char *blob_place_name(enum blob_place place) {
    return places[place].name;
}

int blob_place_from_name(const char *name, enum blob_place *ret_place) {
    for (int i = 0; i < BLOB_PLACE_COUNT; i++)
        if (!strcmp(places[i].name, name)) {
            *ret_place = (enum blob_place)i;
            return 0;
        }
    return -EINVAL;
}

enum blob_place blob_place_for_new(void) {
    return config_bool(CONFIG_ARTIFACTS_ON_S3) ? BLOB_S3 : BLOB_LOCAL;
}

bool blob_is_configured(enum blob_place place) {
    return place == BLOB_LOCAL || *config_text(CONFIG_S3_URL);
}

int blob_open(enum blob_place place, const char *folder, struct blob_store *ret_store, struct error *e) {
    cleanup_blob struct blob_store store = {.place = place};
    int r = places[place].backend->open(&store, folder, e);
    if (r < 0)
        return r;
    *ret_store = store;
    store = (struct blob_store){0};
    return 0;
}

void blob_close(struct blob_store *store) {
    places[store->place].backend->close(store);
    free(store->root);
    *store = (struct blob_store){0};
}

/* Keys become paths and URLs as they are. */
static int check_key(const char *key, struct error *e) {
    size_t good = strspn(key, "abcdefghijklmnopqrstuvwxyz0123456789_-./");
    if (*key && *key != '/' && !key[good] && !strstr(key, "..") && !strstr(key, "//") && good < 512)
        return 0;
    return error_set(e, EINVAL, ERROR_INTERNAL, "\"%s\" cannot be a file's key", key);
}

void blob_source_of_memory(const void *data, size_t length, struct blob_source *ret_source) {
    unsigned char hash[crypto_hash_sha256_BYTES];
    *ret_source = (struct blob_source){.data = data ? data : "", .fd = -1, .length = (int64_t)length};
    crypto_hash_sha256(hash, ret_source->data, length);
    sodium_bin2hex(ret_source->sha256, sizeof ret_source->sha256, hash, sizeof hash);
}

ssize_t blob_source_read(const struct blob_source *source, int64_t offset, void *data, size_t room) {
    int64_t left = source->length - offset;
    size_t length = left < (int64_t)room ? (size_t)left : room;
    if (!source->data)
        return io_pread_full(source->fd, data, length, offset);
    memcpy(data, (const char *)source->data + offset, length);
    return (ssize_t)length;
}

int blob_source_of_file(int fd, struct blob_source *ret_source, struct error *e) {
    struct stat status;
    crypto_hash_sha256_state state;
    unsigned char hash[crypto_hash_sha256_BYTES];
    cleanup_free char *piece = memory_alloc(BLOB_PIECE);
    if (fstat(fd, &status))
        return error_errno(e, errno, ERROR_STORAGE, "cannot look at a file that is to be kept");
    struct blob_source source = {.fd = fd, .length = status.st_size};
    crypto_hash_sha256_init(&state);
    for (int64_t at = 0; at < source.length;) {
        ssize_t n = blob_source_read(&source, at, piece, BLOB_PIECE);
        if (n <= 0)
            return error_errno(e, n ? (int)-n : EIO, ERROR_STORAGE, "cannot read a file that is to be kept");
        crypto_hash_sha256_update(&state, (unsigned char *)piece, (size_t)n);
        at += n;
    }
    crypto_hash_sha256_final(&state, hash);
    sodium_bin2hex(source.sha256, sizeof source.sha256, hash, sizeof hash);
    *ret_source = source;
    return 0;
}

int blob_put(struct blob_store *store, const char *key, const struct blob_source *source, struct error *e) {
    int r = check_key(key, e);
    return r < 0 ? r : places[store->place].backend->put(store, key, source, e);
}

static int write_to_fd(void *user, const void *data, size_t length) {
    return io_write_full(*(int *)user, data, length);
}

struct blob_sink blob_sink_to_fd(int *fd) {
    return (struct blob_sink){write_to_fd, fd};
}

/* Stands between a place and the reader's sink: counts and hashes. */
struct watched {
    const struct blob_sink *sink;
    crypto_hash_sha256_state state;
};

static int watch(void *user, const void *data, size_t length) {
    struct watched *watched = user;
    crypto_hash_sha256_update(&watched->state, data, length);
    return watched->sink->write(watched->sink->user, data, length);
}

static int check_hash(struct watched *watched, const char *key, const char *wanted, struct error *e) {
    unsigned char hash[crypto_hash_sha256_BYTES];
    char hex[BLOB_SHA256_HEX];
    crypto_hash_sha256_final(&watched->state, hash);
    sodium_bin2hex(hex, sizeof hex, hash, sizeof hash);
    if (!strcmp(hex, wanted))
        return 0;
    error_set(e, EBADMSG, ERROR_STORAGE, "the file %s is damaged: its bytes are not those that were stored", key);
    error_hint(e, "Restore it from a backup; its SHA-256 must be %s", wanted);
    return -EBADMSG;
}

int blob_get(struct blob_store *store, const char *key, const struct blob_wanted *wanted, const struct blob_sink *sink,
             struct error *e) {
    struct watched watched = {.sink = sink};
    struct blob_sink inner = {watch, &watched};
    int64_t size = 0, length = wanted->length ? wanted->length : wanted->size - wanted->offset;
    int r = check_key(key, e);
    if (!r && (wanted->offset < 0 || length < 0 || wanted->offset > wanted->size - length))
        r = error_set(e, ERANGE, ERROR_BAD_INPUT, "bytes %lld to %lld are not within a file of %lld",
                      (long long)wanted->offset, (long long)(wanted->offset + length), (long long)wanted->size);
    if (!r)
        r = places[store->place].backend->look(store, key, &size, e);
    if (!r && size != wanted->size)
        r = error_set(e, EBADMSG, ERROR_STORAGE, "the file %s is damaged: it has %lld bytes instead of %lld", key,
                      (long long)size, (long long)wanted->size);
    crypto_hash_sha256_init(&watched.state);
    if (!r && length)
        r = places[store->place].backend->get(store, key, wanted->offset, length, &inner, e);
    return r < 0 || length != wanted->size ? r : check_hash(&watched, key, wanted->sha256, e);
}

int blob_look(struct blob_store *store, const char *key, int64_t *ret_size, struct error *e) {
    int r = check_key(key, e);
    return r < 0 ? r : places[store->place].backend->look(store, key, ret_size, e);
}

int blob_remove(struct blob_store *store, const char *key, struct error *e) {
    int r = check_key(key, e);
    return r < 0 ? r : places[store->place].backend->remove(store, key, e);
}

int blob_list(struct blob_store *store, int (*found)(void *user, const struct blob_found *found), void *user,
              struct error *e) {
    return places[store->place].backend->list(store, found, user, e);
}
