#include "api/sign_in.h"
#include "api/api_internal.h"
#include "api/origins.h"
#include "api/schemas.h"
#include "base/config.h"
#include <stdlib.h>
#include <string.h>

#define COOKIE "replinet_refresh"

static const struct schema_field token_fields[] = {
    {"access_token", SCHEMA_TEXT, SCHEMA_REQUIRED, .most = 4096, .doc = "For Authorization: Bearer."},
    {"token_type", SCHEMA_TEXT, SCHEMA_REQUIRED, .choices = SCHEMA_CHOICES("bearer"), .doc = "Always bearer."},
    {"expires_in", SCHEMA_INT, SCHEMA_REQUIRED, .least = 1, .most = 1e6,
     .doc = "Seconds that the access token is good."},
    {"refresh_token", SCHEMA_TEXT, .most = 64, .doc = "With transport \"body\" only; else it is a cookie."},
    {"user", SCHEMA_OBJECT, SCHEMA_REQUIRED, .object = &api_user, .doc = "Who signed in."},
    {NULL},
};
const struct schema sign_in_tokens = {"Tokens", token_fields, .doc = "A session's tokens."};

static int64_t refresh_seconds(void) {
    return config_int(CONFIG_REFRESH_TOKEN_EXPIRE_DAYS) * 86400;
}

static void set_cookie(struct api_call *call, const char *value, int64_t seconds) {
    cleanup_free char *cookie =
        memory_print(COOKIE "=%s; Path=" API_PREFIX "/auth; Max-Age=%lld; HttpOnly; SameSite=Strict%s", value,
                     (long long)seconds, text_starts_with(config_text(CONFIG_PUBLIC_URL), "https:") ? "; Secure" : "");
    call_header(call, "Set-Cookie", cookie);
}

void sign_in_drop_cookie(struct api_call *call) {
    set_cookie(call, "", 0);
}

static const char *read_cookie(struct api_call *call) {
    for (const char *at = call->cookie; at; at = strchr(at, ';')) {
        at += strspn(at, "; ");
        if (!strncmp(at, COOKIE "=", sizeof COOKIE))
            return arena_copy_bytes(&call->arena, at + sizeof COOKIE, strcspn(at + sizeof COOKIE, ";"));
        if (!*at)
            break;
    }
    return NULL;
}

const char *sign_in_refresh_token(struct api_call *call, bool *ret_in_body) {
    const char *given = json_text_or(call->body, "refresh_token", NULL);
    *ret_in_body = given;
    if (given || (call->origin && !origin_is_ours(call->origin, call->host)))
        return given;
    return read_cookie(call);
}

int sign_in_answer(struct api_call *call, const struct session *session, const char *refresh, bool in_body,
                   struct error *e) {
    cleanup_json json_t *claims = json_pack("{s:s, s:s, s:s}", "sub", session->user.id, "role",
                                            role_name(session->user.role), "sid", session->id);
    int64_t seconds = config_int(CONFIG_ACCESS_TOKEN_EXPIRE_MINUTES) * 60;
    cleanup_free char *access = token_sign(&call->api->keys, claims, "access", seconds), *user = NULL;
    struct text answer = {0};
    int r = accounts_json(call->db, session->user.id, &user, e);
    if (r < 0)
        return r;
    text_print(&answer, "{\"access_token\":\"%s\",\"token_type\":\"bearer\",\"expires_in\":%lld,", access,
               (long long)seconds);
    if (in_body)
        text_print(&answer, "\"refresh_token\":\"%s\",", refresh);
    else
        set_cookie(call, refresh, refresh_seconds());
    text_print(&answer, "\"user\":%s}", user);
    call_answer(call, answer.data);
    call_header(call, "Cache-Control", "no-store");
    return 0;
}

int sign_in_begin(struct api_call *call, const struct account *account, struct error *e) {
    char secret[SECRET_TEXT_SIZE], digest[SECRET_DIGEST_SIZE];
    struct session session;
    secret_make(secret, digest);
    int r = sessions_open(call->db, account->id, call->address, call->user_agent, digest,
                          config_int(CONFIG_REFRESH_TOKEN_EXPIRE_DAYS), &session, e);
    if (r < 0)
        return r;
    call->who.caller = session.user;
    return sign_in_answer(call, &session, secret, !strcmp(json_text_or(call->body, "transport", ""), "body"), e);
}
