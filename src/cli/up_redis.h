/* The private Redis of an instance: an append-only file in STATE_DIR/redis, one Unix socket in RUN_DIR/redis, no TCP.
 *
 * The socket's folder lets in members of replinet-cache; the one Redis user they get may neither administer the server
 * nor read its files. Functions run as root, from `replinet up`; they are the members of a supervisor's row. */
#pragma once

#include "base/error.h"
#include <stdbool.h>
#include <sys/types.h>

int up_redis_configure(struct error *e); /* sets REDIS_URL */
int up_redis_prepare(void *user, struct error *e);
int up_redis_start(void *user, pid_t *ret_pid, int *ret_pidfd, struct error *e);
bool up_redis_is_ready(void *user);
