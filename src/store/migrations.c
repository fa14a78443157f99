#include "store/migrations.h"
#include "base/memory.h"
#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

/* A number of our own for pg_advisory_lock: "repl" in ASCII. */
#define LOCK_KEY     "1919250540"
#define TIMEOUT_MS   600000 /* a migration may rewrite a large table, or wait for another binary's */
#define CHECKSUM_HEX (2 * 32 + 1)

static const struct statement LOCK = {"migrations_lock", "SELECT pg_advisory_lock(" LOCK_KEY ")"};
static const struct statement UNLOCK = {"migrations_unlock", "SELECT pg_advisory_unlock(" LOCK_KEY ")"};
static const struct statement EXISTS = {"migrations_exist", "SELECT to_regclass('schema_migrations') IS NOT NULL"};
static const struct statement LIST = {"migrations_list", "SELECT name, checksum FROM schema_migrations ORDER BY name"};
static const struct statement ADD = {"migrations_add",
                                     "INSERT INTO schema_migrations (name, checksum) VALUES ($1, $2)"};

static const char *const make_table =
    "CREATE TABLE IF NOT EXISTS schema_migrations (name text PRIMARY KEY, "
    "checksum text NOT NULL, applied_at timestamptz NOT NULL DEFAULT clock_timestamp())";

static void checksum_of(const struct embedded_file *file, char hex[CHECKSUM_HEX]) {
    unsigned char hash[crypto_hash_sha256_BYTES];
    crypto_hash_sha256(hash, (const unsigned char *)file->data, file->length);
    sodium_bin2hex(hex, CHECKSUM_HEX, hash, sizeof hash);
}

static int find_applied(const struct pg_result *applied, const char *name) {
    for (int i = 0; applied && i < result_rows(applied); i++)
        if (!strcmp(result_text(applied, i, 0), name))
            return i;
    return -1;
}

static int refuse_edited(const char *name, struct error *e) {
    error_set(e, EBADMSG, ERROR_CONFLICT, "migration %s differs from the one that this database was made with", name);
    error_hint(e, "never edit a migration that ran: put the file back as it was and add a new one");
    return -EBADMSG;
}

static int apply_one(struct postgres *db, const struct embedded_file *file, const char *checksum, struct error *e) {
    cleanup_transaction struct transaction transaction = {0};
    int r = postgres_begin(db, &transaction, e);
    if (!r)
        r = postgres_script(db, file->data, e);
    if (!r)
        r = postgres_query(db, &ADD, NULL, e, file->name, checksum);
    if (!r)
        r = postgres_commit(&transaction, e);
    if (r < 0)
        error_prefix(e, "migration %s", file->name);
    return r;
}

static int walk(struct postgres *db, const struct embedded_file *files, const struct pg_result *applied, bool apply,
                struct migration_report *report, struct error *e) {
    for (const struct embedded_file *file = files; file->name; file++) {
        char checksum[CHECKSUM_HEX];
        checksum_of(file, checksum);
        report->known++;
        int at = find_applied(applied, file->name);
        if (at >= 0 && strcmp(result_text(applied, at, 1), checksum))
            return refuse_edited(file->name, e);
        report->applied += at >= 0;
        if (at >= 0 || !apply)
            continue;
        int r = apply_one(db, file, checksum, e);
        if (r < 0)
            return r;
        report->done++;
    }
    return 0;
}

static int read_applied(struct postgres *db, struct pg_result **ret_applied, struct error *e) {
    cleanup_result struct pg_result *exists = NULL;
    int r = postgres_query(db, &EXISTS, &exists, e);
    if (r < 0 || !result_bool(exists, 0, 0))
        return r;
    return postgres_query(db, &LIST, ret_applied, e);
}

static int run_locked(struct postgres *db, const struct embedded_file *files, bool apply,
                      struct migration_report *report, struct error *e) {
    cleanup_result struct pg_result *applied = NULL;
    int r = apply ? postgres_script(db, make_table, e) : 0;
    if (!r)
        r = read_applied(db, &applied, e);
    if (!r)
        r = walk(db, files, applied, apply, report, e);
    if (!r)
        report->newer = (applied ? result_rows(applied) : 0) - report->applied;
    return r;
}

int migrations_run(struct postgres *db, const struct embedded_file *files, bool apply,
                   struct migration_report *ret_report, struct error *e) {
    struct migration_report report = {0};
    if (!apply) {
        int looked = run_locked(db, files, false, &report, e);
        if (!looked)
            *ret_report = report;
        return looked;
    }
    int usual = db->timeout_ms;
    db->timeout_ms = TIMEOUT_MS;
    int r = postgres_script(db, "SET statement_timeout = '600s'; SET lock_timeout = '600s'", e);
    if (!r)
        r = postgres_query(db, &LOCK, NULL, e);
    if (!r) {
        r = run_locked(db, files, true, &report, e);
        postgres_query(db, &UNLOCK, NULL, NULL);
    }
    db->timeout_ms = usual;
    postgres_drop(db); /* with its unusual timeouts */
    if (!r)
        *ret_report = report;
    return r;
}
