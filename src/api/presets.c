/* Presets: a model and how it thinks. The example of a resource: schemas, small handlers that call the domain, rows. */
#include "domain/presets.h"
#include "api/revisions.h"
#include "api/route_table.h"

/* Schemas. */

#define WRITABLE                                                                                                         \
    {"name",                                                                                                             \
     SCHEMA_TEXT,                                                                                                        \
     SCHEMA_REQUIRED,                                                                                                    \
     .least = 1,                                                                                                         \
     .most = 200,                                                                                                        \
     .doc = "What people call it.",                                                                                      \
     .example = "\"Careful buyer\""},                                                                                    \
        {"description", SCHEMA_TEXT, .most = 10000, .initial = "\"\"", .doc = "For people."},                            \
        {"ai_model",                                                                                                     \
         SCHEMA_TEXT,                                                                                                    \
         .least = 1,                                                                                                     \
         .most = 250,                                                                                                    \
         .initial = "\"script\"",                                                                                        \
         .doc = "\"script\" runs the agent's steps without a model; \"provider/model\" asks that provider.",             \
         .example = "\"anthropic/claude\""},                                                                             \
        {"temperature", SCHEMA_REAL, .least = 0, .most = 2, .initial = "0.7", .doc = "How freely the model answers."},   \
        {"max_tokens", SCHEMA_INT, .least = 1, .most = 10000000, .initial = "4096", .doc = "Most tokens of an answer."}, \
        {"system_prompt", SCHEMA_TEXT, .most = 200000, .initial = "\"\"", .doc = "What the model is told first."}, {     \
        "additional_config", SCHEMA_OBJECT, .initial = "{}",                                                             \
                                            .doc = "How the model works: limits, vision and the like (docs/model.md)."   \
    }

static const struct schema_field input_fields[] = {WRITABLE, {NULL}};
static const struct schema create_schema = {"PresetCreate", input_fields, .doc = "A preset to make."};
static const struct schema change_schema = {"PresetUpdate", input_fields, .partial = true,
                                            .doc = "What of a preset to change."};

static const struct schema_field preset_fields[] = {
    SCHEMA_OBJECT_FIELDS,
    SCHEMA_OWNER_FIELDS,
    WRITABLE,
    {"agents_count", SCHEMA_INT, .least = 0, .most = 9e15, .doc = "Agents that use it."},
    {NULL},
};
static const struct schema preset_schema = {"Preset", preset_fields, .doc = "A model and how it thinks."};

static const struct schema_field list_fields[] = {
    API_LIST_FIELDS(SCHEMA_CHOICES("created_at", "-created_at", "name", "-name", "updated_at", "-updated_at",
                                   "ai_model", "-ai_model")),
    {"ai_model", SCHEMA_TEXT, .most = 250, .doc = "Only those of this model."},
    {NULL},
};
static const struct schema list_schema = {"PresetQuery", list_fields, .doc = "Which presets."};

/* Handlers. */

static int list_presets(struct api_call *call, struct error *e) {
    struct list_query query = call_list(call);
    char *json = NULL;
    int r = presets_list(call->db, &call->who.caller, &query, json_text_or(call->query, "ai_model", NULL), &json, e);
    return call_done(call, r, json);
}

static int create_preset(struct api_call *call, struct error *e) {
    char *json = NULL;
    int r = presets_create(call->db, &call->who.caller, call->body, &json, e);
    return call_done(call, r, json);
}

static int get_preset(struct api_call *call, struct error *e) {
    char *json = NULL;
    int r = presets_get(call->db, &call->who.caller, call_parameter(call, "id"), &json, e);
    return call_done(call, r, json);
}

static int change_preset(struct api_call *call, struct error *e) {
    char *json = NULL;
    int r =
        presets_patch(call->db, &call->who.caller, call_parameter(call, "id"), call->if_match, call->body, &json, e);
    return call_done(call, r, json);
}

static int delete_preset(struct api_call *call, struct error *e) {
    char *json = NULL;
    int r = presets_delete(call->db, &call->who.caller, call_parameter(call, "id"), call->if_match, &json, e);
    return call_was(call, r, json);
}

/* Rows. */

#define PRESETS .lane = LANE_DATABASE, .tag = "presets"
#define READS   PRESETS, .permission = PERMISSION_PRESETS_READ, .scope = SCOPE_READ
#define WRITES  PRESETS, .permission = PERMISSION_PRESETS_WRITE, .scope = SCOPE_WRITE, .rate = RATE_WRITE

const struct api_route presets_routes[] = {
    {"GET", "/presets", list_presets, READS, .query = &list_schema, .answer = &preset_schema, .form = FORM_PAGE,
     .summary = "List presets"},
    {"POST", "/presets", create_preset, WRITES, .flags = API_CREATES, .body = &create_schema, .answer = &preset_schema,
     .status = 201, .audit = "preset.create", .summary = "Make a preset"},
    {"GET", "/presets/{id}", get_preset, READS, .answer = &preset_schema, .summary = "One preset"},
    {"PATCH", "/presets/{id}", change_preset, WRITES, .flags = API_IF_MATCH, .body = &change_schema,
     .answer = &preset_schema, .audit = "preset.change", .summary = "Change a preset"},
    {"DELETE", "/presets/{id}", delete_preset, WRITES, .flags = API_IF_MATCH, .form = FORM_NOTHING,
     .audit = "preset.delete", .summary = "Delete a preset that no agent uses"},
    {"GET", "/presets/{id}/revisions", api_list_revisions, READS, .query = &api_revisions_query,
     .answer = &api_revision, .form = FORM_ITEMS, .summary = "What a preset was at each of its edits"},
    {"GET", "/presets/{id}/revisions/{revision}", api_get_revision, READS, .answer = &api_revision_whole,
     .summary = "What a preset was at one of its edits, and what that edit changed"},
    {"POST", "/presets/{id}/revisions/{revision}/restore", api_restore_revision, WRITES, .flags = API_IF_MATCH,
     .answer = &preset_schema, .audit = "preset.restore", .summary = "Make a preset what it was"},
    {NULL},
};
