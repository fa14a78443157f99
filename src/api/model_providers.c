/* Providers of models, for administrators. Keys come in and never go out. */
#include "domain/model_providers.h"
#include "api/model_schemas.h"
#include "api/route_table.h"

/* Schemas. */

static const struct schema_field model_fields[] = {
    API_MODEL_FIELDS,
    {"label", SCHEMA_TEXT, .doc = "What people call it."},
    {NULL},
};
static const struct schema model_schema = {"ProviderModel", model_fields, .doc = "A model that a provider offers."};

#define PUBLIC_PART                                                                                                    \
    {"name",                                                                                                           \
     SCHEMA_TEXT,                                                                                                      \
     SCHEMA_REQUIRED,                                                                                                  \
     .least = 1,                                                                                                       \
     .most = 40,                                                                                                       \
     .doc = "a-z, 0-9, _ and -; \"name/model\" in "                                                                    \
            "presets. It goes before one of the "                                                                      \
            "environment."},                                                                                           \
        {"kind", SCHEMA_TEXT, SCHEMA_REQUIRED, .choices = API_MODEL_KINDS,                                             \
         .doc = "openai: chat completions, as many others offer them. anthropic: Messages."},                          \
        {"base_url", SCHEMA_TEXT, .most = 2000, .initial = "\"\"",                                                     \
         .doc = "Where it is reached, such as http://127.0.0.1:11434/v1; empty: the kind's own."},                     \
        {"is_active", SCHEMA_BOOL, .initial = "true", .doc = "Whether its models may be used."}, {                     \
        "models", SCHEMA_LIST, .items = SCHEMA_OBJECT, .object = &model_schema, .most = 200, .initial = "[]",          \
                               .doc = "What it offers; empty: any model, without prices, for every role."              \
    }

static const struct schema_field input_fields[] = {
    PUBLIC_PART,
    {"api_key", SCHEMA_TEXT, SCHEMA_NULLABLE | SCHEMA_SECRET, .most = 2000,
     .doc = "Kept sealed; null removes it. Needed again when base_url or kind change."},
    {NULL},
};
static const struct schema create_schema = {"ModelProviderCreate", input_fields, .doc = "A provider to set up."};
static const struct schema change_schema = {"ModelProviderUpdate", input_fields, .partial = true,
                                            .doc = "What of a provider to change."};

static const struct schema_field provider_fields[] = {
    {"id", SCHEMA_ID, SCHEMA_REQUIRED | SCHEMA_NULLABLE, .doc = "null: one of the environment, which has a name only."},
    PUBLIC_PART,
    {"has_key", SCHEMA_BOOL, SCHEMA_REQUIRED, .doc = "Whether a key is kept."},
    {"source", SCHEMA_TEXT, SCHEMA_REQUIRED, .choices = API_MODEL_SOURCES,
     .doc = "environment: it is read-only here; one of the same name in the database goes before it."},
    {"created_at", SCHEMA_TIME, SCHEMA_REQUIRED | SCHEMA_NULLABLE, .doc = "When it was made."},
    {"updated_at", SCHEMA_TIME, SCHEMA_REQUIRED | SCHEMA_NULLABLE, .doc = "When it was last changed."},
    {"revision", SCHEMA_INT, SCHEMA_REQUIRED | SCHEMA_NULLABLE, .least = 1, .most = 9e15,
     .doc = "Counts changes; the ETag."},
    {NULL},
};
static const struct schema provider_schema = {"ModelProvider", provider_fields, .doc = "Who offers models."};

/* Handlers. */

static int list_providers(struct api_call *call, struct error *e) {
    char *json = NULL;
    int r = model_providers_list(call->db, &call->who.caller, &json, e);
    return call_done(call, r, json);
}

static int create_provider(struct api_call *call, struct error *e) {
    char *json = NULL;
    int r = model_providers_create(call->db, &call->who.caller, call->body, &json, e);
    return call_done(call, r, json);
}

static int get_provider(struct api_call *call, struct error *e) {
    char *json = NULL;
    int r = model_providers_get(call->db, &call->who.caller, call_parameter(call, "id"), &json, e);
    return call_done(call, r, json);
}

static int change_provider(struct api_call *call, struct error *e) {
    char *json = NULL;
    int r = model_providers_patch(call->db, &call->who.caller, call_parameter(call, "id"), call->if_match, call->body,
                                  &json, e);
    return call_done(call, r, json);
}

static int delete_provider(struct api_call *call, struct error *e) {
    char *json = NULL;
    int r = model_providers_delete(call->db, &call->who.caller, call_parameter(call, "id"), call->if_match, &json, e);
    return call_was(call, r, json);
}

/* Rows. */

#define PROVIDERS .lane = LANE_DATABASE, .tag = "models", .permission = PERMISSION_MODELS_MANAGE, .scope = SCOPE_ADMIN
#define WRITES    PROVIDERS, .rate = RATE_WRITE

const struct api_route model_providers_routes[] = {
    {"GET", "/model-providers", list_providers, PROVIDERS, .answer = &provider_schema, .form = FORM_ITEMS,
     .summary = "List providers of models, those of the environment included"},
    {"POST", "/model-providers", create_provider, WRITES, .flags = API_CREATES, .body = &create_schema,
     .answer = &provider_schema, .status = 201, .audit = "model_provider.create",
     .summary = "Set a provider of models up"},
    {"GET", "/model-providers/{id}", get_provider, PROVIDERS, .answer = &provider_schema,
     .summary = "One provider, by id or name"},
    {"PATCH", "/model-providers/{id}", change_provider, WRITES, .flags = API_IF_MATCH, .body = &change_schema,
     .answer = &provider_schema, .audit = "model_provider.change", .summary = "Change a provider"},
    {"DELETE", "/model-providers/{id}", delete_provider, WRITES, .flags = API_IF_MATCH, .form = FORM_NOTHING,
     .audit = "model_provider.delete", .summary = "Delete a provider"},
    {NULL},
};
