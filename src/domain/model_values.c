#include "domain/model_values.h"
#include "base/memory.h"
#include "base/schema.h"
#include <errno.h>
#include <string.h>

#define PRICE(doc)                                                                                                     \
    "{\"type\":\"integer\",\"minimum\":0,\"maximum\":1000000000000,\"description\":\"Millionths of the accounting "    \
    "currency per million " doc " tokens.\"}"

static const char list_schema[] =
    "{\"type\":\"array\",\"maxItems\":200,\"items\":{\"type\":\"object\",\"required\":[\"name\"],"
    "\"additionalProperties\":false,\"properties\":{"
    "\"name\":{\"type\":\"string\",\"minLength\":1,\"maxLength\":200,\"pattern\":\"^[^\\\\s]+$\"},"
    "\"label\":{\"type\":\"string\",\"maxLength\":200},"
    "\"context_tokens\":{\"type\":\"integer\",\"minimum\":1000,\"maximum\":100000000},"
    "\"vision\":{\"type\":\"boolean\"},"
    "\"input_price\":" PRICE("input") ",\"output_price\":" PRICE("output") ",\"cached_price\":" PRICE(
        "cached input") ","
                        "\"min_role\":{\"enum\":[\"guest\",\"free_user\",\"pro_user\",\"team_member\","
                        "\"team_organizer\",\"admin\",\"super_admin\"]}}}}";

static const char config_schema[] =
    "{\"type\":\"object\",\"additionalProperties\":false,\"properties\":{"
    "\"vision\":{\"type\":\"boolean\",\"description\":\"Whether the model is shown screenshots, when it can see.\"},"
    "\"limits\":{\"type\":\"object\",\"additionalProperties\":false,\"description\":\"Of one thread.\",\"properties\":{"
    "\"steps\":{\"type\":\"integer\",\"minimum\":1,\"maximum\":100000,\"description\":\"Answers of the model.\"},"
    "\"seconds\":{\"type\":\"integer\",\"minimum\":1,\"maximum\":86400},"
    "\"tokens\":{\"type\":\"integer\",\"minimum\":1,\"maximum\":1000000000000},"
    "\"cost_micro\":{\"type\":\"integer\",\"minimum\":1,\"maximum\":1000000000000,"
    "\"description\":\"Millionths of the accounting currency.\"}}},"
    "\"observation_bytes\":{\"type\":\"integer\",\"minimum\":1000,\"maximum\":1000000,"
    "\"description\":\"Most of what is told of a page at once.\"},"
    "\"context_tokens\":{\"type\":\"integer\",\"minimum\":1000,\"maximum\":100000000,"
    "\"description\":\"Most of a conversation that is sent at once; older observations go first.\"},"
    "\"question_minutes\":{\"type\":\"integer\",\"minimum\":1,\"maximum\":10080,"
    "\"description\":\"How long a question waits for an answer.\"},"
    "\"calls_per_turn\":{\"type\":\"integer\",\"minimum\":1,\"maximum\":50,"
    "\"description\":\"Actions that one answer may have.\"}}}";

static const char approvals_schema[] =
    "{\"type\":\"array\",\"maxItems\":100,\"items\":{\"type\":\"object\",\"required\":[\"ask\"],"
    "\"additionalProperties\":false,\"properties\":{\"action\":{\"type\":\"string\",\"minLength\":1,\"maxLength\":40},"
    "\"text\":{\"type\":\"string\",\"minLength\":1,\"maxLength\":200},"
    "\"url\":{\"type\":\"string\",\"minLength\":1,\"maxLength\":2000},\"ask\":{\"type\":\"boolean\"}}}}";

static int check(const char *schema_text, const json_t *value, const char *what, struct error *e) {
    cleanup_json json_t *schema = json_loads(schema_text, 0, NULL);
    return schema_validate(schema, value, what, NULL, e);
}

static int check_names(const json_t *models, const char *what, struct error *e) {
    cleanup_json json_t *seen = json_object();
    size_t i;
    json_t *model;
    json_array_foreach (models, i, model) {
        const char *name = json_text_or(model, "name", "");
        if (json_object_get(seen, name))
            return error_set(e, EINVAL, ERROR_BAD_INPUT, "%s has \"%.80s\" twice", what, name);
        json_object_set_new(seen, name, json_true());
    }
    return 0;
}

int model_check_list(const json_t *models, const char *what, struct error *e) {
    int r = check(list_schema, models, what, e);
    return r < 0 ? r : check_names(models, what, e);
}

int model_check_config(const json_t *config, struct error *e) {
    return check(config_schema, config, "additional_config", e);
}

const char *model_config_schema(void) {
    return config_schema;
}

int model_check_approvals(const json_t *approvals, struct error *e) {
    return check(approvals_schema, approvals, "approvals", e);
}
