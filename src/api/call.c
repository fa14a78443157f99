/* A call: made on the loop from a request, carried out on a thread of its lane. */
#include "api/api_internal.h"
#include "api/schema_check.h"
#include "base/config.h"
#include "base/seal.h"
#include "domain/audit.h"
#include "domain/feed.h"
#include "domain/idempotency.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const char *copy_header(struct api_call *call, struct http_request *request, const char *name) {
    const char *value = http_header(request, name);
    return value && text_is_utf8(value, strlen(value)) ? arena_copy_text(&call->arena, value) : NULL;
}

static void copy_parameters(struct api_call *call, struct http_request *request) {
    for (const char *at = strchr(call->route->pattern, '{'); at && call->parameter_count < API_PARAMETERS_MAX;
         at = strchr(at, '{')) {
        char *name = arena_copy_bytes(&call->arena, at + 1, strcspn(at, "}") - 1);
        call->parameters[call->parameter_count++] =
            (struct api_parameter){name, arena_copy_text(&call->arena, http_parameter(request, name))};
        at += strcspn(at, "}");
    }
}

static void copy_text(struct api_call *call, struct http_request *request) {
    size_t length;
    const char *body = http_body(request, &length), *agent = copy_header(call, request, "user-agent");
    struct arena *arena = &call->arena;
    text_append(&call->raw, body, length);
    call->method = arena_copy_text(arena, http_method(request));
    call->path = arena_copy_text(arena, http_path(request));
    call->query_text = arena_copy_text(arena, http_query_text(request));
    call->request_id = arena_copy_text(arena, http_request_id(request));
    call->address = arena_copy_text(arena, address_of(request));
    call->user_agent = agent ? agent : "";
    call->cookie = copy_header(call, request, "cookie");
    call->origin = copy_header(call, request, "origin");
    call->host = copy_header(call, request, "host");
    call->idempotency_key = copy_header(call, request, "idempotency-key");
    call->if_none_match = copy_header(call, request, "if-none-match");
    call->range = copy_header(call, request, "range");
    call->last_event_id = copy_header(call, request, "last-event-id");
    call->content_type = copy_header(call, request, "content-type");
    call->if_match_text = copy_header(call, request, "if-match");
}

struct api_call *api_call_new(struct api *api, struct http_request *request, const struct api_route *route) {
    struct api_call *call = memory_alloc(sizeof *call);
    call->inside = memory_alloc(sizeof *call->inside);
    call->inside->call = call;
    call->api = api;
    call->route = route;
    copy_parameters(call, request);
    copy_text(call, request);
    call->inside->request = request;
    call->inside->generation = principals_generation(api->principals);
    struct credentials *credentials = http_note(request);
    if (credentials) {
        call->inside->credentials = *credentials;
        call->ticket = take_pointer(credentials->ticket);
    }
    call->inside->known = principals_find(api->principals, call->inside->credentials.reference, &call->who);
    return call;
}

void api_call_free(struct api_call *call) {
    if (!call)
        return;
    json_decref(call->query);
    json_decref(call->body);
    json_decref(call->ticket);
    json_decref(call->inside->complaints);
    json_decref(call->inside->publications);
    json_decref(call->inside->forgotten);
    text_done(&call->raw);
    text_done(&call->answer_headers);
    free(call->answer);
    free(call->before);
    free(call->inside);
    arena_done(&call->arena);
    free(call);
}

/* What handlers use. */

const char *call_parameter(const struct api_call *call, const char *name) {
    for (size_t i = 0; i < call->parameter_count; i++)
        if (!strcmp(call->parameters[i].name, name))
            return call->parameters[i].value;
    return "";
}

bool call_is_abandoned(const struct api_call *call) {
    return atomic_load(&call->inside->gone);
}

const char *call_query_text(const struct api_call *call, const char *name) {
    return json_text_or(call->query, name, "");
}

int64_t call_query_int(const struct api_call *call, const char *name, int64_t fallback) {
    return json_int_or(call->query, name, fallback);
}

struct list_query call_list(const struct api_call *call) {
    return (struct list_query){
        .page = {(int)call_query_int(call, "page", 1), (int)call_query_int(call, "size", 20)},
        .search = json_text_or(call->query, "search", NULL),
        .sort = json_text_or(call->query, "sort", NULL),
        .all = json_bool_or(call->query, "all", false),
    };
}

int call_done(struct api_call *call, int result, char *json) {
    if (!result)
        call_answer(call, json);
    return result;
}

int call_was(struct api_call *call, int result, char *json) {
    if (!result)
        call->before = json;
    return result;
}

int call_parameter_int(const struct api_call *call, const char *name, int64_t least, int64_t *ret_value,
                       struct error *e) {
    if (text_parse_int(call_parameter(call, name), least, INT64_MAX, ret_value))
        return error_set(e, ENOENT, ERROR_NOT_FOUND, "there is no %s %.40s", name, call_parameter(call, name));
    return 0;
}

void call_answer(struct api_call *call, char *json) {
    free(call->answer);
    call->answer = json;
    call->answer_length = strlen(json);
    call->answer_type = "application/json";
}

void call_answer_json(struct api_call *call, const json_t *json) {
    call_answer(call, json_print(json));
}

void call_header(struct api_call *call, const char *name, const char *value) {
    text_print(&call->answer_headers, "%s: %s\n", name, value);
}

void call_status(struct api_call *call, int status) {
    call->status = status;
}

int call_refuse_field(struct api_call *call, const char *field, const char *type, const char *text, struct error *e) {
    cleanup_complaints struct complaints complaints = {0};
    cleanup_json json_t *loc = json_pack("[ss]", "body", field);
    complain(&complaints, loc, type, "%s", text);
    json_decref(call->inside->complaints);
    call->inside->complaints = take_pointer(complaints.detail);
    return error_set(e, EINVAL, ERROR_BAD_INPUT, "%s: %s", field, text);
}

void call_publish(struct api_call *call, const char *channel, const char *message) {
    if (!call->inside->publications)
        call->inside->publications = json_array();
    json_array_append_new(call->inside->publications, json_pack("[ss]", channel, message));
}

void call_forget_user(struct api_call *call, const char *user_id) {
    if (!call->inside->forgotten)
        call->inside->forgotten = json_array();
    json_array_append_new(call->inside->forgotten, json_string(user_id));
    call_publish(call, BUS_CHANNEL_USERS, user_id);
}

/* The steps of a call. */

/* "3", W/"3" and a bare 3 mean revision 3; "*" any that exists. */
static int read_if_match(struct api_call *call, struct error *e) {
    char text[24] = "";
    const char *given = call->if_match_text;
    if (!given || !(call->route->flags & API_IF_MATCH) || !strcmp(given, "*"))
        return 0;
    if (!strncmp(given, "W/", 2))
        given += 2;
    size_t quoted = *given == '"' && strlen(given) >= 2, length = strlen(given) - 2 * quoted;
    if (length < sizeof text)
        snprintf(text, sizeof text, "%.*s", (int)length, given + quoted);
    if (text_parse_int(text, 1, INT64_MAX, &call->if_match)) {
        error_set(e, EINVAL, ERROR_STALE, "If-Match must be an ETag of this object, for example \"3\"");
        error_hint(e, "%s", API_STALE_HINT);
        return -EINVAL;
    }
    return 0;
}

static int read_input(struct api_call *call, struct error *e) {
    static const struct schema_field none[] = {{NULL}};
    static const struct schema empty = {"Empty", none, .doc = ""};
    const struct api_route *route = call->route;
    cleanup_complaints struct complaints complaints = {0};
    call->query = schema_check_query(route->query ? route->query : &empty, call->query_text, &complaints);
    if (!call->raw.length && route->flags & API_BODY_OPTIONAL)
        text_append_string(&call->raw, "{}");
    if (route->body && !(route->flags & API_RAW_BODY))
        call->body =
            schema_check_body(route->body, call->raw.data ? call->raw.data : "", call->raw.length, &complaints);
    if (complaints.detail) {
        call->inside->complaints = take_pointer(complaints.detail);
        return error_set(e, EINVAL, ERROR_BAD_INPUT, "the request has wrong fields");
    }
    return read_if_match(call, e);
}

static int success_status(const struct api_call *call) {
    const struct api_route *route = call->route;
    return call->status ? call->status : route->status ? route->status : route->form == FORM_NOTHING ? 204 : 200;
}

static int check_key(const char *key, struct error *e) {
    size_t length = strlen(key);
    if (!length || length > IDEMPOTENCY_KEY_MAX)
        return error_set(e, EINVAL, ERROR_BAD_INPUT, "Idempotency-Key must have 1 to %d characters",
                         IDEMPOTENCY_KEY_MAX);
    return 0;
}

/* "preset.create" is about a preset. */
static int write_audit(struct api_call *call, struct error *e) {
    const char *action = call->route->audit;
    cleanup_free char *kind = memory_copy_bytes(action, strcspn(action, "."));
    bool is_object = call->route->form == FORM_OBJECT && !(call->route->flags & API_AUDIT_BARE);
    struct audit_origin origin = {"api", call->address, call->request_id};
    struct audit_change change = {action, kind, call->before, is_object ? call->answer : NULL};
    return audit_write(call->db, *call->who.caller.id ? &call->who.caller : NULL, &origin, &change, e);
}

static int handle_audited(struct api_call *call, struct error *e) {
    cleanup_transaction struct transaction transaction = {0};
    if (!call->route->audit)
        return call->route->handle(call, e);
    int r = postgres_begin(call->db, &transaction, e);
    if (!r)
        r = call->route->handle(call, e);
    if (!r)
        r = write_audit(call, e);
    return r < 0 ? r : postgres_commit(&transaction, e);
}

/* An answer with a secret is kept as sealed as the secret's own kind of thing would be. */
static int keep_answer(struct api_call *call, const struct idempotency_key *key, struct error *e) {
    cleanup_free char *sealed = NULL, *context = memory_print("%s %s", key->user_id, key->key);
    int r = call->route->flags & API_SECRET_ANSWER
                ? seal_text(call->answer, config_text(CONFIG_SECRET_KEY), SEAL_ANSWER, context, &sealed, e)
                : 0;
    return r < 0 ? r : idempotency_keep(call->db, key, success_status(call), sealed ? sealed : call->answer, e);
}

static int answer_again(struct api_call *call, const struct idempotency_key *key, int status, char *kept,
                        struct error *e) {
    cleanup_free char *mine = kept, *context = memory_print("%s %s", key->user_id, key->key);
    char *opened = NULL;
    int r = call->route->flags & API_SECRET_ANSWER
                ? seal_text_open(kept, config_text(CONFIG_SECRET_KEY), SEAL_ANSWER, context, &opened, e)
                : 0;
    if (r < 0)
        return r;
    call->inside->replayed = true;
    call_status(call, status);
    call_answer(call, opened ? opened : take_pointer(mine));
    return 0;
}

/* The handler and the note of its answer commit together: a key that is known has been carried out, and once. */
static int handle_once(struct api_call *call, struct error *e) {
    cleanup_transaction struct transaction transaction = {0};
    struct idempotency_key key = {call->who.caller.id,
                                  call->idempotency_key,
                                  call->method,
                                  call->path,
                                  call->query_text ? call->query_text : "",
                                  call->raw.data ? call->raw.data : "",
                                  call->raw.length};
    char *answer = NULL;
    int status = 0, r = check_key(call->idempotency_key, e);
    if (!r)
        r = postgres_begin(call->db, &transaction, e);
    if (!r)
        r = idempotency_claim(call->db, &key, &status, &answer, e);
    if (!r && answer)
        return answer_again(call, &key, status, answer, e);
    if (!r)
        r = handle_audited(call, e);
    if (!r)
        r = keep_answer(call, &key, e);
    return r < 0 ? r : postgres_commit(&transaction, e);
}

static int handle(struct api_call *call, struct error *e) {
    bool once = call->idempotency_key && call->route->flags & API_CREATES;
    return once ? handle_once(call, e) : handle_audited(call, e);
}

static void publish_all(struct api_call *call) {
    size_t index;
    json_t *item;
    json_array_foreach (call->inside->publications, index, item)
        redis_publish(call->redis, json_string_value(json_array_get(item, 0)),
                      json_string_value(json_array_get(item, 1)), NULL);
}

void api_call_run(struct api_call *call) {
    struct error *e = &call->inside->error;
    int r = call->inside->known ? 0 : api_load_principal(call, e);
    if (!r)
        r = api_authorize(call, e);
    if (!r)
        r = read_input(call, e);
    if (!r && call->route->handle)
        r = handle(call, e);
    call->inside->result = r;
    if (!r) {
        if (call->route->flags & API_SECRET_ANSWER)
            call_header(call, "Cache-Control", "no-store");
        call->status = success_status(call);
        publish_all(call);
        if (*call->who.caller.id && strcmp(call->method, "GET"))
            feed_announce(call->redis, call->who.caller.id);
    }
}
