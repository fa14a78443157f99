/* Models: which the caller may use. Providers are model_providers.c's. */
#include "domain/models.h"
#include "api/model_schemas.h"
#include "api/route_table.h"
#include "domain/model_usage.h"

static const struct schema_field model_fields[] = {
    {"id", SCHEMA_TEXT, SCHEMA_REQUIRED, .most = 250, .doc = "\"provider/name\", as a preset's ai_model has it."},
    {"provider", SCHEMA_TEXT, SCHEMA_REQUIRED, .most = 40, .doc = "Its provider's name."},
    {"label", SCHEMA_TEXT, SCHEMA_REQUIRED, .doc = "What people call it."},
    {"kind", SCHEMA_TEXT, SCHEMA_REQUIRED, .choices = API_MODEL_KINDS, .doc = "How its provider is spoken to."},
    {"source", SCHEMA_TEXT, SCHEMA_REQUIRED, .choices = API_MODEL_SOURCES, .doc = "Where the provider is set up."},
    API_MODEL_FIELDS,
    {"any", SCHEMA_BOOL, SCHEMA_REQUIRED,
     .doc = "The provider names no models: any of its own may be asked for, as \"provider/NAME\"."},
    {NULL},
};
static const struct schema model_schema = {"Model", model_fields, .doc = "A model that presets may name."};

static const struct schema_field pause_body_fields[] = {
    {"paused", SCHEMA_BOOL, SCHEMA_REQUIRED, .doc = "true: no run asks a model until it is false again."},
    {NULL},
};
static const struct schema pause_body = {"ModelPauseChange", pause_body_fields, .doc = "Whether models rest."};

static const struct schema_field pause_fields[] = {
    {"paused", SCHEMA_BOOL, SCHEMA_REQUIRED, .doc = "Whether runs wait before they ask a model."},
    {"changed_at", SCHEMA_TIME, SCHEMA_REQUIRED | SCHEMA_NULLABLE, .doc = "When it was last changed."},
    {"changed_by", SCHEMA_TEXT, SCHEMA_REQUIRED | SCHEMA_NULLABLE, .most = 254, .doc = "Who did it."},
    {NULL},
};
static const struct schema pause_schema = {"ModelPause", pause_fields, .doc = "The switch that pauses all models."};

static const struct schema_field usage_query_fields[] = {
    {"days", SCHEMA_INT, .least = 1, .most = MODEL_USAGE_DAYS_MAX, .initial = "30",
     .doc = "How far back, today included."},
    {"all", SCHEMA_BOOL, .initial = "false", .doc = "Everybody's, for administrators; else one's own."},
    {NULL},
};
static const struct schema usage_query = {"UsageQuery", usage_query_fields, .doc = "Which usage."};

#define SUMS "calls, input_tokens, output_tokens, cached_tokens (of the input), cost_micro"
static const struct schema_field usage_fields[] = {
    {"days", SCHEMA_INT, SCHEMA_REQUIRED, .least = 1, .most = MODEL_USAGE_DAYS_MAX, .doc = "How far back."},
    {"today", SCHEMA_OBJECT, SCHEMA_REQUIRED,
     .doc = "The caller's own, since midnight UTC: tokens, tokens_limit, cost_micro, cost_limit."},
    {"total", SCHEMA_OBJECT, SCHEMA_REQUIRED, .doc = SUMS "."},
    {"by_day", SCHEMA_LIST, SCHEMA_REQUIRED, .items = SCHEMA_OBJECT, .most = MODEL_USAGE_DAYS_MAX,
     .doc = "date, " SUMS "; days without any are left out."},
    {"by_model", SCHEMA_LIST, SCHEMA_REQUIRED, .items = SCHEMA_OBJECT, .most = 1e6, .doc = "model, " SUMS "."},
    {"by_user", SCHEMA_LIST, SCHEMA_REQUIRED, .items = SCHEMA_OBJECT, .most = 1e6,
     .doc = "user_id, email (both null: of users who were deleted), " SUMS "."},
    {NULL},
};
static const struct schema usage_schema = {"ModelUsage", usage_fields,
                                           .doc = "What models used; money in millionths of the accounting currency."};

static int list_models(struct api_call *call, struct error *e) {
    char *json = NULL;
    int r = models_list(call->db, &call->who.caller, &json, e);
    return call_done(call, r, json);
}

static int get_pause(struct api_call *call, struct error *e) {
    char *json = NULL;
    int r = model_pause_get(call->db, &json, e);
    return call_done(call, r, json);
}

static int set_pause(struct api_call *call, struct error *e) {
    char *json = NULL;
    int r = model_pause_set(call->db, &call->who.caller, json_bool_or(call->body, "paused", false), &json, e);
    return call_done(call, r, json);
}

static int get_usage(struct api_call *call, struct error *e) {
    char *json = NULL;
    int r = model_usage_report(call->db, &call->who.caller, json_bool_or(call->query, "all", false),
                               (int)call_query_int(call, "days", 30), &json, e);
    return call_done(call, r, json);
}

#define MODELS .lane = LANE_DATABASE, .tag = "models"
#define READS  MODELS, .permission = PERMISSION_PRESETS_READ, .scope = SCOPE_READ

const struct api_route models_routes[] = {
    {"GET", "/models", list_models, READS, .answer = &model_schema, .form = FORM_ITEMS,
     .summary = "Models that one's role may use"},
    {"GET", "/models/pause", get_pause, READS, .answer = &pause_schema, .summary = "Whether all models are paused"},
    {"PUT", "/models/pause", set_pause, MODELS, .permission = PERMISSION_MODELS_MANAGE, .scope = SCOPE_ADMIN,
     .rate = RATE_WRITE, .body = &pause_body, .answer = &pause_schema, .audit = "models.pause",
     .summary = "Pause all models, or let them go on"},
    {"GET", "/usage", get_usage, MODELS, .permission = PERMISSION_STATISTICS_READ, .scope = SCOPE_READ,
     .query = &usage_query, .answer = &usage_schema, .summary = "What models used, by day, model and user"},
    {NULL},
};
