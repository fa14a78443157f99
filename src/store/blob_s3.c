/* Blobs in an S3 bucket. */
#include "base/config.h"
#include "base/text.h"
#include "store/blob_internal.h"
#include "store/s3.h"
#include "store/s3_list.h"
#include <stdlib.h>
#include <string.h>

static int s3_place_open(struct blob_store *store, const char *folder, struct error *e) {
    struct s3 *s3 = NULL;
    const char *prefix = config_text(CONFIG_S3_PREFIX);
    if (strspn(prefix, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./") != strlen(prefix) ||
        *prefix == '/')
        return error_set(e, EINVAL, ERROR_BAD_CONFIG,
                         "S3_PREFIX=\"%s\" may hold letters, digits and _-./ and does not begin with /", prefix);
    int r = s3_open(&s3, e);
    if (r < 0)
        return r;
    store->root = memory_print("%s%s/", prefix, folder);
    store->connection = s3;
    return 0;
}

static void s3_place_close(struct blob_store *store) {
    s3_close(store->connection);
}

static ssize_t read_source(void *user, int64_t offset, void *data, size_t room) {
    return blob_source_read(user, offset, data, room);
}

static int s3_put(struct blob_store *store, const char *key, const struct blob_source *source, struct error *e) {
    cleanup_free char *name = memory_print("%s%s", store->root, key);
    struct s3_answer answer = {0};
    struct s3_request request = {.method = "PUT",
                                 .key = name,
                                 .sha256 = source->sha256,
                                 .read = read_source,
                                 .length = source->length,
                                 .user = (void *)source};
    int r = s3_call(store->connection, &request, &answer, e);
    if (!r && answer.status == 404)
        r = error_set(e, ENOENT, ERROR_BAD_CONFIG, "the object store has no place for %s (404)", name);
    text_done(&answer.body);
    return r;
}

static int s3_get(struct blob_store *store, const char *key, int64_t offset, int64_t length,
                  const struct blob_sink *sink, struct error *e) {
    cleanup_free char *name = memory_print("%s%s", store->root, key);
    struct s3_answer answer = {0};
    struct s3_request request = {
        .method = "GET", .key = name, .write = sink->write, .user = sink->user, .offset = offset, .length = length};
    int r = s3_call(store->connection, &request, &answer, e);
    text_done(&answer.body);
    return !r && answer.status == 404 ? blob_missing(key, e) : r;
}

static int s3_look(struct blob_store *store, const char *key, int64_t *ret_size, struct error *e) {
    cleanup_free char *name = memory_print("%s%s", store->root, key);
    struct s3_answer answer = {0};
    int r = s3_call(store->connection, &(struct s3_request){.method = "HEAD", .key = name}, &answer, e);
    text_done(&answer.body);
    if (r < 0)
        return r;
    if (answer.status == 404)
        return blob_missing(key, e);
    *ret_size = answer.length;
    return 0;
}

static int s3_remove(struct blob_store *store, const char *key, struct error *e) {
    cleanup_free char *name = memory_print("%s%s", store->root, key);
    struct s3_answer answer = {0};
    int r = s3_call(store->connection, &(struct s3_request){.method = "DELETE", .key = name}, &answer, e);
    text_done(&answer.body);
    return r;
}

static void append_encoded(struct text *text, const char *value) {
    for (; *value; value++)
        if (strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-.~", *value))
            text_append_char(text, *value);
        else
            text_print(text, "%%%02X", (unsigned char)*value);
}

/* Names in order, as the signature wants them. */
static char *page_query(const struct blob_store *store, const char *token) {
    struct text query = {0};
    if (token) {
        text_append_string(&query, "continuation-token=");
        append_encoded(&query, token);
        text_append_char(&query, '&');
    }
    text_append_string(&query, "list-type=2&prefix=");
    append_encoded(&query, store->root);
    return query.data;
}

static int pass_on(const struct blob_store *store, const struct s3_list *list,
                   int (*found)(void *user, const struct blob_found *found), void *user, struct error *e) {
    size_t skip = strlen(store->root);
    for (size_t i = 0; i < list->count; i++) {
        const struct s3_object *object = &list->objects[i];
        if (strncmp(object->key, store->root, skip) != 0)
            continue;
        struct blob_found blob = {object->key + skip, object->size, object->changed_us};
        int r = found(user, &blob);
        if (r < 0)
            return error_errno(e, -r, ERROR_INTERNAL, "stopped at %s", object->key);
    }
    return 0;
}

static int s3_list(struct blob_store *store, int (*found)(void *user, const struct blob_found *found), void *user,
                   struct error *e) {
    cleanup_free char *token = NULL;
    do {
        cleanup_free char *query = page_query(store, token);
        cleanup_s3_list struct s3_list list = {0};
        struct s3_answer answer = {0};
        int r = s3_call(store->connection, &(struct s3_request){.method = "GET", .query = query}, &answer, e);
        if (!r)
            r = s3_list_parse(answer.body.data, answer.body.length, &list, e);
        text_done(&answer.body);
        if (!r)
            r = pass_on(store, &list, found, user, e);
        if (r < 0)
            return r;
        free(token);
        token = take_pointer(list.token);
    } while (token);
    return 0;
}

const struct blob_backend blob_s3 = {s3_place_open, s3_place_close, s3_put, s3_get, s3_look, s3_remove, s3_list};
