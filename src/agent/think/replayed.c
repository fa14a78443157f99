/* The model's own tools in the script of its run. */
#include "agent/replay/results.h"
#include "agent/think/mind.h"
#include "base/clock.h"
#include "base/memory.h"
#include <string.h>

#define RESULTS_TOLD 100
#define SEARCH_MS    6000 /* after which no other result is searched for: a large page takes seconds for each */

/* What a script has in a call's place: steps, and texts about what it has not. */
struct place {
    json_t *steps, *left_out;
    int64_t deadline;
};

typedef void replayer(const struct call *call, struct place *place);

static void leave_out(struct place *place, const char *format, const char *what) {
    cleanup_free char *text = memory_print(format, what);
    json_array_append_new(place->left_out, json_string(text));
}

static void replay_read_page(const struct call *call, struct place *place) {
    leave_out(place, "it showed the page to the model; a script needs an extract step for what it is to bring%s", "");
}

static void replay_ask_user(const struct call *call, struct place *place) {
    leave_out(place, "a script asks nobody; what the person answered can be an input%s", "");
}

static void replay_note(const struct call *call, struct place *place) {
    leave_out(place, "the model wrote it down for itself%s", "");
}

/* Results */

static void bring(const struct call *call, struct place *place, const char *name, const json_t *value) {
    cleanup_json json_t *missing = NULL;
    json_t *step, *path;
    size_t i;
    if (clock_remaining_ms(place->deadline) <= 0)
        return leave_out(place, "result %.100s: the page was too busy to be searched for it", name);
    step = replay_result(call->mind->run, name, value, &missing);
    if (!step) {
        leave_out(place, "result %.100s: no part of the page says exactly this; a script needs an extract step for it",
                  name);
        return;
    }
    json_array_append_new(place->steps, step);
    if (!json_array_size(missing))
        json_object_set(call->mind->brought, name, (json_t *)value);
    json_array_foreach (missing, i, path) {
        cleanup_free char *whole = memory_print("%.100s.%.100s", name, json_string_value(path));
        leave_out(place, "result %s: no part of the page says exactly this; a script needs an extract step for it",
                  whole);
    }
}

static void replay_extract(const struct call *call, struct place *place) {
    const char *name = json_text_or(call->arguments, "as", "");
    json_t *value = json_object_get(call->mind->run->results, name);
    if (value)
        bring(call, place, name, value);
}

/* What was extracted before counts when it is called the same; then what the page says; then any part of the others. */
static void bring_member(const struct call *call, struct place *place, const char *name, json_t *value) {
    const json_t *brought = call->mind->brought;
    const json_t *known = json_object_get(brought, name);
    if (known && json_equal(known, value))
        return;
    json_t *step = replay_result_of(brought, name, value);
    if (!step)
        return bring(call, place, name, value);
    json_array_append_new(place->steps, step);
    json_object_set(call->mind->brought, name, value);
}

static void replay_done(const struct call *call, struct place *place) {
    json_t *results = call->mind->run->results, *result = json_object_get(call->arguments, "result"), *value;
    const char *name;
    size_t told = 0;
    json_object_foreach (json_is_object(result) ? result : NULL, name, value)
        if (!json_is_null(value) && told++ < RESULTS_TOLD)
            bring_member(call, place, name, json_object_get(results, name));
    if (result && !json_is_object(result) && !json_is_null(result))
        bring_member(call, place, "result", json_object_get(results, "result"));
    if (!call->mind->run->options->result_schema && json_object_get(results, "answer") &&
        *json_text_or(call->arguments, "text", ""))
        bring_member(call, place, "answer", json_object_get(results, "answer"));
}

static const struct {
    const char *tool;
    replayer *replay;
} rows[] = {
    {"read_page", replay_read_page}, {"extract", replay_extract}, {"ask_user", replay_ask_user},
    {"note", replay_note},           {"done", replay_done},
};

int replayed_tell(struct call *call, struct error *e) {
    const char *name = call->tool->name;
    cleanup_json json_t *steps = json_array(), *left_out = json_array();
    struct place place = {steps, left_out, clock_deadline(SEARCH_MS)};
    if (call->failed || call->mind->mend_task)
        return 0;
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++)
        if (!strcmp(rows[i].tool, name))
            rows[i].replay(call, &place);
    cleanup_free char *message = memory_print("The model called %s", name);
    return mind_event(
        call->mind, LOG_INFO, "model.called", message,
        json_pack("{s:s, s:s, s:O, s:O}", "path", call->path, "action", name, "replay", steps, "left_out", left_out),
        e);
}
