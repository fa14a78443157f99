/* One's own sessions, API keys and tickets. */
#include "domain/sessions.h"
#include "api/api_internal.h"
#include "api/route_table.h"
#include "api/sign_in.h"
#include "domain/api_keys.h"
#include <errno.h>
#include <string.h>

#define KEY_PREFIX     "rpl_"
#define KEY_SHOWN      12 /* characters of a key that are kept for people */
#define TICKET_SECONDS 30
#define SCOPE_NAMES    SCHEMA_CHOICES("read", "write", "run", "browsers", "admin", "mcp")

/* Sessions. */

static const struct schema_field session_fields[] = {
    {"id", SCHEMA_ID, SCHEMA_REQUIRED, .doc = "To end it by."},
    {"created_at", SCHEMA_TIME, SCHEMA_REQUIRED, .doc = "When it was signed in."},
    {"last_used_at", SCHEMA_TIME, SCHEMA_REQUIRED, .doc = "When it last took new tokens."},
    {"expires_at", SCHEMA_TIME, SCHEMA_REQUIRED, .doc = "When it ends if it is not used."},
    {"ip", SCHEMA_TEXT, SCHEMA_REQUIRED, .doc = "The address it was signed in from."},
    {"user_agent", SCHEMA_TEXT, SCHEMA_REQUIRED, .most = 500, .doc = "The browser, as it calls itself."},
    {"current", SCHEMA_BOOL, SCHEMA_REQUIRED, .doc = "Whether it is the one that asks."},
    {NULL},
};
static const struct schema session_schema = {"Session", session_fields, .doc = "A browser that is signed in."};

static int list_sessions(struct api_call *call, struct error *e) {
    char *json = NULL;
    int r = sessions_list(call->db, &call->who.caller, call->who.session_id, &json, e);
    return call_done(call, r, json);
}

static int end_session(struct api_call *call, struct error *e) {
    int r = sessions_end(call->db, &call->who.caller, call_parameter(call, "id"), e);
    if (!r)
        call_forget_user(call, call->who.caller.id);
    return r;
}

static int end_all_sessions(struct api_call *call, struct error *e) {
    int r = sessions_end_all(call->db, &call->who.caller, e);
    if (!r) {
        sign_in_drop_cookie(call);
        call_forget_user(call, call->who.caller.id);
    }
    return r;
}

/* Keys. */

#define KEY_FIELDS                                                                                                     \
    {"name", SCHEMA_TEXT, SCHEMA_REQUIRED, .least = 1, .most = 200, .doc = "What it is for."},                         \
        {"scopes",                                                                                                     \
         SCHEMA_LIST,                                                                                                  \
         SCHEMA_REQUIRED,                                                                                              \
         .least = 1,                                                                                                   \
         .most = 5,                                                                                                    \
         .items = SCHEMA_TEXT,                                                                                         \
         .choices = SCOPE_NAMES,                                                                                       \
         .doc = "What it may be used for.",                                                                            \
         .example = "[\"read\",\"run\"]"},                                                                             \
    {                                                                                                                  \
        "expires_at", SCHEMA_TIME, SCHEMA_NULLABLE, .doc = "When it stops to work; null: never."                       \
    }

static const struct schema_field key_input_fields[] = {KEY_FIELDS, {NULL}};
static const struct schema key_input_schema = {"ApiKeyCreate", key_input_fields, .doc = "A key to make."};

static const struct schema_field key_fields[] = {
    SCHEMA_OBJECT_FIELDS,
    KEY_FIELDS,
    {"prefix", SCHEMA_TEXT, SCHEMA_REQUIRED, .doc = "Its first characters."},
    {"last_used_at", SCHEMA_TIME, SCHEMA_REQUIRED | SCHEMA_NULLABLE, .doc = "When it was last used, to the minute."},
    {"key", SCHEMA_TEXT, .doc = "The key itself, only in the answer that made it."},
    {NULL},
};
static const struct schema key_schema = {"ApiKey", key_fields, .doc = "What a program signs in with."};

static const struct schema_field key_list_fields[] = {
    API_LIST_FIELDS(SCHEMA_CHOICES("created_at", "-created_at", "name", "-name")),
    {NULL},
};
static const struct schema key_list_schema = {"ApiKeyQuery", key_list_fields, .doc = "Which keys."};

static int list_keys(struct api_call *call, struct error *e) {
    struct list_query query = call_list(call);
    char *json = NULL;
    int r = api_keys_list(call->db, &call->who.caller, &query, &json, e);
    return call_done(call, r, json);
}

static int create_key(struct api_call *call, struct error *e) {
    char secret[SECRET_TEXT_SIZE], digest[SECRET_DIGEST_SIZE];
    cleanup_free char *json = NULL;
    secret_make(secret, digest);
    cleanup_free char *key = memory_print(KEY_PREFIX "%s", secret), *shown = memory_copy_bytes(key, KEY_SHOWN);
    secret_digest(key, digest);
    int r = api_keys_create(call->db, &call->who.caller, call->body, digest, shown, &json, e);
    if (r < 0)
        return r;
    call_answer(call, memory_print("{\"key\":\"%s\",%s", key, json + strspn(json, "{ ")));
    return 0;
}

static int delete_key(struct api_call *call, struct error *e) {
    char *json = NULL;
    int r = api_keys_delete(call->db, &call->who.caller, call_parameter(call, "id"), &json, e);
    if (!r)
        call_forget_user(call, call->who.caller.id);
    return call_was(call, r, json);
}

/* Tickets: short, one use, for URLs of WebSockets, which can send no header. */

static const struct schema_field ticket_input_fields[] = {
    {"purpose", SCHEMA_TEXT, SCHEMA_REQUIRED, .choices = SCHEMA_CHOICES("ws", "live", "cdp"), .doc = "What it opens."},
    {"id", SCHEMA_ID, SCHEMA_NULLABLE, .doc = "Of the thread or browser, for live and cdp."},
    {NULL},
};
static const struct schema ticket_input_schema = {"TicketCreate", ticket_input_fields, .doc = "A ticket to make."};
static const struct schema_field ticket_fields[] = {
    {"ticket", SCHEMA_TEXT, SCHEMA_REQUIRED, .most = 4096, .doc = "For ?ticket= of a WebSocket's URL; once."},
    {"expires_in", SCHEMA_INT, SCHEMA_REQUIRED, .least = 1, .most = 3600, .doc = "Seconds that it is good."},
    {NULL},
};
static const struct schema ticket_schema = {"Ticket", ticket_fields, .doc = "Opens one WebSocket."};

static int make_ticket(struct api_call *call, struct error *e) {
    const char *purpose = json_text_or(call->body, "purpose", ""), *id = json_text_or(call->body, "id", "");
    char jti[UUID_TEXT_SIZE];
    if (strcmp(purpose, "ws") && !*id)
        return call_refuse_field(call, "id", "missing", "Field required", e);
    if (!strcmp(purpose, "cdp") && !(call->who.scopes & SCOPE_BROWSERS))
        return error_set(e, EACCES, ERROR_FORBIDDEN, "this API key lacks the scope browsers");
    cleanup_json json_t *claims =
        json_pack("{s:s, s:s, s:s, s:s, s:s}", "sub", call->who.caller.id, "ref", call->inside->credentials.reference,
                  "purpose", purpose, "id", id, "jti", uuid_make(jti));
    cleanup_free char *ticket = token_sign(&call->api->keys, claims, "ticket", TICKET_SECONDS);
    call_answer(call, memory_print("{\"ticket\":\"%s\",\"expires_in\":%d}", ticket, TICKET_SECONDS));
    call_header(call, "Cache-Control", "no-store");
    return 0;
}

#define OWN  .lane = LANE_DATABASE, .tag = "auth", .permission = PERMISSION_PROFILE_WRITE
#define KEYS .lane = LANE_DATABASE, .tag = "auth", .permission = PERMISSION_API_KEYS_MANAGE, .scope = SCOPE_SESSION

const struct api_route sessions_routes[] = {
    {"POST", "/auth/logout-all", end_all_sessions, OWN, .scope = SCOPE_SESSION, .form = FORM_NOTHING,
     .audit = "user.logout_all", .summary = "End all of one's sessions"},
    {"GET", "/auth/sessions", list_sessions, OWN, .scope = SCOPE_SESSION, .answer = &session_schema, .form = FORM_ITEMS,
     .summary = "One's sessions"},
    {"DELETE", "/auth/sessions/{id}", end_session, OWN, .scope = SCOPE_SESSION, .form = FORM_NOTHING,
     .audit = "session.end", .summary = "End one of one's sessions"},
    {"GET", "/auth/api-keys", list_keys, KEYS, .query = &key_list_schema, .answer = &key_schema, .form = FORM_PAGE,
     .summary = "One's API keys"},
    {"POST", "/auth/api-keys", create_key, KEYS, .body = &key_input_schema, .answer = &key_schema, .status = 201,
     .flags = API_CREATES | API_SECRET_ANSWER | API_AUDIT_BARE, .audit = "api_key.create",
     .summary = "Make an API key"},
    {"DELETE", "/auth/api-keys/{id}", delete_key, KEYS, .form = FORM_NOTHING, .audit = "api_key.delete",
     .summary = "Delete an API key"},
    {"POST", "/auth/ticket", make_ticket, OWN, .scope = SCOPE_READ, .body = &ticket_input_schema,
     .answer = &ticket_schema, .summary = "Make a ticket for a WebSocket"},
    {NULL},
};
