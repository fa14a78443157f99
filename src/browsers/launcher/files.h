/* Small file helpers that only the launcher needs. */
#pragma once

#include "base/error.h"
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Writes a file without fsync: what lies in RUN_DIR need not survive a power cut, and a browser's start must not wait
 * for a disk. */
int files_write_quick(const char *path, const void *data, size_t length, struct error *e);

/* When the process started (field 22 of /proc/PID/stat, clock ticks since boot); -ESRCH when there is none. Together
 * with the pid it names a process for good. */
int files_process_start(pid_t pid, uint64_t *ret_ticks);

/* Opens a regular file of a browser's transfer folder for reading, whatever the browser put there: the path is
 * resolved beneath the container's root without following a link. Returns the fd or -errno. */
int files_open_transfer(pid_t container_pid, const char *name);
