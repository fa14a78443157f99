/* One's own profile, and what a page must know before anybody has signed in. */
#include "api/api_internal.h"
#include "api/guard.h"
#include "api/password.h"
#include "api/route_table.h"
#include "base/config.h"
#include "domain/accounts.h"
#include "domain/models.h"
#include <string.h>

static const struct schema_field me_fields[] = {
    API_USER_FIELDS,
    {"permissions", SCHEMA_LIST, SCHEMA_REQUIRED, .items = SCHEMA_TEXT, .doc = "What the role allows."},
    {"quotas", SCHEMA_OBJECT, SCHEMA_REQUIRED, .doc = "Per quota {\"used\",\"limit\"}; used is null for caps."},
    {NULL},
};
static const struct schema me_schema = {"Me", me_fields, .doc = "The one who asks."};

static const struct schema_field change_fields[] = {
    {"name", SCHEMA_TEXT, .most = 200, .doc = "What people call you."},
    {"email", SCHEMA_EMAIL, .doc = "A new address; needs current_password."},
    {"current_password", SCHEMA_TEXT, SCHEMA_SECRET, .least = 1, .most = 1024, .doc = "For a new address."},
    {"settings", SCHEMA_OBJECT, .doc = "Members replace those of the same name."},
    {NULL},
};
static const struct schema change_schema = {"MeUpdate", change_fields, .partial = true, .doc = "What to change."};

static json_t *quotas_of(enum role role, const json_t *usage) {
    json_t *quotas = json_object();
    for (int i = 0; i < QUOTA_COUNT; i++) {
        const char *name = quota_name((enum quota)i);
        json_object_set_new(quotas, name,
                            json_pack("{s:O?, s:I}", "used", json_object_get(usage, name), "limit",
                                      (json_int_t)quota_limit(role, (enum quota)i)));
    }
    return quotas;
}

static int get_me(struct api_call *call, struct error *e) {
    cleanup_free char *json = NULL;
    cleanup_json json_t *me = NULL;
    enum role role = call->who.caller.role;
    int r = accounts_me(call->db, &call->who.caller, &json, e);
    if (!r)
        r = json_parse(json, strlen(json), "the profile", &me, e);
    if (r < 0)
        return r;
    json_object_set_new(me, "permissions", permissions_of(role));
    json_object_set_new(me, "quotas", quotas_of(role, json_object_get(me, "usage")));
    json_object_del(me, "usage");
    call_answer_json(call, me);
    return 0;
}

/* Whoever found a page left open may not take the account away with a new address. */
static int check_password(struct api_call *call, struct error *e) {
    struct account account;
    int r = guard_check(call, call->who.caller.id, e);
    if (!r)
        r = accounts_get(call->db, call->who.caller.id, &account, e);
    if (r < 0)
        return r;
    if (!password_fits(account.password_hash, json_text_or(call->body, "current_password", ""))) {
        guard_failed(call, call->who.caller.id);
        return call_refuse_field(call, "current_password", "value_error", "The current password is needed and right",
                                 e);
    }
    return 0;
}

static int change_me(struct api_call *call, struct error *e) {
    char *json = NULL;
    int r = json_object_get(call->body, "email") ? check_password(call, e) : 0;
    json_object_del(call->body, "current_password");
    if (!r)
        r = accounts_change(call->db, &call->who.caller, call->if_match, call->body, &json, e);
    return call_done(call, r, json);
}

static const struct schema_field config_fields[] = {
    {"version", SCHEMA_TEXT, SCHEMA_REQUIRED, .doc = "Of Replinet."},
    {"registration_open", SCHEMA_BOOL, SCHEMA_REQUIRED, .doc = "Whether anybody may make an account."},
    {"password_min", SCHEMA_INT, SCHEMA_REQUIRED, .least = 1, .most = 128, .doc = "Fewest characters of a password."},
    {"languages", SCHEMA_LIST, SCHEMA_REQUIRED, .items = SCHEMA_TEXT, .doc = "Of the web app."},
    {"script_only", SCHEMA_BOOL, SCHEMA_REQUIRED, .doc = "Whether no model provider is set up: scripts only."},
    {NULL},
};
static const struct schema config_schema = {"Config", config_fields, .doc = "What a page must know first."};

/* Pages must know the rest also while the database is away. */
static int get_config(struct api_call *call, struct error *e) {
    bool models = true;
    models_exist(call->db, &models, NULL);
    cleanup_json json_t *config =
        json_pack("{s:s, s:b, s:i, s:[s,s], s:b}", "version", REPLINET_VERSION, "registration_open",
                  !strcmp(config_text(CONFIG_REGISTRATION), "open"), "password_min", PASSWORD_LEAST, "languages", "en",
                  "ru", "script_only", !models);
    call_answer_json(call, config);
    return 0;
}

const struct api_route me_routes[] = {
    {"GET", "/users/me", get_me, .lane = LANE_DATABASE, .permission = PERMISSION_PROFILE_READ, .scope = SCOPE_READ,
     .answer = &me_schema, .tag = "users", .summary = "One's own profile, permissions and quotas"},
    {"PATCH", "/users/me", change_me, .lane = LANE_SLOW, .permission = PERMISSION_PROFILE_WRITE, .scope = SCOPE_WRITE,
     .rate = RATE_WRITE, .flags = API_IF_MATCH, .body = &change_schema, .answer = &api_user, .audit = "user.change",
     .tag = "users", .summary = "Change one's own profile"},
    {"GET", "/config", get_config, .lane = LANE_DATABASE, .access = ACCESS_PUBLIC, .rate = RATE_NONE,
     .answer = &config_schema, .tag = "config", .summary = "What a page must know before anybody signs in"},
    {NULL},
};
