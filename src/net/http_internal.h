/* What the files of the HTTP server share. One loop, one thread.
 *
 * A connection lives from accept until libuv's close callback. A request lives from its first byte until it is answered
 * *and* detached from its connection; the connection may end first (request->connection is NULL then). */
#pragma once

#include "base/memory.h"
#include "base/text.h"
#include "base/uuid.h"
#include "net/http_server.h"
#include <llhttp.h>

#define HTTP_PENDING_MAX    (64 * 1024) /* bytes kept of requests behind the one in progress */
#define HTTP_PARAMETERS_MAX 6
#define HTTP_LINGER_MS      2000
#define HTTP_REQUEST_ID_MAX 64

enum connection_state {
    CONNECTION_IDLE,   /* before a request's first byte */
    CONNECTION_HEAD,   /* a head is arriving */
    CONNECTION_BODY,   /* a body is arriving */
    CONNECTION_STREAM, /* a body is arriving and its pieces go to the request's handler */
    CONNECTION_BUSY,   /* the request is with its handler, or its answer is being written */
    CONNECTION_LINGER, /* answered with an error in the middle of a request: reads and drops until the client closes */
    CONNECTION_CLOSING /* uv_close was called */
};

enum connection_outcome { OUTCOME_NONE, OUTCOME_HEAD /* of a streamed body */, OUTCOME_COMPLETE, OUTCOME_MALFORMED };

struct http_parameter {
    const char *name;
    size_t name_length;
    const char *value;
};

struct http_header_place {
    uint32_t name, value; /* offsets into the request's head */
};

struct http_request {
    struct http_server *server;
    struct http_connection *connection; /* NULL: the client is gone */
    struct arena arena;
    struct text head; /* target NUL, then name NUL value NUL ... */
    struct http_header_place *headers;
    size_t header_count, header_room;
    struct text body;
    const struct http_route *route;
    struct http_parameter parameters[HTTP_PARAMETERS_MAX];
    size_t parameter_count;
    char *path, *query; /* in the arena */
    char id[HTTP_REQUEST_ID_MAX + 1];
    const char *method;
    int64_t started_ms;
    struct error refusal; /* code NONE: none */
    char *refusal_allow;  /* value of Allow for a 405 */
    struct text answer_headers;
    void *note; /* the server's user's own */
    void (*on_close)(void *user);
    void *on_close_user;
    void (*on_drain)(void *user);
    void *on_drain_user;
    void (*on_piece)(void *user, const void *data, size_t length);
    void (*on_body_end)(void *user);
    void *body_user;
    int64_t body_announced; /* -1: not announced */
    int64_t stream_left;    /* bytes of the answer still announced; -1: not announced */
    int status;             /* of the answer; 0: none yet */
    bool head_done;
    bool resolved;                                   /* its target was read and looked for in the table of routes */
    bool in_value;                                   /* the parser's last header callback was a value */
    bool body_stream, body_paused, alive_after_body; /* of a streamed body */
    bool head_only, chunked, streaming, keep_alive, upgrade, handed;
    bool handed_over; /* by another server */
};

struct http_connection {
    uv_tcp_t tcp;
    llhttp_t parser;
    struct http_server *server;
    struct http_connection *next, *previous;
    struct http_request *request;
    struct text pending; /* read but not yet parsed */
    size_t pending_at;
    int64_t deadline;  /* of the state; INT64_MAX: none */
    size_t last_queue; /* bytes to write at the last look, to see progress */
    int64_t stuck_since;
    uint8_t state;   /* enum connection_state */
    uint8_t outcome; /* enum connection_outcome: of the parser, not yet acted on */
    bool reading, running, close_after;
    bool taken_over; /* its first request was read by another server */
    bool broken;     /* a write failed; closed from the loop, never from within a write */
};

struct http_listener {
    uv_tcp_t tcp;
    struct http_listener *next;
    struct http_server *server;
};

struct http_server {
    uv_loop_t *loop;
    struct http_options options;
    uv_timer_t sweep;
    struct http_listener *listeners;
    struct http_connection *connections;
    size_t connection_count, request_count, handle_count;
    bool draining, sweeping;
    int64_t drain_deadline;
    void (*drained)(void *user);
    void *drained_user;
    char date[40];
    int64_t date_second;
    char read_buffer[64 * 1024];
};

/* http_route.c */
int http_request_resolve(struct http_request *request, struct error *e); /* path, query, route, parameters */

/* http_request.c */
struct http_request *http_request_new(struct http_connection *connection);
void http_request_detach(struct http_request *request); /* the client went away */
void http_request_finish(struct http_request *request); /* answered: frees it */
int http_request_check(struct http_request *request, struct error *e);

/* http_connection.c */
void http_connection_start(struct http_server *server, struct http_connection *connection);
void http_connection_feed(struct http_connection *connection, const char *data, size_t length); /* as if read */
void http_connection_close(struct http_connection *connection);
void http_connection_resume(struct http_connection *connection);   /* a streamed body is wanted again */
void http_connection_answered(struct http_connection *connection); /* the whole answer is queued */
void http_connection_sweep(struct http_connection *connection, int64_t now);

/* http_response.c */
size_t http_connection_write(struct http_connection *connection, const void *data, size_t length);

/* http_server.c */
void http_server_forget(struct http_server *server, struct http_connection *connection);
void http_server_progress(struct http_server *server); /* something ended: is the drain done? */
const char *http_server_date(struct http_server *server);
