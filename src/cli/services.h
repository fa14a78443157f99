/* Replinet's own processes as rows of a supervisor (cli/supervisor.h): who they run as, which configuration they get,
 * how one tells that they serve. Used by `replinet up` and `replinet browser-manager`. */
#pragma once

#include "cli/supervisor.h"

/* Identifier, subcommand, user (empty: root), reader letter of the configuration, ready check, stop_ms (0: as long as
 * it takes a worker to drain by the configuration, -1: an api). The launcher stops after the engine and takes down
 * every browser that is left. */
#define SERVICE_TABLE(X)                                                                                               \
    X(LAUNCHER, "launcher", "", 'L', launcher_is_ready, 20000)                                                         \
    X(ENGINE, "engine", INSTANCE_USER_ENGINE, 'E', engine_is_ready, 8000)                                              \
    X(WORKER, "worker", INSTANCE_USER_WORKER, 'W', worker_is_ready, 0)                                                 \
    X(API, "api", INSTANCE_USER_API, 'A', api_is_ready, -1)

enum service {
#define X(id, command, user, reader, is_ready, stop_ms) SERVICE_##id,
    SERVICE_TABLE(X)
#undef X
        SERVICE_COUNT
};

struct supervisor_child service_child(enum service service, int64_t ready_ms);

/* The api processes beside the first, from 1 to API_PROCESSES - 1. */
#define SERVICE_APIS_MOST 32
struct supervisor_child service_further_api(int number, int64_t ready_ms);
