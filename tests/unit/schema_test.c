/* JSON Schema: the cases of schema_cases.json, in the manner of the official suite, and what goes beyond it. */
#include "base/clock.h"
#include "base/memory.h"
#include "base/schema.h"
#include "unit_test.h"
#include <string.h>

static json_t *parse(const char *text) {
    json_t *json = json_loads(text, JSON_DECODE_ANY, NULL);
    if (!json)
        fail_msg("no JSON: %s", text);
    return json;
}

/* [{"description", "schema", "tests": [{"description", "data", "valid"}]}] */
static void test_cases(void **state) {
    cleanup_json json_t *groups = NULL;
    struct error e;
    size_t i, j;
    json_t *group, *one;
    if (json_parse_file(getenv("SCHEMA_CASES"), 1 << 20, &groups, &e) < 0)
        fail_msg("%s", e.text);
    json_array_foreach (groups, i, group) {
        const json_t *schema = json_object_get(group, "schema");
        if (schema_check(schema, "schema", &e) < 0)
            fail_msg("%s: %s", json_text_or(group, "description", ""), e.text);
        json_array_foreach (json_object_get(group, "tests"), j, one) {
            int r = schema_validate(schema, json_object_get(one, "data"), "value", NULL, &e);
            if (!r != json_bool_or(one, "valid", false))
                fail_msg("%s: %s: %s", json_text_or(group, "description", ""), json_text_or(one, "description", ""),
                         r ? e.text : "passes");
        }
    }
}

static void refuses(const char *schema_text, const char *part) {
    cleanup_json json_t *schema = parse(schema_text);
    struct error e = {0};
    assert_true(schema_check(schema, "input_schema", &e) < 0);
    if (!strstr(e.text, part) && !strstr(e.hint, part))
        fail_msg("%s: \"%s\" (%s) lacks \"%s\"", schema_text, e.text, e.hint, part);
}

static void test_bad_schemas(void **state) {
    refuses("[]", "input_schema must be a schema");
    refuses("{\"type\": \"text\"}", "input_schema.type must be string, integer");
    refuses("{\"name\": {\"type\": \"string\"}}", "\"name\", which is no keyword");
    refuses("{\"minlength\": 3}", "Did you mean minLength?");
    refuses("{\"nullable\": true}", "\"null\"");
    refuses("{\"properties\": {\"a\": {\"minLength\": -1}}}", "input_schema.properties.a.minLength must be a whole");
    refuses("{\"multipleOf\": 0}", "greater than 0");
    refuses("{\"pattern\": \"(\"}", "no regular expression");
    refuses("{\"patternProperties\": {\"[\": true}}", "no regular expression");
    refuses("{\"format\": \"dates\"}", "one of date, time");
    refuses("{\"required\": \"a\"}", "a list of texts");
    refuses("{\"items\": [true]}", "input_schema.items must be a schema");
    refuses("{\"anyOf\": []}", "at least one schema");
    refuses("{\"$ref\": \"#/$defs/none\"}", "leads nowhere");
    refuses("{\"$ref\": \"https://example.org/s.json\"}", "leads nowhere");
    refuses("{\"$schema\": \"http://json-schema.org/draft-07/schema#\"}", "2020-12");
    refuses("{\"$ref\": \"#\"}", "without end");
    refuses("{\"$defs\": {\"a\": {\"$ref\": \"#/$defs/b\"}, \"b\": {\"allOf\": [{\"$ref\": \"#/$defs/a\"}]}}}",
            "without end");
    refuses("{\"properties\": {\"n\": {\"type\": \"integer\", \"default\": \"x\"}}}", "its default does not fit");
}

static void test_deep_schemas(void **state) {
    cleanup_text struct text deep = {0}, chain = {0};
    for (int i = 0; i < 100; i++)
        text_append_string(&deep, "{\"not\":");
    text_append_string(&deep, "true");
    for (int i = 0; i < 100; i++)
        text_append_string(&deep, "}");
    refuses(deep.data, "nested more than 64");
    text_append_string(&chain, "{\"$defs\":{\"d0\":true");
    for (int i = 1; i < 3000; i++)
        text_print(&chain, ",\"d%d\":{\"$ref\":\"#/$defs/d%d\"}", i, i - 1);
    text_append_string(&chain, "},\"$ref\":\"#/$defs/d2999\"}");
    refuses(chain.data, "more than 200 deep");
}

static json_t *problems_of(const char *schema_text, const char *value_text) {
    cleanup_json json_t *schema = parse(schema_text), *value = parse(value_text);
    json_t *problems = NULL;
    struct error e = {0};
    assert_int_equal(schema_check(schema, "s", &e), 0);
    if (schema_validate(schema, value, "inputs", &problems, &e) < 0)
        assert_non_null(problems);
    return problems;
}

static void test_all_problems(void **state) {
    cleanup_json json_t *problems = problems_of(
        "{\"type\":\"object\",\"required\":[\"mail\"],\"additionalProperties\":false,\"properties\":{\"age\":{\"type\":"
        "\"integer\",\"minimum\":18},\"list\":{\"items\":{\"enum\":[\"a\",\"b\"]}},\"mail\":{\"format\":\"email\"}}}",
        "{\"age\": 7.5, \"list\": [\"a\", \"c\"], \"other\": 1}");
    cleanup_json json_t *expected =
        parse("[{\"loc\":[\"inputs\",\"mail\"],\"msg\":\"is required\",\"type\":\"missing\"},"
              "{\"loc\":[\"inputs\",\"age\"],\"msg\":\"must be a whole number, not a number\",\"type\":\"int_type\"},"
              "{\"loc\":[\"inputs\",\"age\"],\"msg\":\"must be at least 18\",\"type\":\"greater_than_equal\"},"
              "{\"loc\":[\"inputs\",\"list\",1],\"msg\":\"must be one of \\\"a\\\", \\\"b\\\"\",\"type\":\"enum\"},"
              "{\"loc\":[\"inputs\",\"other\"],\"msg\":\"is not allowed\",\"type\":\"extra_forbidden\"}]");
    cleanup_free char *text = json_print(problems);
    if (!json_equal(problems, expected))
        fail_msg("%s", text);
    cleanup_text struct text words = {0};
    schema_describe(problems, &words);
    assert_non_null(strstr(words.data, "inputs.list[1] must be one of"));
}

static void test_bounds(void **state) {
    cleanup_json json_t *schema =
        parse("{\"$defs\":{\"n\":{\"properties\":{\"a\":{\"$ref\":\"#/$defs/n\"}}}},\"$ref\":\"#/$defs/n\"}");
    cleanup_json json_t *value = json_object();
    struct error e = {0};
    for (int i = 0; i < 1000; i++)
        value = json_pack("{s:o}", "a", value);
    assert_true(schema_validate(schema, value, "v", NULL, &e) < 0);
    assert_non_null(strstr(e.text, "nested too deeply"));
    /* Each of 40 definitions asks the next one twice. */
    cleanup_text struct text doubled = {0};
    text_append_string(&doubled, "{\"$defs\":{\"d0\":{\"type\":\"integer\"}");
    for (int i = 1; i < 40; i++)
        text_print(&doubled, ",\"d%d\":{\"anyOf\":[{\"$ref\":\"#/$defs/d%d\"},{\"$ref\":\"#/$defs/d%d\"}]}", i, i - 1,
                   i - 1);
    text_append_string(&doubled, "},\"$ref\":\"#/$defs/d39\"}");
    cleanup_json json_t *problems = problems_of(doubled.data, "\"x\"");
    assert_string_equal(json_text_or(json_array_get(problems, json_array_size(problems) - 1), "type", ""),
                        "schema_limit");
}

static void test_patterns_end(void **state) {
    cleanup_text struct text value = {0};
    int64_t began = clock_monotonic_ms();
    text_append_char(&value, '"');
    for (int i = 0; i < 5000; i++)
        text_append_char(&value, 'a');
    text_append_string(&value, "!\"");
    cleanup_json json_t *problems = problems_of("{\"pattern\": \"^(a+)+$\"}", value.data);
    assert_string_equal(json_text_or(json_array_get(problems, 0), "type", ""), "pattern_limit");
    cleanup_json json_t *more = problems_of("{\"pattern\": \"(a*)*b\"}", value.data);
    assert_int_equal(json_array_size(more), 1);
    assert_true(clock_monotonic_ms() - began < 60000);
}

static void test_defaults(void **state) {
    cleanup_json json_t *schema = parse(
        "{\"properties\":{\"n\":{\"default\":3},\"o\":{\"default\":{},\"properties\":{\"x\":{\"$ref\":\"#/$defs/x\"}}},"
        "\"l\":{\"items\":{\"properties\":{\"y\":{\"default\":null}}}}},\"$defs\":{\"x\":{\"default\":\"d\"}}}");
    cleanup_json json_t *value = parse("{\"l\":[{},{\"y\":1}]}");
    cleanup_json json_t *expected = parse("{\"l\":[{\"y\":null},{\"y\":1}],\"n\":3,\"o\":{\"x\":\"d\"}}");
    schema_fill(schema, value);
    assert_true(json_equal(value, expected));
    cleanup_json json_t *endless =
        parse("{\"properties\":{\"a\":{\"$ref\":\"#\",\"default\":{}},\"b\":{\"$ref\":\"#\",\"default\":{}}}}");
    cleanup_json json_t *empty = json_object();
    schema_fill(endless, empty); /* ends */
}

static void test_texts_of_tables(void **state) {
    cleanup_json json_t *schema =
        parse("{\"properties\":{\"n\":{\"type\":\"integer\"},\"b\":{\"type\":[\"boolean\",\"null\"]},\"t\":{\"type\":"
              "\"string\"},"
              "\"l\":{\"type\":\"array\"},\"e\":{\"type\":\"number\"},\"w\":{\"type\":\"integer\"},\"any\":{}}}");
    cleanup_json json_t *value =
        parse("{\"n\":\"42\",\"b\":\"true\",\"t\":\"7\",\"l\":\"[1]\",\"e\":\"\",\"w\":\"4x\",\"any\":\"5\"}");
    cleanup_json json_t *expected = parse("{\"n\":42,\"b\":true,\"t\":\"7\",\"l\":[1],\"w\":\"4x\",\"any\":\"5\"}");
    schema_read_texts(schema, value);
    assert_true(json_equal(value, expected));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cases),        cmocka_unit_test(test_bad_schemas),
        cmocka_unit_test(test_deep_schemas), cmocka_unit_test(test_all_problems),
        cmocka_unit_test(test_bounds),       cmocka_unit_test(test_patterns_end),
        cmocka_unit_test(test_defaults),     cmocka_unit_test(test_texts_of_tables),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
