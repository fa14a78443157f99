#include "api/api_command.h"
#include "api/api_internal.h"
#include "api/openapi.h"
#include "api/origins.h"
#include "api/protection.h"
#include "base/config.h"
#include "base/log.h"
#include "base/metrics.h"
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#define DESCRIPTORS_MOST 65536
#define CONNECTIONS_MOST 20000
#define METRICS_HOST     "127.0.0.1"

static void answer_metrics(struct http_request *request, void *user) {
    cleanup_text struct text out = {0};
    struct api *api = user;
    metrics_set(METRIC_API_CONNECTIONS, NULL, api->server ? (double)http_server_connections(api->server) : 0);
    metrics_set(METRIC_API_LANE_WAITING, "database", (double)lanes_waiting(api->lanes, LANE_DATABASE));
    metrics_set(METRIC_API_LANE_WAITING, "slow", (double)lanes_waiting(api->lanes, LANE_SLOW));
    metrics_print(&out);
    request_metrics_print(api->request_metrics, &out);
    http_respond(request, 200, "text/plain; version=0.0.4; charset=utf-8", out.data, out.length);
}

static const struct http_route metrics_routes[] = {
    {.method = "GET", .pattern = "/metrics", .handle = answer_metrics},
    {.method = NULL},
};

/* Draining: no request is left, so no lane has work and nobody listens to the bus. */
static void on_drained(void *user) {
    struct api *api = user;
    api->server = NULL;
    lanes_stop(api->lanes);
    limits_close(api->limits);
    bus_close(api->bus);
    if (api->metrics)
        http_server_drain(api->metrics, 0, NULL, NULL);
}

/* The hub's reads need the lanes, so they end first. */
static void on_hub_closed(void *user) {
    struct api *api = user;
    http_server_drain(api->server, (int)config_int(CONFIG_API_DRAIN_SECONDS) * 1000, on_drained, api);
}

static void on_signal(uv_signal_t *handle, int number) {
    struct api *api = handle->data;
    if (api->stopping)
        return;
    api->stopping = true;
    relays_close(take_pointer(api->relays));
    mcp_sessions_close(take_pointer(api->mcp));
    log_info("the api takes no more requests and ends when those in progress have ended",
             LOG_INT("replinet.signal", number));
    for (size_t i = 0; i < ARRAY_LENGTH(api->stop); i++)
        uv_close((uv_handle_t *)&api->stop[i], NULL);
    hub_close(take_pointer(api->hub), on_hub_closed, api);
}

/* `user_id` NULL: anybody's rights may have changed. */
static void check_user(struct api *api, const char *user_id) {
    if (api->relays)
        relays_check_user(api->relays, user_id);
    if (api->mcp)
        mcp_sessions_check_user(api->mcp, user_id);
    if (api->hub)
        hub_check_user(api->hub, user_id);
}

static void hear_users(void *user, const char *channel, const char *text, size_t length) {
    struct api *api = user;
    principals_forget_user(api->principals, text);
    check_user(api, text);
}

static void hear_state(void *user, bool heard) {
    struct api *api = user;
    principals_trust(api->principals, heard);
    if (heard)
        check_user(api, NULL); /* what was said meanwhile was not heard */
}

static size_t connections_most(void) {
    struct rlimit limit = {0};
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max < DESCRIPTORS_MOST ? limit.rlim_max : DESCRIPTORS_MOST;
    setrlimit(RLIMIT_NOFILE, &limit);
    size_t most = (size_t)limit.rlim_cur * 3 / 4;
    return most < CONNECTIONS_MOST ? most : CONNECTIONS_MOST;
}

static int serve_metrics(struct api *api, struct error *e) {
    struct http_options options = {.routes = metrics_routes, .user = api, .connections_max = 64};
    if (!config_int(CONFIG_API_METRICS_PORT))
        return 0;
    int fd = http_listen_socket(METRICS_HOST, (int)config_int(CONFIG_API_METRICS_PORT), e);
    if (fd < 0)
        return fd;
    api->metrics = http_server_new(&api->loop, &options);
    return http_server_listen(api->metrics, fd, e);
}

static int serve(struct api *api, struct error *e) {
    struct http_options options = {
        .routes = api->routes,
        .user = api,
        .connections_max = connections_most(),
        .before = api_before,
        .unmatched = protection_unmatched,
        .decorate = protection_decorate,
        .after = api_after,
    };
    int fd = http_listen_shared(config_text(CONFIG_BACKEND_HOST), (int)config_int(CONFIG_BACKEND_PORT), e);
    if (fd < 0)
        return fd;
    api->server = http_server_new(&api->loop, &options);
    return http_server_listen(api->server, fd, e);
}

static void watch_signals(struct api *api) {
    static const int signals[] = {SIGTERM, SIGINT};
    for (size_t i = 0; i < ARRAY_LENGTH(signals); i++) {
        uv_signal_init(&api->loop, &api->stop[i]);
        api->stop[i].data = api;
        uv_signal_start(&api->stop[i], on_signal, signals[i]);
    }
}

/* WEB_DIR, else the folder `web` beside the binary. */
static struct static_files *load_files(void) {
    char binary[4096];
    ssize_t length = readlink("/proc/self/exe", binary, sizeof binary - 1);
    binary[length > 0 ? length : 0] = '\0';
    char *slash = strrchr(binary, '/');
    cleanup_free char *beside = memory_print("%.*s/web", slash ? (int)(slash - binary) : 0, binary);
    return static_files_load(*config_text(CONFIG_WEB_DIR) ? config_text(CONFIG_WEB_DIR) : beside);
}

static int start(struct api *api, struct error *e) {
    int r = token_keys_derive(config_text(CONFIG_SECRET_KEY), &api->keys, e);
    if (!r)
        r = quotas_load(e);
    if (!r)
        r = origins_check(e);
    if (!r)
        r = address_load(e);
    if (r < 0)
        return r;
    uv_loop_init(&api->loop);
    api->principals = principals_new();
    api->routes = api_make_routes();
    api->request_metrics = request_metrics_new();
    api->openapi = openapi_make();
    api->files = load_files();
    api->bus = bus_new(&api->loop);
    bus_subscribe(api->bus, BUS_CHANNEL_USERS, hear_users, hear_state, api);
    api->limits = limits_new(&api->loop, api->bus);
    api->lanes = lanes_new(&api->loop);
    api->relays = relays_new(api);
    api->mcp = mcp_sessions_new(api);
    api->hub = hub_new(api);
    watch_signals(api);
    r = lanes_start(api->lanes, e);
    if (!r)
        r = serve_metrics(api, e);
    return r < 0 ? r : serve(api, e);
}

int api_command(int count, char **arguments) {
    struct api *api = memory_alloc(sizeof *api); /* too large for a stack */
    struct error e;
    if (count > 1) {
        fprintf(stderr, "Usage: replinet api\n");
        return 2;
    }
    if (start(api, &e) < 0) {
        log_failure(&e, "the api cannot start");
        return 1;
    }
    log_info("the api serves", LOG_TEXT("server.address", config_text(CONFIG_BACKEND_HOST)),
             LOG_INT("server.port", config_int(CONFIG_BACKEND_PORT)));
    uv_run(&api->loop, UV_RUN_DEFAULT);
    uv_loop_close(&api->loop);
    principals_free(api->principals);
    api_free_routes(api->routes);
    request_metrics_free(api->request_metrics);
    static_files_free(api->files);
    free(api->openapi);
    sodium_memzero(api, sizeof *api);
    free(api);
    return 0;
}
