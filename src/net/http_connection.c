/* A connection: reading, parsing, deadlines, going on to the next request. */
#include "base/clock.h"
#include "net/http_internal.h"
#include <assert.h>
#include <errno.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

static void set_state(struct http_connection *connection, enum connection_state state, int after_ms) {
    connection->state = (uint8_t)state;
    connection->deadline = clock_deadline(after_ms);
}

static int refuse(struct http_request *request, enum error_code code, const char *text) {
    error_set(&request->refusal, EINVAL, code, "%s", text);
    return -1;
}

/* Parser callbacks. Returning -1 stops the parser; the refusal says why. */

static int head_append(struct http_request *request, const char *at, size_t length) {
    if (request->head.length + length > request->server->options.head_max)
        return refuse(request, ERROR_HEAD_TOO_LARGE, "the request's head is too large");
    text_append(&request->head, at, length);
    return 0;
}

static struct http_request *request_of(llhttp_t *parser) {
    return ((struct http_connection *)parser->data)->request;
}

static int on_url(llhttp_t *parser, const char *at, size_t length) {
    return head_append(request_of(parser), at, length);
}

static int on_url_complete(llhttp_t *parser) {
    return head_append(request_of(parser), "", 1);
}

static int on_header_field(llhttp_t *parser, const char *at, size_t length) {
    struct http_request *request = request_of(parser);
    if (request->head_done)
        return 0; /* a trailer: whoever checked the head did not see it, so nobody shall */
    if (!request->header_count || request->in_value) {
        if (request->header_count == request->server->options.headers_max)
            return refuse(request, ERROR_HEAD_TOO_LARGE, "the request has too many headers");
        if (request->header_count == request->header_room) {
            request->header_room = request->header_room ? request->header_room * 2 : 16;
            request->headers = memory_resize(request->headers, request->header_room * sizeof *request->headers);
        }
        request->headers[request->header_count++] =
            (struct http_header_place){(uint32_t)request->head.length, (uint32_t)request->head.length};
        request->in_value = false;
    }
    return head_append(request, at, length);
}

static int on_header_field_complete(llhttp_t *parser) {
    struct http_request *request = request_of(parser);
    if (request->head_done)
        return 0;
    int r = head_append(request, "", 1);
    request->headers[request->header_count - 1].value = (uint32_t)request->head.length;
    request->in_value = true;
    return r;
}

static int on_header_value(llhttp_t *parser, const char *at, size_t length) {
    struct http_request *request = request_of(parser);
    return request->head_done ? 0 : head_append(request, at, length);
}

static int on_header_value_complete(llhttp_t *parser) {
    struct http_request *request = request_of(parser);
    if (request->head_done)
        return 0;
    while (request->head.length > request->headers[request->header_count - 1].value &&
           strchr(" \t", request->head.data[request->head.length - 1]))
        request->head.length--;
    return head_append(request, "", 1);
}

static bool body_follows(const llhttp_t *parser) {
    return parser->flags & F_CHUNKED || (parser->flags & F_CONTENT_LENGTH && parser->content_length);
}

static int check_body(struct http_request *request, const llhttp_t *parser, struct error *e) {
    size_t most = request->route->body_max;
    bool too_large = parser->flags & F_CHUNKED ? !most : parser->content_length > most;
    if (body_follows(parser) && too_large && !request->body_stream)
        return error_set(e, EFBIG, ERROR_TOO_LARGE, "the request's body may have at most %zu bytes", most);
    return 0;
}

static int check_upgrade(struct http_request *request, llhttp_t *parser, struct error *e) {
    bool wanted = request->route->flags & HTTP_ROUTE_UPGRADE;
    request->upgrade = wanted && parser->upgrade;
    parser->upgrade = request->upgrade; /* an upgrade that the route does not offer is ignored, as RFC 9110 has it */
    if (!wanted || request->upgrade)
        return 0;
    error_set(e, EINVAL, ERROR_UPGRADE_REQUIRED, "this path speaks WebSocket");
    error_hint(e, "send Upgrade: websocket and Connection: Upgrade");
    http_add_header(request, "Upgrade", "websocket");
    return -EINVAL;
}

static int accept_head(struct http_request *request, llhttp_t *parser, struct error *e) {
    const struct http_options *options = &request->server->options;
    int r = http_request_check(request, e);
    request->keep_alive = llhttp_should_keep_alive(parser);
    if (!r)
        r = http_request_resolve(request, e);
    if (!r) {
        request->body_stream = request->route->flags & HTTP_ROUTE_BODY_STREAM;
        request->body_announced = parser->flags & F_CONTENT_LENGTH ? (int64_t)parser->content_length : -1;
        r = check_upgrade(request, parser, e);
    }
    if (!r)
        r = check_body(request, parser, e);
    if (!r && options->before)
        r = options->before(request, options->user, e);
    return r;
}

static int on_headers_complete(llhttp_t *parser) {
    struct http_connection *connection = parser->data;
    struct http_request *request = connection->request;
    const struct http_options *options = &connection->server->options;
    request->head_done = true;
    int r = accept_head(request, parser, &request->refusal);
    if (r < 0) {
        parser->upgrade = 0;
        /* With a body to come the answer goes out now; without, in dispatch, and the connection may live on. */
        return body_follows(parser) || parser->method == HTTP_CONNECT ? -1 : 0;
    }
    request->refusal.code = ERROR_NONE;
    set_state(connection, CONNECTION_BODY, request->route->body_ms ? request->route->body_ms : options->body_ms);
    const char *expect = http_header(request, "expect");
    if (expect && !strcasecmp(expect, "100-continue") && body_follows(parser))
        http_connection_write(connection, "HTTP/1.1 100 Continue\r\n\r\n", 25);
    return request->body_stream ? HPE_PAUSED : 0;
}

static int on_body(llhttp_t *parser, const char *at, size_t length) {
    struct http_request *request = request_of(parser);
    size_t most = request->route->body_max;
    if (!request->body_stream && request->body.length + length > most) {
        error_set(&request->refusal, EFBIG, ERROR_TOO_LARGE, "the request's body may have at most %zu bytes", most);
        return -1;
    }
    text_append(&request->body, at, length);
    return 0;
}

static int on_message_complete(llhttp_t *parser) {
    return HPE_PAUSED;
}

static const llhttp_settings_t settings = {
    .on_url = on_url,
    .on_url_complete = on_url_complete,
    .on_header_field = on_header_field,
    .on_header_field_complete = on_header_field_complete,
    .on_header_value = on_header_value,
    .on_header_value_complete = on_header_value_complete,
    .on_headers_complete = on_headers_complete,
    .on_body = on_body,
    .on_message_complete = on_message_complete,
};

/* What the parser's outcome leads to. */

static void dispatch(struct http_connection *connection) {
    struct http_request *request = connection->request;
    assert(request);
    request->handed = true;
    const struct http_options *options = &connection->server->options;
    if (request->refusal.code != ERROR_NONE && !request->route && request->resolved && options->unmatched) {
        struct error error = request->refusal;
        options->unmatched(request, &error, options->user);
        return;
    }
    if (request->refusal.code != ERROR_NONE) {
        http_respond_error(request, &request->refusal);
        return;
    }
    request->route->handle(request, options->user);
}

/* Goes on after the head of a streamed body; without a body that is already its end. */
static void go_on_after_head(struct http_connection *connection) {
    llhttp_resume(&connection->parser);
    if (llhttp_execute(&connection->parser, "", 0) == HPE_PAUSED)
        connection->outcome = OUTCOME_COMPLETE;
}

static int piece_ms(const struct http_connection *connection) {
    int own = connection->request->route->body_ms;
    return own ? own : connection->server->options.body_ms;
}

/* Until the body is there whole, an answer is the connection's last. */
static void dispatch_stream(struct http_connection *connection) {
    struct http_request *request = connection->request;
    request->handed = true;
    request->alive_after_body = request->keep_alive;
    request->keep_alive = false;
    set_state(connection, CONNECTION_STREAM, piece_ms(connection));
    request->route->handle(request, connection->server->options.user);
    if (connection->request)
        go_on_after_head(connection);
}

/* Hands over what was read of a streamed body, and its end. A handler may answer, and so end the request, in any of
 * its calls; never from within the parser, which uses the request. */
static void conclude_stream(struct http_connection *connection) {
    struct http_request *request = connection->request;
    if (request->body.length && !request->body_paused) {
        if (connection->state == CONNECTION_STREAM)
            set_state(connection, CONNECTION_STREAM, piece_ms(connection));
        request->on_piece(request->body_user, request->body.data, request->body.length);
        if (!connection->request)
            return;
        if (!request->body_paused)
            text_clear(&request->body);
    }
    if (request->body_paused || connection->outcome == OUTCOME_NONE)
        return;
    bool whole = connection->outcome == OUTCOME_COMPLETE;
    connection->outcome = OUTCOME_NONE;
    set_state(connection, CONNECTION_BUSY, -1);
    if (!whole) {
        http_connection_close(connection); /* its handler is told so */
        return;
    }
    request->keep_alive = request->alive_after_body;
    request->on_body_end(request->body_user);
}

/* An answer to a request that is not over yet: after it the connection is of no use. */
static void refuse_connection(struct http_connection *connection, const struct error *error) {
    struct http_request *request = connection->request;
    assert(request);
    set_state(connection, CONNECTION_BUSY, -1);
    request->handed = true;
    request->keep_alive = false;
    if (!*request->id)
        uuid_make(request->id);
    http_respond_error(request, error);
}

static void refuse_malformed(struct http_connection *connection) {
    struct http_request *request = connection->request;
    assert(request);
    if (request->refusal.code == ERROR_NONE)
        error_set(&request->refusal, EINVAL, ERROR_BAD_REQUEST, "the request is not valid HTTP: %s",
                  connection->parser.reason ? connection->parser.reason : "malformed");
    struct error error = request->refusal;
    refuse_connection(connection, &error);
}

static void begin_request(struct http_connection *connection) {
    connection->request = http_request_new(connection);
    connection->request->handed_over = connection->taken_over;
    connection->taken_over = false;
    llhttp_init(&connection->parser, HTTP_REQUEST, &settings);
    connection->parser.data = connection;
    set_state(connection, CONNECTION_HEAD, connection->server->options.head_ms);
}

/* Empty lines before a request line are allowed (RFC 9112 2.2) and are not its first byte. */
static size_t skip_line_ends(const char *data, size_t length) {
    size_t n = 0;
    while (n < length && (data[n] == '\r' || data[n] == '\n'))
        n++;
    return n;
}

/* Parses up to the end of one request; returns the bytes used. What the outcome leads to comes after the rest was put
 * aside (run), because an upgrade hands that rest over. */
static size_t feed(struct http_connection *connection, const char *data, size_t length) {
    size_t skipped = 0;
    if (connection->state == CONNECTION_IDLE) {
        skipped = skip_line_ends(data, length);
        if (skipped == length)
            return length;
        begin_request(connection);
    }
    llhttp_errno_t outcome = llhttp_execute(&connection->parser, data + skipped, length - skipped);
    if (outcome == HPE_OK)
        return length;
    bool complete = outcome == HPE_PAUSED || outcome == HPE_PAUSED_UPGRADE;
    bool head = outcome == HPE_PAUSED && connection->request->body_stream && !connection->request->handed &&
                connection->request->refusal.code == ERROR_NONE;
    connection->outcome = head ? OUTCOME_HEAD : complete ? OUTCOME_COMPLETE : OUTCOME_MALFORMED;
    set_state(connection, CONNECTION_BUSY, -1);
    const char *stop = llhttp_get_error_pos(&connection->parser);
    return stop >= data && stop <= data + length ? (size_t)(stop - data) : length;
}

static bool wants_bytes(const struct http_connection *connection) {
    const struct http_request *request = connection->request;
    return connection->state <= CONNECTION_BODY ||
           (connection->state == CONNECTION_STREAM && request && !request->body_paused);
}

static void set_reading(struct http_connection *connection, bool on);

static void keep_pending(struct http_connection *connection, const char *data, size_t length) {
    text_append(&connection->pending, data, length);
    if (connection->pending.length - connection->pending_at >= HTTP_PENDING_MAX)
        set_reading(connection, false);
}

static void conclude(struct http_connection *connection) {
    enum connection_outcome outcome = connection->outcome;
    if (outcome == OUTCOME_HEAD) {
        connection->outcome = OUTCOME_NONE;
        dispatch_stream(connection);
    }
    if (connection->request && connection->request->body_stream && connection->request->handed) {
        conclude_stream(connection);
        return;
    }
    connection->outcome = OUTCOME_NONE;
    if (outcome == OUTCOME_COMPLETE)
        dispatch(connection);
    else if (outcome == OUTCOME_MALFORMED)
        refuse_malformed(connection);
}

/* Works through what was read ahead, until a request is in progress or nothing is left. Not entered twice: a handler
 * that answers at once comes back to this loop instead of deepening the stack. */
static void run(struct http_connection *connection) {
    if (connection->running)
        return;
    connection->running = true;
    conclude(connection);
    while (wants_bytes(connection) && connection->pending_at < connection->pending.length) {
        connection->pending_at += feed(connection, connection->pending.data + connection->pending_at,
                                       connection->pending.length - connection->pending_at);
        conclude(connection);
    }
    connection->running = false;
    if (connection->pending_at == connection->pending.length) {
        text_done(&connection->pending);
        connection->pending_at = 0;
    }
    if (wants_bytes(connection))
        set_reading(connection, true);
}

void http_connection_resume(struct http_connection *connection) {
    if (connection->state == CONNECTION_STREAM)
        set_state(connection, CONNECTION_STREAM, piece_ms(connection));
    run(connection);
}

void http_connection_feed(struct http_connection *connection, const char *data, size_t length) {
    if (connection->state == CONNECTION_LINGER)
        return;
    size_t used = wants_bytes(connection) ? feed(connection, data, length) : 0;
    if (used < length)
        keep_pending(connection, data + used, length - used);
    run(connection);
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer) {
    struct http_connection *connection = handle->data;
    *buffer = uv_buf_init(connection->server->read_buffer, sizeof connection->server->read_buffer);
}

static void on_read(uv_stream_t *stream, ssize_t length, const uv_buf_t *buffer) {
    struct http_connection *connection = stream->data;
    if (length < 0)
        http_connection_close(connection);
    else if (length > 0)
        http_connection_feed(connection, buffer->base, (size_t)length);
}

static void set_reading(struct http_connection *connection, bool on) {
    if (connection->reading == on || connection->state == CONNECTION_CLOSING)
        return;
    connection->reading = on;
    if (on)
        uv_read_start((uv_stream_t *)&connection->tcp, on_alloc, on_read);
    else
        uv_read_stop((uv_stream_t *)&connection->tcp);
}

/* Endings. */

static void on_closed(uv_handle_t *handle) {
    struct http_connection *connection = handle->data;
    struct http_server *server = connection->server;
    text_done(&connection->pending);
    __builtin_free(connection);
    server->handle_count--;
    http_server_progress(server);
}

void http_connection_close(struct http_connection *connection) {
    if (connection->state == CONNECTION_CLOSING)
        return;
    set_state(connection, CONNECTION_CLOSING, -1);
    http_server_forget(connection->server, connection);
    uv_close((uv_handle_t *)&connection->tcp, on_closed);
    if (connection->request)
        http_request_detach(connection->request);
}

/* Closing while the client still sends would reset the connection and may destroy the answer on its way; so: no more
 * from us, and a little patience. */
static void linger(struct http_connection *connection) {
    set_state(connection, CONNECTION_LINGER, HTTP_LINGER_MS);
    int fd;
    if (uv_fileno((uv_handle_t *)&connection->tcp, &fd) || shutdown(fd, SHUT_WR))
        http_connection_close(connection);
    else
        set_reading(connection, true);
}

void http_connection_answered(struct http_connection *connection) {
    if (connection->tcp.write_queue_size || connection->state == CONNECTION_CLOSING)
        return; /* on_written comes back here */
    if (connection->broken) {
        http_connection_close(connection);
        return;
    }
    if (connection->close_after || connection->server->draining) {
        linger(connection);
        return;
    }
    set_state(connection, CONNECTION_IDLE, connection->server->options.idle_ms);
    run(connection);
}

void http_connection_start(struct http_server *server, struct http_connection *connection) {
    connection->tcp.data = connection;
    set_state(connection, CONNECTION_IDLE,
              server->options.idle_ms < server->options.head_ms ? server->options.idle_ms : server->options.head_ms);
    set_reading(connection, true);
}

static bool is_stuck(struct http_connection *connection, int64_t now) {
    size_t queue = connection->tcp.write_queue_size;
    if (!queue || queue != connection->last_queue) {
        connection->last_queue = queue;
        connection->stuck_since = now;
    }
    return now - connection->stuck_since > connection->server->options.write_ms;
}

void http_connection_sweep(struct http_connection *connection, int64_t now) {
    if (connection->broken || is_stuck(connection, now)) {
        http_connection_close(connection);
        return;
    }
    if (now < connection->deadline || (connection->request && connection->request->body_paused))
        return;
    if (connection->state != CONNECTION_HEAD && connection->state != CONNECTION_BODY) {
        http_connection_close(connection);
        return;
    }
    struct error error;
    error_set(&error, ETIMEDOUT, ERROR_REQUEST_TIMEOUT, "the request did not arrive in time");
    refuse_connection(connection, &error);
}
