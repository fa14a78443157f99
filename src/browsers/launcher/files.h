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

/* Makes a new regular file there, the container's user's own (mode 0600), and opens it for writing. Never opens what
 * exists: -EEXIST. Returns the fd or -errno. */
int files_create_transfer(pid_t container_pid, uid_t owner, const char *name);

/* Removes one name there, whatever it is, unless it is a folder; follows no link. */
int files_remove_transfer(pid_t container_pid, const char *name);
