/* An HTTP/1.1 server on one libuv loop (llhttp parses).
 *
 * Owns its listeners, connections and requests. Every function is called on the loop's thread. A server is a table of
 * routes; a request is matched, its head checked (`before`), its body read whole (up to the route's limit), then handed
 * to the route's handler. Keep-alive and pipelining are the server's business: one request of a connection is handled
 * at a time, in order.
 *
 * The one rule for handlers: every request is answered exactly once, by http_respond*, by http_stream_end or by
 * http_upgrade, in the handler or later (a request may be parked as long as its owner likes). That call ends the
 * request's memory. When the client goes away first, on_close tells; the request stays valid, its answer then goes
 * nowhere, but must still be given. Strings taken from a request live as long as the request.
 *
 * Wrong input never reaches a handler: it is answered with a 4xx and the uniform error object
 * {"detail","code","hint","request_id"}. Routes: segments are compared after percent-decoding, "{name}" matches one
 * segment; HEAD is served by GET's row. */
#pragma once

#include "base/error.h"
#include "base/json.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

struct http_server;
struct http_request;

typedef void http_handler(struct http_request *request, void *user);

enum http_route_flags {
    HTTP_ROUTE_UPGRADE = 1,    /* the handler takes the socket over with http_upgrade */
    HTTP_ROUTE_BODY_STREAM = 2 /* the handler is called before the body and takes it piece by piece (http_body_take) */
};

struct http_route {
    const char *method; /* NULL ends a table */
    const char *pattern;
    http_handler *handle;
    unsigned flags;
    size_t body_max; /* bytes; 0: no body is taken; not looked at with HTTP_ROUTE_BODY_STREAM */
    int body_ms;     /* the whole body (a stream: its next piece) must arrive within this; 0: the server's default */
    const void *tag; /* the table owner's own column */
};

struct http_options { /* 0 takes the default named in the comment */
    const struct http_route *routes;
    void *user;             /* given to handlers and hooks */
    size_t head_max;        /* 32768: bytes of request line and headers */
    size_t headers_max;     /* 100 */
    size_t connections_max; /* 10000; past it: 503 and closed */
    int head_ms;            /* 10000: from a request's first byte to the end of its head */
    int body_ms;            /* 30000 */
    int idle_ms;            /* 75000: between requests */
    int write_ms;           /* 30000: a client that takes no byte of its answer for so long is closed */
    /* After the head, before the body, of a request that has a route: the place for authentication and rate limits.
     * An error is the answer. */
    int (*before)(struct http_request *request, void *user, struct error *e);
    /* Takes requests that no route fits (no such path, or not with this method) and that announce no body, and answers
     * them; `error` is what they would get else. */
    void (*unmatched)(struct http_request *request, const struct error *error, void *user);
    /* Just before the head of any answer goes out, errors included: the place for headers that all answers have. */
    void (*decorate)(struct http_request *request, int status, void *user);
    /* After the answer; status 499 when the client went away first. */
    void (*after)(const struct http_request *request, int status, int64_t duration_ms, void *user);
};

/* `options` is copied; its routes must outlive the server. */
struct http_server *http_server_new(uv_loop_t *loop, const struct http_options *options);

/* A listening TCP socket on a numeric address ("127.0.0.1", "::"); port 0 takes a free one. Returns the fd. */
int http_listen_socket(const char *host, int port, struct error *e);
/* The same for one of several processes of a user that listen there; the kernel spreads connections over them. */
int http_listen_shared(const char *host, int port, struct error *e);

/* Serves connections of a listening socket / one connected stream socket. The fd is the server's from here on. */
int http_server_listen(struct http_server *server, int fd, struct error *e);
int http_server_adopt(struct http_server *server, int fd, struct error *e);
/* Goes on with a connection that http_hand_over gave away, from the bytes that came with it. The fd is the server's. */
int http_server_take_over(struct http_server *server, int fd, const void *bytes, size_t length, struct error *e);

/* Stops listening, closes idle connections, lets requests in progress end for at most grace_ms, then closes all.
 * `done` (may be NULL) is called once nothing is left; the server is freed then and must not be used any more. Answers
 * to requests that are still parked must be given before `done` can come. */
void http_server_drain(struct http_server *server, int grace_ms, void (*done)(void *user), void *user);

size_t http_server_connections(const struct http_server *server);

/* The request. */
const char *http_method(const struct http_request *request);
const char *http_path(const struct http_request *request);                        /* as sent, without the query */
const char *http_header(const struct http_request *request, const char *name);    /* NULL when missing */
const char *http_parameter(const struct http_request *request, const char *name); /* of the pattern; never NULL */
const char *http_query(struct http_request *request, const char *name);           /* decoded; NULL when missing */
const char *http_body(const struct http_request *request, size_t *ret_length);    /* NUL-terminated; never NULL */
const char *http_request_id(const struct http_request *request);
const char *http_bearer(const struct http_request *request); /* of "Authorization: Bearer ..."; NULL when missing */
const struct http_route *http_request_route(const struct http_request *request); /* NULL: none matched */
const char *http_query_text(const struct http_request *request); /* as sent, behind the "?"; "" when missing */
/* Decodes in place; -EINVAL on a bad escape, a NUL or text that is not UTF-8. ret_length may be NULL. */
int http_percent_decode(char *text, bool plus_is_space, size_t *ret_length);
/* The client's numeric address; "" when the socket has none. */
const char *http_peer(struct http_request *request);
/* The body as a JSON object; else an error that fits the answer. */
int http_body_json(struct http_request *request, json_t **ret_json, struct error *e);

/* Taking the body of a route with HTTP_ROUTE_BODY_STREAM; called by the handler unless it answers at once. Pieces hold
 * at most what one read gives and HTTP_PENDING_MAX more. `piece` may call http_body_pause: then `data` stays as it is
 * and nothing comes until http_body_resume, else `data` is good for the call only. `end` comes once the body was there
 * whole. An answer that is given before ends the connection. */
void http_body_take(struct http_request *request, void (*piece)(void *user, const void *data, size_t length),
                    void (*end)(void *user), void *user);
void http_body_pause(struct http_request *request);
void http_body_resume(struct http_request *request);
/* The length that the client announced, -1: none. */
int64_t http_body_announced(const struct http_request *request);

/* Memory that lives as long as the request, zeroed; and a pointer that its user keeps with it (`before` for the
 * handler). */
void *http_memory(struct http_request *request, size_t size);
void http_set_note(struct http_request *request, void *note);
void *http_note(const struct http_request *request);

/* Parking: tells when the client went away before the answer. */
void http_on_close(struct http_request *request, void (*on_close)(void *user), void *user);

/* Adds a header to the answer; a value with control characters is left out. Before the answer starts. */
void http_add_header(struct http_request *request, const char *name, const char *value);

/* Adds whole lines, each ended by CR LF, as they are: for what is constant. */
void http_add_lines(struct http_request *request, const char *lines, size_t length);
/* Whether such a header was added already. */
bool http_answer_has(const struct http_request *request, const char *name);

/* Answers. `content_type` NULL: none. Bodies are copied. */
void http_respond(struct http_request *request, int status, const char *content_type, const void *body, size_t length);
void http_respond_json(struct http_request *request, int status, const json_t *json);
/* Status from the error table; 405 and 426 answers and the like come from here as well. */
void http_respond_error(struct http_request *request, const struct error *error);
/* As above with further members for the object; `more` is stolen. */
void http_respond_error_with(struct http_request *request, const struct error *error, json_t *more);

/* Streaming: begin, write as long as little is queued, end. length < 0: unknown (chunked). A stream that ends short of
 * its announced length closes the connection, so that the client notices. */
void http_stream_begin(struct http_request *request, int status, const char *content_type, int64_t length);
/* Returns the bytes that are queued now: past HTTP_STREAM_HIGH wait for on_drain before writing more. */
size_t http_stream_write(struct http_request *request, const void *data, size_t length);
size_t http_stream_queued(const struct http_request *request);
void http_stream_on_drain(struct http_request *request, void (*on_drain)(void *user), void *user);
void http_stream_end(struct http_request *request);
#define HTTP_STREAM_HIGH (256 * 1024)

/* Hands the connection's socket over, for a route with HTTP_ROUTE_UPGRADE: returns the non-blocking fd, or -errno when
 * the client is gone, and what was read past the request (ret_head, free()). Ends the request either way. */
int http_upgrade(struct http_request *request, char **ret_head, size_t *ret_head_length);

/* Hands the connection over with the request, whose body is there whole, and with what was read behind it: `taker` gets
 * the socket, which stays ours, and the bytes, and passes copies of both on to another server (http_server_take_over).
 * When it returns 0 the request is over here; else nothing has happened, and the request still needs its answer. */
typedef int http_taker(void *user, int fd, const void *bytes, size_t length);
int http_hand_over(struct http_request *request, http_taker *taker, void *user);
/* Whether another server read this request, and checked its head, before it came here. */
bool http_was_handed_over(const struct http_request *request);
