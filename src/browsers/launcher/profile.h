/* A browser's home that outlives Chromium, and what is put into it before and taken from it after.
 *
 * The home of a browser with a profile is a tmpfs that the launcher mounts (RUN_DIR/homes/ID) and the container binds.
 * Archives are read and written by a child that runs as the browser's user (profile_child.c), never by the launcher. */
#pragma once

#include "base/error.h"
#include "browsers/launcher/ids.h"
#include <stdint.h>
#include <sys/types.h>

/* The child's exit status: identifier, number, what is said to people. */
#define PROFILE_CHILD_TABLE(X)                                                                                         \
    X(FAILED, 3, "the files cannot be read or written")                                                                \
    X(REFUSED, 4, "it is damaged, or holds something that no profile holds")                                           \
    X(TOO_LARGE, 5, "it is over PROFILE_MAX_MB")

enum profile_child_status {
#define X(id, number, text) PROFILE_CHILD_##id = number,
    PROFILE_CHILD_TABLE(X)
#undef X
};

/* The words for a wait status that is not 0. */
const char *profile_describe_status(int wait_status);

char *profile_home(const char *id); /* its path, free() */
/* Mounts the home of `bytes` and makes the folders in it that the container needs. */
int profile_make_home(const char *id, const struct ids *ids, uint64_t bytes, struct error *e);
/* Unmounts and removes it; 0 also when there is none. */
int profile_remove_home(const char *id);

/* Start the child on the archive behind `archive` (borrowed). `verb` is "pack" or "unpack". */
int profile_spawn_child(const char *id, const struct ids *ids, const char *verb, int archive, pid_t *ret_pid,
                        struct error *e);
/* An empty file in memory for `pack`; its descriptor or -errno. */
int profile_make_archive(void);

int profile_command(int count, char **arguments);
