/* Providers of models, for administrators. Keys come in and never go out. */
#include "domain/model_providers.h"
#include "agent/llm/provider.h"
#include "api/model_schemas.h"
#include "api/route_table.h"
#include "base/clock.h"
#include "domain/models.h"
#include <errno.h>
#include <string.h>

#define TEST_MS     30000
#define TEST_TOKENS 200 /* room for a model that thinks first */

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

static const struct schema_field test_body_fields[] = {
    {"model", SCHEMA_TEXT, .least = 1, .most = 200, .doc = "Which one; else the first that the provider lists."},
    {NULL},
};
static const struct schema test_body = {"ModelProviderTest", test_body_fields, .doc = "What to ask."};

static const struct schema_field test_fields[] = {
    {"ok", SCHEMA_BOOL, SCHEMA_REQUIRED, .doc = "Whether the model answered."},
    {"model", SCHEMA_TEXT, SCHEMA_REQUIRED, .most = 250, .doc = "Which one was asked."},
    {"text", SCHEMA_TEXT, .most = 1e6, .doc = "What it said."},
    {"duration_ms", SCHEMA_INT, .least = 0, .most = 1e9, .doc = "How long that took."},
    {"cost_micro", SCHEMA_INT, .least = 0, .most = 9e15, .doc = "What it cost, in millionths."},
    {"error", SCHEMA_OBJECT, SCHEMA_NULLABLE, .doc = "Why it did not: code, detail, hint."},
    {NULL},
};
static const struct schema test_schema = {"ModelProviderTestResult", test_fields, .doc = "How a real call went."};

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

/* "provider/model" of what the body asks for. */
static int choose_model(struct api_call *call, const json_t *provider, const char **ret_model, struct error *e) {
    const json_t *first = json_array_get(json_object_get(provider, "models"), 0);
    const char *name = json_text_or(call->body, "model", json_text_or(first, "name", NULL));
    if (!name)
        return call_refuse_field(call, "model", "missing", "This provider lists no models: say which one to ask", e);
    *ret_model = arena_print(&call->arena, "%s/%s", json_text_or(provider, "name", ""), name);
    return 0;
}

static int ask_once(struct api_call *call, const char *name, struct llm_answer *ret_answer, struct error *e) {
    cleanup_llm_settings struct llm_settings settings = {0};
    cleanup_json json_t *messages =
        json_pack("[{s:s, s:[{s:s}]}]", "role", "user", "parts", "text", "Answer with the single word: ready");
    struct llm_request request = {
        .messages = messages, .deadline = clock_deadline(TEST_MS), .interrupt_fd = -1, .extra_fd = -1};
    json_t *model = NULL;
    int r = models_open(call->db, call->who.caller.role, name, &model, e);
    if (!r)
        r = llm_settings_from_model(model, &settings, e);
    models_close(model);
    if (r < 0)
        return r;
    settings.max_tokens = TEST_TOKENS;
    settings.timeout_ms = TEST_MS;
    return llm_ask(&settings, &request, ret_answer, e);
}

/* What went wrong is the result, not a failure of this request. */
static int test_provider(struct api_call *call, struct error *e) {
    cleanup_free char *text = NULL;
    cleanup_json json_t *provider = NULL, *result = NULL;
    cleanup_llm_answer struct llm_answer answer = {0};
    const char *name = NULL;
    struct error why = {0};
    int r = model_providers_get(call->db, &call->who.caller, call_parameter(call, "id"), &text, e);
    if (!r)
        r = json_parse(text, strlen(text), "the provider", &provider, e);
    if (!r)
        r = choose_model(call, provider, &name, e);
    if (r < 0)
        return r;
    if (ask_once(call, name, &answer, &why) < 0)
        result = json_pack("{s:b, s:s, s:{s:s, s:s, s:s}}", "ok", 0, "model", name, "error", "code",
                           error_name(why.code), "detail", why.text, "hint", why.hint);
    else
        result = json_pack("{s:b, s:s, s:s, s:I, s:I, s:n}", "ok", 1, "model", name, "text", answer.text, "duration_ms",
                           (json_int_t)answer.duration_ms, "cost_micro", (json_int_t)answer.cost_micro, "error");
    if (!result)
        return error_set(e, EPROTO, ERROR_PROTOCOL, "the provider's answer is no text");
    call_answer_json(call, result);
    return 0;
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
    {"POST", "/model-providers/{id}/test", test_provider, .lane = LANE_SLOW, .tag = "models",
     .permission = PERMISSION_MODELS_MANAGE, .scope = SCOPE_ADMIN, .rate = RATE_WRITE, .flags = API_BODY_OPTIONAL,
     .body = &test_body, .answer = &test_schema, .summary = "Ask a model of a provider, to see whether it answers"},
    {NULL},
};
