/* The engine's side of browsers/protocol/door_protocol.h. One per engine, on its loop. */
#pragma once

#include "browsers/engine/pool.h"
#include "net/http_server.h"

struct door {
    struct pool *pool;
    struct http_server *server;
};

/* Listens on DOOR_HOST and DOOR_PORT and has at most that many connections. `door` outlives the server
 * (http_server_drain ends it). */
int door_start(struct door *door, uv_loop_t *loop, struct pool *pool, size_t connections_max, struct error *e);

/* door_cdp.c, door_files.c, door_profile.c, door_upload.c */
void door_get_cdp(struct http_request *request, void *user);
void door_get_live(struct http_request *request, void *user);
void door_get_file(struct http_request *request, void *user);
void door_put_file(struct http_request *request, void *user);
void door_get_profile(struct http_request *request, void *user);

/* Answers with `size` bytes of a file; `fd` is taken over. */
void door_stream_file(struct http_request *request, uv_loop_t *loop, int fd, int64_t size);

/* Takes the body of a lease request, of which `claims` (stolen) are the ticket's; then calls `done` with the claims and
 * the profile that it held (-1: none), both the callee's, unless the request was answered already. */
void door_take_profile(struct door *door, struct http_request *request, json_t *claims,
                       void (*done)(struct door *door, struct http_request *request, json_t *claims, int profile));

/* The browser named in the path; answers the request and returns NULL when there is none. */
struct browser *door_find_browser(struct door *door, struct http_request *request);
/* That of {id}, when {name} may be a file of its transfer folder and `call` has room for it: fills in both. */
struct browser *door_find_file(struct door *door, struct http_request *request, struct launcher_request *call);
const char *door_ticket(struct http_request *request); /* header or query; NULL when there is none */
void door_refuse(struct http_request *request, enum error_code code, const char *text, const char *hint);
