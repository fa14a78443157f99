#include "browsers/engine/door.h"
#include "base/config.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/metrics.h"
#include "base/ticket.h"
#include "browsers/protocol/door_protocol.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

void door_refuse(struct http_request *request, enum error_code code, const char *text, const char *hint) {
    struct error e;
    error_set(&e, EINVAL, code, "%s", text);
    error_hint(&e, "%s", hint);
    http_respond_error(request, &e);
}

const char *door_ticket(struct http_request *request) {
    const char *bearer = http_bearer(request);
    return bearer ? bearer : http_query(request, "ticket");
}

static void refuse_missing(struct door *door, struct http_request *request, const char *text) {
    if (door->pool->ready)
        door_refuse(request, ERROR_NOT_FOUND, text, "ended browsers are forgotten after a while");
    else {
        http_add_header(request, "Retry-After", "1");
        door_refuse(request, ERROR_UNAVAILABLE, "the engine is just finding out which browsers exist", "try again");
    }
}

struct browser *door_find_browser(struct door *door, struct http_request *request) {
    struct browser *browser = pool_find(door->pool, http_parameter(request, "id"));
    if (!browser)
        refuse_missing(door, request, "there is no such browser");
    return browser;
}

static void respond_browser(struct http_request *request, int status, const struct browser *browser) {
    cleanup_json json_t *object = browser_to_json(browser);
    http_respond_json(request, status, object);
}

/* POST /browsers. A request waits as long as its lease does. */

struct lease_wait {
    struct pool *pool;
    struct http_request *request;
    struct lease_request *lease; /* NULL: answered already */
};

static void on_lease_granted(void *user, struct browser *browser, bool fresh) {
    struct lease_wait *wait = user;
    respond_browser(wait->request, fresh ? 201 : 200, browser);
    free(wait);
}

static void on_lease_refused(void *user, const struct error *error, size_t position) {
    struct lease_wait *wait = user;
    char seconds[16];
    int status = error_http_status(error->code);
    if (status == 429 || status == 503) {
        snprintf(seconds, sizeof seconds, "%d", lease_retry_after_s(wait->pool, position));
        http_add_header(wait->request, "Retry-After", seconds);
    }
    http_respond_error_with(wait->request, error,
                            position ? json_pack("{s:I}", "position", (json_int_t)position) : NULL);
    free(wait);
}

static void on_lease_client_gone(void *user) {
    struct lease_wait *wait = user;
    lease_withdraw(wait->pool, wait->lease);
    http_respond(wait->request, 499, NULL, "", 0);
    free(wait);
}

static void ask_lease(struct door *door, struct http_request *request, json_t *claims, int profile) {
    struct lease_wait *wait = memory_alloc(sizeof *wait);
    *wait = (struct lease_wait){door->pool, request, NULL};
    http_on_close(request, NULL, NULL);
    struct lease_request *lease =
        lease_ask(door->pool, door_ticket(request), claims, profile, on_lease_granted, on_lease_refused, wait);
    if (!lease)
        return;
    wait->lease = lease;
    http_on_close(request, on_lease_client_gone, wait);
}

static void post_browsers(struct http_request *request, void *user) {
    struct door *door = user;
    const char *ticket = door_ticket(request);
    json_t *claims = NULL;
    struct error e;
    if (ticket_verify(config_text(CONFIG_TICKET_PUBLIC_KEY), ticket, "lease", &claims, &e) < 0) {
        http_respond_error(request, &e); /* it has just expired: check_right saw it valid */
        return;
    }
    door_take_profile(door, request, claims, ask_lease);
}

/* Looking and ending. */

static void get_browsers(struct http_request *request, void *user) {
    struct door *door = user;
    cleanup_json json_t *items = json_array();
    for (const struct browser *browser = door->pool->browsers; browser; browser = browser->next)
        if (browser->state != BROWSER_ENDED)
            json_array_append_new(items, browser_to_json(browser));
    cleanup_json json_t *list = json_pack("{s:O, s:i}", "items", items, "total", (int)json_array_size(items));
    http_respond_json(request, 200, list);
}

static void get_browser(struct http_request *request, void *user) {
    struct browser *browser = door_find_browser(user, request);
    if (browser)
        respond_browser(request, 200, browser);
}

struct end_wait {
    struct http_request *request;
    struct browser *browser;
};

static void on_gone(void *user, struct browser *browser) {
    struct end_wait *wait = user;
    respond_browser(wait->request, 200, browser);
    free(wait);
}

static void on_end_client_gone(void *user) {
    struct end_wait *wait = user;
    browser_stop_mourning(wait->browser, wait);
    http_respond(wait->request, 499, NULL, "", 0);
    free(wait);
}

static void end_browser(struct http_request *request, struct browser *browser) {
    const char *reason = http_query(request, "reason");
    enum end_reason end = reason ? end_reason_from_name(reason) : END_REASON_RELEASED;
    if (end != END_REASON_RELEASED && end != END_REASON_KILLED) {
        door_refuse(request, ERROR_BAD_INPUT, "the reason is neither released nor killed", "");
        return;
    }
    if (browser->state == BROWSER_ENDED) {
        respond_browser(request, 200, browser);
        return;
    }
    struct end_wait *wait = memory_alloc(sizeof *wait);
    *wait = (struct end_wait){request, browser};
    http_on_close(request, on_end_client_gone, wait);
    browser_mourn(browser, on_gone, wait);
    pool_end_browser(browser, end);
}

static void delete_browser(struct http_request *request, void *user) {
    struct browser *browser = door_find_browser(user, request);
    if (browser)
        end_browser(request, browser);
}

static void delete_lease(struct http_request *request, void *user) {
    struct door *door = user;
    struct browser *browser = pool_find_lease(door->pool, http_parameter(request, "id"));
    if (browser)
        end_browser(request, browser);
    else
        refuse_missing(door, request, "there is no such lease");
}

static void get_statistics(struct http_request *request, void *user) {
    struct door *door = user;
    cleanup_json json_t *statistics = pool_statistics(door->pool);
    http_respond_json(request, 200, statistics);
}

static void get_metrics(struct http_request *request, void *user) {
    cleanup_text struct text out = {0};
    metrics_print(&out);
    http_respond(request, 200, "text/plain; version=0.0.4", out.data, out.length);
}

static void get_health(struct http_request *request, void *user) {
    struct door *door = user;
    bool up = launcher_link_is_up(door->pool->launcher) && door->pool->ready;
    cleanup_json json_t *health = json_pack("{s:s, s:s, s:s}", "status", up ? "ok" : "unavailable", "launcher",
                                            up ? "ok" : "not connected", "version", REPLINET_VERSION);
    http_respond_json(request, up ? 200 : 503, health);
}

static const char manage[] = "manage", lease[] = "lease", cdp[] = "cdp", view[] = "view"; /* scopes */

static const struct http_route routes[] = {
    {"POST", "/browsers", post_browsers, .flags = HTTP_ROUTE_BODY_STREAM, .tag = lease},
    {"GET", "/browsers", get_browsers, .tag = manage},
    {"GET", "/browsers/{id}", get_browser, .tag = manage},
    {"DELETE", "/browsers/{id}", delete_browser, .tag = manage},
    {"DELETE", "/leases/{id}", delete_lease, .tag = manage},
    {"GET", "/browsers/{id}/files/{name}", door_get_file, .tag = manage},
    {"PUT", "/browsers/{id}/files/{name}", door_put_file, .flags = HTTP_ROUTE_BODY_STREAM, .tag = manage},
    {"GET", "/browsers/{id}/profile", door_get_profile, .tag = manage},
    {"GET", "/browsers/{id}/cdp", door_get_cdp, .flags = HTTP_ROUTE_UPGRADE, .tag = cdp},
    {"GET", "/browsers/{id}/live", door_get_live, .flags = HTTP_ROUTE_UPGRADE, .tag = view},
    {"GET", "/statistics", get_statistics, .tag = manage},
    {"GET", "/metrics", get_metrics},
    {"GET", "/health", get_health},
    {NULL},
};

static int check_right(struct http_request *request, void *user, struct error *e) {
    cleanup_json json_t *claims = NULL;
    const char *scope = http_request_route(request)->tag, *ticket = door_ticket(request);
    if (!scope)
        return 0;
    if (!ticket) {
        error_set(e, EACCES, ERROR_UNAUTHENTICATED, "this needs a ticket of scope %s", scope);
        error_hint(e, "send Authorization: Bearer TICKET, or ?ticket=; `replinet ticket` makes one");
        return -EACCES;
    }
    int r = ticket_verify(config_text(CONFIG_TICKET_PUBLIC_KEY), ticket, scope, &claims, e);
    if (!r && (scope == cdp || scope == view) &&
        strcmp(json_text_or(claims, "browser", ""), http_parameter(request, "id")))
        return error_set(e, EACCES, ERROR_FORBIDDEN, "the ticket is for another browser");
    return r;
}

static void note_request(const struct http_request *request, int status, int64_t duration_ms, void *user) {
    static const char *const classes[] = {"1xx", "2xx", "3xx", "4xx", "5xx"};
    metrics_add(METRIC_HTTP_REQUESTS, status >= 100 && status < 600 ? classes[status / 100 - 1] : "other", 1);
    log_debug("request", LOG_TEXT("http.request.method", http_method(request)),
              LOG_TEXT("url.path", http_path(request)), LOG_INT("http.response.status_code", status),
              LOG_INT("replinet.duration_ms", duration_ms), LOG_TEXT("http.request.id", http_request_id(request)));
}

int door_start(struct door *door, uv_loop_t *loop, struct pool *pool, size_t connections_max, struct error *e) {
    struct http_options options = {
        .routes = routes,
        .user = door,
        .head_max = TICKET_MAX + DOOR_HEAD_EXTRA,
        .connections_max = connections_max,
        .before = check_right,
        .after = note_request,
    };
    int fd = http_listen_socket(config_text(CONFIG_DOOR_HOST), (int)config_int(CONFIG_DOOR_PORT), e);
    if (fd < 0)
        return fd;
    door->pool = pool;
    door->server = http_server_new(loop, &options);
    return http_server_listen(door->server, fd, e);
}
