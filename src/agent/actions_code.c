/* evaluate: JavaScript in the page. */
#include "agent/action.h"
#include "agent/shapes.h"
#include "agent/target.h"
#include "base/clock.h"
#include "base/memory.h"
#include "base/text.h"
#include "cdp/page_json.h"
#include <errno.h>
#include <string.h>

action_handler action_evaluate;

#define ANSWER_MAX_CHARACTERS (4 * 1024 * 1024)
#define TRIES_PAUSE_MS        20

/* A function of (values, element) that gives JSON text. As an expression when it is one, else as statements. */
static char *program_of(const char *script, bool expression) {
    return memory_print("async function (values, element) {"
                        "const {inputs, results, vars, loop} = values;"
                        "const answer = await (async () => {%s\n%s\n%s})();"
                        "const text = JSON.stringify(answer === undefined ? null : answer) ?? 'null';"
                        "if (text.length > %d) throw new RangeError('the value has ' + text.length + ' characters of "
                        "JSON, more than %d');"
                        "return text; }",
                        expression ? "return (" : "", script, expression ? ");" : "", ANSWER_MAX_CHARACTERS,
                        ANSWER_MAX_CHARACTERS);
}

static int call(struct step *step, size_t session, const char *method, json_t *parameters, json_t **ret_result,
                struct error *e) {
    if (session >= page_session_count(step->run->page))
        return json_decref(parameters), -EAGAIN;
    return cdp_call(step->run->client, page_session_id(step->run->page, session), method, parameters,
                    clock_remaining_ms(step->deadline), ret_result, e);
}

static const char *problem_of(const json_t *answer) {
    const json_t *details = json_object_get(answer, "exceptionDetails");
    return details ? json_text_or(json_object_get(details, "exception"), "description",
                                  json_text_or(json_object_get(details, "exception"), "value",
                                               json_text_or(details, "text", "it threw")))
                   : NULL;
}

/* Chromium says whether it is an expression, without running it. */
static int compile(struct step *step, const char *script, char **ret_program, struct error *e) {
    for (int expression = 1; expression >= 0; expression--) {
        cleanup_json json_t *answer = NULL;
        cleanup_free char *program = program_of(script, expression);
        cleanup_free char *source = memory_print("(%s)", program);
        int r =
            call(step, 0, "Runtime.compileScript",
                 json_pack("{s:s, s:s, s:b}", "expression", source, "sourceURL", "", "persistScript", 0), &answer, e);
        if (r < 0)
            return r;
        if (!problem_of(answer))
            return *ret_program = take_pointer(program), 0;
        if (!expression)
            return error_set(e, EINVAL, ERROR_STEP, "the script is no JavaScript: %.300s", problem_of(answer));
    }
    return 0;
}

/* The target as an object of the world that the script runs in. */
static int find_element(struct step *step, bool isolated, size_t *ret_session, json_t **ret_object, struct error *e) {
    cleanup_json json_t *target = shapes_target_of(step->arguments), *answer = NULL, *found = NULL, *node = NULL;
    int r = target_call(step, target, "keepElement", json_array(), ret_session, &answer, e);
    if (!r)
        r = page_world_evaluate(step->run->page, *ret_session, "replinet.kept", step->deadline, &found, e);
    if (r < 0 || isolated)
        return r < 0 ? r : (*ret_object = json_incref(json_object_get(found, "result")), 0);
    r = call(step, *ret_session, "DOM.describeNode",
             json_pack("{s:s}", "objectId", json_text_or(json_object_get(found, "result"), "objectId", "")), &node, e);
    if (r < 0)
        return r;
    cleanup_json json_t *resolved = NULL;
    r = call(
        step, *ret_session, "DOM.resolveNode",
        json_pack("{s:I}", "backendNodeId", (json_int_t)json_int_or(json_object_get(node, "node"), "backendNodeId", 0)),
        &resolved, e);
    if (!r)
        *ret_object = json_incref(json_object_get(resolved, "object"));
    return r;
}

static int run_on_element(struct step *step, const char *program, bool isolated, json_t **ret_answer, struct error *e) {
    cleanup_json json_t *object = NULL;
    size_t session = 0;
    int r = find_element(step, isolated, &session, &object, e);
    if (r < 0)
        return r;
    const char *id = json_text_or(object, "objectId", "");
    return call(step, session, "Runtime.callFunctionOn",
                json_pack("{s:s, s:s, s:[{s:O}, {s:s}], s:b, s:b, s:b}", "functionDeclaration", program, "objectId", id,
                          "arguments", "value", step->run->values, "objectId", id, "awaitPromise", 1, "returnByValue",
                          1, "userGesture", 1),
                ret_answer, e);
}

static int run_on_page(struct step *step, const char *program, bool isolated, json_t **ret_answer, struct error *e) {
    cleanup_free char *values = json_print(step->run->values);
    cleanup_free char *expression = memory_print("(%s)(%s, null)", program, values);
    int r = page_settle(step->run->page, step->deadline, e);
    if (r < 0)
        return r;
    if (isolated)
        return page_world_evaluate(step->run->page, 0, expression, step->deadline, ret_answer, e);
    return call(step, 0, "Runtime.evaluate",
                json_pack("{s:s, s:b, s:b, s:b, s:I}", "expression", expression, "awaitPromise", 1, "returnByValue", 1,
                          "userGesture", 1, "timeout", (json_int_t)clock_remaining_ms(step->deadline)),
                ret_answer, e);
}

static int keep_answer(struct step *step, const json_t *answer, struct error *e) {
    const char *name = json_text_or(step->arguments, "as", NULL), *problem = problem_of(answer);
    const json_t *text = json_object_get(json_object_get(answer, "result"), "value");
    json_t *value = NULL;
    if (problem)
        return error_set(e, EINVAL, ERROR_STEP, "the script failed: %.400s", problem);
    if (!json_is_string(text))
        return error_set(e, EINVAL, ERROR_STEP, "the script gave nothing that JSON can hold");
    struct cdp_span raw = {json_string_value(text), json_string_length(text)};
    int r = page_json_parse(raw, "the script's value", &value, e);
    if (!r && name)
        return run_result(step, name, value, e);
    json_decref(value);
    return r;
}

/* V8 ends a script whose time is up; Chromium then says no more than "Internal error". */
#define V8_SLACK_MS 200
static bool ran_out_of_time(const struct step *step, int r, const struct error *e) {
    if (r == -ETIMEDOUT && e->code == ERROR_TIMEOUT)
        return true;
    return r < 0 && e->code == ERROR_BROWSER && strstr(e->text, "Internal error") &&
           clock_remaining_ms(step->deadline) <= V8_SLACK_MS;
}

int action_evaluate(struct step *step, struct error *e) {
    cleanup_free char *program = NULL;
    cleanup_json json_t *answer = NULL;
    bool isolated = !strcmp(json_text_or(step->arguments, "world", "page"), "isolated");
    bool element = shapes_has_target(step->arguments);
    int r = compile(step, json_text_or(step->arguments, "script", ""), &program, e);
    if (!r)
        r = (element ? run_on_element : run_on_page)(step, program, isolated, &answer, e);
    if (ran_out_of_time(step, r, e))
        r = error_set(e, ETIMEDOUT, ERROR_STEP, "the script did not end in time");
    return r < 0 ? r : keep_answer(step, answer, e);
}
