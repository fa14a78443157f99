/* Users, for administrators; oneself is me.c's. */
#include "api/password.h"
#include "api/route_table.h"
#include "domain/user_admin.h"

/* Schemas. */

#define NAME                                                                                                           \
    { "name", SCHEMA_TEXT, .most = 200, .doc = "What people are called." }

static const struct schema_field create_fields[] = {
    {"email", SCHEMA_EMAIL, SCHEMA_REQUIRED, .doc = "The address to sign in with."},
    NAME,
    {"role", SCHEMA_TEXT, .choices = API_ROLES, .initial = "\"free_user\"", .doc = "At most one's own."},
    {"password", SCHEMA_TEXT, SCHEMA_SECRET, .least = PASSWORD_LEAST, .most = PASSWORD_MOST,
     .doc = "To sign in with; without one they take a link to set it."},
    {NULL},
};
static const struct schema create_schema = {"UserCreate", create_fields, .doc = "A user to make."};

static const struct schema_field change_fields[] = {
    NAME,
    {"role", SCHEMA_TEXT, .choices = API_ROLES, .doc = "At most one's own."},
    {"is_active", SCHEMA_BOOL, .doc = "Whether they may sign in."},
    {"model_cost_day", SCHEMA_INT, SCHEMA_NULLABLE, .least = 0, .most = 9e15,
     .doc = "What models may cost them in a day (UTC), in millionths; null: what the role allows."},
    {NULL},
};
static const struct schema change_schema = {"UserUpdate", change_fields, .partial = true,
                                            .doc = "What of a user to change."};

static const struct schema_field list_fields[] = {
    API_LIST_FIELDS(SCHEMA_CHOICES("created_at", "-created_at", "email", "-email", "name", "-name", "role", "-role",
                                   "last_seen_at", "-last_seen_at")),
    {"role", SCHEMA_TEXT, .choices = API_ROLES, .doc = "Only those of this role."},
    {"is_active", SCHEMA_BOOL, .doc = "Only those who may sign in, or may not."},
    {NULL},
};
static const struct schema list_schema = {"UserQuery", list_fields, .doc = "Which users."};

static const struct schema_field role_fields[] = {
    {"role", SCHEMA_TEXT, SCHEMA_REQUIRED, .choices = API_ROLES, .doc = "Its name."},
    {"quotas", SCHEMA_OBJECT, SCHEMA_REQUIRED, .doc = "Per quota what the role may have, with QUOTAS."},
    {NULL},
};
static const struct schema role_schema = {"Role", role_fields, .doc = "What users of a role may have."};

/* Handlers. */

static json_t *quotas_of(enum role role) {
    json_t *quotas = json_object();
    for (int i = 0; i < QUOTA_COUNT; i++)
        json_object_set_new(quotas, quota_name((enum quota)i),
                            json_integer((json_int_t)quota_limit(role, (enum quota)i)));
    return quotas;
}

static int list_roles(struct api_call *call, struct error *e) {
    json_t *items = json_array();
    for (int i = 0; i < ROLE_COUNT; i++)
        json_array_append_new(
            items, json_pack("{s:s, s:o}", "role", role_name((enum role)i), "quotas", quotas_of((enum role)i)));
    cleanup_json json_t *answer = json_pack("{s:o}", "items", items);
    call_answer_json(call, answer);
    return 0;
}

static int list_users(struct api_call *call, struct error *e) {
    struct list_query query = call_list(call);
    const json_t *active = json_object_get(call->query, "is_active");
    struct user_filter filter = {.role = json_text_or(call->query, "role", NULL),
                                 .is_active = active ? SQL_BOOL(json_is_true(active)) : NULL};
    char *json = NULL;
    int r = users_list(call->db, &call->who.caller, &query, &filter, &json, e);
    return call_done(call, r, json);
}

static int create_user(struct api_call *call, struct error *e) {
    char *json = NULL, hash[ACCOUNT_HASH_SIZE] = "";
    const char *password = json_text_or(call->body, "password", NULL);
    int r = password ? password_hash(password, hash, e) : 0;
    json_object_del(call->body, "password");
    if (!r)
        r = users_create(call->db, &call->who.caller, call->body, *hash ? hash : NULL, &json, e);
    return call_done(call, r, json);
}

static int get_user(struct api_call *call, struct error *e) {
    char *json = NULL;
    int r = users_get(call->db, &call->who.caller, call_parameter(call, "id"), &json, e);
    return call_done(call, r, json);
}

static int change_user(struct api_call *call, struct error *e) {
    char *json = NULL;
    const char *id = call_parameter(call, "id");
    int r = users_patch(call->db, &call->who.caller, id, call->if_match, call->body, &json, e);
    if (!r)
        call_forget_user(call, id);
    return call_done(call, r, json);
}

static int delete_user(struct api_call *call, struct error *e) {
    char *json = NULL;
    const char *id = call_parameter(call, "id");
    int r = users_delete(call->db, &call->who.caller, id, call->if_match, &json, e);
    if (!r)
        call_forget_user(call, id);
    return call_was(call, r, json);
}

/* Rows. */

#define DATABASE .lane = LANE_DATABASE, .tag = "users"
#define READS    DATABASE, .permission = PERMISSION_USERS_READ, .scope = SCOPE_ADMIN
#define RIGHT    .permission = PERMISSION_USERS_MANAGE, .scope = SCOPE_ADMIN, .rate = RATE_WRITE
#define MANAGES  DATABASE, RIGHT

const struct api_route users_routes[] = {
    {"GET", "/users", list_users, READS, .query = &list_schema, .answer = &api_user, .form = FORM_PAGE,
     .summary = "List users"},
    {"POST", "/users", create_user, RIGHT, .lane = LANE_SLOW, .tag = "users", .flags = API_CREATES,
     .body = &create_schema, .answer = &api_user, .status = 201, .audit = "user.create", .summary = "Make a user"},
    {"GET", "/roles", list_roles, READS, .answer = &role_schema, .form = FORM_ITEMS,
     .summary = "What users of each role may have"},
    {"GET", "/users/{id}", get_user, READS, .answer = &api_user, .summary = "One user"},
    {"PATCH", "/users/{id}", change_user, MANAGES, .flags = API_IF_MATCH, .body = &change_schema, .answer = &api_user,
     .audit = "user.change", .summary = "Change a user of a lower role"},
    {"DELETE", "/users/{id}", delete_user, MANAGES, .flags = API_IF_MATCH, .form = FORM_NOTHING, .audit = "user.delete",
     .summary = "Delete a user of a lower role, with everything they own"},
    {NULL},
};
