/* From the HTTP server to a lane and back. On the loop. */
#include "api/api_internal.h"
#include "base/log.h"
#include "base/metrics.h"
#include "net/host.h"
#include <errno.h>

static const struct api_route *route_of(const struct http_request *request) {
    return http_request_route(request)->tag;
}

/* Who is not known counts as their address; so does whoever signs in, and whoever presents what is not accepted. */
static int count_request(struct api *api, struct http_request *request, const struct api_route *route,
                         const struct credentials *credentials, struct error *e) {
    char group[IP_TEXT_SIZE + 4];
    bool known = *credentials->owner && route->rate != RATE_SIGN_IN;
    const char *who = known ? credentials->owner : address_group(address_of(request), group);
    return limits_count(api->limits, request, who, route->rate, e);
}

int api_before(struct http_request *request, void *user, struct error *e) {
    struct api *api = user;
    const struct api_route *route = route_of(request);
    if (route->lane == LANE_LOOP)
        return 0;
    struct credentials *credentials = http_memory(request, sizeof *credentials);
    http_set_note(request, credentials);
    int r = api_read_credentials(api, request, route, credentials, e);
    bool counted = http_was_handed_over(request); /* where it came in */
    int limited = counted ? 0 : count_request(api, request, route, credentials, r ? NULL : e);
    return r ? r : limited;
}

/* The request is finished with 499 by `done`; a call that waits in its lane is passed over. */
static void on_client_gone(void *user) {
    struct api_call *call = user;
    atomic_store(&call->inside->gone, true);
}

static void work(struct lane_job *job, struct lane_thread *thread) {
    struct api_call_inside *inside = (struct api_call_inside *)((char *)job - offsetof(struct api_call_inside, job));
    struct api_call *call = inside->call;
    if (atomic_load(&inside->gone)) {
        inside->result = error_set(&inside->error, ECANCELED, ERROR_CANCELLED, "the client went away");
        return;
    }
    call->db = &thread->db;
    call->redis = &thread->redis;
    api_call_run(call);
    call->db = NULL;
    call->redis = NULL;
}

static void learn(struct api_call *call) {
    struct api_call_inside *inside = call->inside;
    size_t index;
    json_t *id;
    if (!inside->known && *call->who.caller.id)
        principals_keep(call->api->principals, inside->credentials.reference, &call->who, inside->generation);
    json_array_foreach (inside->forgotten, index, id)
        principals_forget_user(call->api->principals, json_string_value(id));
}

static void done(struct lane_job *job) {
    struct api_call_inside *inside = (struct api_call_inside *)((char *)job - offsetof(struct api_call_inside, job));
    struct api_call *call = inside->call;
    struct http_request *request = inside->request;
    learn(call);
    http_on_close(request, NULL, NULL);
    if (!inside->result && call->route->park && !atomic_load(&inside->gone)) {
        call->route->park(call->api, request, call);
        return;
    }
    api_answer(call, request);
    api_call_free(call);
}

static void refuse_busy(struct http_request *request) {
    struct error e;
    error_set(&e, EAGAIN, ERROR_UNAVAILABLE, "too many requests are waiting here");
    error_hint(&e, "try again in a moment");
    http_add_header(request, "Retry-After", "1");
    http_respond_error(request, &e);
}

void api_dispatch(struct http_request *request, void *user) {
    struct api *api = user;
    const struct api_route *route = route_of(request);
    if (route->lane == LANE_LOOP) {
        route->park(api, request, NULL);
        return;
    }
    struct api_call *call = api_call_new(api, request, route);
    call->inside->job.work = work;
    call->inside->job.done = done;
    if (lanes_submit(api->lanes, route->lane, &call->inside->job) < 0) {
        api_call_free(call);
        refuse_busy(request);
        return;
    }
    http_on_close(request, on_client_gone, call);
}

void api_after(const struct http_request *request, int status, int64_t duration_ms, void *user) {
    static const char *const classes[] = {"1xx", "2xx", "3xx", "4xx", "5xx"};
    const struct credentials *credentials = http_note(request);
    if (credentials)
        json_decref(credentials->ticket); /* of a request that was refused before it became a call */
    struct api *api = user;
    request_metrics_note(api->request_metrics, http_request_route(request) ? route_of(request) : NULL, status,
                         duration_ms);
    metrics_add(METRIC_HTTP_REQUESTS, status >= 100 && status < 600 ? classes[status / 100 - 1] : "other", 1);
    log_debug("request", LOG_TEXT("http.request.method", http_method(request)),
              LOG_TEXT("url.path", http_path(request)), LOG_INT("http.response.status_code", status),
              LOG_INT("replinet.duration_ms", duration_ms), LOG_TEXT("http.request.id", http_request_id(request)));
}
