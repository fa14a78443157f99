#include "browsers/keeper/gate_connection.h"
#include "base/memory.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void on_socket_closed(uv_handle_t *handle) {
    free(handle->data);
}

static struct gate_socket *socket_new(struct connection *c) {
    struct gate_socket *socket = memory_alloc(sizeof *socket);
    uv_tcp_init(c->gate->loop, &socket->tcp);
    socket->tcp.data = socket;
    socket->connection = c;
    return socket;
}

static void socket_close(struct gate_socket *socket, bool reset) {
    if (!socket)
        return;
    socket->connection->gate->backlog -= socket->queued;
    socket->connection = NULL;
    if (!reset || uv_tcp_close_reset(&socket->tcp, on_socket_closed))
        uv_close((uv_handle_t *)&socket->tcp, on_socket_closed);
}

static void on_connection_closed(uv_handle_t *handle) {
    struct connection *c = handle->data;
    free(c->head);
    free(c->answer);
    free(c);
}

void connection_tell(struct connection *c, enum gate_decision decision, const struct gate_refusal *refusal) {
    char address[IP_TEXT_SIZE] = "";
    if (c->address.family)
        ip_print(&c->address, address);
    if (!c->gate->report)
        return;
    gate_report_tell(c->gate->report,
                     &(struct gate_event){.decision = decision,
                                          .host = c->request.host.name,
                                          .port = c->request.port,
                                          .address = address,
                                          .rule = refusal ? refusal->rule : "",
                                          .setting = refusal ? refusal->setting : "",
                                          .text = refusal ? refusal->text : "",
                                          .bytes_up = c->bytes_up,
                                          .bytes_down = c->bytes_down,
                                          .duration_ms = (int64_t)(uv_now(c->gate->loop) - c->started)});
}

static void finish(struct connection *c, bool reset) {
    if (c->told)
        connection_tell(c, GATE_CLOSED, NULL);
    resolver_cancel(&c->waiter);
    socket_close(take_pointer(c->client), reset);
    socket_close(take_pointer(c->target), false);
    *c->place = c->next;
    if (c->next)
        c->next->place = c->place;
    c->gate->counters.open--;
    uv_close((uv_handle_t *)&c->timer, on_connection_closed);
}

void connection_end(struct connection *c) {
    finish(c, false);
}

void connection_abort(struct connection *c) {
    finish(c, true);
}

void connection_close_all(struct gate *gate) {
    while (gate->connections)
        connection_abort(gate->connections);
}

/* The reply fits any fresh socket's buffer; when it does not go, the browser has left. */
static void reply_and_end(struct connection *c, enum socks_reply reply) {
    uint8_t bytes[SOCKS_REPLY_SIZE];
    socks_write_reply(reply, bytes);
    uv_buf_t buffer = uv_buf_init((char *)bytes, sizeof bytes);
    uv_try_write((uv_stream_t *)&c->client->tcp, &buffer, 1);
    connection_end(c);
}

static void refuse(struct connection *c, const struct gate_refusal *refusal) {
    if (refusal->decision == GATE_REFUSED)
        c->gate->counters.refused++;
    else
        c->gate->counters.failed++;
    connection_tell(c, refusal->decision, refusal);
    reply_and_end(c, refusal->reply);
}

__attribute__((format(printf, 4, 5))) static void fail(struct connection *c, enum socks_reply reply, const char *rule,
                                                       const char *format, ...) {
    struct gate_refusal failure = {.reply = reply, .decision = GATE_FAILED, .rule = rule};
    va_list args;
    va_start(args, format);
    vsnprintf(failure.text, sizeof failure.text, format, args);
    va_end(args);
    refuse(c, &failure);
}

/* Handshake bytes of one side: as many as there is room for, and no more. */
static void give_head(struct head *head, uv_buf_t *buffer) {
    *buffer = uv_buf_init((char *)head->data + head->length, (unsigned)(sizeof head->data - head->length));
}

static void drop_front(struct head *head, size_t used) {
    head->length -= used;
    memmove(head->data, head->data + used, head->length);
}

static void on_deadline(uv_timer_t *timer);
static void try_next_address(struct connection *c);

/* ---- the tunnel stands ---- */

static void start_tunnel(struct connection *c) {
    uint8_t reply[SOCKS_REPLY_SIZE];
    socks_write_reply(SOCKS_SUCCEEDED, reply);
    c->gate->counters.connections++;
    c->told = true;
    connection_tell(c, GATE_ALLOWED, NULL);
    if (relay_write(c->client, NULL, reply, sizeof reply) < 0)
        return connection_abort(c);
    relay_start(c, c->answer ? c->answer->data : NULL, c->answer ? c->answer->length : 0);
}

/* ---- the upstream proxy ---- */

static void on_upstream_read(uv_stream_t *stream, ssize_t length, const uv_buf_t *buffer);

static void give_answer(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer) {
    struct gate_socket *socket = handle->data;
    give_head(socket->connection->answer, buffer);
}

static void upstream_failed(struct connection *c, int error) {
    const char *host = c->gate->upstream.host.name;
    if (error == -EACCES)
        fail(c, SOCKS_NOT_ALLOWED, "upstream", "The upstream proxy %s refused us or the target.", host);
    else if (error == -ECONNREFUSED)
        fail(c, SOCKS_HOST_UNREACHABLE, "upstream", "The upstream proxy %s cannot reach the target.", host);
    else
        fail(c, SOCKS_GENERAL_FAILURE, "upstream", "The upstream proxy %s does not speak its protocol.", host);
}

/* Feeds what the proxy said until it must say more; returns whether the connection goes on talking. */
static int advance_upstream(struct connection *c, bool *ret_done) {
    while (!*ret_done) {
        cleanup_text struct text out = {0};
        int used = upstream_take(&c->talk, c->answer->data, c->answer->length, &out, ret_done);
        if (used <= 0)
            return !used && c->answer->length == sizeof c->answer->data ? -EPROTO : used;
        drop_front(c->answer, (size_t)used);
        int r = out.length ? relay_write(c->target, NULL, (uint8_t *)out.data, out.length) : 0;
        if (r < 0)
            return r;
    }
    return 0;
}

static void on_upstream_read(uv_stream_t *stream, ssize_t length, const uv_buf_t *buffer) {
    struct connection *c = ((struct gate_socket *)stream->data)->connection;
    bool done = false;
    if (!c || !length)
        return;
    if (length < 0)
        return upstream_failed(c, -EPROTO);
    c->answer->length += (size_t)length;
    int r = advance_upstream(c, &done);
    if (r)
        upstream_failed(c, r);
    else if (done)
        start_tunnel(c);
}

static void start_upstream(struct connection *c) {
    cleanup_text struct text out = {0};
    c->state = CONNECTION_UPSTREAM;
    c->answer = memory_alloc(sizeof *c->answer);
    upstream_start(&c->talk, &c->gate->upstream, &c->address, c->request.port, &out);
    int r = relay_write(c->target, NULL, (uint8_t *)out.data, out.length);
    if (r >= 0)
        r = uv_read_start((uv_stream_t *)&c->target->tcp, give_answer, on_upstream_read);
    if (r)
        upstream_failed(c, -EPROTO);
}

/* ---- connecting ---- */

static enum socks_reply reply_for(int status) {
    switch (status) {
    case UV_ECONNREFUSED:
        return SOCKS_CONNECTION_REFUSED;
    case UV_ENETUNREACH:
        return SOCKS_NETWORK_UNREACHABLE;
    case UV_ETIMEDOUT:
        return SOCKS_EXPIRED;
    default:
        return SOCKS_HOST_UNREACHABLE;
    }
}

static void connect_failed(struct connection *c, int status) {
    if (c->target)
        socket_close(take_pointer(c->target), false);
    if (c->address_next < c->address_count && uv_now(c->gate->loop) < c->connect_deadline)
        return try_next_address(c);
    bool upstream = c->gate->upstream.kind;
    fail(c, reply_for(status), "connect", "%s%s: %s.", upstream ? "Upstream proxy " : "",
         upstream ? c->gate->upstream.host.name : c->request.host.name, uv_strerror(status));
}

static void on_connected(uv_connect_t *connect, int status) {
    struct connection *c = ((struct gate_socket *)connect->data)->connection;
    if (!c)
        return;
    if (status < 0)
        return connect_failed(c, status);
    uv_tcp_nodelay(&c->target->tcp, 1);
    uv_tcp_keepalive(&c->target->tcp, 1, GATE_KEEPALIVE_SECONDS);
    if (c->gate->upstream.kind) {
        uv_timer_start(&c->timer, on_deadline, GATE_CONNECT_MS, 0);
        start_upstream(c);
    } else
        start_tunnel(c);
}

/* The addresses were checked; none but these is ever connected to. */
static void try_next_address(struct connection *c) {
    struct sockaddr_storage address;
    const struct ip_address *next = &c->addresses[c->address_next++];
    bool upstream = c->gate->upstream.kind, last = c->address_next == c->address_count;
    uint64_t left = c->connect_deadline - uv_now(c->gate->loop);
    if (!upstream)
        c->address = *next;
    ip_to_sockaddr(next, upstream ? c->gate->upstream.port : c->request.port, &address);
    c->state = CONNECTION_CONNECTING;
    c->target = socket_new(c);
    c->target->connect.data = c->target;
    uv_timer_start(&c->timer, on_deadline, last || left < GATE_CONNECT_TRY_MS ? left : GATE_CONNECT_TRY_MS, 0);
    int r = uv_tcp_connect(&c->target->connect, &c->target->tcp, (struct sockaddr *)&address, on_connected);
    if (r)
        connect_failed(c, r);
}

static void start_connecting(struct connection *c) {
    c->connect_deadline = uv_now(c->gate->loop) + GATE_CONNECT_MS;
    try_next_address(c);
}

/* Keeps the addresses that may be connected to; when none may, `ret_refusal` is about the first. */
static size_t keep_allowed(struct connection *c, const struct host *host, unsigned port,
                           const struct ip_address *addresses, size_t count, struct gate_refusal *ret_refusal) {
    c->address_count = c->address_next = 0;
    for (size_t i = 0; i < count; i++) {
        struct gate_refusal refusal;
        if (gate_allows_address(c->gate, host, port, &addresses[i], &refusal))
            c->addresses[c->address_count++] = addresses[i];
        else if (!i)
            *ret_refusal = refusal;
    }
    return c->address_count;
}

/* ---- resolving ---- */

/* Calls `done` with the addresses of a host: itself, loopback, or what DNS says. */
static void find_addresses(struct connection *c, const struct host *host, resolver_done done) {
    static const struct ip_address loopback[] = {{AF_INET, {127, 0, 0, 1}}, {AF_INET6, {[15] = 1}}};
    c->state = CONNECTION_RESOLVING;
    if (host->is_address) {
        done(c, &(struct resolver_answer){0, "", &host->address, 1});
    } else if (host_is_localhost(host->name)) {
        done(c, &(struct resolver_answer){0, "", loopback, ARRAY_LENGTH(loopback)});
    } else {
        uv_timer_start(&c->timer, on_deadline, GATE_RESOLVE_MS, 0);
        c->waiter.done = done;
        c->waiter.context = c;
        resolver_ask(c->gate->resolver, host->name, &c->waiter);
    }
}

static void on_upstream_addresses(void *context, const struct resolver_answer *answer) {
    struct connection *c = context;
    const struct upstream *upstream = &c->gate->upstream;
    struct gate_refusal refusal;
    if (answer->status)
        return fail(c, SOCKS_HOST_UNREACHABLE, "upstream", "Upstream proxy %s: %s.", upstream->host.name, answer->text);
    if (gate_allows_upstream_port(c->gate, &refusal) &&
        keep_allowed(c, &upstream->host, upstream->port, answer->addresses, answer->count, &refusal))
        start_connecting(c);
    else {
        struct gate_refusal about_proxy = refusal;
        snprintf(about_proxy.text, sizeof about_proxy.text, "Upstream proxy %s", refusal.text);
        refuse(c, &about_proxy);
    }
}

static void on_addresses(void *context, const struct resolver_answer *answer) {
    struct connection *c = context;
    const struct host *host = &c->request.host;
    struct gate_refusal refusal;
    if (answer->status)
        return fail(c, SOCKS_HOST_UNREACHABLE, "dns", "%s: %s.", host->name, answer->text);
    c->address = answer->addresses[0];
    if (!keep_allowed(c, host, c->request.port, answer->addresses, answer->count, &refusal))
        return refuse(c, &refusal);
    c->address = c->addresses[0];
    if (c->gate->upstream.kind)
        find_addresses(c, &c->gate->upstream.host, on_upstream_addresses);
    else
        start_connecting(c);
}

/* ---- the browser's side of the handshake ---- */

static void refuse_malformed(struct connection *c, enum socks_reply reply) {
    struct gate_refusal refusal = {.reply = reply, .decision = GATE_REFUSED, .rule = "malformed"};
    snprintf(refusal.text, sizeof refusal.text, "A request that is no SOCKS5 CONNECT to a host and port.");
    refuse(c, &refusal);
}

static void take_request(struct connection *c) {
    enum socks_reply reply;
    struct gate_refusal refusal;
    int used = socks_parse_request(c->head->data, c->head->length, &c->request, &reply);
    if (!used)
        return;
    if (used < 0)
        return refuse_malformed(c, reply);
    drop_front(c->head, (size_t)used);
    c->started = uv_now(c->gate->loop);
    if (gate_allows_request(c->gate, &c->request.host, c->request.port, &refusal))
        find_addresses(c, &c->request.host, on_addresses);
    else
        refuse(c, &refusal);
}

static void take_greeting(struct connection *c) {
    int used = socks_parse_greeting(c->head->data, c->head->length);
    if (!used)
        return;
    char method[2] = {5, (char)(used < 0 ? SOCKS_NO_METHOD : SOCKS_NO_AUTHENTICATION)};
    uv_buf_t buffer = uv_buf_init(method, sizeof method);
    if (used != -EPROTO)
        uv_try_write((uv_stream_t *)&c->client->tcp, &buffer, 1);
    if (used < 0)
        return connection_end(c);
    drop_front(c->head, (size_t)used);
    c->state = CONNECTION_REQUEST;
    if (c->head->length)
        take_request(c);
}

static void on_client_read(uv_stream_t *stream, ssize_t length, const uv_buf_t *buffer) {
    struct connection *c = ((struct gate_socket *)stream->data)->connection;
    if (!c || !length)
        return;
    if (length < 0)
        return connection_end(c); /* it left before the tunnel stood */
    c->head->length += (size_t)length;
    if (c->state == CONNECTION_GREETING)
        take_greeting(c);
    else if (c->state == CONNECTION_REQUEST)
        take_request(c);
    bool shaking = ((struct gate_socket *)stream->data)->connection && c->head;
    if (shaking && c->head->length == sizeof c->head->data)
        uv_read_stop(stream);
}

static void give_client_head(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer) {
    struct gate_socket *socket = handle->data;
    give_head(socket->connection->head, buffer);
}

static void on_deadline(uv_timer_t *timer) {
    struct connection *c = timer->data;
    switch (c->state) {
    case CONNECTION_RESOLVING:
        return fail(c, SOCKS_EXPIRED, "dns", "%s: no answer from DNS in time.", c->request.host.name);
    case CONNECTION_CONNECTING:
        return connect_failed(c, UV_ETIMEDOUT);
    case CONNECTION_UPSTREAM:
        return fail(c, SOCKS_EXPIRED, "upstream", "The upstream proxy did not answer in time.");
    default:
        return connection_end(c); /* a handshake that nobody goes on with */
    }
}

static struct connection *connection_new(struct gate *gate) {
    struct connection *c = memory_alloc(sizeof *c);
    c->gate = gate;
    c->next = gate->connections;
    c->place = &gate->connections;
    if (c->next)
        c->next->place = &c->next;
    gate->connections = c;
    gate->counters.open++;
    c->started = uv_now(gate->loop);
    uv_timer_init(gate->loop, &c->timer);
    c->timer.data = c;
    c->client = socket_new(c);
    return c;
}

static void refuse_over_limit(struct connection *c) {
    struct gate_refusal refusal = {.decision = GATE_REFUSED, .rule = "connections"};
    snprintf(refusal.setting, sizeof refusal.setting, "EGRESS_MAX_CONNECTIONS=%u", c->gate->max_connections * 2);
    snprintf(refusal.text, sizeof refusal.text, "The browser has %u connections open, the most allowed.",
             c->gate->max_connections);
    c->gate->counters.refused++;
    connection_tell(c, GATE_REFUSED, &refusal);
    connection_end(c);
}

void connection_accept(struct gate *gate) {
    struct connection *c = connection_new(gate);
    if (uv_accept((uv_stream_t *)&gate->listener, (uv_stream_t *)&c->client->tcp))
        return connection_end(c);
    if (gate->counters.open > gate->max_connections)
        return refuse_over_limit(c);
    uv_tcp_nodelay(&c->client->tcp, 1);
    c->head = memory_alloc(sizeof *c->head);
    uv_timer_start(&c->timer, on_deadline, GATE_HANDSHAKE_MS, 0);
    if (uv_read_start((uv_stream_t *)&c->client->tcp, give_client_head, on_client_read))
        connection_end(c);
}
