/* Migrations: the files of db/migrations, embedded in the binary, applied once each and in order.
 *
 * All run under one advisory lock, so several binaries may start at once; each in a transaction of its own with its
 * row in schema_migrations. An applied file whose text differs now is refused: what ran stays what it was. A database
 * that has migrations which this binary does not know is used as it is (a migration works with the binary before it)
 * and said so in `newer`. */
#pragma once

#include "base/embedded.h"
#include "store/postgres.h"

struct migration_report {
    int known;   /* in the binary */
    int applied; /* in the database before */
    int done;    /* applied by this call */
    int newer;   /* in the database only */
};

/* `files`: a table sorted by name, ended by a NULL name. `apply` false: only looks. */
int migrations_run(struct postgres *db, const struct embedded_file *files, bool apply,
                   struct migration_report *ret_report, struct error *e);

extern const struct embedded_file migrations_embedded[];
