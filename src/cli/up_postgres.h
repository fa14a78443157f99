/* The private PostgreSQL of an instance: data in STATE_DIR/postgres, one Unix socket in RUN_DIR/postgres, no TCP.
 *
 * Who may connect: the socket's folder lets in members of replinet-data; peer authentication then maps the system users
 * root, replinet-api and replinet-worker to the role `replinet`, which owns the database of that name and is no
 * superuser. Only replinet-postgres itself reaches the superuser. Functions run as root, from `replinet up`. */
#pragma once

#include "base/error.h"
#include <stdbool.h>
#include <sys/types.h>

/* Makes the data folder when there is none yet: whole or not at all, a power cut leaves no half. Takes a few seconds.
 */
int up_postgres_create(struct error *e);

/* Sets DATABASE_URL to it. */
int up_postgres_configure(struct error *e);

/* The members of a supervisor's row (cli/supervisor.h). `prepare` removes what a crash left: a postmaster that outlived
 * its supervisor, its pid file, its sockets. */
int up_postgres_prepare(void *user, struct error *e);
int up_postgres_start(void *user, pid_t *ret_pid, int *ret_pidfd, struct error *e);
bool up_postgres_is_ready(void *user);
