#include "domain/month_archive.h"
#include "base/clock.h"
#include "base/instance.h"
#include "base/io.h"
#include "base/memory.h"
#include "base/uuid.h"
#include "store/blob.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zstd.h>

#define ROWS_AT_ONCE 2000
#define ROOM         ((size_t)128 * 1024)
#define LEVEL        9

static const struct statement PAGE = {
    "month_archive_page", "SELECT at, seq, body FROM month_partition_page($1, $2, $3::uuid, $4::bigint, $5::int)"};

struct archive {
    ZSTD_CCtx *zstd;
    int fd;
    char *room;
};

static void archive_done(struct archive *archive) {
    ZSTD_freeCCtx(archive->zstd);
    cleanup_close_value(&archive->fd);
    free(archive->room);
}

static int compress(struct archive *archive, const char *data, size_t length, ZSTD_EndDirective end, struct error *e) {
    ZSTD_inBuffer in = {data, length, 0};
    size_t left;
    do {
        ZSTD_outBuffer out = {archive->room, ROOM, 0};
        left = ZSTD_compressStream2(archive->zstd, &out, &in, end);
        if (ZSTD_isError(left))
            return error_set(e, EIO, ERROR_INTERNAL, "zstd: %s", ZSTD_getErrorName(left));
        int r = io_write_full(archive->fd, archive->room, out.pos);
        if (r < 0)
            return error_errno(e, -r, ERROR_STORAGE, "cannot write an archive");
    } while (end == ZSTD_e_end ? left > 0 : in.pos < in.size);
    return 0;
}

static int write_rows(struct archive *archive, const struct pg_result *rows, struct error *e) {
    int r = 0;
    for (int i = 0; !r && i < result_rows(rows); i++) {
        const char *body = result_text(rows, i, 2);
        r = compress(archive, body, strlen(body), ZSTD_e_continue, e);
        if (!r)
            r = compress(archive, "\n", 1, ZSTD_e_continue, e);
    }
    return r;
}

static int write_all(struct archive *archive, struct postgres *db, const char *part, const char *key, struct error *e) {
    char after[UUID_TEXT_SIZE] = "00000000-0000-0000-0000-000000000000";
    int64_t after_seq = 0;
    for (int count = ROWS_AT_ONCE; count == ROWS_AT_ONCE;) {
        cleanup_result struct pg_result *rows = NULL;
        int r = postgres_query(db, &PAGE, &rows, e, part, key, after, SQL_INT(after_seq), SQL_INT(ROWS_AT_ONCE));
        if (!r)
            r = write_rows(archive, rows, e);
        if (r < 0)
            return r;
        count = result_rows(rows);
        if (count) {
            snprintf(after, sizeof after, "%s", result_text(rows, count - 1, 0));
            after_seq = result_int(rows, count - 1, 1);
        }
    }
    return compress(archive, "", 0, ZSTD_e_end, e);
}

/* The time in its name: a month that gets late rows after it was archived has a second archive. */
static int keep(const char *part, int fd, struct error *e) {
    cleanup_blob struct blob_store store = {0};
    struct blob_source source;
    cleanup_free char *key = memory_print("%s-%lld.jsonl.zst", part, (long long)clock_wall_us() / 1000000);
    int64_t size = 0;
    int r = blob_source_of_file(fd, &source, e);
    if (!r)
        r = blob_open(blob_place_for_new(), "archive", &store, e);
    if (!r)
        r = blob_put(&store, key, &source, e);
    if (!r)
        r = blob_look(&store, key, &size, e);
    return !r && size != source.length ? error_set(e, EIO, ERROR_STORAGE, "the archive %s is not whole", key) : r;
}

int month_archive(struct postgres *db, const char *part, const char *key, struct error *e) {
    cleanup_free char *folder = instance_state_path("archive");
    __attribute__((cleanup(archive_done))) struct archive archive = {.fd = -1};
    int r = io_make_dirs(folder, 0770, e);
    if (r < 0)
        return r;
    archive.fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (archive.fd < 0)
        return error_errno(e, errno, ERROR_STORAGE, "cannot write to %s", folder);
    archive.zstd = ZSTD_createCCtx();
    archive.room = memory_alloc(ROOM);
    ZSTD_CCtx_setParameter(archive.zstd, ZSTD_c_compressionLevel, LEVEL);
    ZSTD_CCtx_setParameter(archive.zstd, ZSTD_c_checksumFlag, 1);
    r = write_all(&archive, db, part, key, e);
    if (!r)
        r = keep(part, archive.fd, e);
    if (r < 0)
        error_prefix(e, "cannot archive %s", part);
    return r;
}
