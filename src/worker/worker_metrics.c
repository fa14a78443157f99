/* The worker's listener: metrics and health, on a loop in a thread of its own, so that it answers while the worker
 * waits for its database. */
#include "base/config.h"
#include "base/metrics.h"
#include "net/http_server.h"
#include "worker/worker_internal.h"
#include <pthread.h>
#include <signal.h>
#include <string.h>

static void answer_metrics(struct http_request *request, void *user) {
    cleanup_text struct text out = {0};
    metrics_print(&out);
    http_respond(request, 200, "text/plain; version=0.0.4; charset=utf-8", out.data, out.length);
}

static void answer_health(struct http_request *request, void *user) {
    static const char alive[] = "{\"status\":\"ok\"}";
    http_respond(request, 200, "application/json", alive, strlen(alive));
}

static const struct http_route routes[] = {
    {.method = "GET", .pattern = "/metrics", .handle = answer_metrics},
    {.method = "GET", .pattern = "/health", .handle = answer_health},
    {.method = NULL},
};

static void *serve(void *user) {
    uv_run(user, UV_RUN_DEFAULT);
    return NULL;
}

int worker_metrics_start(struct error *e) {
    static uv_loop_t loop; /* lives as long as the process */
    pthread_t thread;
    if (!config_int(CONFIG_WORKER_METRICS_PORT))
        return 0;
    int fd = http_listen_socket("127.0.0.1", (int)config_int(CONFIG_WORKER_METRICS_PORT), e);
    if (fd < 0)
        return fd;
    uv_loop_init(&loop);
    struct http_server *server =
        http_server_new(&loop, &(struct http_options){.routes = routes, .connections_max = 64});
    int r = http_server_listen(server, fd, e);
    if (r < 0)
        return r;
    int err = pthread_create(&thread, NULL, serve, &loop); /* with SIGTERM blocked: the worker's signalfd gets it */
    if (err)
        return error_errno(e, err, ERROR_INTERNAL, "cannot serve metrics");
    pthread_detach(thread);
    return 0;
}
