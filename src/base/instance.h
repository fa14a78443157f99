/* An instance: one STATE_DIR, one RUN_DIR and the processes that share them. Several may run on one machine.
 *
 *     STATE_DIR/secret/secret_key       0600 root         STATE_DIR/postgres, redis     the private servers' data
 *     STATE_DIR/artifacts/              files of threads   RUN_DIR/up.lock              held by `replinet up`
 *     RUN_DIR/launcher.lock             held by the launcher
 *     RUN_DIR/launcher.sock             SEQPACKET, engine only (browsers/protocol/launcher_protocol.h)
 *     RUN_DIR/keepers/ID.sock           SEQPACKET, engine only (browsers/protocol/keeper_protocol.h)
 *     RUN_DIR/browsers/ID/              bundle of a container, 0700 root
 *     RUN_DIR/mcp/NAME.sock             SEQPACKET, api processes only (api/mcp_peers.h), and a file per MCP session
 *     RUN_DIR/postgres, RUN_DIR/redis   the private servers' sockets */
#pragma once

#include "base/error.h"

/* System users and groups; `replinet up` checks them and doctor says how to make them. */
#define INSTANCE_USER_ENGINE   "replinet-engine"
#define INSTANCE_USER_WORKER   "replinet-worker"
#define INSTANCE_USER_API      "replinet-api"
#define INSTANCE_USER_POSTGRES "replinet-postgres"
#define INSTANCE_USER_REDIS    "replinet-redis"
#define INSTANCE_GROUP_DATA    "replinet-data"  /* may connect to the private PostgreSQL: api and worker */
#define INSTANCE_GROUP_REDIS   "replinet-cache" /* may connect to the private Redis: api, worker, engine */

/* "RUN_DIR/<printed>" and "STATE_DIR/<printed>"; the result is free()d by the caller. */
char *instance_run_path(const char *format, ...) __attribute__((format(printf, 1, 2)));
char *instance_state_path(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Takes an exclusive lock on a file for as long as the returned fd is open; -EBUSY when another process holds it. */
int instance_lock(const char *path, struct error *e);
