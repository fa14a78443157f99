#include "domain/credentials.h"
#include "base/config.h"
#include "base/memory.h"
#include "base/seal.h"
#include "base/totp.h"
#include "domain/agents.h"
#include "domain/fields.h"
#include "domain/sql.h"
#include "net/host.h"
#include <string.h>

#define DOMAINS_MAX 100

#define CREDENTIAL_JSON                                                                                                \
    "json_build_object('id', c.id, 'owner_id', c.owner_id, 'team_id', c.team_id, 'name', c.name, "                     \
    "'description', c.description, 'username', c.username, 'domains', to_json(c.domains), 'has_totp', c.has_totp, "    \
    "'agent_ids', coalesce((SELECT json_agg(l.agent_id ORDER BY l.agent_id) FROM agent_credentials l "                 \
    "WHERE l.credential_id = c.id), '[]'::json), 'created_at', rfc3339(c.created_at), "                                \
    "'updated_at', rfc3339(c.updated_at), 'revision', c.revision)"

static const struct field credential_fields[] = {
    {"name", FIELD_TEXT, true},      {"domains", FIELD_ANY, true},       {"secret", FIELD_TEXT, true},
    {"username", FIELD_TEXT, false}, {"totp_secret", FIELD_TEXT, false}, {"description", FIELD_TEXT, false},
    {NULL, FIELD_ANY, false},
};

#define DOMAINS(b) "ARRAY(SELECT jsonb_array_elements_text(" b "->'domains'))"

static const struct statement CREATE = {
    "credentials_create",
    "INSERT INTO credentials AS c (id, owner_id, name, description, username, domains, sealed, has_totp) "
    "SELECT $4::uuid, $1::uuid, b->>'name', coalesce(b->>'description', ''), coalesce(b->>'username', ''), " DOMAINS(
        "b") ", $5, $6::boolean FROM (SELECT $3::jsonb AS b) body WHERE quota_take('credentials', 'credentials', "
             "$1::uuid, $2::user_role, $7::bigint) RETURNING " CREDENTIAL_JSON};

static const struct statement GET = {"credentials_get",
                                     "SELECT " CREDENTIAL_JSON
                                     " FROM credentials c WHERE c.id = " SQL_FIND("credentials", "x", "$3")};

/* Locked, so that what is unsealed, changed and sealed again is not changed by two at once. */
static const struct statement LOCK = {
    "credentials_lock",
    "SELECT c.id, c.sealed, to_json(c.domains), " SQL_IS_EXPECTED(
        "c", "$4") " FROM credentials c WHERE c.id = " SQL_FIND("credentials", "x", "$3") " FOR UPDATE"};

#define CHANGE(column, value) SQL_CHANGE("c", column, value)
static const struct statement PATCH = {
    "credentials_patch",
    "UPDATE credentials c SET " CHANGE("name", "b->>'name'") ", " CHANGE(
        "description",
        "coalesce(b->>'description', "
        "'')") ", " CHANGE("username",
                           "coalesce(b->>'username', '')") ", " CHANGE("domains",
                                                                       DOMAINS("b")) ", sealed = $5, has_totp = "
                                                                                     "$6::boolean FROM (SELECT "
                                                                                     "$4::jsonb AS b) body WHERE c.id "
                                                                                     "= $3::uuid "
                                                                                     "AND " SQL_MAY(
                                                                                         "c") " RETURNING"
                                                                                              " " CREDENTIAL_JSON};

static const struct statement DELETE = {
    "credentials_delete",
    "DELETE FROM credentials c WHERE c.id = " SQL_FIND("credentials", "x", "$3") " AND " SQL_IS_EXPECTED(
        "c", "$4") " RETURNING " CREDENTIAL_JSON};

#define LIST_SOURCE                                                                                                    \
    "FROM credentials c WHERE caller_may(c.owner_id, c.team_id, $4::uuid, $5::user_role) AND ($6::text IS NULL "       \
    "OR " LIST_SEARCH("c.name") " OR " LIST_SEARCH("c.username") " OR " LIST_SEARCH(                                   \
        "array_to_string(c.domains, ' ')") ") AND ($7::uuid IS NULL OR EXISTS (SELECT FROM agent_credentials l WHERE " \
                                           "l.credential_id = c.id "                                                   \
                                           "AND l.agent_id = $7::uuid))"
#define SORT(name, expression) LIST_SORT("credentials_list", name, expression, "c", CREDENTIAL_JSON, LIST_SOURCE)
static const struct list_sort sorts[] = {
    SORT("created_at", "c.id"),
    SORT("updated_at", "c.updated_at"),
    SORT("name", "lower(c.name)"),
    {0},
};

static const struct statement OF_AGENT = {
    "credentials_of_agent",
    "SELECT json_build_object('items', coalesce((SELECT json_agg(" CREDENTIAL_JSON " ORDER BY lower(c.name)) FROM "
    "agent_credentials l JOIN credentials c ON c.id = l.credential_id WHERE l.agent_id = a.id), '[]'::json)) "
    "FROM agents a WHERE a.id = " SQL_FIND("agents", "x", "$3")};

/* Of one owner: who drives the agent's browser can come to see what it uses. */
static const struct statement LINK = {
    "credentials_link",
    "WITH pair AS (SELECT a.id AS agent_id, c.id AS credential_id FROM agents a JOIN credentials c "
    "ON c.owner_id = a.owner_id WHERE a.id = " SQL_FIND("agents", "x", "$3") " AND c.id = " SQL_FIND(
        "credentials", "y", "$4") "), "
                                  "linked AS (INSERT INTO agent_credentials (agent_id, credential_id) SELECT * FROM "
                                  "pair ON CONFLICT DO NOTHING) "
                                  "SELECT agent_id FROM pair"};

static const struct statement UNLINK = {
    "credentials_unlink", "DELETE FROM agent_credentials l WHERE l.agent_id = " SQL_FIND(
                              "agents", "x", "$3") " AND l.credential_id = " SQL_FIND("credentials", "y", "$4")};

static const struct statement OPEN = {
    "credentials_open",
    "SELECT c.id, c.name, c.username, c.sealed, to_json(c.domains) FROM agent_credentials l "
    "JOIN credentials c ON c.id = l.credential_id JOIN agents a ON a.id = l.agent_id AND a.owner_id = c.owner_id "
    "WHERE l.agent_id = $1::uuid"};

/* As host_parse has it; "*.shop.example" and ".shop.example" mean "shop.example". host:port keeps its port. */
static json_t *read_domain(const char *text) {
    struct host host;
    unsigned port;
    text += strncmp(text, "*.", 2) ? *text == '.' : 2;
    if (!host_parse(text, strlen(text), &host))
        return json_string(host.name);
    if (host_parse_with_port(text, strlen(text), &host, &port) < 0)
        return NULL;
    return json_sprintf(strchr(host.name, ':') ? "[%s]:%u" : "%s:%u", host.name, port);
}

static int read_domains(const json_t *list, json_t **ret_domains, struct error *e) {
    cleanup_json json_t *domains = json_array();
    json_t *item, *domain;
    size_t i;
    if (!json_is_array(list) || !json_array_size(list) || json_array_size(list) > DOMAINS_MAX)
        return error_set(e, EINVAL, ERROR_BAD_INPUT, "credential.domains must be a list of 1 to %d domains",
                         DOMAINS_MAX);
    json_array_foreach (list, i, item) {
        if (!(domain = read_domain(json_is_string(item) ? json_string_value(item) : "")))
            return error_set(e, EINVAL, ERROR_BAD_INPUT, "credential.domains: \"%.80s\" is no domain",
                             json_is_string(item) ? json_string_value(item) : "(no text)");
        json_array_append_new(domains, domain);
    }
    *ret_domains = take_pointer(domains);
    return 0;
}

/* The body with its domains put in order and without its secrets. */
static int public_part(const json_t *body, json_t **ret_part, struct error *e) {
    cleanup_json json_t *part = json_copy((json_t *)body), *domains = NULL;
    json_object_del(part, "secret");
    json_object_del(part, "totp_secret");
    if (json_object_get(body, "domains")) {
        int r = read_domains(json_object_get(body, "domains"), &domains, e);
        if (r < 0)
            return r;
        json_object_set(part, "domains", domains);
    }
    *ret_part = take_pointer(part);
    return 0;
}

static void wipe_text(json_t *value) {
    if (json_is_string(value))
        sodium_memzero((char *)json_string_value(value), json_string_length(value));
}

static void wipe_parts(json_t *parts) {
    wipe_text(json_object_get(parts, "password"));
    wipe_text(json_object_get(parts, "totp"));
    json_decref(parts);
}

static int seal_parts(const json_t *parts, const char *id, char **ret_sealed, struct error *e) {
    cleanup_free char *text = json_print(parts);
    int r = seal_text(text, config_text(CONFIG_SECRET_KEY), SEAL_CREDENTIAL, id, ret_sealed, e);
    sodium_memzero(text, strlen(text));
    return r;
}

static int open_parts(const char *sealed, const char *id, json_t **ret_parts, struct error *e) {
    char *text = NULL;
    int r = seal_text_open(sealed, config_text(CONFIG_SECRET_KEY), SEAL_CREDENTIAL, id, &text, e);
    if (r < 0)
        return r;
    r = json_parse(text, strlen(text), "a credential", ret_parts, e);
    sodium_memzero(text, strlen(text));
    free(text);
    return r;
}

/* Puts the secrets that the body gives into `parts`. An empty or null authenticator's secret removes it. */
static int set_parts(json_t *parts, const json_t *body, struct error *e) {
    json_t *secret = json_object_get(body, "secret"), *totp = json_object_get(body, "totp_secret");
    if (secret)
        json_object_set_new(parts, "password", json_string(json_string_value(secret)));
    if (!totp)
        return 0;
    if (json_is_null(totp) || !json_string_length(totp))
        return json_object_del(parts, "totp"), 0;
    int r = totp_check(json_string_value(totp), e);
    return r < 0 ? r : json_object_set_new(parts, "totp", json_string(json_string_value(totp)));
}

int credentials_create(struct postgres *db, const struct caller *caller, const json_t *body, char **ret_json,
                       struct error *e) {
    char id[UUID_TEXT_SIZE];
    cleanup_json json_t *part = NULL;
    cleanup_free char *sealed = NULL;
    json_t *parts = json_object();
    int r = fields_check("credential", credential_fields, body, e);
    if (!r)
        r = public_part(body, &part, e);
    if (!r)
        r = set_parts(parts, body, e);
    if (!r)
        r = seal_parts(parts, uuid_make(id), &sealed, e);
    bool has_totp = json_object_get(parts, "totp");
    wipe_parts(parts);
    if (r < 0)
        return r;
    cleanup_free char *text = json_print(part);
    return postgres_value(db, &CREATE, ret_json, e, SQL_CALLER(caller), text, id, sealed, SQL_BOOL(has_totp),
                          SQL_INT(quota_limit(caller->role, QUOTA_CREDENTIALS)));
}

int credentials_get(struct postgres *db, const struct caller *caller, const char *reference, char **ret_json,
                    struct error *e) {
    int r = postgres_value(db, &GET, ret_json, e, SQL_CALLER(caller), reference);
    return sql_missing(r, "credential", reference, e);
}

int credentials_list(struct postgres *db, const struct caller *caller, const struct list_query *query,
                     const char *agent_id, char **ret_json, struct error *e) {
    return list_run(db, sorts, caller, query, &agent_id, 1, ret_json, e);
}

/* Whether the change names other domains than `now` (a JSON list). */
static bool moves(const json_t *part, const char *now) {
    cleanup_json json_t *old = json_loads(now, 0, NULL);
    const json_t *new = json_object_get(part, "domains");
    return new && !json_equal(old, new);
}

static int change_parts(const struct pg_result *locked, const json_t *part, const json_t *body, char **ret_sealed,
                        bool *ret_totp, struct error *e) {
    json_t *parts = NULL;
    const char *id = result_text(locked, 0, 0);
    bool moved = moves(part, result_text(locked, 0, 2));
    if (moved && !json_object_get(body, "secret")) {
        error_set(e, EINVAL, ERROR_BAD_INPUT, "credential.domains can be changed together with the secret only");
        error_hint(e, "send the member \"secret\" (and \"totp_secret\") in the same change");
        return -EINVAL;
    }
    int r = open_parts(result_text(locked, 0, 1), id, &parts, e);
    if (r < 0)
        return r;
    if (moved)
        json_object_del(parts, "totp");
    r = set_parts(parts, body, e);
    if (!r)
        r = seal_parts(parts, id, ret_sealed, e);
    *ret_totp = json_object_get(parts, "totp");
    wipe_parts(parts);
    return r;
}

int credentials_patch(struct postgres *db, const struct caller *caller, const char *reference, int64_t revision,
                      const json_t *body, char **ret_json, struct error *e) {
    cleanup_transaction struct transaction transaction = {0};
    cleanup_result struct pg_result *locked = NULL;
    cleanup_json json_t *part = NULL;
    cleanup_free char *sealed = NULL, *answer = NULL;
    bool has_totp = false;
    int r = fields_check_change("credential", credential_fields, body, e);
    if (!r)
        r = public_part(body, &part, e);
    if (!r)
        r = postgres_begin(db, &transaction, e);
    if (!r)
        r = postgres_query(db, &LOCK, &locked, e, SQL_CALLER(caller), reference, SQL_INT(revision));
    if (!r && !result_rows(locked))
        return error_set(e, ENOENT, ERROR_NOT_FOUND, "there is no credential %s", reference);
    if (!r && !result_bool(locked, 0, 3))
        return sql_stale(0, "credential", e);
    if (!r)
        r = change_parts(locked, part, body, &sealed, &has_totp, e);
    if (r < 0)
        return r;
    cleanup_free char *text = json_print(part);
    r = postgres_value(db, &PATCH, &answer, e, SQL_CALLER(caller), result_text(locked, 0, 0), text, sealed,
                       SQL_BOOL(has_totp));
    if (!r)
        r = postgres_commit(&transaction, e);
    if (!r)
        *ret_json = take_pointer(answer);
    return r;
}

int credentials_delete(struct postgres *db, const struct caller *caller, const char *reference, int64_t revision,
                       char **ret_json, struct error *e) {
    cleanup_free char *seen = NULL;
    int r = postgres_value(db, &DELETE, ret_json, e, SQL_CALLER(caller), reference, SQL_INT(revision));
    return r == -ENOENT ? sql_stale(credentials_get(db, caller, reference, &seen, e), "credential", e) : r;
}

int credentials_of_agent(struct postgres *db, const struct caller *caller, const char *agent, char **ret_json,
                         struct error *e) {
    int r = postgres_value(db, &OF_AGENT, ret_json, e, SQL_CALLER(caller), agent);
    return sql_missing(r, "agent", agent, e);
}

/* Says which of the two is missing. */
static int explain_link(struct postgres *db, const struct caller *caller, const char *agent, const char *credential,
                        struct error *e) {
    cleanup_free char *a = NULL, *c = NULL;
    int r = agents_get(db, caller, agent, &a, e);
    if (!r)
        r = credentials_get(db, caller, credential, &c, e);
    return r < 0 ? r : error_set(e, EBUSY, ERROR_CONFLICT, "agent and credential belong to different owners");
}

int credentials_link(struct postgres *db, const struct caller *caller, const char *agent, const char *credential,
                     struct error *e) {
    cleanup_free char *id = NULL;
    int r = postgres_value(db, &LINK, &id, e, SQL_CALLER(caller), agent, credential);
    return r == -ENOENT ? explain_link(db, caller, agent, credential, e) : r;
}

int credentials_unlink(struct postgres *db, const struct caller *caller, const char *agent, const char *credential,
                       struct error *e) {
    cleanup_free char *a = NULL, *c = NULL;
    int r = agents_get(db, caller, agent, &a, e);
    if (!r)
        r = credentials_get(db, caller, credential, &c, e);
    return r < 0 ? r : postgres_query(db, &UNLINK, NULL, e, SQL_CALLER(caller), agent, credential);
}

static int open_row(const struct pg_result *result, int row, json_t *list, struct error *e) {
    json_t *parts = NULL;
    int r = open_parts(result_text(result, row, 3), result_text(result, row, 0), &parts, e);
    if (r < 0) {
        error_prefix(e, "the credential \"%s\"", result_text(result, row, 1));
        return r;
    }
    json_object_set_new(parts, "name", json_string(result_text(result, row, 1)));
    json_object_set_new(parts, "username", json_string(result_text(result, row, 2)));
    json_object_set_new(parts, "domains", json_loads(result_text(result, row, 4), 0, NULL));
    json_array_append_new(list, parts);
    return 0;
}

int credentials_open(struct postgres *db, const char *agent_id, json_t **ret_credentials, struct error *e) {
    cleanup_result struct pg_result *result = NULL;
    json_t *list = json_array();
    int r = postgres_query(db, &OPEN, &result, e, agent_id);
    for (int row = 0; !r && row < result_rows(result); row++)
        r = open_row(result, row, list, e);
    if (!r)
        *ret_credentials = list;
    else
        credentials_wipe(list), json_decref(list);
    return r;
}

void credentials_wipe(json_t *credentials) {
    json_t *item;
    size_t i;
    json_array_foreach (credentials, i, item) {
        wipe_text(json_object_get(item, "password"));
        wipe_text(json_object_get(item, "totp"));
    }
}
