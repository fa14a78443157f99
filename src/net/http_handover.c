/* A request, and the connection that it came on, passed to another server, which may be another process: the one that
 * has it prints what was read, the one that gets it goes on as if it had read that itself. */
#include "net/http_internal.h"
#include <errno.h>
#include <string.h>
#include <strings.h>

/* What was said of a body that is whole by now, and what is said anew. */
static bool is_left_out(const char *name) {
    static const char *const names[] = {"content-length", "transfer-encoding", "trailer", "expect", "x-request-id"};
    for (size_t i = 0; i < ARRAY_LENGTH(names); i++)
        if (!strcasecmp(name, names[i]))
            return true;
    return false;
}

static void print_request(const struct http_request *request, struct text *out) {
    const struct http_connection *connection = request->connection;
    const char *head = request->head.data;
    text_print(out, "%s %s HTTP/1.%d\r\n", request->method, head, connection->parser.http_minor);
    for (size_t i = 0; i < request->header_count; i++) {
        const struct http_header_place *place = &request->headers[i];
        if (!is_left_out(head + place->name))
            text_print(out, "%s: %s\r\n", head + place->name, head + place->value);
    }
    text_print(out, "X-Request-Id: %s\r\nContent-Length: %zu\r\n\r\n", request->id, request->body.length);
    text_append(out, request->body.data, request->body.length);
    text_append(out, connection->pending.data + connection->pending_at,
                connection->pending.length - connection->pending_at);
}

int http_hand_over(struct http_request *request, http_taker *taker, void *user) {
    struct http_connection *connection = request->connection;
    cleanup_text struct text bytes = {0};
    int fd, r = connection ? uv_fileno((uv_handle_t *)&connection->tcp, &fd) : -ECONNRESET;
    if (r < 0)
        return r;
    print_request(request, &bytes);
    r = taker(user, fd, bytes.data, bytes.length);
    if (r < 0)
        return r;
    request->status = 101; /* for the log: the socket went elsewhere, as with an upgrade */
    http_request_finish(request);
    http_connection_close(connection);
    return 0;
}

bool http_was_handed_over(const struct http_request *request) {
    return request->handed_over;
}
