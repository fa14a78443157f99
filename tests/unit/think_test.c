/* The model's tools, its conversation, and the rules of consent: what needs no browser. */
#include "agent/replay/inputs.h"
#include "agent/replay/parameters.h"
#include "agent/think/approval.h"
#include "agent/think/history.h"
#include "agent/think/think.h"
#include "agent/think/tool.h"
#include "base/memory.h"
#include "base/schema.h"
#include "unit_test.h"
#include <string.h>

static json_t *parse(const char *text) {
    json_error_t problem;
    json_t *value = json_loads(text, JSON_DECODE_ANY, &problem);
    if (!value)
        fail_msg("%s: %s", text, problem.text);
    return value;
}

static void every_tool_has_a_schema(void **state) {
    cleanup_json json_t *list = tools_list(NULL, true, true);
    assert_int_equal(json_array_size(list), tool_count);
    for (size_t i = 0; i < tool_count; i++) {
        const json_t *schema = json_object_get(json_array_get(list, i), "schema");
        struct error e = {0};
        if (schema_check(schema, tool_rows[i].name, &e) < 0)
            fail_msg("%s", e.text);
        /* As many members as the row lists: none of them is unknown. */
        size_t listed = 0;
        for (const char *at = tool_rows[i].fields; at && *at; at++)
            listed += at == tool_rows[i].fields || at[-1] == ' ';
        if (tool_rows[i].fields)
            assert_int_equal(json_object_size(json_object_get(schema, "properties")), listed);
        assert_true(strlen(tool_rows[i].doc) > 15);
    }
}

static void tools_that_cannot_be_used_are_not_offered(void **state) {
    cleanup_json json_t *list = tools_list(NULL, false, false), *all = tools_list(NULL, true, true);
    assert_int_equal(json_array_size(list), json_array_size(all) - 2);
    cleanup_free char *text = json_print(list);
    assert_null(strstr(text, "\"credential\""));
    assert_null(strstr(text, "ask_user\""));
}

static void arguments_are_read_as_models_write_them(void **state) {
    static const struct {
        const char *tool, *given, *arguments; /* NULL: refused */
    } cases[] = {
        {"click", "{\"element\":12}", "{\"element\":{\"element\":12}}"},
        {"click", "{\"element\":\"12\",\"follow\":\"true\"}", "{\"element\":{\"element\":12},\"follow\":true}"},
        {"click", "{\"element\":12.0,\"button\":null}", "{\"element\":{\"element\":12}}"},
        {"click", "{}", NULL},
        {"click", "{\"element\":\"the button\"}", NULL},
        {"click", "{\"element\":1,\"css\":\"#a\"}", NULL},
        {"click", "{\"element\":1,\"button\":\"{{inputs.x}}\"}", NULL},
        {"fill", "{\"element\":1,\"value\":\"{{inputs.x}}\"}",
         "{\"element\":{\"element\":1},\"value\":\"{{inputs.x}}\"}"},
        {"drag", "{\"element\":1,\"to\":2}", "{\"element\":{\"element\":1},\"to\":{\"element\":2}}"},
        {"download", "{\"click\":3,\"as\":\"bill\"}", "{\"click\":{\"element\":3},\"as\":\"bill\"}"},
        {"totp", "{\"element\":3,\"credential\":\"shop\"}",
         "{\"element\":{\"element\":3},\"credential\":\"shop\",\"part\":\"totp\"}"},
        {"note", "{\"txt\":\"a\"}", NULL},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        cleanup_json json_t *given = parse(cases[i].given), *arguments = NULL;
        const struct tool *tool = tool_find(cases[i].tool);
        struct error e = {0};
        int r = tool_arguments(tool, given, &arguments, &e);
        if ((r < 0) != !cases[i].arguments)
            fail_msg("%s %s: %s", cases[i].tool, cases[i].given, r < 0 ? e.text : "taken");
        if (r < 0)
            continue;
        cleanup_json json_t *made = tool_action_arguments(tool, arguments), *wanted = parse(cases[i].arguments);
        /* A number of an element is a member "element" of the action itself. */
        if (json_object_get(wanted, "element"))
            json_object_set(wanted, "element", json_object_get(json_object_get(wanted, "element"), "element"));
        cleanup_free char *text = json_print(made);
        if (!json_equal(made, wanted))
            fail_msg("%s %s became %s", cases[i].tool, cases[i].given, text);
    }
}

static void consent_is_asked_for_what_commits(void **state) {
    static const struct {
        const char *action, *consequence, *rules;
        bool asked;
    } cases[] = {
        {"click", "{\"role\":\"button\",\"words\":\"Pay 6.10 EUR\"}", NULL, true},
        {"click", "{\"role\":\"button\",\"words\":\"Payment methods\"}", NULL, false},
        {"click", "{\"role\":\"button\",\"words\":\"Оплатить заказ\"}", NULL, true},
        {"click", "{\"role\":\"button\",\"words\":\"УДАЛИТЬ\"}", NULL, true},
        {"click", "{\"role\":\"button\",\"words\":\"Отправить\"}", NULL, true},
        {"click", "{\"role\":\"button\",\"words\":\"Search\"}", NULL, false},
        {"click", "{\"role\":\"button\",\"words\":\"Sender\"}", NULL, false},
        {"click", "{\"role\":\"link\",\"words\":\"My order\",\"href\":\"http://a/\"}", NULL, false},
        {"click", "{\"role\":\"link\",\"words\":\"Delete\",\"href\":\"http://a/\"}", NULL, true},
        {"click", "{\"role\":\"link\",\"words\":\"Bye\",\"href\":\"http://a/\",\"method\":\"delete\"}", NULL, true},
        {"click", "{\"role\":\"button\",\"words\":\"Next\",\"payment\":true}", NULL, true},
        {"press", "{\"role\":\"textbox\",\"words\":\"Card number\",\"payment\":true}", NULL, true},
        {"fill", "{\"role\":\"textbox\",\"words\":\"Send to\"}", NULL, false},
        {"click", "{\"role\":\"button\",\"words\":\"Pay\"}", "[{\"text\":\"pay\",\"ask\":false}]", false},
        {"click", "{\"role\":\"button\",\"words\":\"Вперёд\"}", "[{\"text\":\"ВПЕРЁД\",\"ask\":true}]", true},
        {"goto", "{}", "[{\"action\":\"goto\",\"url\":\"/admin\",\"ask\":true}]", true},
        {"goto", "{}", "[{\"action\":\"goto\",\"url\":\"/other\",\"ask\":true}]", false},
        {"click", "{\"role\":\"button\",\"words\":\"Go\"}", "[{\"ask\":true}]", true},
        {"click", "{\"role\":\"button\",\"words\":\"Go\",\"sentTo\":\"http://a/pay\"}",
         "[{\"url\":\"/pay\",\"ask\":true}]", true},
        {"click", "{\"role\":\"button\",\"words\":\"Pay\"}",
         "[{\"text\":\"pay\",\"ask\":false},{\"action\":\"click\",\"ask\":true}]", false},
        {"click", "{\"role\":\"button\",\"words\":\"Pay\"}",
         "[{\"action\":\"click\",\"ask\":true},{\"text\":\"pay\",\"ask\":false}]", true},
        {"upload", "{\"role\":\"textbox\",\"words\":\"Paper\"}", "[{\"action\":\"upload\",\"ask\":true}]", true},
        {"download", "{\"role\":\"link\",\"words\":\"Pay slip\",\"href\":\"http://a/\"}",
         "[{\"action\":\"download\",\"ask\":false}]", false},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        cleanup_json json_t *consequence = parse(cases[i].consequence);
        cleanup_json json_t *rules = cases[i].rules ? parse(cases[i].rules) : NULL;
        if (approval_needed(cases[i].action, consequence, "http://a/admin", rules) != cases[i].asked)
            fail_msg("%s %s", cases[i].action, cases[i].consequence);
    }
}

#define BEGIN "<page-1>"
#define END   "</page-1>"

static struct history long_history(size_t turns, size_t bytes) {
    struct history history = {.begin = BEGIN, .end = END};
    history.opening = parse("[{\"role\":\"system\",\"text\":\"rules\"},{\"role\":\"user\",\"parts\":[{\"text\":\"the "
                            "task\"}]}]");
    cleanup_free char *page = memory_alloc(bytes + 1);
    memset(page, 'x', bytes);
    for (size_t i = 0; i < turns; i++) {
        cleanup_free char *line = memory_print("Turn %zu: " BEGIN "page" END, i);
        cleanup_free char *text = memory_print("read: " BEGIN "%s" END, page);
        history_observe(&history, json_pack("{s:s, s:[{s:s}]}", "role", "user", "parts", "text", page), line);
        history_answer(&history,
                       json_pack("{s:s, s:s, s:[{s:s, s:s, s:{}}]}", "role", "assistant", "text", "", "calls", "id",
                                 "c1", "name", "read_page", "arguments"),
                       json_pack("[{s:s, s:s, s:b}]", "id", "c1", "text", text, "error", 0), NULL);
    }
    return history;
}

static size_t count_of(const char *text, const char *part) {
    size_t count = 0;
    for (const char *at = text; (at = strstr(at, part)); at += strlen(part))
        count++;
    return count;
}

static void old_turns_give_way_and_the_task_stays(void **state) {
    struct history history = long_history(40, 3000);
    size_t stable, budgets[] = {1000000, 100000, 20000, 100};
    for (size_t i = 0; i < ARRAY_LENGTH(budgets); i++) {
        cleanup_json json_t *messages = history_messages(&history, budgets[i], &stable);
        cleanup_free char *text = json_print(messages);
        assert_non_null(strstr(text, "the task"));
        assert_non_null(strstr(text, "rules"));
        assert_non_null(strstr(text, i < 2 ? "Turn 0" : "turns before are left out"));
        assert_non_null(strstr(text, i < 3 ? "Turn 37" : "left out"));
        assert_int_equal(count_of(text, BEGIN), count_of(text, END));
        assert_true(stable >= 2 && stable <= json_array_size(messages));
        if (i < 3 && strlen(text) > budgets[i])
            fail_msg("%zu bytes for a budget of %zu", strlen(text), budgets[i]);
    }
    history_done(&history);
}

/* However long a run gets, and however little there is room for. */
static void long_runs_keep_to_the_budget(void **state) {
    for (size_t turns = 1; turns <= 500; turns += turns < 20 ? 1 : 160) {
        struct history history = long_history(turns, 1500);
        history_observe(&history, json_pack("{s:s, s:[{s:s}]}", "role", "user", "parts", "text", "the last page"), "");
        size_t stable, budgets[] = {100000, 30000, 12000, 9000, 6000};
        for (size_t i = 0; i < ARRAY_LENGTH(budgets); i++) {
            cleanup_json json_t *messages = history_messages(&history, budgets[i], &stable);
            cleanup_free char *text = json_print(messages);
            if (history_size(messages) > budgets[i])
                fail_msg("%zu turns: %zu bytes for %zu", turns, history_size(messages), budgets[i]);
            assert_non_null(strstr(text, "the last page"));
            assert_non_null(strstr(text, "xxx" END)); /* what the last call was answered */
            assert_int_equal(count_of(text, "\"tool\""), count_of(text, "\"c1\"") / 2);
        }
        history_done(&history);
    }
}

static void what_was_sent_comes_again_unchanged(void **state) {
    struct history history = long_history(6, 100);
    size_t stable, again;
    cleanup_json json_t *before = history_messages(&history, 1000000, &stable);
    history_observe(&history, json_pack("{s:s, s:[{s:s}]}", "role", "user", "parts", "text", "new"), "Turn 7");
    cleanup_json json_t *after = history_messages(&history, 1000000, &again);
    for (size_t i = 0; i < stable; i++)
        assert_true(json_equal(json_array_get(before, i), json_array_get(after, i)));
    assert_true(again > stable && stable > 2);
    history_done(&history);
}

static void the_page_of_tools_names_each(void **state) {
    cleanup_text struct text out = {0};
    think_print_tools(&out);
    for (size_t i = 0; i < tool_count; i++) {
        cleanup_free char *row = memory_print("### %s\n", tool_rows[i].name);
        assert_non_null(strstr(out.data, row));
    }
}

static void values_of_inputs_become_their_names(void **state) {
    static const struct {
        const char *step, *values, *expected;
    } cases[] = {
        {"{\"value\":\"Ada\",\"name\":\"Ada\",\"fallback\":[{\"text\":\"Ada\"}]}", "{\"who\":\"Ada\"}",
         "{\"value\":\"{{inputs.who}}\",\"name\":\"{{inputs.who}}\",\"fallback\":[{\"text\":\"{{inputs.who}}\"}]}"},
        {"[{\"value\":\"7\"},{\"nth\":7}]", "{\"n\":7}", "[{\"value\":\"{{inputs.n}}\"},{\"nth\":7}]"},
        {"{\"value\":\"Ada Lovelace\"}", "{\"who\":\"Ada\"}", "{\"value\":\"Ada Lovelace\"}"},
        {"{\"role\":\"button\",\"css\":\"button\",\"part\":\"button\"}", "{\"x\":\"button\"}",
         "{\"role\":\"button\",\"css\":\"button\",\"part\":\"button\"}"},
        {"{\"value\":\"\",\"to\":\"x\"}", "{\"empty\":\"\",\"a.b\":\"x\",\"list\":[\"x\"]}",
         "{\"value\":\"\",\"to\":\"x\"}"},
        {"{\"value\":\"x\"}", "null", "{\"value\":\"x\"}"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        cleanup_json json_t *step = parse(cases[i].step), *values = parse(cases[i].values);
        cleanup_json json_t *made = parameters_insert(step, values), *expected = parse(cases[i].expected);
        if (!json_equal(made, expected))
            fail_msg("%s with %s", cases[i].step, cases[i].values);
    }
}

static void a_script_says_what_it_wants_to_be_given(void **state) {
    static const struct {
        const char *script, *schema, *values, *expected;
    } cases[] = {
        {"{\"steps\":[{\"fill\":{\"label\":\"Full name\",\"value\":\"{{inputs.who}}\"}}]}", "null", "{\"who\":\"Ada\"}",
         "{\"type\":\"object\",\"properties\":{\"who\":{\"type\":\"string\",\"title\":\"Full "
         "name\",\"default\":\"Ada\"}},"
         "\"required\":[\"who\"]}"},
        {"{\"steps\":[{\"goto\":\"http://x/{{ inputs.n }}?{{inputs.more?}}\"}]}", "null", "{\"n\":7,\"other\":1}",
         "{\"type\":\"object\",\"properties\":{\"n\":{\"type\":\"integer\",\"title\":\"n\",\"default\":7},"
         "\"more\":{\"type\":\"string\",\"title\":\"more\"}},\"required\":[\"n\"]}"},
        {"{\"steps\":[{\"fill\":{\"css\":\"#p\",\"value\":\"{{inputs.pin}}\"}},{\"evaluate\":\"my.inputs.no + "
         "inputs.code\"}]}",
         "{\"properties\":{\"pin\":{\"$ref\":\"#/$defs/pin\",\"writeOnly\":true},\"code\":{\"type\":\"integer\"}},"
         "\"$defs\":{\"pin\":{\"type\":\"string\"}}}",
         "{\"pin\":\"1234\",\"code\":\"abc\"}",
         "{\"type\":\"object\",\"properties\":{\"pin\":{\"$ref\":\"#/$defs/pin\",\"writeOnly\":true},"
         "\"code\":{\"type\":\"integer\"}},\"$defs\":{\"pin\":{\"type\":\"string\"}},\"required\":[\"pin\"]}"},
        {"{\"steps\":[{\"fill\":{\"css\":\"#n\",\"value\":\"{{inputs.card_number}}\"}},{\"fill\":{\"css\":\"#c\","
         "\"value\":\"{{inputs.code}}\"}}]}",
         "null", "{\"code\":\"X\"}",
         "{\"type\":\"object\",\"properties\":{\"card_number\":{\"type\":\"string\",\"title\":\"Card "
         "number\",\"format\":\"password\",\"writeOnly\":true},"
         "\"code\":{\"type\":\"string\",\"title\":\"c\",\"default\":\"X\"}},\"required\":[\"card_number\",\"code\"]}"},
        {"{\"steps\":[{\"click\":\"Send\"}]}", "null", "{\"x\":1}",
         "{\"type\":\"object\",\"properties\":{},\"required\":[]}"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        cleanup_json json_t *script = parse(cases[i].script), *schema = parse(cases[i].schema);
        cleanup_json json_t *values = parse(cases[i].values), *expected = parse(cases[i].expected);
        cleanup_json json_t *made = inputs_schema(script, schema, values);
        cleanup_free char *text = json_print(made);
        if (!json_equal(made, expected))
            fail_msg("%s: %s", cases[i].script, text);
    }
}

static void typed_texts_are_proposed_as_inputs(void **state) {
    cleanup_json json_t *script = parse(
        "{\"steps\":[{\"fill\":{\"role\":\"textbox\",\"name\":\"Street & No.\",\"value\":\"Mill Lane 1\"}},"
        "{\"if\":{\"text\":\"x\",\"then\":[{\"fill\":{\"label\":\"street no\",\"value\":\"Canal 2\"}}]}},"
        "{\"fill\":{\"label\":\"\u0423\u043b\u0438\u0446\u0430\",\"value\":\"Neva 3\"}},"
        "{\"fill\":{\"css\":\"form > input\",\"fallback\":[{\"css\":\"input[name=\\\"zip\\\"]\"}],\"value\":\"0815\"}},"
        "{\"fill\":{\"label\":\"Again\",\"value\":\"Mill Lane "
        "1\"}},{\"fill\":{\"label\":\"Mail\",\"value\":\"{{inputs.mail}}\"}},"
        "{\"fill\":{\"label\":\"Mail\",\"value\":\"a@b.c\"}},"
        "{\"fill\":{\"label\":\"Key\",\"credential\":\"Shop\",\"part\":\"password\"}}]}");
    cleanup_json json_t *expected =
        parse("[{\"text\":\"Mill Lane 1\",\"name\":\"street_no\"},"
              "{\"text\":\"Canal 2\",\"name\":\"street_no_2\"},"
              "{\"text\":\"Neva 3\",\"name\":\"text\"},{\"text\":\"0815\",\"name\":\"zip\"},"
              "{\"text\":\"a@b.c\",\"name\":\"mail_2\"}]");
    cleanup_json json_t *made = inputs_proposals(script), *credentials = inputs_credentials(script);
    cleanup_free char *text = json_print(made);
    if (!json_equal(made, expected))
        fail_msg("%s", text);
    assert_int_equal(json_array_size(credentials), 1);
    assert_string_equal(json_string_value(json_array_get(credentials, 0)), "Shop");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_tool_has_a_schema),
        cmocka_unit_test(tools_that_cannot_be_used_are_not_offered),
        cmocka_unit_test(arguments_are_read_as_models_write_them),
        cmocka_unit_test(consent_is_asked_for_what_commits),
        cmocka_unit_test(old_turns_give_way_and_the_task_stays),
        cmocka_unit_test(long_runs_keep_to_the_budget),
        cmocka_unit_test(what_was_sent_comes_again_unchanged),
        cmocka_unit_test(the_page_of_tools_names_each),
        cmocka_unit_test(values_of_inputs_become_their_names),
        cmocka_unit_test(a_script_says_what_it_wants_to_be_given),
        cmocka_unit_test(typed_texts_are_proposed_as_inputs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
