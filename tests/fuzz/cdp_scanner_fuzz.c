/* Whatever the strict scanner accepts, jansson accepts too, and both find the same members; the trusted scanner finds
 * what the strict one found and reads nothing outside its input. */
#include "cdp/scanner.h"
#include "fuzz.h"
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#define DEMAND(condition)                                                                                              \
    do {                                                                                                               \
        if (!(condition))                                                                                              \
            abort();                                                                                                   \
    } while (0)

/* What JSON allows and jansson's values cannot hold: lone surrogates, numbers out of range, NUL in a key, duplicates
 * of our keys are refused by the scanner alone. */
static bool is_beyond_jansson(const json_error_t *error) {
    enum json_error_code code = json_error_code(error);
    return code == json_error_numeric_overflow || code == json_error_null_byte_in_key ||
           code == json_error_null_character || strstr(error->text, "invalid Unicode");
}

static void same_value(const json_t *tree, const char *key, struct cdp_span span) {
    json_t *member = json_object_get(tree, key);
    DEMAND(!member == !span.data);
    if (!member)
        return;
    json_t *parsed = json_loadb(span.data, span.length, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
    DEMAND(parsed && json_equal(member, parsed));
    json_decref(parsed);
}

static void same_text(const json_t *tree, const char *key, const char *text) {
    const char *value = json_string_value(json_object_get(tree, key));
    DEMAND(!strcmp(value ? value : "", text));
}

static void compare(const uint8_t *data, size_t size, const struct cdp_envelope *envelope) {
    json_error_t error;
    json_t *tree = json_loadb((const char *)data, size, JSON_ALLOW_NUL, &error);
    if (!tree) {
        DEMAND(is_beyond_jansson(&error));
        return;
    }
    DEMAND(envelope->has_id == (json_object_get(tree, "id") != NULL));
    DEMAND(!envelope->has_id || json_integer_value(json_object_get(tree, "id")) == envelope->id);
    same_text(tree, "method", envelope->method);
    same_text(tree, "sessionId", envelope->session_id);
    same_value(tree, "params", envelope->params);
    same_value(tree, "result", envelope->result);
    same_value(tree, "error", envelope->error);
    json_decref(tree);
}

static void same_span(struct cdp_span a, struct cdp_span b) {
    DEMAND(a.data == b.data && a.length == b.length);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct cdp_envelope strict, trusted;
    char value[32];
    int trusted_result = cdp_scan_trusted((const char *)data, size, &trusted, NULL);
    if (trusted_result == 0)
        cdp_span_get_string(trusted.params, "sessionId", value, sizeof(value));
    if (cdp_scan((const char *)data, size, &strict, NULL) < 0)
        return 0;
    DEMAND(trusted_result == 0 && trusted.id == strict.id && !strcmp(trusted.method, strict.method));
    same_span(strict.params, trusted.params);
    same_span(strict.result, trusted.result);
    same_span(strict.error, trusted.error);
    compare(data, size, &strict);
    return 0;
}
