/* The calls of an answer, carried out one after another until the page has changed under them. */
#include "agent/shapes.h"
#include "agent/takeover.h"
#include "agent/target.h"
#include "agent/think/mend.h"
#include "agent/think/mind.h"
#include "agent/think/tool.h"
#include "agent/think/tools_own.h"
#include "base/clock.h"
#include "base/config.h"
#include "base/memory.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define CALLS_DEFAULT     10
#define WRONG_MAX         6     /* calls in a row that are none */
#define ANSWER_MAX_BYTES  30000 /* of what a call tells the model */
#define ANSWER_PART       4     /* and of the conversation's room */
#define ACTION_DETAIL_MAX 600

/* What the page was like before a call; something else afterwards stops those behind it. */
struct moment {
    const struct page *page;
    int64_t moves, tabs, dialogs;
    size_t downloads;
    int64_t elements;
};

static int64_t count_elements(struct mind *mind) {
    cleanup_json json_t *answers = NULL;
    int64_t count = 0;
    size_t i;
    json_t *one;
    if (page_call_all(mind->run->page, "bulk", json_array(), clock_deadline(2000), &answers, NULL) < 0)
        return -1;
    json_array_foreach (answers, i, one)
        count += json_int_or(one, "elements", 0);
    return count;
}

static struct moment moment_of(struct mind *mind) {
    struct run *run = mind->run;
    return (struct moment){run->page,          page_moves(run->page),          tabs_seen(run->tabs),
                           run->dialogs.shown, page_download_count(run->page), count_elements(mind)};
}

/* A list that a field opens, a message that comes: these are no other page. */
static bool is_other(int64_t before, int64_t after) {
    int64_t change = after > before ? after - before : before - after;
    return before < 0 || after < 0 || (change > 40 && change * 4 > before);
}

static bool has_changed(const struct moment *before, const struct moment *after) {
    return before->page != after->page || before->moves != after->moves || before->tabs != after->tabs ||
           before->dialogs != after->dialogs || is_other(before->elements, after->elements);
}

/* What an action did, in words of the page. */
static void tell_details(struct call *call, const json_t *data) {
    static const char *const telling[] = {"element", "chosen", "url", "title", "moved", "name", "bytes", "artifact"};
    cleanup_text struct text words = {0};
    for (size_t i = 0; i < ARRAY_LENGTH(telling); i++) {
        json_t *value = json_object_get(data, telling[i]);
        cleanup_free char *text = !value || json_is_string(value) ? NULL : json_print(value);
        if (value)
            text_print(&words, "%s%s: %.300s", words.length ? ", " : "", telling[i],
                       text ? text : json_string_value(value));
    }
    cleanup_free char *fenced = words.length ? prompt_fence(call->mind, words.data) : NULL;
    text_print(&call->answer, "Done.%s%s", fenced ? " " : "", fenced ? fenced : "");
}

static void tell_failure(struct call *call, const struct error *why) {
    cleanup_free char *text = memory_print("%s%s%s", why->text, *why->hint ? ". " : "", why->hint);
    cleanup_free char *fenced = prompt_fence(call->mind, text);
    call->failed = true;
    text_print(&call->answer, "It could not be done: %s", fenced);
}

static json_t *step_of(const struct call *call) {
    int64_t most = config_int(CONFIG_STEP_TIMEOUT_SECONDS) * 1000, own = call->tool->wait_ms;
    json_t *arguments = tool_action_arguments(call->tool, call->arguments);
    arguments = inputs_put_in(call->mind, call->tool->action, arguments);
    return json_pack("{s:o, s:I}", call->tool->action, mend_arguments(call->mind->run, call->tool->action, arguments),
                     "timeout_ms", (json_int_t)(own && own < most ? own : most));
}

int tool_act(struct call *call, struct error *e) {
    struct run *run = call->mind->run;
    cleanup_json json_t *step = step_of(call), *data = NULL;
    cleanup_free char *declined = NULL;
    struct error why = {0};
    int r = approval_ask(call, step, &declined, e);
    if (r < 0)
        return r;
    if (declined) {
        call->failed = true;
        text_append_string(&call->answer, declined);
        return 0;
    }
    r = step_run_call(run, step, call->path, &data, &why);
    if (r < 0 && run_ends_with(run, &why))
        return *e = why, r;
    if (r < 0)
        tell_failure(call, &why);
    else
        tell_details(call, data);
    return 0;
}

/* What else happened meanwhile. */
static void tell_surroundings(struct call *call, const struct moment *before, const struct moment *after) {
    const struct dialogs *dialogs = &call->mind->run->dialogs;
    if (before->dialogs != after->dialogs && dialogs->last) {
        cleanup_free char *fenced = prompt_fence(call->mind, json_text_or(dialogs->last, "message", ""));
        text_print(&call->answer, " The page showed a dialog (%s) that said %s; it was %s.",
                   json_text_or(dialogs->last, "type", ""), fenced,
                   json_bool_or(dialogs->last, "accepted", false) ? "accepted" : "dismissed");
    }
    if (before->page == after->page && before->downloads < after->downloads && call->tool &&
        strcmp(call->tool->name, "download") != 0)
        text_append_string(&call->answer,
                           " The browser began a download, which is not kept: the tool download keeps it.");
    if (before->tabs != after->tabs && before->page == after->page)
        text_append_string(&call->answer, " A new tab was opened beside this one; the tool tab changes to it.");
}

static int end_wrong(struct mind *mind, const struct call *call, struct error *e) {
    if (++mind->wrong < WRONG_MAX)
        return 0;
    return error_set(e, EPROTO, ERROR_MODEL_PROTOCOL,
                     "the model made %d calls in a row that cannot be carried out; the last one: %.300s", mind->wrong,
                     call->answer.data);
}

/* Everything that is wrong with a call before it is one. */
static int prepare(struct call *call, struct error *why) {
    const char *name = json_text_or(call->asked, "name", "");
    const json_t *given = json_object_get(call->asked, "arguments");
    call->tool = tool_find(name);
    if (!call->tool)
        return error_set(why, ENOENT, ERROR_BAD_INPUT, "there is no tool %.60s", name);
    if (!json_is_object(given))
        return error_set(why, EINVAL, ERROR_BAD_INPUT, "the arguments of %s are no JSON object: %.200s", name,
                         json_text_or(call->asked, "malformed", ""));
    return tool_arguments(call->tool, given, &call->arguments, why);
}

static int run_call(struct call *call, struct error *e) {
    struct error why = {0};
    if (prepare(call, &why) < 0) {
        call->failed = true;
        text_append_string(&call->answer, why.text);
        return end_wrong(call->mind, call, e);
    }
    call->mind->wrong = 0;
    int r = call->tool->handler(call, e);
    return r < 0 || call->tool->action ? r : replayed_tell(call, e);
}

size_t calls_answer_room(const struct mind *mind) {
    size_t part = (size_t)mind->context_bytes / ANSWER_PART;
    return part < ANSWER_MAX_BYTES ? part : ANSWER_MAX_BYTES;
}

static json_t *result_of(const struct call *call) {
    const struct history *history = &call->mind->history;
    cleanup_text struct text answer = {0};
    history_append_beginning(history, &answer, call->answer.data ? call->answer.data : "",
                             calls_answer_room(call->mind));
    json_t *text = json_stringn(answer.data ? answer.data : "", answer.length);
    cleanup_json json_t *told = redactor_json(call->mind->run->redactor, text);
    json_decref(text);
    return json_pack("{s:O?, s:O, s:b}", "id", json_object_get(call->asked, "id"), "text", told, "error", call->failed);
}

static json_t *result_unmade(const json_t *asked, const char *why) {
    return json_pack("{s:O?, s:s, s:b}", "id", json_object_get(asked, "id"), "text", why, "error", 1);
}

/* One call and what follows from it. `ret_stop`: why those behind it are not carried out; NULL: they are. */
static int carry_out(struct mind *mind, const json_t *asked, size_t number, json_t *results, const char **ret_stop,
                     struct error *e) {
    cleanup_free char *path = memory_print("turn[%lld].calls[%zu]", (long long)mind->turn, number);
    struct call call = {.mind = mind, .asked = asked, .path = path};
    struct moment before = moment_of(mind);
    int r = run_call(&call, e);
    if (!r && call.tool && call.tool->action && !mind->done)
        r = mind_calm(mind, e);
    struct moment after = r < 0 ? before : moment_of(mind);
    if (!r)
        tell_surroundings(&call, &before, &after);
    if (!r)
        json_array_append_new(results, result_of(&call));
    if (has_changed(&before, &after))
        *ret_stop = "Not carried out: the page changed.";
    else if (call.failed)
        *ret_stop = "Not carried out: a call before it failed.";
    text_done(&call.answer);
    json_decref(call.arguments);
    return r;
}

int calls_run(struct mind *mind, const json_t *calls, json_t **ret_results, struct error *e) {
    cleanup_json json_t *results = json_array();
    int64_t most = mind->model->calls_per_turn > 0 ? mind->model->calls_per_turn : CALLS_DEFAULT;
    const char *stop = NULL;
    bool waited = false;
    int r = takeover_wait(mind->run, &waited, e);
    if (waited)
        stop = "Not carried out: a person had the browser in hand meanwhile.";
    for (size_t i = 0; !r && i < json_array_size(calls); i++) {
        const json_t *asked = json_array_get(calls, i);
        if (!stop && (int64_t)i >= most)
            stop = "Not carried out: too many calls in one answer.";
        if (!stop && i)
            r = takeover_wait(mind->run, &waited, e);
        if (!r && waited)
            stop = "Not carried out: a person had the browser in hand meanwhile.";
        if (!r && !stop)
            r = limits_check(mind, e);
        if (!r && stop)
            json_array_append_new(results, result_unmade(asked, stop));
        else if (!r)
            r = carry_out(mind, asked, i, results, &stop, e);
        if (mind->done)
            stop = "Not carried out: the run is done.";
    }
    if (!r)
        *ret_results = take_pointer(results);
    return r;
}
