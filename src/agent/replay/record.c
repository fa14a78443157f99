#include "agent/replay/record.h"
#include "agent/replay/parameters.h"
#include "agent/shapes.h"
#include "agent/target.h"
#include "base/clock.h"
#include "base/memory.h"
#include <stdlib.h>
#include <string.h>

#define CALL_MS 1500

static const struct {
    const char *action, *verb, *member; /* the member that belongs to the words */
} words[] = {{"click", "clicked", NULL}, {"fill", "filled", NULL},      {"select", "chose", "option"},
             {"check", "ticked", NULL},  {"uncheck", "unticked", NULL}, {"press", "pressed", "key"},
             {"goto", "went to", "url"}};

/* What of an act goes into its step as it is. */
static const char *const members[] = {"value", "option", "options", "key", "times"};

/* A frame of another process is searched for by its address. */
static json_t *target_at(const json_t *act, size_t i) {
    json_t *target = json_deep_copy(json_array_get(json_object_get(act, "targets"), i));
    if (target && json_object_get(act, "outside"))
        json_object_set_new(target, "frame", json_pack("{s:O?}", "named", json_object_get(act, "address")));
    return target;
}

static json_t *arguments_of(const json_t *act) {
    json_t *arguments = target_at(act, 0), *rest = json_array();
    for (size_t i = 1; i < json_array_size(json_object_get(act, "targets")); i++)
        json_array_append_new(rest, target_at(act, i));
    if (json_array_size(rest))
        json_object_set(arguments, "fallback", rest);
    json_decref(rest);
    for (size_t i = 0; i < ARRAY_LENGTH(members); i++)
        if (json_object_get(act, members[i]))
            json_object_set(arguments, members[i], json_object_get(act, members[i]));
    return arguments;
}

static bool has_template(const json_t *act) {
    cleanup_free char *text = json_print(act);
    return strstr(text, "{{") != NULL;
}

/* NULL: no script can say it. Texts of a password field never come here; they are another input. */
static json_t *step_of(const struct run *run, const json_t *act, const char *action) {
    struct error ignored;
    if (has_template(act))
        return NULL;
    cleanup_json json_t *plain = strcmp(action, "goto") ? arguments_of(act) : json_incref(json_object_get(act, "url"));
    cleanup_json json_t *written = parameters_insert(plain, run->options->inputs);
    if (json_is_true(json_object_get(act, "secret")))
        json_object_set_new(written, "value", json_string("{{inputs.password}}"));
    cleanup_json json_t *made = json_pack("{s:O?}", action, written);
    cleanup_json json_t *script = json_pack("[O]", made);
    return agent_check_script(script, &ignored) < 0 ? NULL : take_pointer(made);
}

static char *message_of(const struct run *run, const json_t *act, size_t i) {
    const char *detail = words[i].member ? json_text_or(act, words[i].member, NULL) : NULL;
    cleanup_json json_t *target = target_at(act, 0);
    cleanup_free char *element = target ? target_describe(target) : NULL;
    return memory_print("%s %s%s%.200s%s%s", run->held_by, words[i].verb, detail ? " " : "", detail ? detail : "",
                        !element ? ""
                        : detail ? " in "
                                 : " ",
                        element ? element : "");
}

/* Where it was done. A form may put what was typed into a password field into the address of the next page. */
static char *url_of(struct run *run, const json_t *act) {
    const char *url = json_object_get(act, "outside") ? run->recorded_url : json_text_or(act, "url", "");
    char *copy = memory_copy_text(url ? url : "");
    run->recorded_secret |= json_is_true(json_object_get(act, "secret"));
    if (run->recorded_secret)
        copy[strcspn(copy, "?#")] = '\0';
    return copy;
}

static int tell(struct run *run, const json_t *act, struct error *e) {
    const char *action = json_text_or(act, "action", "");
    size_t i = 0;
    while (i < ARRAY_LENGTH(words) && strcmp(words[i].action, action))
        i++;
    if (i == ARRAY_LENGTH(words))
        return 0;
    cleanup_free char *message = message_of(run, act, i), *url = url_of(run, act);
    json_t *data = json_pack("{s:s, s:s, s:s}", "action", action, "url", url, "by", run->held_by);
    json_t *step = step_of(run, act, action);
    if (step)
        json_object_set_new(data, "replay", step);
    return run_event(run, LOG_INFO, "person.acted", message, data, e);
}

static int listen_and_tell(struct run *run, bool on, struct error *e) {
    char *url = NULL;
    size_t i;
    json_t *act;
    int r = 0;
    page_record(run->page, on, clock_deadline(CALL_MS), &url);
    if (url) {
        free(run->recorded_url);
        run->recorded_url = url;
    }
    cleanup_json json_t *acts = page_take_acts(run->page, !on);
    json_array_foreach (acts, i, act)
        if (!r)
            r = tell(run, act, e);
    run->recording = on;
    return r;
}

int record_go_on(struct run *run, struct error *e) {
    return run->page && !page_closed(run->page) ? listen_and_tell(run, true, e) : 0;
}

int record_end(struct run *run, struct error *e) {
    int r = run->recording && run->page ? listen_and_tell(run, false, e) : 0;
    free(take_pointer(run->recorded_url));
    return r;
}
