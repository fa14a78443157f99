#include "base/json.h"
#include "base/io.h"
#include "base/memory.h"
#include <errno.h>

void cleanup_json_value(json_t **json) {
    json_decref(*json);
}

int json_parse(const char *data, size_t length, const char *what, json_t **ret_json, struct error *e) {
    json_error_t problem;
    json_t *json = json_loadb(data, length, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &problem);
    if (!json)
        return error_set(e, EINVAL, ERROR_BAD_INPUT, "%s is not valid JSON: %s (line %d, column %d)", what,
                         problem.text, problem.line, problem.column);
    *ret_json = json;
    return 0;
}

int json_parse_file(const char *path, size_t limit, json_t **ret_json, struct error *e) {
    cleanup_free char *data = NULL;
    size_t length = 0;
    int r = io_read_file(path, limit, &data, &length, e);
    return r < 0 ? r : json_parse(data, length, path, ret_json, e);
}

char *json_print(const json_t *json) {
    char *text = json_dumps(json, JSON_COMPACT | JSON_ENCODE_ANY | JSON_READABLE_REALS);
    return text ? text : memory_copy_text("null");
}

const char *json_text_or(const json_t *object, const char *key, const char *fallback) {
    const char *value = json_string_value(json_object_get(object, key));
    return value ? value : fallback;
}

int64_t json_int_or(const json_t *object, const char *key, int64_t fallback) {
    json_t *value = json_object_get(object, key);
    return json_is_integer(value) ? json_integer_value(value) : fallback;
}

bool json_bool_or(const json_t *object, const char *key, bool fallback) {
    json_t *value = json_object_get(object, key);
    return json_is_boolean(value) ? json_is_true(value) : fallback;
}

double json_real_or(const json_t *object, const char *key, double fallback) {
    json_t *value = json_object_get(object, key);
    return json_is_number(value) ? json_number_value(value) : fallback;
}
