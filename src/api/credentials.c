/* Credentials: what agents sign in with. Secrets come in and never go out. */
#include "domain/credentials.h"
#include "api/route_table.h"

/* Schemas. */

#define PUBLIC_PART                                                                                                    \
    {"name", SCHEMA_TEXT, SCHEMA_REQUIRED, .least = 1, .most = 200, .doc = "What scripts and people call it."},        \
        {"domains",                                                                                                    \
         SCHEMA_LIST,                                                                                                  \
         SCHEMA_REQUIRED,                                                                                              \
         .items = SCHEMA_TEXT,                                                                                         \
         .least = 1,                                                                                                   \
         .most = 100,                                                                                                  \
         .doc = "Where it may be filled in: each domain and what is beneath it, over https. host:port means that "     \
                "port alone, with or without TLS."},                                                                   \
        {"username", SCHEMA_TEXT, .most = 1000, .initial = "\"\"", .doc = "No secret."}, {                             \
        "description", SCHEMA_TEXT, .most = 10000, .initial = "\"\"", .doc = "For people."                             \
    }

static const struct schema_field input_fields[] = {
    PUBLIC_PART,
    {"secret", SCHEMA_TEXT, SCHEMA_REQUIRED | SCHEMA_SECRET, .least = 1, .most = 10000,
     .doc = "The password. Needed again when domains change."},
    {"totp_secret", SCHEMA_TEXT, SCHEMA_NULLABLE | SCHEMA_SECRET, .most = 200,
     .doc = "What the site shows beside its QR code (base32)."},
    {NULL},
};
static const struct schema create_schema = {"CredentialCreate", input_fields, .doc = "A credential to keep."};
static const struct schema change_schema = {"CredentialUpdate", input_fields, .partial = true,
                                            .doc = "What of a credential to change."};

static const struct schema_field credential_fields[] = {
    SCHEMA_OBJECT_FIELDS,
    SCHEMA_OWNER_FIELDS,
    PUBLIC_PART,
    {"has_totp", SCHEMA_BOOL, SCHEMA_REQUIRED, .doc = "Whether it has an authenticator's secret."},
    {"agent_ids", SCHEMA_LIST, SCHEMA_REQUIRED, .items = SCHEMA_ID, .most = 1e6, .doc = "Agents that may use it."},
    {NULL},
};
const struct schema api_credential = {"Credential", credential_fields, .doc = "What an agent signs in with."};

static const struct schema_field list_fields[] = {
    API_LIST_FIELDS(SCHEMA_CHOICES("created_at", "-created_at", "name", "-name", "updated_at", "-updated_at")),
    {"agent_id", SCHEMA_ID, .doc = "Only those that this agent may use."},
    {NULL},
};
static const struct schema list_schema = {"CredentialQuery", list_fields, .doc = "Which credentials."};

/* Handlers. */

static int list_credentials(struct api_call *call, struct error *e) {
    struct list_query query = call_list(call);
    char *json = NULL;
    int r =
        credentials_list(call->db, &call->who.caller, &query, json_text_or(call->query, "agent_id", NULL), &json, e);
    return call_done(call, r, json);
}

static int create_credential(struct api_call *call, struct error *e) {
    char *json = NULL;
    int r = credentials_create(call->db, &call->who.caller, call->body, &json, e);
    return call_done(call, r, json);
}

static int get_credential(struct api_call *call, struct error *e) {
    char *json = NULL;
    int r = credentials_get(call->db, &call->who.caller, call_parameter(call, "id"), &json, e);
    return call_done(call, r, json);
}

static int change_credential(struct api_call *call, struct error *e) {
    char *json = NULL;
    int r = credentials_patch(call->db, &call->who.caller, call_parameter(call, "id"), call->if_match, call->body,
                              &json, e);
    return call_done(call, r, json);
}

static int delete_credential(struct api_call *call, struct error *e) {
    char *json = NULL;
    int r = credentials_delete(call->db, &call->who.caller, call_parameter(call, "id"), call->if_match, &json, e);
    return call_was(call, r, json);
}

/* Rows. */

#define CREDENTIALS .lane = LANE_DATABASE, .tag = "credentials"
#define READS       CREDENTIALS, .permission = PERMISSION_CREDENTIALS_USE, .scope = SCOPE_READ
#define WRITES      CREDENTIALS, .permission = PERMISSION_CREDENTIALS_MANAGE, .scope = SCOPE_WRITE, .rate = RATE_WRITE

const struct api_route credentials_routes[] = {
    {"GET", "/credentials", list_credentials, READS, .query = &list_schema, .answer = &api_credential,
     .form = FORM_PAGE, .summary = "List credentials"},
    {"POST", "/credentials", create_credential, WRITES, .flags = API_CREATES, .body = &create_schema,
     .answer = &api_credential, .status = 201, .audit = "credential.create", .summary = "Keep a credential"},
    {"GET", "/credentials/{id}", get_credential, READS, .answer = &api_credential, .summary = "One credential"},
    {"PATCH", "/credentials/{id}", change_credential, WRITES, .flags = API_IF_MATCH, .body = &change_schema,
     .answer = &api_credential, .audit = "credential.change", .summary = "Change a credential"},
    {"DELETE", "/credentials/{id}", delete_credential, WRITES, .flags = API_IF_MATCH, .form = FORM_NOTHING,
     .audit = "credential.delete", .summary = "Delete a credential"},
    {NULL},
};
