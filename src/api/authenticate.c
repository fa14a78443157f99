/* Who is it, and may they: on the loop what a request presents is read and its signature checked; on a lane the
 * database says whether it still counts, unless that was asked just now. */
#include "api/api_internal.h"
#include "domain/principals.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define KEY_PREFIX     "rpl_"
#define KEY_LENGTH     (sizeof KEY_PREFIX - 1 + 43)
#define TICKET_KEEP_S  "60" /* longer than any ticket lives */
#define TICKET_CHANNEL "replinet:ticket:"

static const struct {
    const char *name;
    unsigned scope;
} scopes[] = {{"read", SCOPE_READ},         {"write", SCOPE_WRITE}, {"run", SCOPE_RUN},
              {"browsers", SCOPE_BROWSERS}, {"admin", SCOPE_ADMIN}, {"mcp", SCOPE_MCP}};

static int need_token(struct error *e) {
    error_set(e, EACCES, ERROR_UNAUTHENTICATED, "this needs a token");
    error_hint(e, "sign in at " API_PREFIX "/auth/login and send Authorization: Bearer TOKEN, or an API key");
    return -EACCES;
}

/* A key is random, so its digest needs no salt and no slowness. */
static int read_key(const char *key, struct credentials *ret_credentials, struct error *e) {
    unsigned char digest[crypto_hash_sha256_BYTES];
    if (strlen(key) != KEY_LENGTH)
        return error_set(e, EACCES, ERROR_UNAUTHENTICATED, "this API key is not known, has expired, or was deleted");
    crypto_hash_sha256(digest, (const unsigned char *)key, KEY_LENGTH);
    ret_credentials->kind = CREDENTIALS_KEY;
    memcpy(ret_credentials->reference, "key:", 4);
    sodium_bin2hex(ret_credentials->reference + 4, sizeof ret_credentials->reference - 4, digest, sizeof digest);
    memcpy(ret_credentials->owner, ret_credentials->reference, sizeof ret_credentials->owner);
    return 0;
}

static int read_reference(const json_t *claims, const char *member, struct credentials *ret_credentials,
                          struct error *e) {
    const char *reference = json_text_or(claims, member, "");
    if (!*reference || strlen(reference) >= sizeof ret_credentials->reference)
        return error_set(e, EACCES, ERROR_UNAUTHENTICATED, "the token names no session");
    snprintf(ret_credentials->reference, sizeof ret_credentials->reference, "%s", reference);
    snprintf(ret_credentials->owner, sizeof ret_credentials->owner, "%s", json_text_or(claims, "sub", reference));
    return 0;
}

static int read_token(struct api *api, const char *token, struct credentials *ret_credentials, struct error *e) {
    cleanup_json json_t *claims = NULL;
    int r = token_verify(&api->keys, token, "access", &claims, e);
    if (r < 0)
        return r;
    ret_credentials->kind = CREDENTIALS_SESSION;
    return read_reference(claims, "sid", ret_credentials, e);
}

static int read_ticket(struct api *api, const char *ticket, const char *purpose, struct credentials *ret_credentials,
                       struct error *e) {
    cleanup_json json_t *claims = NULL;
    int r = token_verify(&api->keys, ticket, "ticket", &claims, e);
    if (r < 0)
        return r;
    if (strcmp(json_text_or(claims, "purpose", ""), purpose))
        return error_set(e, EACCES, ERROR_UNAUTHENTICATED, "the ticket is for something else");
    ret_credentials->kind = CREDENTIALS_TICKET;
    r = read_reference(claims, "ref", ret_credentials, e);
    if (!r)
        ret_credentials->ticket = take_pointer(claims);
    return r;
}

/* With Authorization, a ticket in the query counts for nothing; `?token=` is for clients that can send no header. */
int api_read_credentials(struct api *api, struct http_request *request, const struct api_route *route,
                         struct credentials *ret_credentials, struct error *e) {
    const char *bearer = http_bearer(request), *ticket;
    if (route->access == ACCESS_PUBLIC)
        return 0;
    if (!bearer && route->ticket && (ticket = http_query(request, "ticket")))
        return read_ticket(api, ticket, route->ticket, ret_credentials, e);
    if (!bearer && route->ticket)
        bearer = http_query(request, "token");
    if (!bearer)
        return need_token(e);
    return strncmp(bearer, KEY_PREFIX, strlen(KEY_PREFIX)) ? read_token(api, bearer, ret_credentials, e)
                                                           : read_key(bearer, ret_credentials, e);
}

unsigned api_scopes_from_text(const char *text) {
    unsigned found = 0;
    for (size_t i = 0; i < ARRAY_LENGTH(scopes); i++) {
        const char *at = strstr(text, scopes[i].name);
        if (at)
            found |= scopes[i].scope;
    }
    return found;
}

static int load_session(struct api_call *call, struct error *e) {
    struct signed_in who;
    int r = principals_of_session(call->db, call->inside->credentials.reference, &who, e);
    if (r < 0)
        return r;
    call->who = (struct principal){.caller = who.caller, .scopes = SCOPE_ALL};
    snprintf(call->who.session_id, sizeof call->who.session_id, "%s", call->inside->credentials.reference);
    return 0;
}

static int load_key(struct api_call *call, struct error *e) {
    struct signed_in who;
    int r = principals_of_key(call->db, call->inside->credentials.reference + 4, &who, e);
    if (r < 0)
        return r;
    call->who = (struct principal){.caller = who.caller, .scopes = api_scopes_from_text(who.scopes)};
    snprintf(call->who.key_id, sizeof call->who.key_id, "%s", who.key_id);
    return 0;
}

int api_load_principal(struct api_call *call, struct error *e) {
    const struct credentials *credentials = &call->inside->credentials;
    if (credentials->kind == CREDENTIALS_NONE)
        return 0;
    return strncmp(credentials->reference, "key:", 4) ? load_session(call, e) : load_key(call, e);
}

/* Redis knows which tickets were used; without it a ticket is still short-lived and bound to its purpose. */
static int use_ticket(const struct api_call *call, struct error *e) {
    cleanup_free char *key = memory_print(TICKET_CHANNEL "%s", json_text_or(call->ticket, "jti", ""));
    bool fresh = true;
    if (redis_set_once(call->redis, key, "1", TICKET_KEEP_S, &fresh, NULL) < 0 || fresh)
        return 0;
    return error_set(e, EACCES, ERROR_UNAUTHENTICATED, "the ticket was used already");
}

static int check_scope(const struct api_call *call, struct error *e) {
    const char *missing = NULL;
    unsigned lacking = call->route->scope & ~call->who.scopes;
    if (!lacking)
        return 0;
    for (size_t i = 0; i < ARRAY_LENGTH(scopes); i++)
        if (lacking & scopes[i].scope)
            missing = scopes[i].name;
    if (missing)
        error_set(e, EACCES, ERROR_FORBIDDEN, "this API key lacks the scope %s", missing);
    else
        error_set(e, EACCES, ERROR_FORBIDDEN, "an API key cannot do this");
    error_hint(e, "%s",
               lacking & SCOPE_SESSION ? "sign in with a password" : "make a key that has it under /auth/api-keys");
    return -EACCES;
}

int api_authorize(const struct api_call *call, struct error *e) {
    const struct api_route *route = call->route;
    if (route->access == ACCESS_PUBLIC || !*call->who.caller.id)
        return 0;
    int r = check_scope(call, e);
    if (!r && !permission_allows(call->who.caller.role, route->permission)) {
        error_set(e, EACCES, ERROR_FORBIDDEN, "the role %s may not do this (%s)", role_name(call->who.caller.role),
                  permission_name(route->permission));
        error_hint(e, "it takes the role %s", role_name(permission_least_role(route->permission)));
        return -EACCES;
    }
    return !r && call->ticket ? use_ticket(call, e) : r;
}
