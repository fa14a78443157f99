#include "agent/definition.h"
#include "agent/browser_config.h"
#include "agent/run.h"
#include "base/memory.h"
#include "base/schema.h"

static int check_script(const json_t *value, struct error *e) {
    int r = agent_check_script(value, e);
    if (r < 0)
        error_prefix(e, "script");
    return r;
}

static int check_input_schema(const json_t *value, struct error *e) {
    return schema_check(value, "input_schema", e);
}

static int check_result_schema(const json_t *value, struct error *e) {
    return schema_check(value, "result_schema", e);
}

int agent_check_definition(const json_t *body, struct error *e) {
    static const struct {
        const char *name;
        int (*check)(const json_t *value, struct error *e);
    } members[] = {
        {"script", check_script},
        {"input_schema", check_input_schema},
        {"result_schema", check_result_schema},
        {"browser_config", browser_config_check},
    };
    int r = 0;
    for (size_t i = 0; !r && i < ARRAY_LENGTH(members); i++) {
        const json_t *value = json_object_get(body, members[i].name);
        if (value && !json_is_null(value))
            r = members[i].check(value, e);
    }
    return r;
}
