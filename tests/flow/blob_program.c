/* Drives the places of files for tests/flow/blobs.test.mjs, by the configuration in its environment:
 *     put PLACE KEY FILE | get PLACE KEY SIZE SHA256 [OFFSET LENGTH] | look PLACE KEY | remove PLACE KEY | list PLACE
 *     store JOB_ID ATTEMPT OWNER_ID NAME FILE      an artifact of a running job
 * A failure is {"code","text","hint"} on standard output, with status 1. */
#include "base/config.h"
#include "base/io.h"
#include "base/json.h"
#include "base/memory.h"
#include "base/uuid.h"
#include "domain/artifacts.h"
#include "store/blob.h"
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int print_found(void *user, const struct blob_found *found) {
    printf("%s %lld %lld\n", found->key, (long long)found->size, (long long)found->changed_us);
    return 0;
}

static int put(struct blob_store *store, char **words, struct error *e) {
    struct blob_source source;
    cleanup_close int fd = open(words[1], O_RDONLY | O_CLOEXEC);
    int r = blob_source_of_file(fd, &source, e);
    return r < 0 ? r : blob_put(store, words[0], &source, e);
}

static int get(struct blob_store *store, char **words, struct error *e) {
    int out = STDOUT_FILENO;
    struct blob_sink sink = blob_sink_to_fd(&out);
    struct blob_wanted wanted = {.size = atoll(words[1]), .sha256 = words[2]};
    if (words[3]) {
        wanted.offset = atoll(words[3]);
        wanted.length = atoll(words[4]);
    }
    return blob_get(store, words[0], &wanted, &sink, e);
}

static int use_place(const char *verb, char **words, struct error *e) {
    cleanup_blob struct blob_store store = {0};
    enum blob_place place = BLOB_LOCAL;
    int64_t size = 0;
    blob_place_from_name(words[0], &place);
    int r = blob_open(place, "artifacts", &store, e);
    if (r < 0)
        return r;
    if (!strcmp(verb, "put"))
        return put(&store, words + 1, e);
    if (!strcmp(verb, "get"))
        return get(&store, words + 1, e);
    if (!strcmp(verb, "remove"))
        return blob_remove(&store, words[1], e);
    if (!strcmp(verb, "list"))
        return blob_list(&store, print_found, NULL, e);
    r = blob_look(&store, words[1], &size, e);
    if (!r)
        printf("%lld\n", (long long)size);
    return r;
}

static int store_artifact(char **words, struct error *e) {
    cleanup_postgres struct postgres db = {0};
    cleanup_free char *data = NULL;
    char id[UUID_TEXT_SIZE];
    struct job_fence fence = {.attempt = atoi(words[1])};
    struct artifact artifact = {
        .owner_id = words[2], .kind = "other", .name = words[3], .media_type = "application/octet-stream"};
    snprintf(fence.job_id, sizeof fence.job_id, "%s", words[0]);
    int r = postgres_open(&(struct postgres_options){.purpose = "probe"}, &db, e);
    if (!r)
        r = io_read_file(words[4], (size_t)1 << 30, &data, &artifact.length, e);
    artifact.data = data;
    if (!r)
        r = artifacts_store(&db, &fence, uuid_make(id), &artifact, e);
    if (!r)
        puts(id);
    return r;
}

int main(int count, char **arguments) {
    cleanup_free char *complaints = NULL;
    struct error e = {0};
    if (count < 3 || sodium_init() < 0 || config_load(NULL, &complaints) < 0) {
        fprintf(stderr, "%s\n", complaints ? complaints : "usage: see the top of blob_program.c");
        return 2;
    }
    int r =
        !strcmp(arguments[1], "store") ? store_artifact(arguments + 2, &e) : use_place(arguments[1], arguments + 2, &e);
    if (r < 0) {
        cleanup_json json_t *failure =
            json_pack("{s:s, s:s, s:s}", "code", error_name(e.code), "text", e.text, "hint", e.hint);
        cleanup_free char *text = json_print(failure);
        puts(text);
    }
    return r < 0;
}
