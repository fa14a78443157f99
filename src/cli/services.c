#include "cli/services.h"
#include "base/config.h"
#include "base/instance.h"
#include "base/memory.h"
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <uv.h>

struct service_row {
    const char *command, *user;
    char reader;
    bool (*is_ready)(void *row);
    int64_t stop_ms;
};

/* The launcher's socket may be connected to by the engine alone, so its being there has to do; service_prepare removes
 * what a killed launcher left. */
static bool launcher_is_ready(void *row) {
    cleanup_free char *path = instance_run_path("launcher.sock");
    return !access(path, F_OK);
}

/* Whether somebody listens there. */
static bool is_listening(const char *host, int port) {
    struct sockaddr_storage address = {0};
    socklen_t length = strchr(host, ':') ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in);
    if (uv_ip4_addr(host, port, (struct sockaddr_in *)&address) &&
        uv_ip6_addr(host, port, (struct sockaddr_in6 *)&address))
        return false;
    cleanup_close int fd = socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    return fd >= 0 && !connect(fd, (struct sockaddr *)&address, length);
}

/* Whoever connects is served, or waits in its queue until browsers can be had. */
static bool engine_is_ready(void *row) {
    return is_listening(config_text(CONFIG_DOOR_HOST), (int)config_int(CONFIG_DOOR_PORT));
}

/* By its metrics, when it has any. */
static bool worker_is_ready(void *row) {
    int port = (int)config_int(CONFIG_WORKER_METRICS_PORT);
    return !port || is_listening("127.0.0.1", port);
}

static bool api_is_ready(void *row) {
    const char *host = config_text(CONFIG_BACKEND_HOST);
    bool any = !strcmp(host, "0.0.0.0") || !strcmp(host, "::");
    return is_listening(any ? "127.0.0.1" : host, (int)config_int(CONFIG_BACKEND_PORT));
}

static const struct service_row rows[] = {
#define X(id, command, user, reader, is_ready, stop_ms) {command, user, reader, is_ready, stop_ms},
    SERVICE_TABLE(X)
#undef X
};

static int service_prepare(void *user, struct error *e) {
    if (user == &rows[SERVICE_LAUNCHER]) {
        cleanup_free char *path = instance_run_path("launcher.sock");
        unlink(path);
    }
    return 0;
}

static int service_start(void *user, pid_t *ret_pid, int *ret_pidfd, struct error *e) {
    const struct service_row *row = user;
    return supervisor_spawn_command(row->command, *row->user ? row->user : NULL, row->reader, ret_pid, ret_pidfd, e);
}

#define API_STOP_EXTRA_MS 5000

static int64_t api_drain_ms(void) {
    return config_int(CONFIG_API_DRAIN_SECONDS) * 1000 + API_STOP_EXTRA_MS;
}

/* A worker lets its runs go on, then tells them to stop, then kills them. */
static int64_t drain_ms(void) {
    return (config_int(CONFIG_WORKER_DRAIN_SECONDS) + config_int(CONFIG_JOB_STOP_SECONDS) + 5) * 1000;
}

/* A further api process: it shares BACKEND_PORT, and its metrics are on the next port. */
static struct further_api {
    const struct service_row *row;
    char name[16];
    int64_t metrics_port; /* 0: none */
} further_apis[SERVICE_APIS_MOST];

static bool further_api_is_ready(void *user) {
    const struct further_api *api = user;
    return api->metrics_port ? is_listening("127.0.0.1", (int)api->metrics_port) : api_is_ready(NULL);
}

/* The child's environment is made of our configuration, which has the number for just so long. */
static int further_api_start(void *user, pid_t *ret_pid, int *ret_pidfd, struct error *e) {
    struct further_api *api = user;
    cleanup_free char *usual = memory_copy_text(config_text(CONFIG_API_METRICS_PORT));
    char own[24];
    snprintf(own, sizeof own, "%lld", (long long)api->metrics_port);
    int r = config_set(CONFIG_API_METRICS_PORT, own, e);
    if (!r)
        r = service_start((void *)api->row, ret_pid, ret_pidfd, e);
    config_set(CONFIG_API_METRICS_PORT, usual, NULL);
    return r;
}

struct supervisor_child service_further_api(int number, int64_t ready_ms) {
    struct supervisor_child child = service_child(SERVICE_API, ready_ms);
    struct further_api *api = &further_apis[number];
    int64_t port = config_int(CONFIG_API_METRICS_PORT);
    *api = (struct further_api){.row = &rows[SERVICE_API], .metrics_port = port ? port + number : 0};
    snprintf(api->name, sizeof api->name, "api-%d", number + 1);
    child.name = api->name;
    child.start = further_api_start;
    child.is_ready = further_api_is_ready;
    child.user = api;
    return child;
}

struct supervisor_child service_child(enum service service, int64_t ready_ms) {
    const struct service_row *row = &rows[service];
    return (struct supervisor_child){
        .name = row->command,
        .prepare = service_prepare,
        .start = service_start,
        .is_ready = row->is_ready,
        .user = (void *)row,
        .ready_ms = ready_ms,
        .stop_ms = row->stop_ms > 0   ? row->stop_ms
                   : row->stop_ms < 0 ? api_drain_ms()
                                      : drain_ms(),
    };
}
