#include "domain/agent_values.h"
#include "base/memory.h"
#include "base/schema.h"
#include "domain/model_values.h"
#include <errno.h>

static const json_t *schema_of(const json_t *agent, const char *name) {
    const json_t *schema = json_object_get(agent, name);
    return json_is_null(schema) ? NULL : schema;
}

int agent_check_schemas(const json_t *body, struct error *e) {
    static const char *const names[] = {"input_schema", "result_schema"};
    int r = 0;
    for (size_t i = 0; !r && i < ARRAY_LENGTH(names); i++)
        if (schema_of(body, names[i]))
            r = schema_check(schema_of(body, names[i]), names[i], e);
    if (!r && schema_of(body, "approvals"))
        r = model_check_approvals(schema_of(body, "approvals"), e);
    return r;
}

int agent_check_inputs(const json_t *agent, const json_t *inputs, json_t **ret_inputs, json_t **ret_problems,
                       struct error *e) {
    const json_t *schema = schema_of(agent, "input_schema");
    cleanup_json json_t *filled = json_is_object(inputs) ? json_deep_copy(inputs) : json_object();
    int r = 0;
    if (schema) {
        schema_fill(schema, filled);
        r = schema_validate(schema, filled, "inputs", ret_problems, e);
    }
    if (!r)
        *ret_inputs = take_pointer(filled);
    return r;
}
