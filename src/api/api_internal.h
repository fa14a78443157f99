/* What the files of the api's process share. Everything but calls on lane threads runs on the loop's thread. */
#pragma once

#include "api/address.h"
#include "api/api.h"
#include "api/bus.h"
#include "api/hub.h"
#include "api/lanes.h"
#include "api/mcp_sessions.h"
#include "api/principals.h"
#include "api/rate_limits.h"
#include "api/relays.h"
#include "api/request_metrics.h"
#include "api/static_files.h"
#include "api/token.h"
#include "net/http_server.h"
#include <stdatomic.h>
#include <stddef.h>

#define API_PREFIX "/api/v1"

/* What a request presents, found before its body is read. */
struct credentials {
    enum credentials_kind { CREDENTIALS_NONE, CREDENTIALS_SESSION, CREDENTIALS_KEY, CREDENTIALS_TICKET } kind;
    char reference[PRINCIPAL_REFERENCE_SIZE]; /* the session's id, or the digest of a key */
    char owner[PRINCIPAL_REFERENCE_SIZE];     /* whose requests are counted together: a user, or a key */
    json_t *ticket;                           /* its claims; given to the call, else json_decref */
};

struct api {
    uv_loop_t loop;
    struct http_server *server, *metrics;
    struct http_route *routes;
    struct lanes *lanes;
    struct bus *bus;
    struct principals *principals;
    struct limits *limits;
    struct request_metrics *request_metrics;
    struct static_files *files;
    char *openapi;
    struct relays *relays;
    struct mcp_sessions *mcp; /* NULL once they were told to close */
    struct hub *hub;          /* NULL once it was told to close */
    struct token_keys keys;
    uv_signal_t stop[2];
    bool stopping;
};

/* What the machinery keeps with a call. */
struct api_call_inside {
    struct lane_job job;
    struct api_call *call;
    struct http_request *request; /* NULL once the call was handed to `park` or is done */
    struct credentials credentials;
    uint64_t generation; /* of the principals when the call was made */
    bool known;          /* call->who came from the cache */
    bool replayed;       /* the answer is that of an earlier request with the same Idempotency-Key */
    atomic_bool gone;    /* the client went away */
    int result;
    struct error error;
    json_t *complaints;
    json_t *publications; /* [[channel, message], ...] */
    json_t *forgotten;    /* ids of users */
};

/* route.c: the server's table of routes, made of the API's. */
struct http_route *api_make_routes(void);
void api_free_routes(struct http_route *routes);
const struct api_route *const *api_route_tables(size_t *ret_count);
size_t api_body_max(const struct api_route *route);

/* authenticate.c */
int api_read_credentials(struct api *api, struct http_request *request, const struct api_route *route,
                         struct credentials *ret_credentials, struct error *e);
int api_load_principal(struct api_call *call, struct error *e); /* on a lane */
int api_authorize(const struct api_call *call, struct error *e);
unsigned api_scopes_from_text(const char *text); /* "read write" */

/* call.c */
struct api_call *api_call_new(struct api *api, struct http_request *request, const struct api_route *route);
void api_call_run(struct api_call *call); /* on a lane: everything from authentication to commit */

/* answer.c */
void api_answer(struct api_call *call, struct http_request *request);

/* dispatch.c: the server's hooks. */
int api_before(struct http_request *request, void *user, struct error *e);
void api_dispatch(struct http_request *request, void *user);
void api_after(const struct http_request *request, int status, int64_t duration_ms, void *user);
