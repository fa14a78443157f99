/* Upkeep (maintenance_table.h): small steps that hold no lock for long, may be stopped at any moment and begun anew. */
#pragma once

#include "base/json.h"
#include "domain/maintenance_table.h"
#include "store/postgres.h"

enum maintenance_task {
#define X(id, name, often, run, doc) MAINTENANCE_##id,
    MAINTENANCE_TABLE(X)
#undef X
        MAINTENANCE_COUNT
};
enum maintenance_period { MAINTENANCE_HOURLY, MAINTENANCE_DAILY };

struct maintenance {
    struct postgres *db;
    bool dry; /* only counts */
    /* Asked between steps: whether to stop. NULL: never. */
    bool (*is_interrupted)(void *user);
    void *user;
};

/* A task: how many things it removed, made or marked. */
#define X(id, name, often, run, doc)                                                                                   \
    int run(const struct maintenance *maintenance, int64_t *ret_count, struct error *e);
MAINTENANCE_TABLE(X)
#undef X

bool maintenance_should_stop(const struct maintenance *maintenance);

const char *maintenance_task_name(enum maintenance_task task);
const char *maintenance_task_doc(enum maintenance_task task);
enum maintenance_period maintenance_task_period(enum maintenance_task task);

/* Carries a task out and notes in maintenance_totals what it did, or why it failed. */
int maintenance_run(const struct maintenance *maintenance, enum maintenance_task task, int64_t *ret_count,
                    struct error *e);

/* Calls `each` with what every task has removed since the instance was made. */
int maintenance_totals(struct postgres *db, void (*each)(void *user, enum maintenance_task task, int64_t removed),
                       void *user, struct error *e);
