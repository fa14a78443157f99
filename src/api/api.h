/* What a resource of the HTTP API is made of: routes (rows), schemas (schema.h) and handlers. README.md says how to add
 * one; presets.c is the example.
 *
 * A handler is a straight-line function on a thread of its route's lane. It gets a call: who asks, parameters, query
 * and body already checked, a PostgreSQL and a Redis connection of the thread's own; it sets the answer and returns 0,
 * or returns -errno with the error that becomes the answer. Everything in the call lives until the answer is out;
 * strings in it may be kept for that long. Handlers never see the loop's objects. A client that went away does not stop
 * a handler that has begun; one that has not begun is not called any more. */
#pragma once

#include "api/schema.h"
#include "base/memory.h"
#include "base/text.h"
#include "domain/pages.h"
#include "domain/roles.h"
#include "store/postgres.h"
#include "store/redis.h"

struct api;
struct api_call;
struct http_request;

enum api_lane {
    LANE_LOOP,     /* no handler: `park` answers at once from memory; nothing in it may wait */
    LANE_DATABASE, /* some milliseconds */
    LANE_SLOW,     /* passwords, mail, other services: up to some seconds */
    LANE_COUNT
};

/* Who may call. Rights within a tenant's rows are the domain's (its statements take the caller). */
enum api_access {
    ACCESS_PERMISSION, /* a valid token or key of a role that has `permission` */
    ACCESS_PUBLIC      /* nobody is asked who they are */
};

/* What an API key may be used for; a session has them all. */
enum api_scope {
    SCOPE_READ = 1,
    SCOPE_WRITE = 2,
    SCOPE_RUN = 4,
    SCOPE_BROWSERS = 8,
    SCOPE_ADMIN = 16,
    SCOPE_SESSION = 32, /* no key: a person's own session */
    SCOPE_MCP = 64,
    SCOPE_ALL = 127
};

/* Which rate limit a request counts into (limits.c has the numbers). */
enum api_rate { RATE_READ, RATE_WRITE, RATE_SIGN_IN, RATE_NONE };

enum api_form {
    FORM_OBJECT, /* one object; with an ETag when it has a revision */
    FORM_PAGE,   /* {"items","total","page","size","pages"} */
    FORM_ITEMS,  /* {"items"} */
    FORM_CURSOR, /* {"items","next"} */
    FORM_NOTHING /* no body */
};

enum api_route_flags {
    API_CREATES = 1,         /* takes Idempotency-Key: handler and stored answer are one transaction */
    API_IF_MATCH = 2,        /* takes If-Match: call->if_match */
    API_UPGRADE = 4,         /* a WebSocket: `park` takes the socket */
    API_RAW_BODY = 8,        /* the body is no JSON: call->raw */
    API_BODY_OPTIONAL = 32,  /* no body means {} */
    API_KEYED = 64,          /* takes Idempotency-Key too, but its handler sees to it: call->idempotency_key */
    API_SECRET_ANSWER = 128, /* the answer holds a secret: it is sealed where it is kept, and cached nowhere */
    API_AUDIT_BARE = 16      /* the audit entry says who and what, not the answer: it holds a secret */
};

struct api_route {
    const char *method;  /* NULL ends a table */
    const char *pattern; /* below /api/v1; from the root when it starts with "//" */
    int (*handle)(struct api_call *call, struct error *e);
    /* For requests that wait or stream: called on the loop after `handle` (when there is one) returned 0, instead of
     * the answer. Takes request and call over: http_* answers the request once, api_call_free frees the call. */
    void (*park)(struct api *api, struct http_request *request, struct api_call *call);
    enum api_lane lane;
    enum api_access access;
    enum permission permission;
    unsigned scope;
    enum api_rate rate;
    unsigned flags;
    const char *ticket; /* purpose of tickets (?ticket=) that are taken instead of a token */
    const struct schema *query, *body, *answer;
    enum api_form form;
    int status;        /* of success; 0: 200, or 204 for FORM_NOTHING */
    size_t body_max;   /* bytes; 0: 1 MiB when there is a body */
    const char *audit; /* action ("preset.create"): handler and audit entry are one transaction */
    const char *tag, *summary;
};

struct api_parameter {
    const char *name, *value;
};

/* Who asks. */
struct principal {
    struct caller caller;            /* id "" when nobody is signed in */
    char session_id[UUID_TEXT_SIZE]; /* "" for an API key */
    char key_id[UUID_TEXT_SIZE];     /* "" for a session */
    unsigned scopes;
    bool active;
};

#define API_PARAMETERS_MAX 6

struct api_call {
    struct api *api;
    const struct api_route *route;
    struct arena arena;
    struct principal who;
    const char *method, *path, *query_text, *request_id, *address, *user_agent, *cookie, *origin, *host;
    const char *idempotency_key; /* NULL: none */
    const char *if_none_match;   /* NULL: none */
    const char *range;           /* NULL: none */
    const char *last_event_id;   /* NULL: none */
    const char *content_type;    /* of a raw body */
    const char *if_match_text;   /* as sent; NULL: none */
    int64_t if_match;            /* the revision that it names; 0: none, anything matches */
    struct api_parameter parameters[API_PARAMETERS_MAX];
    size_t parameter_count;
    json_t *query, *body; /* checked, defaults filled in; NULL when the route has no schema for it */
    json_t *ticket;       /* the claims of the ticket that was presented; NULL: none */
    struct text raw;
    struct postgres *db;
    struct redis *redis;
    /* The answer: */
    int status;
    char *answer; /* free() */
    char *before; /* the object before it was changed or deleted, for the audit; free() */
    size_t answer_length;
    const char *answer_type;
    struct text answer_headers; /* "Name: value\n" lines */
    void *user;                 /* the route's own, for `park` */
    struct api_call_inside *inside;
};

/* Of the pattern; never NULL. */
const char *call_parameter(const struct api_call *call, const char *name);
/* Whether the client went away: for handlers that work long, which give up then (-ECANCELED). */
bool call_is_abandoned(const struct api_call *call);
/* Members of the query; "" and the fallback when missing. */
const char *call_query_text(const struct api_call *call, const char *name);
int64_t call_query_int(const struct api_call *call, const char *name, int64_t fallback);
/* page, size, search, sort and all of the query, as domain lists take them. */
struct list_query call_list(const struct api_call *call);
/* Passes a handler's result on; on success `json` becomes the answer. */
int call_done(struct api_call *call, int result, char *json);
/* The same for what is gone now: nothing is answered, the audit entry has it. */
int call_was(struct api_call *call, int result, char *json);
/* A whole number from `least` on; ERROR_NOT_FOUND for anything else: there is no such object then. */
int call_parameter_int(const struct api_call *call, const char *name, int64_t least, int64_t *ret_value,
                       struct error *e);

/* The answer's JSON text, which the call takes over. Its "revision" becomes the ETag. */
void call_answer(struct api_call *call, char *json);
void call_answer_json(struct api_call *call, const json_t *json);
void call_header(struct api_call *call, const char *name, const char *value);
/* Another status than the row's. */
void call_status(struct api_call *call, int status);

/* A 422 about one field of the body, as the schema's checks would say it; returns -EINVAL. */
int call_refuse_field(struct api_call *call, const char *field, const char *type, const char *text, struct error *e);

/* Published on Redis once the call's transaction is committed; never before. A Redis that is down is no failure. */
void call_publish(struct api_call *call, const char *channel, const char *message);
/* A user's role, activation or sessions changed: every process asks the database again before it trusts them. */
void call_forget_user(struct api_call *call, const char *user_id);

void api_call_free(struct api_call *call);

/* The query fields of every list. */
#define API_LIST_FIELDS(sorts)                                                                                         \
    {"page", SCHEMA_INT, .least = 1, .most = 1000000, .initial = "1", .doc = "Which page, from 1."},                   \
        {"size", SCHEMA_INT, .least = 1, .most = 100, .initial = "20", .doc = "Items per page."},                      \
        {"search", SCHEMA_TEXT, .doc = "Text that names or descriptions contain."},                                    \
        {"all", SCHEMA_BOOL, .initial = "false", .doc = "Everybody's, for administrators; else one's own."}, {         \
        "sort", SCHEMA_TEXT, .choices = (sorts), .doc = "Order; with a minus: falling."                                \
    }

#define API_STALE_HINT "Get it again, and send the change with its new revision in If-Match"
