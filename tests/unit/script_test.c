/* Scripts: what their check refuses and how it says so, shorthands, templates, the reference page. */
#include "unit_test.h"

#include "agent/action.h"
#include "agent/run.h"
#include "agent/script.h"
#include "agent/shapes.h"
#include "agent/template.h"
#include "base/memory.h"
#include <errno.h>
#include <string.h>

static json_t *parse(const char *text) {
    json_t *json = NULL;
    struct error e = {0};
    if (json_parse(text, strlen(text), "test", &json, &e) < 0)
        fail_msg("%s: %s", text, e.text);
    return json;
}

static void every_wrong_thing_is_named_by_its_path(void **state) {
    static const struct {
        const char *script, *message;
    } cases[] = {
        {"5", "a script is {\"steps\": [...]} or a list of steps"},
        {"{\"steps\":{}}", "a script is {\"steps\": [...]} or a list of steps"},
        {"{\"steps\":[],\"stepz\":1}", "stepz is not known; a script has steps, name, scripts, mend and description"},
        {"{\"steps\":[],\"mend\":\"yes\"}", "mend must be true or false"},
        {"{\"steps\":[],\"scripts\":[]}", "scripts must be an object"},
        {"{\"steps\":[],\"scripts\":{\"a\":{\"steps\":[],\"scripts\":{}}}}", "scripts.a.scripts is not known"},
        {"{\"steps\":[],\"scripts\":{\"a\":{\"steps\":[{\"clik\":1}]}}}", "scripts.a.steps[0].clik is not known"},
        {"{\"steps\":[{\"repeat\":{\"times\":1,\"steps\":[{\"call\":\"b\"}]}}],\"scripts\":{\"a\":[]}}",
         "steps[0].repeat.steps[0].call: there is no script named \"b\""},
        {"[5]", "steps[0] must be an object such as {\"click\": \"Sign in\"}"},
        {"[{}]", "steps[0] has no action; each step has exactly one"},
        {"[{\"name\":\"x\"}]", "steps[0] has no action; each step has exactly one"},
        {"[{\"click\":\"a\",\"press\":\"b\"}]", "steps[0] has more than one action; each step has exactly one"},
        {"[{\"clik\":\"a\"}]", "steps[0].clik is not known; did you mean click?"},
        {"[{\"click\":\"a\",\"timeout\":5}]", "steps[0].timeout is not known"},
        {"[{\"click\":\"a\",\"timeout_ms\":0}]", "steps[0].timeout_ms must be from 1 to 86400000"},
        {"[{\"click\":\"a\",\"optional\":1}]", "steps[0].optional must be true or false"},
        {"[{\"goto\":\"x\"},{\"click\":{\"rolle\":\"button\"}}]",
         "steps[1].click.rolle is not known; did you mean role?"},
        {"[{\"click\":{\"name\":\"x\"}}]", "steps[0].click names no element"},
        {"[{\"click\":{\"css\":\"a\",\"name\":\"x\"}}]", "steps[0].click.name goes with a role"},
        {"[{\"click\":{\"css\":5}}]", "steps[0].click.css must be a text"},
        {"[{\"click\":{\"css\":\"a\",\"nth\":1.5}}]", "steps[0].click.nth must be a whole number"},
        {"[{\"click\":{\"css\":\"a\",\"button\":\"up\"}}]",
         "steps[0].click.button is \"up\"; it must be one of left|middle|right"},
        {"[{\"click\":{\"css\":\"a\",\"button\":\"\"}}]", "steps[0].click.button is \"\"; it must be one of"},
        {"[{\"extract\":{\"as\":\"x\",\"fields\":{\"a\":5}}}]",
         "steps[0].extract.fields.a must be an object or a text"},
        {"[{\"click\":{\"css\":\"a\",\"button\":\"lef\"}}]", "steps[0].click.button is \"lef\""},
        {"[{\"click\":{\"css\":\"a\",\"modifiers\":[\"Ctrl\"]}}]", "steps[0].click.modifiers[0] is \"Ctrl\""},
        {"[{\"click\":{\"css\":\"a\",\"within\":{\"txt\":\"b\"}}}]",
         "steps[0].click.within.txt is not known; did you mean text?"},
        {"[{\"click\":true}]", "steps[0].click must be an object or a text"},
        {"[{\"fill\":{\"label\":\"a\"}}]", "steps[0].fill needs value"},
        {"[{\"fill\":\"a\"}]", "steps[0].fill must be an object"},
        {"[{\"fill\":{\"label\":\"a\",\"value\":\"x\",\"credential\":\"c\",\"part\":\"totp\"}}]",
         "steps[0].fill has both value and credential"},
        {"[{\"fill\":{\"label\":\"a\",\"credential\":\"c\"}}]", "steps[0].fill needs part: username, password or totp"},
        {"[{\"fill\":{\"label\":\"a\",\"value\":\"x\",\"part\":\"totp\"}}]",
         "steps[0].fill.part goes with a credential"},
        {"[{\"fill\":{\"label\":\"a\",\"credential\":\"c\",\"part\":\"secret\"}}]",
         "steps[0].fill.part is \"secret\"; it must be one of username|password|totp"},
        {"[{\"fill\":{\"credential\":\"c\",\"part\":\"totp\"}}]", "steps[0].fill names no element"},
        {"[{\"goto\":7}]", "steps[0].goto must be a text"},
        {"[{\"extract\":{\"css\":\"a\"}}]", "steps[0].extract needs as"},
        {"[{\"extract\":{\"as\":\"x\",\"list\":{\"css\":\"a\",\"fields\":{}}}}]",
         "steps[0].extract.list.fields must be an object with at least one member"},
        {"[{\"extract\":{\"as\":\"x\",\"list\":{\"css\":\"a\",\"fields\":{\"n\":{\"typ\":\"number\"}}}}}]",
         "steps[0].extract.list.fields.n.typ is not known; did you mean type?"},
        {"[{\"extract\":{\"as\":\"x\",\"list\":\"a\",\"table\":\"b\"}}]", "steps[0].extract.list must be an object"},
        {"[{\"extract\":{\"as\":\"x\",\"list\":{\"css\":\"a\"},\"table\":{\"css\":\"b\"}}}]",
         "steps[0].extract has more than one of list, table and fields"},
        {"[{\"assert\":{}}]", "steps[0].assert names nothing to look at"},
        {"[{\"assert\":{\"url\":\"x\",\"count\":1}}]", "steps[0].assert.count needs a target"},
        {"[{\"assert\":{\"css\":\"a\",\"state\":\"gone\"}}]", "steps[0].assert.state is \"gone\""},
        {"[{\"repeat\":{\"steps\":[]}}]", "steps[0].repeat needs times, while or until"},
        {"[{\"repeat\":{\"times\":1}}]", "steps[0].repeat needs steps"},
        {"[{\"repeat\":{\"times\":1,\"steps\":[{\"click\":{\"csss\":\"a\"}}]}}]",
         "steps[0].repeat.steps[0].click.csss is not known; did you mean css?"},
        {"[{\"download\":{\"click\":{\"rol\":\"link\"},\"as\":\"x\"}}]",
         "steps[0].download.click.rol is not known; did you mean role?"},
        {"[{\"goto\":\"{{inputs.x\"}]", "steps[0].goto has a {{ without a name and }}"},
        {"[{\"fill\":{\"css\":\"a\",\"value\":\"{{input.x}}\"}}]", "steps[0].fill.value: {{input.x}} is not known"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        cleanup_json json_t *script = parse(cases[i].script);
        struct error e = {0};
        if (agent_check_script(script, &e) >= 0)
            fail_msg("%s passed", cases[i].script);
        if (strncmp(e.text, cases[i].message, strlen(cases[i].message)))
            fail_msg("%s\n  says:   %s\n  not:    %s", cases[i].script, e.text, cases[i].message);
        assert_int_equal(e.code, ERROR_BAD_INPUT);
    }
}

static void good_scripts_pass(void **state) {
    static const char *const scripts[] = {
        "[]",
        "{\"name\":\"n\",\"description\":\"d\",\"steps\":[{\"goto\":\"http://a\"}]}",
        "[{\"click\":{\"css\":\"a\",\"nth\":\"{{inputs.n}}\",\"button\":\"{{inputs.button}}\"}}]",
        "[{\"extract\":{\"as\":\"x\",\"list\":{\"css\":\".i\",\"fields\":{\"a\":\"h2\",\"b\":\"a@href\",\"c\":\"@id\"}}"
        "}}]",
        "[{\"repeat\":{\"until\":\"Done\",\"max\":5,\"steps\":[{\"wait_for\":{\"ms\":5}}],\"between\":[{\"press\":"
        "\"Enter\"}]}}]",
        "[{\"wait_for\":{\"page\":\"quiet\"}},{\"assert\":{\"title\":\"x\"}},{\"screenshot\":\"s\"}]",
    };
    for (size_t i = 0; i < ARRAY_LENGTH(scripts); i++) {
        cleanup_json json_t *script = parse(scripts[i]);
        struct error e = {0};
        if (agent_check_script(script, &e) < 0)
            fail_msg("%s: %s", scripts[i], e.text);
    }
}

static void assert_expands(const struct shape *shape, const char *value, const char *expected) {
    cleanup_json json_t *given = parse(value), *wanted = parse(expected), *got = shape_expand(shape, given);
    cleanup_free char *text = json_print(got);
    if (!json_equal(got, wanted))
        fail_msg("%s became %s, not %s", value, text, expected);
}

static void shorthands_are_written_out(void **state) {
    assert_expands(&shape_click, "\"Save\"", "{\"text\":\"Save\"}");
    assert_expands(&shape_press, "\"Enter\"", "{\"key\":\"Enter\"}");
    assert_expands(&shape_click, "{\"text\":\"a\",\"within\":\"b\"}", "{\"text\":\"a\",\"within\":{\"text\":\"b\"}}");
    assert_expands(&shape_reading, "\"h2\"", "{\"css\":\"h2\"}");
    assert_expands(&shape_reading, "\"a.more@href\"", "{\"css\":\"a.more\",\"attribute\":\"href\"}");
    assert_expands(&shape_reading, "\"@id\"", "{\"attribute\":\"id\"}");
    assert_expands(&shape_extract, "{\"as\":\"x\",\"list\":{\"css\":\"i\",\"fields\":{\"a\":\"b@c\"}}}",
                   "{\"as\":\"x\",\"list\":{\"css\":\"i\",\"fields\":{\"a\":{\"css\":\"b\",\"attribute\":\"c\"}}}}");
    assert_expands(&shape_download, "{\"as\":\"x\",\"click\":\"Invoice\"}",
                   "{\"as\":\"x\",\"click\":{\"text\":\"Invoice\"}}");
}

static void templates_become_values(void **state) {
    static const struct {
        const char *value, *expected; /* NULL: an error */
    } cases[] = {
        {"\"plain { } text\"", "\"plain { } text\""},
        {"\"{{inputs.n}}\"", "7"},
        {"\"{{ inputs.n }}\"", "7"},
        {"\"n is {{inputs.n}}, {{inputs.who}}\"", "\"n is 7, Ann\""},
        {"\"{{results.list.1.a}}{{loop.index}}\"", "\"x3\""},
        {"\"{{results.list}}\"", "[1,{\"a\":\"x\"}]"},
        {"{\"a\":[\"{{inputs.who}}\"],\"steps\":[\"{{inputs.who}}\"]}",
         "{\"a\":[\"Ann\"],\"steps\":[\"{{inputs.who}}\"]}"},
        {"\"{{inputs.code}}\"", "\"{{inputs.n}}\""}, /* what comes in is not expanded again */
        {"\"{{'{{'}}\"", "\"{{\""},
        {"\"a {{'{{'}}inputs.n}} {{inputs.n}}{{''}}\"", "\"a {{inputs.n}} 7\""},
        {"\"{{inputs.absent}}\"", NULL},
        {"\"{{results.list.9}}\"", NULL},
        {"\"{{inputs.n.deeper}}\"", NULL},
    };
    cleanup_json json_t *values = parse("{\"inputs\":{\"n\":7,\"who\":\"Ann\",\"code\":\"{{inputs.n}}\"},"
                                        "\"results\":{\"list\":[1,{\"a\":\"x\"}]},\"loop\":{\"index\":3}}");
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        cleanup_json json_t *value = parse(cases[i].value), *wanted = NULL, *got = NULL;
        struct error e = {0};
        int r = template_expand(value, values, &got, &e);
        assert_int_equal(r < 0, cases[i].expected == NULL);
        if (r < 0)
            continue;
        wanted = parse(cases[i].expected);
        cleanup_free char *text = json_print(got);
        if (!json_equal(got, wanted))
            fail_msg("%s became %s, not %s", cases[i].value, text, cases[i].expected);
    }
}

static void quoted_texts_come_out_as_they_are(void **state) {
    static const char *const texts[] = {
        "\"plain\"",     "\"{{\"", "\"{{it}} and {{{{inputs.n}}}}\"", "\"{{{a}}}\"", "[{\"a\":\"{{\"},7,null]",
        "\"{ {{'{{'}}\""};
    cleanup_json json_t *values = parse("{\"inputs\":{\"n\":7}}");
    for (size_t i = 0; i < ARRAY_LENGTH(texts); i++) {
        cleanup_json json_t *plain = parse(texts[i]), *quoted = template_quote(plain), *got = NULL;
        struct error e = {0};
        cleanup_free char *text = json_dumps(quoted, JSON_ENCODE_ANY | JSON_COMPACT);
        if (json_is_string(quoted))
            assert_int_equal(template_check(json_string_value(quoted), "here", &e), 0);
        assert_int_equal(template_expand(quoted, values, &got, &e), 0);
        if (!json_equal(got, plain))
            fail_msg("%s was quoted as %s", texts[i], text);
    }
}

static void steps_have_titles_that_people_read(void **state) {
    static const struct {
        const char *step, *action, *arguments, *title;
    } cases[] = {
        {"{\"name\":\"Sign in\"}", "click", "{\"text\":\"x\"}", "Sign in"},
        {"{}", "click", "{\"role\":\"button\",\"name\":\"Go\",\"within\":{\"css\":\"tr\"}}",
         "Click: button \"Go\" within css \"tr\""},
        {"{}", "goto", "{\"url\":\"http://a/\"}", "Goto http://a/"},
        {"{}", "wait_for", "{\"text\":\"Done\"}", "Wait for: text \"Done\""},
        {"{}", "fill", "{\"label\":\"Password\",\"value\":\"secret\"}", "Fill: label \"Password\""},
        {"{}", "download", "{\"as\":\"bill\",\"click\":{\"text\":\"Invoice\"}}", "Download bill: text \"Invoice\""},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        cleanup_json json_t *step = parse(cases[i].step), *arguments = parse(cases[i].arguments);
        cleanup_free char *title = step_title(step, cases[i].action, arguments);
        assert_string_equal(title, cases[i].title);
    }
}

/* The reference must have a section for each action and each member of it: nothing can be used that is not told. */
static void the_reference_tells_everything(void **state) {
    cleanup_text struct text out = {0};
    script_print_reference(&out);
    for (size_t i = 0; i < action_count; i++) {
        cleanup_free char *heading = memory_print("### %s\n", action_rows[i].name);
        assert_non_null(strstr(out.data, heading));
        for (const struct field *field = action_rows[i].shape->fields; field->name; field++) {
            cleanup_free char *row = memory_print("| `%s` |", field->name);
            assert_non_null(strstr(out.data, row));
            assert_true(strlen(field->doc) > 8);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_wrong_thing_is_named_by_its_path),
        cmocka_unit_test(good_scripts_pass),
        cmocka_unit_test(shorthands_are_written_out),
        cmocka_unit_test(templates_become_values),
        cmocka_unit_test(quoted_texts_come_out_as_they_are),
        cmocka_unit_test(steps_have_titles_that_people_read),
        cmocka_unit_test(the_reference_tells_everything),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
