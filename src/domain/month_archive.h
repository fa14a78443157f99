/* Archives a detached month: its rows as JSON lines, compressed with zstd, as a blob below "archive" at the place where
 * new artifacts go. `zstd -dc FILE` gives the lines. */
#pragma once

#include "store/postgres.h"

/* `part`: a table of the view month_partitions; `key`: its column. 0: the archive is there, whole. */
int month_archive(struct postgres *db, const char *part, const char *key, struct error *e);
