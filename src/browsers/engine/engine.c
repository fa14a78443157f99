#include "browsers/engine/engine.h"
#include "base/config.h"
#include "base/instance.h"
#include "base/log.h"
#include "base/memory.h"
#include "browsers/engine/door.h"
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>

#define DRAIN_MS         3000
#define DESCRIPTORS_MOST 20000

struct engine {
    uv_loop_t loop;
    uv_signal_t stop[2];
    struct pool *pool;
    struct door door;
    bool stopping;
};

static void on_drained(void *user) {
    struct engine *engine = user;
    pool_free(engine->pool);
}

static void on_signal(uv_signal_t *handle, int number) {
    struct engine *engine = handle->data;
    if (engine->stopping)
        return;
    engine->stopping = true;
    log_info("stopping", LOG_INT("replinet.signal", number));
    for (size_t i = 0; i < ARRAY_LENGTH(engine->stop); i++)
        uv_close((uv_handle_t *)&engine->stop[i], NULL);
    /* Waiting requests are answered first, so that their connections can drain; requests use the pool to the last. */
    pool_stop(engine->pool);
    http_server_drain(engine->door.server, DRAIN_MS, on_drained, engine);
}

/* Half of what there may be is the door's: however many connect to it, launcher and keepers can still be reached. */
static size_t descriptors_for_door(void) {
    struct rlimit limit = {0};
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max < DESCRIPTORS_MOST ? limit.rlim_max : DESCRIPTORS_MOST;
    setrlimit(RLIMIT_NOFILE, &limit);
    return (size_t)limit.rlim_cur / 2;
}

static int engine_start(struct engine *engine, struct error *e) {
    static const int signals[] = {SIGTERM, SIGINT};
    cleanup_free char *path = instance_run_path("launcher.sock");
    if (strlen(config_text(CONFIG_TICKET_PUBLIC_KEY)) != 64)
        return error_set(e, EINVAL, ERROR_BAD_CONFIG, "TICKET_PUBLIC_KEY is not set to 64 hexadecimal digits");
    uv_loop_init(&engine->loop);
    engine->pool = pool_new(&engine->loop, path);
    for (size_t i = 0; i < ARRAY_LENGTH(signals); i++) {
        uv_signal_init(&engine->loop, &engine->stop[i]);
        engine->stop[i].data = engine;
        uv_signal_start(&engine->stop[i], on_signal, signals[i]);
    }
    return door_start(&engine->door, &engine->loop, engine->pool, descriptors_for_door(), e);
}

int engine_command(int count, char **arguments) {
    struct engine engine = {0};
    struct error e;
    if (engine_start(&engine, &e) < 0) {
        log_failure(&e, "the engine cannot start");
        return 1;
    }
    log_info("the door is open", LOG_TEXT("server.address", config_text(CONFIG_DOOR_HOST)),
             LOG_INT("server.port", config_int(CONFIG_DOOR_PORT)));
    uv_run(&engine.loop, UV_RUN_DEFAULT);
    uv_loop_close(&engine.loop);
    return 0;
}
