/* What clients send against schemas: every wrong field is named, in FastAPI's words. */
#include "unit_test.h"

#include "api/schema_check.h"
#include "base/memory.h"
#include "base/text.h"
#include "whole_schema.h"
#include <string.h>

static const struct schema change = {"Change", fields, .partial = true};

/* "type at loc" of each complaint, one line. */
static char *problems(const struct complaints *complaints) {
    struct text out = {0};
    size_t index, at;
    json_t *item, *step;
    text_append_string(&out, "");
    json_array_foreach (complaints->detail, index, item) {
        text_print(&out, "%s%s@", index ? " " : "", json_text_or(item, "type", "?"));
        json_array_foreach (json_object_get(item, "loc"), at, step) {
            cleanup_free char *text = json_dumps(step, JSON_ENCODE_ANY);
            text_print(&out, "%s%s", at ? "." : "", json_is_string(step) ? json_string_value(step) : text);
        }
    }
    return out.data ? out.data : memory_copy_text("");
}

static void expect(const struct schema *schema, const char *body, size_t length, const char *expected) {
    cleanup_complaints struct complaints complaints = {0};
    cleanup_json json_t *object = schema_check_body(schema, body, length, &complaints);
    cleanup_free char *found = problems(&complaints);
    if (strcmp(found, expected))
        fail_msg("%.200s: %s, not %s", body, found, expected);
    assert_int_equal(!object, *expected != '\0');
}

static const struct {
    const char *body, *problems;
} bodies[] = {
    {"{\"name\":\"x\"}", ""},
    {"{\"name\":\"\u044f\u044f\u044f\u044f\u044f\"}", ""}, /* characters, not bytes */
    {"{\"name\":\"xxxxxx\"}", "string_too_long@body.name"},
    {"{\"name\":\"\"}", "string_too_short@body.name"},
    {"{}", "missing@body.name"},
    {"", "missing@body"},
    {"[]", "model_attributes_type@body"},
    {"null", "model_attributes_type@body"},
    {"{", "json_invalid@body"},
    {"{\"name\":\"a\\u0000b\"}", "json_invalid@body"},
    {"{\"name\":\"\xff\"}", "json_invalid@body"},
    {"{\"name\":\"\\ud800\"}", "json_invalid@body"},
    {"{\"name\":\"x\",\"name\":\"y\"}", "json_invalid@body"},
    {"{\"name\":\"x\",\"count\":123456789012345678901234567890}", "json_invalid@body"},
    {"{\"name\":\"x\",\"share\":1e999}", "json_invalid@body"},
    {"{\"name\":5,\"count\":\"3\",\"share\":\"1\",\"on\":1,\"tags\":{},\"part\":[],\"free\":1}",
     "string_type@body.name int_type@body.count float_type@body.share bool_type@body.on list_type@body.tags "
     "dict_type@body.part dict_type@body.free"},
    {"{\"name\":\"x\",\"count\":0,\"share\":1.5,\"kind\":\"d\"}",
     "greater_than_equal@body.count less_than_equal@body.share literal_error@body.kind"},
    {"{\"name\":\"x\",\"count\":1.0}", "int_type@body.count"},
    {"{\"name\":\"x\",\"tags\":[]}", "too_short@body.tags"},
    {"{\"name\":\"x\",\"tags\":[\"a\",2,\"c\"]}", "too_long@body.tags string_type@body.tags.1"},
    {"{\"name\":\"x\",\"part\":{\"width\":0,\"height\":1}}",
     "greater_than_equal@body.part.width extra_forbidden@body.part.height"},
    {"{\"name\":\"x\",\"part\":{}}", "missing@body.part.width"},
    {"{\"name\":\"x\",\"id\":null,\"email\":null}", "string_type@body.email"},
    {"{\"name\":\"x\",\"id\":\"1\",\"when\":\"yesterday\",\"email\":\"me\"}",
     "uuid_parsing@body.id datetime_parsing@body.when value_error@body.email"},
    {"{\"name\":\"x\",\"when\":\"2026-02-30T25:00:00Z\"}", "datetime_parsing@body.when"},
    {"{\"name\":\"x\",\"when\":\"2026-01-31T12:00:00+02:00\",\"email\":\"\u044e@\u043f\u0440\u0438\u043c\u0435\u0440."
     "\u0440\u0444\"}",
     ""},
    {"{\"nmae\":\"x\"}", "extra_forbidden@body.nmae missing@body.name"},
};

static void test_bodies(void **state) {
    for (size_t i = 0; i < ARRAY_LENGTH(bodies); i++)
        expect(&whole, bodies[i].body, strlen(bodies[i].body), bodies[i].problems);
    expect(&whole, "{\"name\":\"x\"}\0", 13, "json_invalid@body");
}

static void test_change_needs_nothing(void **state) {
    cleanup_complaints struct complaints complaints = {0};
    cleanup_json json_t *object = schema_check_body(&change, "{}", 2, &complaints);
    assert_non_null(object);
    assert_int_equal(json_object_size(object), 0);
}

static void test_defaults_are_filled_in(void **state) {
    cleanup_complaints struct complaints complaints = {0};
    cleanup_json json_t *object = schema_check_body(&whole, "{\"name\":\"x\"}", 12, &complaints);
    assert_int_equal(json_int_or(object, "count", 0), 3);
}

static void test_near_name_is_proposed(void **state) {
    cleanup_complaints struct complaints complaints = {0};
    schema_check_body(&change, "{\"cuont\":1}", 11, &complaints);
    assert_non_null(strstr(json_text_or(json_array_get(complaints.detail, 0), "msg", ""), "did you mean 'count'?"));
}

static void test_depth_is_limited(void **state) {
    cleanup_text struct text body = {0};
    text_append_string(&body, "{\"name\":\"x\",\"free\":");
    for (int i = 0; i < 100000; i++)
        text_append_string(&body, "{\"a\":");
    expect(&whole, body.data, body.length, "json_invalid@body");
}

static void test_complaints_are_limited(void **state) {
    cleanup_text struct text body = {0};
    cleanup_complaints struct complaints complaints = {0};
    text_append_string(&body, "{\"name\":\"x\"");
    for (int i = 0; i < 1000; i++)
        text_print(&body, ",\"unknown%d\":1", i);
    text_append_char(&body, '}');
    assert_null(schema_check_body(&whole, body.data, body.length, &complaints));
    assert_int_equal(json_array_size(complaints.detail), COMPLAINTS_MAX);
}

static const struct {
    const char *query, *object /* as JSON, sorted; NULL: refused */, *problems;
} queries[] = {
    {"name=x", "{\"count\":3,\"name\":\"x\"}", ""},
    {"name=a%20b&count=4&share=0.5&on=true", "{\"count\":4,\"name\":\"a b\",\"on\":true,\"share\":0.5}", ""},
    {"name=a+b&tags=p,q", "{\"count\":3,\"name\":\"a b\",\"tags\":[\"p\",\"q\"]}", ""},
    {"name=x&tags=p&tags=q", "{\"count\":3,\"name\":\"x\",\"tags\":[\"p\",\"q\"]}", ""},
    {"", NULL, "missing@query.name"},
    {"name=x&name=y", NULL, "value_error@query.name"},
    {"name=x&count=four", NULL, "int_parsing@query.count"},
    {"name=x&count=99", NULL, "less_than_equal@query.count"},
    {"name=x&cuont=1", NULL, "extra_forbidden@query.cuont"},
    {"name=%00", NULL, "value_error@query missing@query.name"},
    {"name=%ff", NULL, "value_error@query missing@query.name"},
    {"name", NULL, "string_too_short@query.name"},
};

static void test_queries(void **state) {
    for (size_t i = 0; i < ARRAY_LENGTH(queries); i++) {
        cleanup_complaints struct complaints complaints = {0};
        cleanup_json json_t *object = schema_check_query(&whole, queries[i].query, &complaints);
        cleanup_free char *found = problems(&complaints);
        assert_string_equal(found, queries[i].problems);
        cleanup_free char *text = object ? json_dumps(object, JSON_COMPACT | JSON_SORT_KEYS) : NULL;
        assert_int_equal(!text, !queries[i].object);
        if (text)
            assert_string_equal(text, queries[i].object);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bodies),
        cmocka_unit_test(test_change_needs_nothing),
        cmocka_unit_test(test_defaults_are_filled_in),
        cmocka_unit_test(test_near_name_is_proposed),
        cmocka_unit_test(test_depth_is_limited),
        cmocka_unit_test(test_complaints_are_limited),
        cmocka_unit_test(test_queries),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
