/* A request: its life, its fields, and the checks of its head. */
#include "base/clock.h"
#include "net/http_internal.h"
#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct http_request *http_request_new(struct http_connection *connection) {
    struct http_request *request = memory_alloc(sizeof *request);
    request->server = connection->server;
    request->connection = connection;
    request->started_ms = clock_monotonic_ms();
    request->method = "";
    request->stream_left = request->body_announced = -1;
    connection->server->request_count++;
    return request;
}

static void request_free(struct http_request *request) {
    struct http_server *server = request->server;
    arena_done(&request->arena);
    text_done(&request->head);
    text_done(&request->body);
    text_done(&request->answer_headers);
    free(request->headers);
    free(request);
    server->request_count--;
    http_server_progress(server);
}

void http_request_detach(struct http_request *request) {
    request->connection->request = NULL;
    request->connection = NULL;
    if (!request->handed)
        request_free(request);
    else if (request->on_close)
        request->on_close(request->on_close_user);
}

void http_request_finish(struct http_request *request) {
    struct http_server *server = request->server;
    if (server->options.after)
        server->options.after(request, request->connection ? request->status : 499,
                              clock_monotonic_ms() - request->started_ms, server->options.user);
    if (request->connection)
        request->connection->request = NULL;
    request_free(request);
}

const char *http_method(const struct http_request *request) {
    return request->method;
}

const char *http_path(const struct http_request *request) {
    return request->path ? request->path : "";
}

const char *http_request_id(const struct http_request *request) {
    return request->id;
}

const struct http_route *http_request_route(const struct http_request *request) {
    return request->route;
}

static const char *header_after(const struct http_request *request, const char *name, size_t *at) {
    while (*at < request->header_count) {
        const struct http_header_place *place = &request->headers[(*at)++];
        if (!strcasecmp(request->head.data + place->name, name))
            return request->head.data + place->value;
    }
    return NULL;
}

const char *http_header(const struct http_request *request, const char *name) {
    size_t at = 0;
    return header_after(request, name, &at);
}

const char *http_parameter(const struct http_request *request, const char *name) {
    size_t length = strlen(name);
    for (size_t i = 0; i < request->parameter_count; i++)
        if (request->parameters[i].name_length == length && !memcmp(request->parameters[i].name, name, length))
            return request->parameters[i].value;
    return "";
}

const char *http_query(struct http_request *request, const char *name) {
    size_t length = strlen(name);
    for (const char *at = request->query; at && *at; at += *at == '&') {
        size_t item = strcspn(at, "&");
        if (item > length && at[length] == '=' && !memcmp(at, name, length)) {
            char *value = arena_copy_bytes(&request->arena, at + length + 1, item - length - 1);
            return http_percent_decode(value, true, NULL) < 0 ? NULL : value;
        }
        at += item;
    }
    return NULL;
}

const char *http_query_text(const struct http_request *request) {
    return request->query ? request->query : "";
}

const char *http_body(const struct http_request *request, size_t *ret_length) {
    if (ret_length)
        *ret_length = request->body.length;
    return request->body.data ? request->body.data : "";
}

void http_body_take(struct http_request *request, void (*piece)(void *user, const void *data, size_t length),
                    void (*end)(void *user), void *user) {
    request->on_piece = piece;
    request->on_body_end = end;
    request->body_user = user;
}

void http_body_pause(struct http_request *request) {
    request->body_paused = true;
}

void http_body_resume(struct http_request *request) {
    request->body_paused = false;
    text_clear(&request->body);
    if (request->connection)
        http_connection_resume(request->connection);
}

int64_t http_body_announced(const struct http_request *request) {
    return request->body_announced;
}

const char *http_bearer(const struct http_request *request) {
    const char *value = http_header(request, "authorization");
    return value && !strncasecmp(value, "bearer ", 7) ? value + 7 + strspn(value + 7, " ") : NULL;
}

const char *http_peer(struct http_request *request) {
    struct sockaddr_storage address = {0};
    int length = sizeof address;
    char text[INET6_ADDRSTRLEN] = "";
    if (!request->connection || uv_tcp_getpeername(&request->connection->tcp, (struct sockaddr *)&address, &length))
        return "";
    if (address.ss_family == AF_INET)
        uv_ip4_name((struct sockaddr_in *)&address, text, sizeof text);
    else if (address.ss_family == AF_INET6)
        uv_ip6_name((struct sockaddr_in6 *)&address, text, sizeof text);
    return arena_copy_text(&request->arena, text);
}

int http_body_json(struct http_request *request, json_t **ret_json, struct error *e) {
    cleanup_json json_t *json = NULL;
    int r =
        json_parse(request->body.data ? request->body.data : "", request->body.length, "the request's body", &json, e);
    if (r < 0)
        return r;
    if (!json_is_object(json))
        return error_set(e, EINVAL, ERROR_BAD_INPUT, "the request's body is not a JSON object");
    *ret_json = take_pointer(json);
    return 0;
}

void *http_memory(struct http_request *request, size_t size) {
    return arena_alloc(&request->arena, size);
}

void http_set_note(struct http_request *request, void *note) {
    request->note = note;
}

void *http_note(const struct http_request *request) {
    return request->note;
}

void http_on_close(struct http_request *request, void (*on_close)(void *user), void *user) {
    request->on_close = on_close;
    request->on_close_user = user;
}

/* A caller's own id is kept when it is short and plain, so one id follows a request through several services. */
static void choose_id(struct http_request *request) {
    const char *given = http_header(request, "x-request-id");
    static const char plain[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz._-";
    size_t length = given ? strlen(given) : 0;
    if (length && length <= HTTP_REQUEST_ID_MAX && strspn(given, plain) == length)
        memcpy(request->id, given, length + 1);
    else
        uuid_make(request->id);
}

static int check_host(const struct http_request *request, bool needed, struct error *e) {
    size_t at = 0;
    bool one = header_after(request, "host", &at);
    if ((one && header_after(request, "host", &at)) || (!one && needed))
        return error_set(e, EINVAL, ERROR_BAD_REQUEST, "the request must have one Host header");
    return 0;
}

/* Everything about the head that llhttp does not check. */
int http_request_check(struct http_request *request, struct error *e) {
    const llhttp_t *parser = &request->connection->parser;
    const char *encoding = http_header(request, "transfer-encoding");
    request->method = llhttp_method_name((llhttp_method_t)parser->method);
    request->head_only = parser->method == HTTP_HEAD;
    choose_id(request);
    if (parser->http_major != 1 || parser->http_minor > 1)
        return error_set(e, EINVAL, ERROR_BAD_REQUEST, "only HTTP versions 1.0 and 1.1 are spoken here");
    if (!text_is_utf8(request->head.data, strlen(request->head.data)))
        return error_set(e, EINVAL, ERROR_BAD_REQUEST, "the request's target is not UTF-8");
    if (encoding && strcasecmp(encoding, "chunked"))
        return error_set(e, EINVAL, ERROR_NOT_SUPPORTED, "the only transfer encoding taken is chunked");
    if (parser->http_minor == 0 && encoding)
        return error_set(e, EINVAL, ERROR_BAD_REQUEST, "HTTP/1.0 has no transfer encodings");
    return check_host(request, parser->http_minor == 1, e);
}
