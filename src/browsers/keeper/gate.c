#include "browsers/keeper/gate.h"
#include "base/memory.h"
#include "browsers/keeper/gate_internal.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LISTEN_BACKLOG 128

/* Commercial proxies listen on high ports, so the port rule asks only that it is no well-known service's: a "proxy" on
 * port 25 or 22 would be a way to speak to one. */
#define UPSTREAM_PORT_LEAST 1024

static const char *const decision_names[GATE_DECISION_COUNT] = {
#define X(id, name, doc) name,
    GATE_DECISION_TABLE(X)
#undef X
};

const char *gate_decision_name(enum gate_decision decision) {
    return decision_names[decision];
}

static void on_connection(uv_stream_t *listener, int status) {
    if (!status)
        connection_accept(listener->data);
}

static void on_listener_closed(uv_handle_t *handle) {
    struct gate *gate = handle->data;
    domain_rules_done(&gate->domains);
    address_policy_free(gate->policy);
    free(gate);
}

static int start_parts(struct gate *gate, const struct gate_options *options, struct error *e) {
    int r = address_policy_new(options->allow, &gate->policy, e);
    if (r)
        return r;
    r = resolver_start(gate->loop, options->dns, &gate->resolver, e);
    if (r)
        return r;
    gate->report = gate_report_new(gate->loop, options->on_event, options->context);
    return 0;
}

int gate_start(uv_loop_t *loop, int listener_fd, const struct gate_options *options, struct gate **ret_gate,
               struct error *e) {
    cleanup_close int fd = listener_fd;
    struct gate *gate = memory_alloc(sizeof *gate);
    gate->loop = loop;
    gate->max_connections = options->max_connections;
    uv_tcp_init(loop, &gate->listener);
    gate->listener.data = gate;
    int r = start_parts(gate, options, e);
    if (!r) {
        r = uv_tcp_open(&gate->listener, fd);
        if (!r) {
            take_fd(fd);
            r = uv_listen((uv_stream_t *)&gate->listener, LISTEN_BACKLOG, on_connection);
        }
        if (r)
            error_set(e, -r, ERROR_INTERNAL, "cannot listen on the gate's socket: %s", uv_strerror(r));
    }
    if (r) {
        gate_stop(gate);
        return r;
    }
    *ret_gate = gate;
    return 0;
}

int gate_open(struct gate *gate, const json_t *egress, struct error *e) {
    struct domain_rules domains = {0};
    struct upstream upstream = {0};
    int r = upstream_read(json_object_get(egress, "upstream"), &upstream, e);
    if (!r)
        r = domain_rules_read(egress, &domains, e);
    if (r)
        return r;
    gate_close(gate);
    domain_rules_done(&gate->domains);
    gate->domains = domains;
    gate->upstream = upstream;
    gate->open = true;
    return 0;
}

void gate_close(struct gate *gate) {
    if (!gate->open)
        return;
    gate->open = false;
    connection_close_all(gate);
    gate_report_flush(gate->report);
}

void gate_stop(struct gate *gate) {
    if (!gate)
        return;
    gate_report_stop(take_pointer(gate->report)); /* first: nothing is told any more */
    connection_close_all(gate);
    resolver_stop(take_pointer(gate->resolver));
    uv_close((uv_handle_t *)&gate->listener, on_listener_closed);
}

static void set_refusal(struct gate_refusal *refusal, const char *rule, const char *setting, const char *text) {
    *refusal = (struct gate_refusal){SOCKS_NOT_ALLOWED, GATE_REFUSED, rule, "", ""};
    snprintf(refusal->setting, sizeof refusal->setting, "%s", setting);
    snprintf(refusal->text, sizeof refusal->text, "%s", text);
}

static bool judge(const struct address_verdict *verdict, struct gate_refusal *ret_refusal) {
    if (!verdict->allowed)
        set_refusal(ret_refusal, verdict->rule, verdict->setting, verdict->text);
    return verdict->allowed;
}

static bool refuse_domain(const struct host *host, const char *list, struct gate_refusal *ret_refusal) {
    char text[HOST_NAME_MAX_LENGTH + 100];
    bool blocked = !strcmp(list, "blocked_domains");
    snprintf(text, sizeof text, "%s is refused: it is %s the agent's %s.", host->name, blocked ? "in" : "not in", list);
    set_refusal(ret_refusal, blocked ? "blocked_domain" : "not_allowed_domain", list, text);
    return false;
}

bool gate_allows_request(struct gate *gate, const struct host *host, unsigned port, struct gate_refusal *ret_refusal) {
    struct address_verdict verdict;
    if (!gate->open) {
        set_refusal(ret_refusal, "no_lease", "", "The browser is not leased; nothing leaves it.");
        return false;
    }
    const char *list = domain_rules_refuse(&gate->domains, host);
    if (list)
        return refuse_domain(host, list, ret_refusal);
    address_policy_check_port(gate->policy, host, port, &verdict);
    return judge(&verdict, ret_refusal);
}

bool gate_allows_address(struct gate *gate, const struct host *host, unsigned port, const struct ip_address *address,
                         struct gate_refusal *ret_refusal) {
    struct address_verdict verdict;
    address_policy_check_address(gate->policy, host, port, address, &verdict);
    return judge(&verdict, ret_refusal);
}

bool gate_allows_upstream_port(struct gate *gate, struct gate_refusal *ret_refusal) {
    struct address_verdict verdict;
    if (gate->upstream.port >= UPSTREAM_PORT_LEAST)
        return true;
    address_policy_check_port(gate->policy, &gate->upstream.host, gate->upstream.port, &verdict);
    return judge(&verdict, ret_refusal);
}

void gate_count(const struct gate *gate, struct gate_counters *ret_counters) {
    *ret_counters = gate->counters;
}

json_t *gate_event_json(const struct gate_event *event) {
    json_t *json =
        json_pack("{s:s, s:s, s:I, s:s, s:s, s:s, s:s, s:I, s:I, s:I}", "decision", gate_decision_name(event->decision),
                  "host", event->host, "port", (json_int_t)event->port, "address", event->address, "rule", event->rule,
                  "setting", event->setting, "text", event->text, "bytes_up", (json_int_t)event->bytes_up, "bytes_down",
                  (json_int_t)event->bytes_down, "duration_ms", (json_int_t)event->duration_ms);
    if (event->repeated)
        json_object_set_new(json, "repeated", json_integer((json_int_t)event->repeated));
    return json;
}
