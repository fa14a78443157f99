/* Signing in and out, passwords. What answers about an account answers alike, and in the same time, when there is none.
 */
#include "api/api_internal.h"
#include "api/guard.h"
#include "api/password.h"
#include "api/route_table.h"
#include "api/sign_in.h"
#include "base/config.h"
#include "domain/jobs_order.h"
#include <errno.h>
#include <string.h>

#define EMAIL                                                                                                          \
    { "email", SCHEMA_EMAIL, SCHEMA_REQUIRED, .doc = "The account's address.", .example = "\"me@example.org\"" }
#define NEW_PASSWORD(name)                                                                                             \
    {                                                                                                                  \
        name, SCHEMA_TEXT, SCHEMA_REQUIRED | SCHEMA_SECRET, .least = PASSWORD_LEAST, .most = PASSWORD_MOST,            \
                                                            .doc = "At least 10 characters.",                          \
                                                            .example = "\"correct horse battery\""                     \
    }
/* An older password may be shorter or longer than a new one may be. */
#define KNOWN_PASSWORD(name)                                                                                           \
    {                                                                                                                  \
        name, SCHEMA_TEXT, SCHEMA_REQUIRED | SCHEMA_SECRET,                                                            \
            .least = 1, .most = 1024, .doc = "The account's password.", .example = "\"correct horse battery\""         \
    }
#define NAME                                                                                                           \
    { "name", SCHEMA_TEXT, .most = 200, .initial = "\"\"", .doc = "What people call you." }
#define TRANSPORT                                                                                                      \
    {                                                                                                                  \
        "transport", SCHEMA_TEXT, .choices = SCHEMA_CHOICES("cookie", "body"), .initial = "\"cookie\"",                \
                                  .doc = "Where the refresh token goes: an HttpOnly cookie, or the answer."            \
    }
#define LINK_TOKEN                                                                                                     \
    { "token", SCHEMA_TEXT, SCHEMA_REQUIRED | SCHEMA_SECRET, .least = 1, .most = 200, .doc = "Of the link." }

static const struct schema_field register_fields[] = {EMAIL, NEW_PASSWORD("password"), NAME, TRANSPORT, {NULL}};
static const struct schema_field login_fields[] = {EMAIL, KNOWN_PASSWORD("password"), TRANSPORT, {NULL}};
static const struct schema_field refresh_fields[] = {
    {"refresh_token", SCHEMA_TEXT, SCHEMA_SECRET, .least = 1, .most = 200, .doc = "Else the cookie's is taken."},
    {NULL},
};
static const struct schema_field password_fields[] = {
    KNOWN_PASSWORD("current_password"), NEW_PASSWORD("new_password"), {NULL}};
static const struct schema_field reset_fields[] = {EMAIL, {NULL}};
static const struct schema_field confirm_fields[] = {LINK_TOKEN, NEW_PASSWORD("new_password"), {NULL}};
static const struct schema_field claim_fields[] = {LINK_TOKEN, EMAIL,     NEW_PASSWORD("password"),
                                                   NAME,       TRANSPORT, {NULL}};

static const struct schema register_schema = {"Register", register_fields, .doc = "A new account."};
static const struct schema login_schema = {"Login", login_fields, .doc = "Who wants in."};
static const struct schema refresh_schema = {"Refresh", refresh_fields, .doc = "A refresh token, which works once."};
static const struct schema password_schema = {"PasswordChange", password_fields, .doc = "A new password."};
static const struct schema reset_schema = {"PasswordReset", reset_fields, .doc = "Who forgot their password."};
static const struct schema confirm_schema = {"PasswordResetConfirm", confirm_fields, .doc = "A new password by link."};
static const struct schema claim_schema = {"Claim", claim_fields, .doc = "The first administrator."};

static const char *input(const struct api_call *call, const char *name) {
    return json_text_or(call->body, name, "");
}

static int register_account(struct api_call *call, struct error *e) {
    char hash[ACCOUNT_HASH_SIZE];
    struct account account;
    if (strcmp(config_text(CONFIG_REGISTRATION), "open")) {
        error_set(e, EACCES, ERROR_FORBIDDEN, "nobody can register here by themselves");
        error_hint(e, "ask an administrator for an account");
        return -EACCES;
    }
    int r = guard_check(call, "", e);
    if (!r)
        r = password_hash(input(call, "password"), hash, e);
    if (!r)
        r = accounts_create(call->db, input(call, "email"), input(call, "name"), ROLE_FREE_USER, hash, &account, e);
    if (r == -EEXIST)
        guard_failed(call, "");
    return r < 0 ? r : sign_in_begin(call, &account, e);
}

static int refuse_password(struct api_call *call, const char *account, struct error *e) {
    guard_failed(call, account);
    return error_set(e, EACCES, ERROR_UNAUTHENTICATED, "the e-mail address or the password is wrong");
}

static int login(struct api_call *call, struct error *e) {
    struct account account = {0};
    const char *email = input(call, "email");
    int r = guard_check(call, email, e);
    if (!r)
        r = accounts_find(call->db, email, &account, e);
    if (r < 0 && r != -ENOENT)
        return r;
    if (!password_fits(account.password_hash, input(call, "password")))
        return refuse_password(call, email, e);
    if (!account.is_active)
        return error_set(e, EACCES, ERROR_FORBIDDEN, "this account is deactivated");
    guard_succeeded(call, email);
    return sign_in_begin(call, &account, e);
}

static int refresh(struct api_call *call, struct error *e) {
    char used[SECRET_DIGEST_SIZE], secret[SECRET_TEXT_SIZE], fresh[SECRET_DIGEST_SIZE];
    struct session session;
    bool in_body;
    const char *token = sign_in_refresh_token(call, &in_body);
    if (!token)
        return error_set(e, EACCES, ERROR_UNAUTHENTICATED, "there is no refresh token; sign in");
    secret_digest(token, used);
    secret_make(secret, fresh);
    int r = sessions_refresh(call->db, used, fresh, call->user_agent, config_int(CONFIG_REFRESH_TOKEN_EXPIRE_DAYS),
                             &session, e);
    if (r == -EACCES) {
        sign_in_drop_cookie(call);
        if (*session.user.id)
            call_forget_user(call, session.user.id);
    }
    return r < 0 ? r : sign_in_answer(call, &session, secret, in_body, e);
}

static int logout(struct api_call *call, struct error *e) {
    char digest[SECRET_DIGEST_SIZE], user_id[UUID_TEXT_SIZE] = "";
    bool in_body;
    const char *token = sign_in_refresh_token(call, &in_body);
    int r = 0;
    if (token) {
        secret_digest(token, digest);
        r = sessions_end_by_token(call->db, digest, user_id, e);
    }
    if (!r)
        sign_in_drop_cookie(call);
    if (!r && *user_id)
        call_forget_user(call, user_id);
    return r;
}

static int set_password(struct api_call *call, const char *user_id, const char *keep, struct error *e) {
    char hash[ACCOUNT_HASH_SIZE];
    int r = password_hash(input(call, "new_password"), hash, e);
    if (!r)
        r = accounts_set_password(call->db, user_id, hash, keep, e);
    if (!r)
        call_forget_user(call, user_id);
    return r;
}

static int change_password(struct api_call *call, struct error *e) {
    struct account account;
    int r = guard_check(call, call->who.caller.id, e);
    if (!r)
        r = accounts_get(call->db, call->who.caller.id, &account, e);
    if (r < 0)
        return r;
    if (!password_fits(account.password_hash, input(call, "current_password"))) {
        guard_failed(call, call->who.caller.id);
        return call_refuse_field(call, "current_password", "value_error", "The current password is wrong", e);
    }
    return set_password(call, call->who.caller.id, call->who.session_id, e);
}

/* The link is made by whoever sends it, so that it lies in no queue. */
static int order_reset_mail(struct api_call *call, const struct account *account, struct error *e) {
    cleanup_json json_t *payload = json_pack("{s:s, s:s}", "letter", "reset", "user_id", account->id);
    struct job_order order = {
        .kind = JOB_KIND_MAIL, .user_id = account->id, .payload = payload, .unique_key = account->id};
    if (!*config_text(CONFIG_SMTP_URL))
        return 0; /* the command line makes links: `replinet admin reset-link` */
    int r = jobs_enqueue(call->db, &order, NULL, e);
    if (!r)
        jobs_ring(call->redis, JOB_KIND_MAIL);
    return r;
}

/* Always 202: whether there is such an account is told by mail alone. */
static int ask_reset(struct api_call *call, struct error *e) {
    struct account account;
    int r = guard_check(call, "", e);
    if (!r)
        r = accounts_find(call->db, input(call, "email"), &account, e);
    guard_failed(call, ""); /* so that nobody sends mails by the thousand */
    if (r == -ENOENT || (!r && !account.is_active))
        return 0;
    return r < 0 ? r : order_reset_mail(call, &account, e);
}

static int refuse_link(struct api_call *call, int r) {
    if (r == -ENOENT)
        guard_failed(call, "");
    return r;
}

static int confirm_reset(struct api_call *call, struct error *e) {
    cleanup_transaction struct transaction transaction = {0};
    char digest[SECRET_DIGEST_SIZE], user_id[UUID_TEXT_SIZE];
    secret_digest(input(call, "token"), digest);
    int r = guard_check(call, "", e);
    if (!r)
        r = postgres_begin(call->db, &transaction, e);
    if (!r)
        r = refuse_link(call, accounts_use_link(call->db, LINK_RESET, digest, user_id, e));
    if (!r)
        r = set_password(call, user_id, "", e);
    return r < 0 ? r : postgres_commit(&transaction, e);
}

static int claim(struct api_call *call, struct error *e) {
    cleanup_transaction struct transaction transaction = {0};
    char digest[SECRET_DIGEST_SIZE], hash[ACCOUNT_HASH_SIZE], nobody[UUID_TEXT_SIZE];
    struct account account;
    secret_digest(input(call, "token"), digest);
    int r = guard_check(call, "", e);
    if (!r)
        r = postgres_begin(call->db, &transaction, e);
    if (!r)
        r = refuse_link(call, accounts_use_link(call->db, LINK_CLAIM, digest, nobody, e));
    if (!r)
        r = password_hash(input(call, "password"), hash, e);
    if (!r)
        r = accounts_create(call->db, input(call, "email"), input(call, "name"), ROLE_SUPER_ADMIN, hash, &account, e);
    if (!r)
        r = sign_in_begin(call, &account, e);
    return r < 0 ? r : postgres_commit(&transaction, e);
}

#define PUBLIC  .access = ACCESS_PUBLIC, .tag = "auth", .rate = RATE_SIGN_IN
#define SLOW    PUBLIC, .lane = LANE_SLOW
#define QUICK   PUBLIC, .lane = LANE_DATABASE
#define TOKENS  .answer = &sign_in_tokens
#define NOTHING .form = FORM_NOTHING

const struct api_route auth_routes[] = {
    {"POST", "/auth/register", register_account, SLOW, TOKENS, .body = &register_schema, .status = 201,
     .flags = API_AUDIT_BARE, .audit = "user.register", .summary = "Make an account and sign in"},
    {"POST", "/auth/login", login, SLOW, TOKENS, .body = &login_schema, .flags = API_AUDIT_BARE, .audit = "user.login",
     .summary = "Sign in"},
    {"POST", "/auth/refresh", refresh, QUICK, TOKENS, .flags = API_BODY_OPTIONAL, .body = &refresh_schema,
     .summary = "Take a refresh token for new tokens"},
    {"POST", "/auth/logout", logout, QUICK, NOTHING, .flags = API_BODY_OPTIONAL, .body = &refresh_schema,
     .summary = "End this session"},
    {"POST", "/auth/password", change_password, NOTHING, .lane = LANE_SLOW, .permission = PERMISSION_PROFILE_WRITE,
     .scope = SCOPE_SESSION, .rate = RATE_SIGN_IN, .body = &password_schema, .audit = "user.password", .tag = "auth",
     .summary = "Change the password; ends the other sessions"},
    {"POST", "/auth/password-reset", ask_reset, QUICK, NOTHING, .body = &reset_schema, .status = 202,
     .summary = "Send a link to set a new password"},
    {"POST", "/auth/password-reset/confirm", confirm_reset, SLOW, NOTHING, .body = &confirm_schema,
     .audit = "user.password_reset", .summary = "Set a new password by link"},
    {"POST", "/auth/claim", claim, SLOW, TOKENS, .body = &claim_schema, .flags = API_AUDIT_BARE, .audit = "user.claim",
     .summary = "Become an administrator by the one-time link"},
    {NULL},
};
