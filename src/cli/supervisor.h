/* Keeps a list of child processes running: starts them in order, each when those before it are ready; restarts what
 * dies, with backoff; stops them in reverse order on SIGTERM, SIGINT or SIGHUP, or when one cannot be started.
 *
 * Children are in a session of their own, so a Ctrl-C on the terminal reaches the supervisor alone and the order of
 * stopping is its to choose. Each has a death signal: a supervisor that is killed takes its children along. One
 * supervisor per process; it owns those signals while it runs. */
#pragma once

#include "base/process.h"
#include <stdbool.h>

#define SUPERVISOR_BACKOFF_LEAST_MS 100
#define SUPERVISOR_BACKOFF_MOST_MS  10000
#define SUPERVISOR_FIRST_TRIES      7     /* failures before it was ever ready, some 12 s, after which it is hopeless */
#define SUPERVISOR_STEADY_MS        10000 /* a child that lived so long starts again without backoff */

struct supervisor_child {
    const char *name;
    /* Called before each start, to put right what a crash left; may be NULL. */
    int (*prepare)(void *user, struct error *e);
    /* Starts it (process_spawn with new_session and a death signal). */
    int (*start)(void *user, pid_t *ret_pid, int *ret_pidfd, struct error *e);
    /* Whether it serves now; asked every 20 ms, must not block long. NULL: at once. */
    bool (*is_ready)(void *user);
    /* Called once, when it is ready for the first time; a failure ends the supervisor. May be NULL. */
    int (*when_ready)(void *user, struct error *e);
    void *user;
    int stop_signal;  /* 0: SIGTERM */
    int64_t ready_ms; /* how long the first start may take, restarts included */
    int64_t stop_ms;  /* from stop_signal to SIGKILL */
    /* The supervisor's own: */
    int pidfd; /* -1: not running */
    pid_t pid;
    bool ready, was_ready;
    int failures; /* before it was ready for the first time */
    int64_t started, next_start, backoff_ms;
};

/* Runs until a signal, or until a child could not be started in its time. `all_ready` is called once (may be NULL).
 * Returns 0 after a signal, else -errno; when it returns, no child is left. */
int supervisor_run(struct supervisor_child *children, size_t count, void (*all_ready)(void *user), void *user,
                   struct error *e);

/* The usual `start`: this binary with one subcommand, as `user_name` (NULL: as we are), with the environment of one of
 * the configuration's readers. */
int supervisor_spawn_command(const char *command, const char *user_name, char reader, pid_t *ret_pid, int *ret_pidfd,
                             struct error *e);
