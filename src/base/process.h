/* Child processes: users by name, spawning under another identity, waiting with a deadline. Single-threaded callers. */
#pragma once

#include "base/error.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct process_user {
    uid_t uid;
    gid_t gid;
    gid_t groups[8]; /* supplementary */
    size_t group_count;
};

/* Looks a system user up, with its supplementary groups; -ENOENT with a hint when missing. */
int process_find_user(const char *name, struct process_user *ret_user, struct error *e);
int process_find_group(const char *name, gid_t *ret_gid, struct error *e);

struct process_spec {
    const char *path;                   /* program to exec; NULL: this very binary (/proc/self/exe) */
    char *const *arguments;             /* NULL-terminated, arguments[0] included */
    char *const *environment;           /* NULL-terminated */
    const struct process_user *user;    /* NULL: stay who we are */
    int death_signal;                   /* sent to the child when its parent thread dies; 0: none */
    bool new_session;                   /* setsid: signals of our terminal do not reach it */
    int stdin_fd, stdout_fd, stderr_fd; /* -1: /dev/null for in and out, inherited for err */
    const int *fds;                     /* become 3, 4, 5, ... in the child; all others are closed */
    size_t fd_count;
    const char *directory; /* NULL: / */
};

/* Starts the child; returns 0 and its pid and (when not NULL) a pidfd. An exec that fails is reported here, not by the
 * child's death. */
int process_spawn(const struct process_spec *spec, pid_t *ret_pid, int *ret_pidfd, struct error *e);

/* Waits until the process behind the pidfd has ended and reaps it. `ret_status` is as waitpid's. -ETIMEDOUT. */
int process_wait(int pidfd, int64_t deadline, int *ret_status);

/* SIGTERM, then SIGKILL after grace_ms, then reaps. */
void process_stop(int pidfd, int64_t grace_ms);

int process_signal(int pidfd, int signal);

/* "exit 3", "killed by SIGSEGV": for logs. `text` has room for 48. */
const char *process_describe_status(int status, char text[48]);
