/* Models: which the caller may use. Providers are model_providers.c's. */
#include "domain/models.h"
#include "api/model_schemas.h"
#include "api/route_table.h"

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

static int list_models(struct api_call *call, struct error *e) {
    char *json = NULL;
    int r = models_list(call->db, &call->who.caller, &json, e);
    return call_done(call, r, json);
}

const struct api_route models_routes[] = {
    {"GET", "/models", list_models, .lane = LANE_DATABASE, .permission = PERMISSION_PRESETS_READ, .scope = SCOPE_READ,
     .answer = &model_schema, .form = FORM_ITEMS, .tag = "models", .summary = "Models that one's role may use"},
    {NULL},
};
