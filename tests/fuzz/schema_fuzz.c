/* [schema, value]: a schema that passes its check compares any value, with an end; what is filled and read still does,
 * and every problem has its place, message and type. */
#include "base/memory.h"
#include "base/schema.h"
#include "fuzz.h"
#include <assert.h>

static void compare(const json_t *schema, const json_t *value) {
    cleanup_json json_t *problems = NULL;
    struct error e = {0};
    int r = schema_validate(schema, value, "value", &problems, &e);
    assert(!r == !problems && json_array_size(problems) <= SCHEMA_PROBLEMS_MAX);
    for (size_t i = 0; i < json_array_size(problems); i++) {
        const json_t *problem = json_array_get(problems, i);
        assert(json_array_size(json_object_get(problem, "loc")) && json_text_or(problem, "msg", NULL) &&
               json_text_or(problem, "type", NULL));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    cleanup_json json_t *both = NULL;
    struct error e;
    if (json_parse((const char *)data, size, "input", &both, &e) < 0 || json_array_size(both) != 2)
        return 0;
    const json_t *schema = json_array_get(both, 0);
    json_t *value = json_array_get(both, 1);
    if (schema_check(schema, "schema", &e) < 0)
        return 0;
    compare(schema, value);
    schema_read_texts(schema, value);
    schema_fill(schema, value);
    compare(schema, value);
    return 0;
}
