#include "domain/maintenance.h"
#include "domain/artifact_files.h"
#include "domain/sql.h"
#include <string.h>

#define FILES_AT_ONCE 500

static const struct {
    const char *name, *doc;
    enum maintenance_period period;
    int (*run)(const struct maintenance *maintenance, int64_t *ret_count, struct error *e);
} tasks[MAINTENANCE_COUNT] = {
#define X(id, name, often, run, doc) {name, doc, MAINTENANCE_##often, run},
    MAINTENANCE_TABLE(X)
#undef X
};

static const struct statement NOTE = {
    "maintenance_note",
    "INSERT INTO maintenance_totals AS t (task, removed, last_error) VALUES ($1, $2::bigint, $3) ON CONFLICT (task) DO "
    "UPDATE SET removed = t.removed + excluded.removed, last_run_at = clock_timestamp(), last_error = "
    "excluded.last_error"};

static const struct statement TOTALS = {"maintenance_totals", "SELECT task, removed FROM maintenance_totals"};

const char *maintenance_task_name(enum maintenance_task task) {
    return tasks[task].name;
}

const char *maintenance_task_doc(enum maintenance_task task) {
    return tasks[task].doc;
}

enum maintenance_period maintenance_task_period(enum maintenance_task task) {
    return tasks[task].period;
}

bool maintenance_should_stop(const struct maintenance *maintenance) {
    return maintenance->is_interrupted && maintenance->is_interrupted(maintenance->user);
}

int maintenance_run(const struct maintenance *maintenance, enum maintenance_task task, int64_t *ret_count,
                    struct error *e) {
    struct error why = {0};
    *ret_count = 0;
    int r = tasks[task].run(maintenance, ret_count, &why);
    int noted = maintenance->dry ? 0
                                 : postgres_query(maintenance->db, &NOTE, NULL, r < 0 ? NULL : e, tasks[task].name,
                                                  SQL_INT(*ret_count), why.text);
    if (r < 0 && e) {
        *e = why;
        error_prefix(e, "maintenance, %s", tasks[task].name);
    }
    return r < 0 ? r : noted;
}

int maintenance_totals(struct postgres *db, void (*each)(void *user, enum maintenance_task task, int64_t removed),
                       void *user, struct error *e) {
    cleanup_result struct pg_result *totals = NULL;
    int r = postgres_query(db, &TOTALS, &totals, e);
    for (int i = 0; !r && i < result_rows(totals); i++)
        for (int task = 0; task < MAINTENANCE_COUNT; task++)
            if (!strcmp(tasks[task].name, result_text(totals, i, 0)))
                each(user, (enum maintenance_task)task, result_int(totals, i, 1));
    return r;
}

/* Files one page at a time, so that a worker that drains need not wait. */
int maintenance_files(const struct maintenance *maintenance, int64_t *ret_count, struct error *e) {
    struct artifact_sweep sweep;
    int r;
    do {
        r = artifact_files_release(maintenance->db, maintenance->dry ? 0 : FILES_AT_ONCE, maintenance->dry, &sweep, e);
        *ret_count += sweep.mended;
    } while (!r && !maintenance->dry && sweep.mended == FILES_AT_ONCE && !maintenance_should_stop(maintenance));
    return r;
}

int maintenance_strays(const struct maintenance *maintenance, int64_t *ret_count, struct error *e) {
    int r = 0;
    for (int place = 0; !r && place < BLOB_PLACE_COUNT; place++) {
        struct artifact_sweep sweep = {0};
        if (blob_is_configured((enum blob_place)place))
            r = artifact_files_remove_strays(maintenance->db, (enum blob_place)place, maintenance->dry, &sweep, e);
        *ret_count += sweep.mended;
    }
    return r;
}

int maintenance_missing(const struct maintenance *maintenance, int64_t *ret_count, struct error *e) {
    struct artifact_sweep sweep = {0};
    int r = artifact_files_find_missing(maintenance->db, maintenance->dry, &sweep, e);
    *ret_count = sweep.mended;
    return r;
}
