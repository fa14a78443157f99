/* What keeps rows and bytes of artifacts together (artifact_files.h), a file at a time. */
#include "base/clock.h"
#include "base/json.h"
#include "base/memory.h"
#include "base/text.h"
#include "base/uuid.h"
#include "domain/artifact_files.h"
#include "domain/sql.h"
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define STRAY_AGE_US   (INT64_C(86400) * 1000000)
#define ROWS_AT_ONCE   200
#define STRAYS_AT_ONCE 500

static const struct statement LOCK = {"artifact_files_lock", "SELECT " ARTIFACT_FILE_LOCK("", "$1", "$2")};

/* Of one place, after a key; a page of files in order. */
#define PAGE(what)                                                                                                     \
    "SELECT f.owner_id, encode(f.sha256, 'hex'), f.size, f.place, f.missing_since IS NOT NULL FROM artifact_files f "  \
    "WHERE " what " AND (f.owner_id, f.sha256) > ($1::uuid, decode($2, 'hex')) ORDER BY f.owner_id, f.sha256 LIMIT "   \
    "$3::int"
static const struct statement UNUSED = {
    "artifact_files_unused",
    PAGE("NOT EXISTS (SELECT FROM artifacts a WHERE a.owner_id = f.owner_id AND a.sha256 = f.sha256)")};
static const struct statement ALL = {"artifact_files_all", PAGE("true")};
static const struct statement ELSEWHERE = {"artifact_files_elsewhere", PAGE("f.place = $4")};

static const struct statement FORGET = {
    "artifact_files_forget",
    "DELETE FROM artifact_files f WHERE f.owner_id = $1::uuid AND f.sha256 = decode($2, 'hex') AND NOT EXISTS "
    "(SELECT FROM artifacts a WHERE a.owner_id = f.owner_id AND a.sha256 = f.sha256) RETURNING f.place"};

static const struct statement NAMED = {
    "artifact_files_named", "SELECT 1 FROM artifact_files WHERE owner_id = $1::uuid AND sha256 = decode($2, 'hex') "
                            "AND place = $3"};

static const struct statement UNKNOWN = {
    "artifact_files_unknown",
    "SELECT k.key FROM jsonb_array_elements_text($1::jsonb) k (key) WHERE NOT EXISTS (SELECT FROM artifact_files f "
    "WHERE f.owner_id = split_part(k.key, '/', 1)::uuid AND f.sha256 = decode(split_part(k.key, '/', 3), 'hex') "
    "AND f.place = $2)"};

static const struct statement MARK = {
    "artifact_files_mark", "UPDATE artifact_files SET missing_since = CASE WHEN $3::boolean THEN clock_timestamp() END "
                           "WHERE owner_id = $1::uuid AND sha256 = decode($2, 'hex')"};

static const struct statement MOVED = {
    "artifact_files_moved",
    "UPDATE artifact_files SET place = $4, missing_since = NULL WHERE owner_id = $1::uuid AND sha256 = "
    "decode($2, 'hex') AND place = $3"};

struct sweep {
    struct postgres *db;
    struct blob_store stores[BLOB_PLACE_COUNT];
    bool open[BLOB_PLACE_COUNT];
    bool dry;
    struct artifact_sweep counts;
    enum blob_place to;
};

static void sweep_done(struct sweep *sweep) {
    for (int i = 0; i < BLOB_PLACE_COUNT; i++)
        if (sweep->open[i])
            blob_close(&sweep->stores[i]);
}
#define cleanup_sweep __attribute__((cleanup(sweep_done)))

static int store_at(struct sweep *sweep, enum blob_place place, struct blob_store **ret_store, struct error *e) {
    int r = sweep->open[place] ? 0 : blob_open(place, ARTIFACT_FOLDER, &sweep->stores[place], e);
    sweep->open[place] |= !r;
    *ret_store = &sweep->stores[place];
    return r;
}

struct file {
    const char *owner_id, *sha256;
    char *key;
    int64_t size;
    enum blob_place place;
    bool is_marked;
};

/* What is done with one file; -errno with `e` when that failed. */
typedef int (*file_step)(struct sweep *sweep, const struct file *file, struct error *e);

static void note_mended(struct sweep *sweep, const struct file *file) {
    sweep->counts.mended++;
    sweep->counts.bytes += file->size;
}

static int take_row(struct sweep *sweep, const struct pg_result *rows, int i, file_step step, struct error *e) {
    struct file file = {.owner_id = result_text(rows, i, 0),
                        .sha256 = result_text(rows, i, 1),
                        .size = result_int(rows, i, 2),
                        .is_marked = result_bool(rows, i, 4)};
    cleanup_free char *key = memory_print("%s/%.2s/%s", file.owner_id, file.sha256, file.sha256);
    file.key = key;
    if (blob_place_from_name(result_text(rows, i, 3), &file.place) < 0)
        return error_set(e, EINVAL, ERROR_INTERNAL, "a file is at \"%s\", which this version does not know",
                         result_text(rows, i, 3));
    sweep->counts.looked_at++;
    return step(sweep, &file, e);
}

/* A failure of one file leaves it for the next time; one of the database, or of a whole place, ends the sweep. */
static bool is_of_one_file(const struct error *e) {
    return e->code == ERROR_NOT_FOUND || (e->code == ERROR_STORAGE && strstr(e->text, "damaged"));
}

/* Goes through a page statement until `limit` files were looked at (0: all). `which` is its $4. */
static int go_through(struct sweep *sweep, const struct statement *page, const char *which, int64_t limit,
                      file_step step, struct error *e) {
    char owner[UUID_TEXT_SIZE] = "00000000-0000-0000-0000-000000000000", sha256[BLOB_SHA256_HEX] = "";
    for (int count = ROWS_AT_ONCE; count == ROWS_AT_ONCE && (!limit || sweep->counts.looked_at < limit);) {
        cleanup_result struct pg_result *rows = NULL;
        const char *values[] = {owner, sha256, SQL_INT(ROWS_AT_ONCE), which};
        int r = postgres_run(sweep->db, page, values, which ? 4 : 3, &rows, e);
        if (r < 0)
            return r;
        count = result_rows(rows);
        for (int i = 0; i < count && (!limit || sweep->counts.looked_at < limit); i++) {
            r = take_row(sweep, rows, i, step, e);
            if (r < 0 && !is_of_one_file(e))
                return r;
            sweep->counts.failed += r < 0;
        }
        if (count) {
            snprintf(owner, sizeof owner, "%s", result_text(rows, count - 1, 0));
            snprintf(sha256, sizeof sha256, "%s", result_text(rows, count - 1, 1));
        }
    }
    return 0;
}

static int release_one(struct sweep *sweep, const struct file *file, struct error *e) {
    cleanup_transaction struct transaction transaction = {0};
    cleanup_result struct pg_result *gone = NULL;
    struct blob_store *store;
    int r = store_at(sweep, file->place, &store, e);
    if (!r && !sweep->dry)
        r = postgres_begin(sweep->db, &transaction, e);
    if (!r && !sweep->dry)
        r = postgres_query(sweep->db, &LOCK, NULL, e, file->owner_id, file->sha256);
    if (!r && !sweep->dry)
        r = postgres_query(sweep->db, &FORGET, &gone, e, file->owner_id, file->sha256);
    if (!r && gone && !result_rows(gone))
        return 0; /* somebody took it up meanwhile */
    if (!r && gone)
        r = blob_remove(store, file->key, e);
    if (!r && gone)
        r = postgres_commit(&transaction, e);
    if (!r)
        note_mended(sweep, file);
    return r;
}

int artifact_files_release(struct postgres *db, int limit, bool dry, struct artifact_sweep *ret_sweep,
                           struct error *e) {
    cleanup_sweep struct sweep sweep = {.db = db, .dry = dry};
    int r = go_through(&sweep, &UNUSED, NULL, limit, release_one, e);
    *ret_sweep = sweep.counts;
    return r;
}

/* Marks what is gone, unmarks what came back. */
static int look_for_one(struct sweep *sweep, const struct file *file, struct error *e) {
    struct blob_store *store;
    int64_t size = 0;
    int r = store_at(sweep, file->place, &store, e);
    if (!r)
        r = blob_look(store, file->key, &size, e);
    if (r < 0 && r != -ENOENT)
        return r;
    bool is_missing = r == -ENOENT || size != file->size;
    if (is_missing)
        note_mended(sweep, file);
    if (is_missing == file->is_marked || sweep->dry)
        return 0;
    return postgres_query(sweep->db, &MARK, NULL, e, file->owner_id, file->sha256, SQL_BOOL(is_missing));
}

int artifact_files_find_missing(struct postgres *db, bool dry, struct artifact_sweep *ret_sweep, struct error *e) {
    cleanup_sweep struct sweep sweep = {.db = db, .dry = dry};
    int r = go_through(&sweep, &ALL, NULL, 0, look_for_one, e);
    *ret_sweep = sweep.counts;
    return r;
}

/* Through memory that is no file's: whole and checked before a byte of it is put. */
static int copy_one(const struct file *file, struct blob_store *from, struct blob_store *to, struct error *e) {
    cleanup_close int memory = memfd_create("artifact", MFD_CLOEXEC);
    struct blob_wanted wanted = {.size = file->size, .sha256 = file->sha256};
    struct blob_sink sink = blob_sink_to_fd(&memory);
    struct blob_source source = {.fd = memory, .length = file->size};
    snprintf(source.sha256, sizeof source.sha256, "%s", file->sha256);
    if (memory < 0)
        return error_errno(e, errno, ERROR_INTERNAL, "cannot make room for a file");
    int r = blob_get(from, file->key, &wanted, &sink, e);
    return r < 0 ? r : blob_put(to, file->key, &source, e);
}

static int move_one(struct sweep *sweep, const struct file *file, struct error *e) {
    struct blob_store *from, *to;
    int r = store_at(sweep, file->place, &from, e);
    if (!r)
        r = store_at(sweep, sweep->to, &to, e);
    if (!r && !sweep->dry) {
        r = copy_one(file, from, to, e);
        if (!r)
            r = postgres_query(sweep->db, &MOVED, NULL, e, file->owner_id, file->sha256, blob_place_name(file->place),
                               blob_place_name(sweep->to));
        if (!r)
            r = blob_remove(from, file->key, e);
    }
    if (!r)
        note_mended(sweep, file);
    return r;
}

int artifact_files_move(struct postgres *db, enum blob_place place, bool dry, struct artifact_sweep *ret_sweep,
                        struct error *e) {
    cleanup_sweep struct sweep sweep = {.db = db, .dry = dry, .to = place};
    int r = 0;
    for (int from = 0; !r && from < BLOB_PLACE_COUNT; from++)
        if (from != (int)place)
            r = go_through(&sweep, &ELSEWHERE, blob_place_name((enum blob_place)from), 0, move_one, e);
    *ret_sweep = sweep.counts;
    return r;
}

/* Strays: keys are collected and asked about together. */
struct strays {
    struct sweep *sweep;
    json_t *keys;       /* of our shape, old enough */
    struct text drafts; /* NUL-terminated names, one after another */
    int64_t old_us;
};

static bool is_file_key(const char *key) {
    char owner[UUID_TEXT_SIZE];
    snprintf(owner, sizeof owner, "%s", key);
    return strlen(key) == 36 + 1 + 2 + 1 + 64 && uuid_is_valid(owner) && key[36] == '/' && key[39] == '/' &&
           !memcmp(key + 37, key + 40, 2) && strspn(key + 40, "0123456789abcdef") == 64;
}

static int collect(void *user, const struct blob_found *found) {
    struct strays *strays = user;
    if (found->changed_us > strays->old_us)
        return 0;
    if (is_file_key(found->key))
        json_array_append_new(strays->keys, json_string(found->key));
    else if (strstr(found->key, BLOB_DRAFT)) /* anything else is not ours to judge */
        text_append(&strays->drafts, found->key, strlen(found->key) + 1);
    strays->sweep->counts.looked_at++;
    return 0;
}

static int remove_stray(struct sweep *sweep, const char *key, struct error *e) {
    cleanup_transaction struct transaction transaction = {0};
    cleanup_result struct pg_result *named = NULL;
    cleanup_free char *owner = memory_print("%.36s", key);
    struct blob_store *store = &sweep->stores[sweep->to];
    int64_t size = 0;
    if (blob_look(store, key, &size, NULL) < 0)
        return 0;
    int r = postgres_begin(sweep->db, &transaction, e);
    if (!r)
        r = postgres_query(sweep->db, &LOCK, NULL, e, owner, key + 40);
    if (!r)
        r = postgres_query(sweep->db, &NAMED, &named, e, owner, key + 40, blob_place_name(sweep->to));
    if (r < 0 || result_rows(named))
        return r;
    if (!sweep->dry)
        r = blob_remove(store, key, e);
    if (!r)
        note_mended(sweep, &(struct file){.size = size});
    return r;
}

/* Asks about up to STRAYS_AT_ONCE keys from `first`. */
static int ask_about(struct strays *strays, size_t first, struct error *e) {
    cleanup_result struct pg_result *unknown = NULL;
    cleanup_json json_t *part = json_array();
    for (size_t i = first; i < json_array_size(strays->keys) && i < first + STRAYS_AT_ONCE; i++)
        json_array_append(part, json_array_get(strays->keys, i));
    cleanup_free char *keys = json_print(part);
    int r = postgres_query(strays->sweep->db, &UNKNOWN, &unknown, e, keys, blob_place_name(strays->sweep->to));
    for (int i = 0; !r && i < result_rows(unknown); i++)
        r = remove_stray(strays->sweep, result_text(unknown, i, 0), e);
    return r;
}

static int remove_drafts(struct strays *strays, struct error *e) {
    struct sweep *sweep = strays->sweep;
    int r = 0;
    for (size_t at = 0; !r && at < strays->drafts.length; at += strlen(strays->drafts.data + at) + 1) {
        r = sweep->dry ? 0 : blob_remove(&sweep->stores[sweep->to], strays->drafts.data + at, e);
        sweep->counts.mended += !r;
    }
    return r;
}

int artifact_files_remove_strays(struct postgres *db, enum blob_place place, bool dry, struct artifact_sweep *ret_sweep,
                                 struct error *e) {
    cleanup_sweep struct sweep sweep = {.db = db, .dry = dry, .to = place};
    cleanup_json json_t *keys = json_array();
    struct strays strays = {.sweep = &sweep, .keys = keys, .old_us = clock_wall_us() - STRAY_AGE_US};
    struct blob_store *store;
    int r = store_at(&sweep, place, &store, e);
    if (!r)
        r = blob_list(store, collect, &strays, e);
    if (!r)
        r = remove_drafts(&strays, e);
    for (size_t first = 0; !r && first < json_array_size(keys); first += STRAYS_AT_ONCE)
        r = ask_about(&strays, first, e);
    text_done(&strays.drafts);
    *ret_sweep = sweep.counts;
    return r;
}
