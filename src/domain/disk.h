/* Room on the disks that an instance writes to: STATE_DIR, and below it the artifacts and the private PostgreSQL, which
 * may be disks of their own. Looked at anew by each call: room that was made counts at once. */
#pragma once

#include "base/error.h"
#include <stdint.h>

/* ERROR_STORAGE, naming the disk, while less than DISK_MIN_FREE_MB is free on one of them. */
int disk_check(struct error *e);

/* Of the disk with the least room, bytes; -1: it cannot be looked at. */
int64_t disk_least_free(void);
