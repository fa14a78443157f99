/* Answers: whole, streamed, or the socket itself. */
#include "base/clock.h"
#include "net/http_internal.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

struct http_write {
    uv_write_t request;
    struct http_connection *connection;
    char data[];
};

static void on_written(uv_write_t *write, int status) {
    struct http_connection *connection = ((struct http_write *)write)->connection;
    free(write);
    if (connection->state == CONNECTION_CLOSING)
        return;
    if (status < 0) {
        http_connection_close(connection);
        return;
    }
    struct http_request *request = connection->request;
    if (connection->tcp.write_queue_size)
        return;
    if (!request)
        http_connection_answered(connection);
    else if (request->streaming && request->on_drain)
        request->on_drain(request->on_drain_user);
}

/* Writes at once what the socket takes and queues the rest; returns the bytes queued. */
size_t http_connection_write(struct http_connection *connection, const void *data, size_t length) {
    uv_stream_t *stream = (uv_stream_t *)&connection->tcp;
    if (connection->state == CONNECTION_CLOSING || connection->broken)
        return 0;
    if (!stream->write_queue_size) {
        uv_buf_t buffer = uv_buf_init((char *)data, (unsigned)length);
        int n = uv_try_write(stream, &buffer, 1);
        if (n > 0)
            data = (const char *)data + n, length -= (size_t)n;
        else if (n < 0 && n != UV_EAGAIN)
            connection->broken = true;
    }
    if (length && !connection->broken) {
        struct http_write *write = memory_resize(NULL, sizeof *write + length);
        write->connection = connection;
        memcpy(write->data, data, length);
        uv_buf_t buffer = uv_buf_init(write->data, (unsigned)length);
        if (uv_write(&write->request, stream, &buffer, 1, on_written) < 0) {
            free(write);
            connection->broken = true;
        }
    }
    return stream->write_queue_size;
}

void http_add_header(struct http_request *request, const char *name, const char *value) {
    for (const unsigned char *p = (const unsigned char *)value; *p; p++)
        if ((*p < ' ' && *p != '\t') || *p == 127)
            return;
    text_print(&request->answer_headers, "%s: %s\r\n", name, value);
}

void http_add_lines(struct http_request *request, const char *lines, size_t length) {
    text_append(&request->answer_headers, lines, length);
}

bool http_answer_has(const struct http_request *request, const char *name) {
    size_t length = strlen(name);
    for (const char *at = request->answer_headers.data; at && *at; at = strchr(at, '\n') ? strchr(at, '\n') + 1 : NULL)
        if (!strncasecmp(at, name, length) && at[length] == ':')
            return true;
    return false;
}

/* llhttp knows "NOT_FOUND"; on the wire it is "Not Found" (and OK stays OK). */
static const char *status_name(int status) {
    switch (status) {
#define X(number, name, text)                                                                                          \
    case number:                                                                                                       \
        return #name;
        HTTP_STATUS_MAP(X)
#undef X
    default:
        return "UNKNOWN";
    }
}

static const char *reason_of(int status, char text[48]) {
    snprintf(text, 48, "%s", status_name(status));
    for (char *p = text; *p; p++)
        if (*p == '_')
            *p = ' ';
        else if (p > text && p[-1] != ' ' && status != 200)
            *p |= 32;
    return text;
}

static void print_head(struct http_request *request, struct text *out, int status, const char *content_type,
                       int64_t length) {
    char reason[48];
    bool bodyless = status == 204 || status == 304;
    if (request->server->options.decorate)
        request->server->options.decorate(request, status, request->server->options.user);
    text_reserve(out, 320 + request->answer_headers.length);
    text_print(out, "HTTP/1.1 %d %s\r\nDate: %s\r\nX-Request-Id: %s\r\n", status, reason_of(status, reason),
               http_server_date(request->server), request->id);
    if (content_type)
        text_print(out, "Content-Type: %s\r\n", content_type);
    if (length >= 0 && !bodyless)
        text_print(out, "Content-Length: %lld\r\n", (long long)length);
    else if (request->chunked)
        text_append_string(out, "Transfer-Encoding: chunked\r\n");
    if (!request->keep_alive || request->server->draining)
        text_append_string(out, "Connection: close\r\n");
    else if (request->connection->parser.http_minor == 0)
        text_append_string(out, "Connection: keep-alive\r\n");
    if (request->answer_headers.length)
        text_append(out, request->answer_headers.data, request->answer_headers.length);
    text_append_string(out, "\r\n");
}

/* The answer is out: the request ends, the connection goes on. */
static void complete(struct http_request *request) {
    struct http_connection *connection = request->connection;
    if (connection)
        connection->close_after |= !request->keep_alive;
    http_request_finish(request);
    if (connection)
        http_connection_answered(connection);
}

void http_respond(struct http_request *request, int status, const char *content_type, const void *body, size_t length) {
    request->status = status;
    if (request->connection) {
        cleanup_text struct text out = {0};
        print_head(request, &out, status, content_type, (int64_t)length);
        if (length && !request->head_only)
            text_append(&out, body, length);
        http_connection_write(request->connection, out.data, out.length);
    }
    complete(request);
}

void http_respond_json(struct http_request *request, int status, const json_t *json) {
    cleanup_free char *text = json_print(json);
    http_respond(request, status, "application/json", text, strlen(text));
}

void http_respond_error_with(struct http_request *request, const struct error *error, json_t *more) {
    cleanup_json json_t *members = more;
    cleanup_json json_t *answer =
        json_pack("{s:s#, s:s, s:s#, s:s}", "detail", error->text, strlen(error->text), "code", error_name(error->code),
                  "hint", error->hint, strlen(error->hint), "request_id", request->id);
    if (!answer) /* the text quotes bytes that are not UTF-8 */
        answer = json_pack("{s:s, s:s, s:s, s:s}", "detail", "the request was refused", "code", error_name(error->code),
                           "hint", "", "request_id", request->id);
    if (members)
        json_object_update_missing(answer, members);
    if (error->code == ERROR_METHOD_NOT_ALLOWED && request->refusal_allow)
        http_add_header(request, "Allow", request->refusal_allow);
    if (error->code == ERROR_UNAUTHENTICATED)
        http_add_header(request, "WWW-Authenticate", "Bearer");
    http_respond_json(request, error_http_status(error->code), answer);
}

void http_respond_error(struct http_request *request, const struct error *error) {
    http_respond_error_with(request, error, NULL);
}

void http_stream_begin(struct http_request *request, int status, const char *content_type, int64_t length) {
    request->status = status;
    request->streaming = true;
    request->stream_left = length;
    if (!request->connection)
        return;
    request->chunked = length < 0 && request->connection->parser.http_minor == 1;
    request->keep_alive &= length >= 0 || request->chunked;
    cleanup_text struct text out = {0};
    print_head(request, &out, status, content_type, length);
    http_connection_write(request->connection, out.data, out.length);
}

size_t http_stream_write(struct http_request *request, const void *data, size_t length) {
    if (request->stream_left >= 0) {
        length = length > (uint64_t)request->stream_left ? (size_t)request->stream_left : length;
        request->stream_left -= (int64_t)length;
    }
    if (!request->connection || request->head_only || !length)
        return 0;
    if (!request->chunked)
        return http_connection_write(request->connection, data, length);
    cleanup_text struct text out = {0};
    text_reserve(&out, length + 24);
    text_print(&out, "%zx\r\n", length);
    text_append(&out, data, length);
    text_append_string(&out, "\r\n");
    return http_connection_write(request->connection, out.data, out.length);
}

size_t http_stream_queued(const struct http_request *request) {
    return request->connection ? request->connection->tcp.write_queue_size : 0;
}

void http_stream_on_drain(struct http_request *request, void (*on_drain)(void *user), void *user) {
    request->on_drain = on_drain;
    request->on_drain_user = user;
}

void http_stream_end(struct http_request *request) {
    struct http_connection *connection = request->connection;
    bool short_of_it = connection && request->stream_left > 0 && !request->head_only;
    request->streaming = false;
    if (connection && request->chunked && !request->head_only)
        http_connection_write(connection, "0\r\n\r\n", 5);
    if (!short_of_it) {
        complete(request);
        return;
    }
    http_request_finish(request);
    http_connection_close(connection);
}

/* The socket itself is duplicated: libuv closes its own descriptor in its own time. */
int http_upgrade(struct http_request *request, char **ret_head, size_t *ret_head_length) {
    struct http_connection *connection = request->connection;
    int fd = -ECONNRESET, own;
    if (connection && !uv_fileno((uv_handle_t *)&connection->tcp, &own)) {
        fd = fcntl(own, F_DUPFD_CLOEXEC, 3);
        fd = fd < 0 ? -errno : fd;
    }
    if (fd >= 0) {
        request->status = 101;
        *ret_head_length = connection->pending.length - connection->pending_at;
        *ret_head = memory_copy_bytes(connection->pending.data + connection->pending_at, *ret_head_length);
    }
    http_request_finish(request);
    if (connection)
        http_connection_close(connection);
    return fd;
}
