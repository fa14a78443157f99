/* The server itself: listeners, accepting, the sweep of deadlines, draining. */
#include "net/http_server.h"
#include "base/clock.h"
#include "net/http_internal.h"
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define SWEEP_MS 250
#define BACKLOG  512

static void on_sweep(uv_timer_t *timer);

static void set_sweeping(struct http_server *server, bool on) {
    if (server->sweeping == on)
        return;
    server->sweeping = on;
    if (on)
        uv_timer_start(&server->sweep, on_sweep, SWEEP_MS, SWEEP_MS);
    else
        uv_timer_stop(&server->sweep);
}

static size_t or_default(size_t value, size_t fallback) {
    return value ? value : fallback;
}

struct http_server *http_server_new(uv_loop_t *loop, const struct http_options *options) {
    struct http_server *server = memory_alloc(sizeof *server);
    server->loop = loop;
    server->options = *options;
    struct http_options *o = &server->options;
    o->head_max = or_default(o->head_max, 32768);
    o->headers_max = or_default(o->headers_max, 100);
    o->connections_max = or_default(o->connections_max, 10000);
    o->head_ms = (int)or_default((size_t)o->head_ms, 10000);
    o->body_ms = (int)or_default((size_t)o->body_ms, 30000);
    o->idle_ms = (int)or_default((size_t)o->idle_ms, 75000);
    o->write_ms = (int)or_default((size_t)o->write_ms, 30000);
    uv_timer_init(loop, &server->sweep);
    server->sweep.data = server;
    server->handle_count = 1;
    return server;
}

size_t http_server_connections(const struct http_server *server) {
    return server->connection_count;
}

/* RFC 9110 5.6.7; made once a second. */
const char *http_server_date(struct http_server *server) {
    time_t now = (time_t)(clock_wall_us() / 1000000);
    if (now != server->date_second) {
        struct tm tm;
        server->date_second = now;
        strftime(server->date, sizeof server->date, "%a, %d %b %Y %H:%M:%S GMT", gmtime_r(&now, &tm));
    }
    return server->date;
}

static void add_connection(struct http_server *server, struct http_connection *connection) {
    connection->next = server->connections;
    if (connection->next)
        connection->next->previous = connection;
    server->connections = connection;
    server->connection_count++;
    set_sweeping(server, true);
    http_connection_start(server, connection);
}

void http_server_forget(struct http_server *server, struct http_connection *connection) {
    *(connection->previous ? &connection->previous->next : &server->connections) = connection->next;
    if (connection->next)
        connection->next->previous = connection->previous;
    server->connection_count--;
    if (!server->connection_count && !server->draining)
        set_sweeping(server, false);
}

static struct http_connection *new_connection(struct http_server *server) {
    struct http_connection *connection = memory_alloc(sizeof *connection);
    connection->server = server;
    uv_tcp_init(server->loop, &connection->tcp);
    server->handle_count++;
    return connection;
}

static void on_refused_closed(uv_handle_t *handle) {
    struct http_connection *connection = (struct http_connection *)handle;
    struct http_server *server = connection->server;
    free(connection);
    server->handle_count--;
    http_server_progress(server);
}

#define TOO_MANY                                                                                                       \
    "{\"detail\":\"too many connections\",\"code\":\"unavailable\",\"hint\":\"try again\",\"request_id\":null}"

static void turn_away(struct http_connection *connection) {
    char answer[512];
    int length = snprintf(answer, sizeof answer,
                          "HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/json\r\nRetry-After: 1\r\n"
                          "Content-Length: %zu\r\nConnection: close\r\n\r\n" TOO_MANY,
                          sizeof TOO_MANY - 1);
    uv_buf_t buffer = uv_buf_init(answer, (unsigned)length);
    uv_try_write((uv_stream_t *)&connection->tcp, &buffer, 1);
    uv_close((uv_handle_t *)&connection->tcp, on_refused_closed);
}

static void on_connection(uv_stream_t *stream, int status) {
    struct http_listener *listener = stream->data;
    struct http_server *server = listener->server;
    if (status < 0)
        return; /* out of descriptors and the like: libuv tries again */
    struct http_connection *connection = new_connection(server);
    if (uv_accept(stream, (uv_stream_t *)&connection->tcp) < 0)
        uv_close((uv_handle_t *)&connection->tcp, on_refused_closed);
    else if (server->connection_count >= server->options.connections_max)
        turn_away(connection);
    else {
        uv_tcp_nodelay(&connection->tcp, 1);
        add_connection(server, connection);
    }
}

static int numeric_address(const char *host, int port, struct sockaddr_storage *address, socklen_t *length) {
    if (!uv_ip4_addr(host, port, (struct sockaddr_in *)address)) {
        *length = sizeof(struct sockaddr_in);
        return 0;
    }
    *length = sizeof(struct sockaddr_in6);
    return uv_ip6_addr(host, port, (struct sockaddr_in6 *)address) ? -EINVAL : 0;
}

static int listen_on(const char *host, int port, bool shared, struct error *e) {
    struct sockaddr_storage address = {0};
    socklen_t length;
    int on = 1;
    if (numeric_address(host, port, &address, &length))
        return error_set(e, EINVAL, ERROR_BAD_CONFIG, "%s is not a numeric IP address to listen on", host);
    cleanup_close int fd = socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) ||
        (shared && setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on)) ||
        bind(fd, (struct sockaddr *)&address, length) || listen(fd, BACKLOG)) {
        int err = errno;
        error_errno(e, err, ERROR_INTERNAL, "cannot listen on %s port %d", host, port);
        if (err == EADDRINUSE)
            error_hint(e, "another program, or another instance of Replinet, uses this port");
        return -err;
    }
    return take_fd(fd);
}

int http_listen_socket(const char *host, int port, struct error *e) {
    return listen_on(host, port, false, e);
}

int http_listen_shared(const char *host, int port, struct error *e) {
    return listen_on(host, port, true, e);
}

int http_server_listen(struct http_server *server, int fd, struct error *e) {
    struct http_listener *listener = memory_alloc(sizeof *listener);
    listener->server = server;
    listener->tcp.data = listener;
    uv_tcp_init(server->loop, &listener->tcp);
    listener->next = server->listeners;
    server->listeners = listener;
    server->handle_count++;
    int r = uv_tcp_open(&listener->tcp, fd);
    if (!r)
        r = uv_listen((uv_stream_t *)&listener->tcp, BACKLOG, on_connection);
    listener->tcp.data = listener;
    return r ? error_set(e, -r, ERROR_INTERNAL, "cannot listen: %s", uv_strerror(r)) : 0;
}

static int open_connection(struct http_server *server, int fd, struct http_connection **ret_connection,
                           struct error *e) {
    struct http_connection *connection = new_connection(server);
    int r = uv_tcp_open(&connection->tcp, fd);
    if (r) {
        close(fd);
        uv_close((uv_handle_t *)&connection->tcp, on_refused_closed);
        return error_set(e, -r, ERROR_INTERNAL, "cannot serve this socket: %s", uv_strerror(r));
    }
    *ret_connection = connection;
    return 0;
}

int http_server_adopt(struct http_server *server, int fd, struct error *e) {
    struct http_connection *connection;
    int r = open_connection(server, fd, &connection, e);
    if (!r)
        add_connection(server, connection);
    return r;
}

int http_server_take_over(struct http_server *server, int fd, const void *bytes, size_t length, struct error *e) {
    struct http_connection *connection;
    int r = open_connection(server, fd, &connection, e);
    if (r < 0)
        return r;
    if (server->connection_count >= server->options.connections_max) {
        turn_away(connection);
        return 0;
    }
    uv_tcp_nodelay(&connection->tcp, 1);
    connection->taken_over = true;
    add_connection(server, connection);
    http_connection_feed(connection, bytes, length);
    return 0;
}

static void on_sweep(uv_timer_t *timer) {
    struct http_server *server = timer->data;
    int64_t now = clock_monotonic_ms();
    bool over = server->draining && now >= server->drain_deadline;
    for (struct http_connection *connection = server->connections, *next; connection; connection = next) {
        next = connection->next;
        if (over)
            http_connection_close(connection);
        else
            http_connection_sweep(connection, now);
    }
}

static void on_sweep_closed(uv_handle_t *handle) {
    struct http_server *server = handle->data;
    void (*drained)(void *) = server->drained;
    void *user = server->drained_user;
    free(server);
    if (drained)
        drained(user);
}

void http_server_progress(struct http_server *server) {
    if (server->draining && server->handle_count == 1 && !server->request_count &&
        !uv_is_closing((uv_handle_t *)&server->sweep))
        uv_close((uv_handle_t *)&server->sweep, on_sweep_closed);
}

static void on_listener_closed(uv_handle_t *handle) {
    struct http_listener *listener = handle->data;
    struct http_server *server = listener->server;
    free(listener);
    server->handle_count--;
    http_server_progress(server);
}

void http_server_drain(struct http_server *server, int grace_ms, void (*done)(void *user), void *user) {
    server->draining = true;
    server->drained = done;
    server->drained_user = user;
    server->drain_deadline = clock_deadline(grace_ms);
    for (struct http_listener *listener = server->listeners; listener; listener = listener->next)
        uv_close((uv_handle_t *)&listener->tcp, on_listener_closed);
    server->listeners = NULL;
    for (struct http_connection *connection = server->connections, *next; connection; connection = next) {
        next = connection->next;
        if (connection->state == CONNECTION_IDLE)
            http_connection_close(connection);
    }
    set_sweeping(server, true);
    http_server_progress(server);
}
