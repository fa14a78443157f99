/* The languages that users write, as JSON Schemas: scripts, browser_config, additional_config of presets. */
#include "agent/browser_config.h"
#include "agent/script.h"
#include "api/route_table.h"
#include "domain/model_values.h"

static const struct schema_field open_fields[] = {{NULL}};
static const struct schema json_schema = {"JsonSchema", open_fields, .doc = "A JSON Schema (2020-12).", .open = true};

static int get_script(struct api_call *call, struct error *e) {
    cleanup_json json_t *schema = script_schema();
    call_answer_json(call, schema);
    return 0;
}

static int get_browser_config(struct api_call *call, struct error *e) {
    cleanup_json json_t *schema = browser_config_schema();
    call_answer_json(call, schema);
    return 0;
}

static int get_additional_config(struct api_call *call, struct error *e) {
    cleanup_json json_t *schema = json_loads(model_config_schema(), 0, NULL);
    call_answer_json(call, schema);
    return 0;
}

#define SCHEMAS                                                                                                        \
    .lane = LANE_DATABASE, .permission = PERMISSION_PROFILE_READ, .scope = SCOPE_READ, .answer = &json_schema,         \
    .tag = "schemas"

const struct api_route script_schemas_routes[] = {
    {"GET", "/schemas/script", get_script, SCHEMAS, .summary = "What a script may hold"},
    {"GET", "/schemas/browser_config", get_browser_config, SCHEMAS, .summary = "What a browser_config may hold"},
    {"GET", "/schemas/additional_config", get_additional_config, SCHEMAS,
     .summary = "What a preset's additional_config may hold"},
    {NULL},
};
