#include "agent/replay/record.h"
#include "agent/replay/parameters.h"
#include "agent/shapes.h"
#include "agent/target.h"
#include "base/clock.h"
#include "base/memory.h"
#include <string.h>

#define CALL_MS 1500
#define LOOK_MS 500 /* for a tab that the run is not in */
/* Nobody does more between two calls, nor in a run; a page that makes acts of a person's touch does. */
#define ACTS_AT_ONCE 60
#define ACTS_MAX     3000
/* After a click another one may make a double click of it, and a list that is gone through makes one choice. */
#define MERGE_MS 700

/* `members`: what belongs to the words, whichever there is. */
static const struct {
    const char *action, *verb, *members[2];
} words[] = {
    {"click", "clicked", {0}}, {"fill", "filled", {0}},       {"select", "chose", {"option", "options"}},
    {"check", "ticked", {0}},  {"uncheck", "unticked", {0}},  {"press", "pressed", {"key"}},
    {"drag", "dragged", {0}},  {"upload", "gave", {"files"}}, {"goto", "went to", {"url"}},
};

/* What of an act goes into its step as it is. */
static const char *const members[] = {"value", "option", "options",   "index",  "key",
                                      "times", "right",  "modifiers", "button", "down"};

/* A frame of another process is searched for by its address. */
static json_t *target_at(const json_t *act, const json_t *list, size_t i) {
    json_t *target = json_deep_copy(json_array_get(list, i));
    if (target && json_object_get(act, "outside"))
        json_object_set_new(target, "frame", json_pack("{s:O?}", "named", json_object_get(act, "address")));
    return target;
}

/* The first of them, the others as its fallbacks. */
static json_t *target_of(const json_t *act, const char *key) {
    const json_t *list = json_object_get(act, key);
    json_t *target = target_at(act, list, 0), *rest = json_array();
    for (size_t i = 1; i < json_array_size(list); i++)
        json_array_append_new(rest, target_at(act, list, i));
    if (target && json_array_size(rest))
        json_object_set(target, "fallback", rest);
    json_decref(rest);
    return target ? target : json_object();
}

static const char *secret_of(const json_t *act) {
    const char *name = json_text_or(act, "secret", "");
    return parameters_secret_title(name) ? name : NULL;
}

static json_t *arguments_of(const json_t *act) {
    json_t *arguments = target_of(act, "targets");
    for (size_t i = 0; i < ARRAY_LENGTH(members); i++)
        if (json_object_get(act, members[i]))
            json_object_set(arguments, members[i], json_object_get(act, members[i]));
    if (json_array_size(json_object_get(act, "to")))
        json_object_set_new(arguments, "to", target_of(act, "to"));
    return arguments;
}

static json_t *tab_of(const json_t *act) {
    if (json_object_get(act, "fresh"))
        return json_pack("{s:O}", "open", json_object_get(act, "url"));
    return json_pack("{s:O, s:O*}", "to", json_object_get(act, "number"), "close", json_object_get(act, "close"));
}

/* NULL: no script can say it, as with files, which only the person has. */
static json_t *step_of(const struct run *run, const json_t *act, const char *action) {
    struct error ignored;
    const char *secret = secret_of(act);
    cleanup_json json_t *plain = !strcmp(action, "goto")  ? json_incref(json_object_get(act, "url"))
                                 : !strcmp(action, "tab") ? tab_of(act)
                                                          : arguments_of(act);
    cleanup_json json_t *written = parameters_write(plain, run->options->inputs);
    if (secret)
        json_object_set_new(written, "value", json_sprintf("{{inputs.%s}}", secret));
    cleanup_json json_t *made = json_pack("{s:O?}", action, written);
    cleanup_json json_t *script = json_pack("[O]", made);
    return agent_check_script(script, &ignored) < 0 ? NULL : take_pointer(made);
}

/* A text, or those of a list. */
static char *detail_of(const json_t *act, const char *const names[2]) {
    const json_t *value = NULL;
    for (size_t i = 0; !value && i < 2 && names[i]; i++)
        value = json_object_get(act, names[i]);
    cleanup_text struct text list = {0};
    if (json_is_string(value))
        return memory_copy_text(json_string_value(value));
    for (size_t i = 0; i < json_array_size(value); i++)
        text_print(&list, "%s%s", i ? ", " : "", json_string_value(json_array_get(value, i)));
    return list.data ? memory_copy_text(list.data) : NULL;
}

static char *message_of(const struct run *run, const json_t *act, size_t i) {
    cleanup_free char *detail = detail_of(act, words[i].members);
    cleanup_json json_t *target = target_of(act, "targets");
    cleanup_free char *element = json_object_size(target) ? target_describe(target) : NULL;
    return memory_print("%s %s%s%.200s%s%s", run->held_by, words[i].verb, detail ? " " : "", detail ? detail : "",
                        !element ? ""
                        : detail ? " in "
                                 : " ",
                        element ? element : "");
}

/* Where it was done. A form may put what was typed into a password field into the address of the next page. */
static char *url_of(struct run *run, const json_t *act) {
    char *copy = memory_copy_text(json_text_or(act, "url", ""));
    run->recording.secret |= secret_of(act) != NULL;
    if (run->recording.secret)
        copy[strcspn(copy, "?#")] = '\0';
    return copy;
}

static int tell(struct run *run, const json_t *act, const char *action, const char *message, struct error *e) {
    cleanup_free char *url = url_of(run, act);
    json_t *data = json_pack("{s:s, s:s, s:s}", "action", action, "url", url, "by", run->held_by);
    json_t *step = step_of(run, act, action);
    if (step)
        json_object_set_new(data, "replay", step);
    run->recording.told++;
    return run_event(run, LOG_INFO, "person.acted", message, data, e);
}

static int tell_of_tab(struct run *run, const json_t *act, const char *what, const char *which, struct error *e) {
    cleanup_free char *message = memory_print("%s %s tab %s", run->held_by, what, which);
    return tell(run, act, "tab", message, e);
}

/* Steps act in one tab until another is named. A script that begins with a person's act begins in their tab. Whether
 * the act is told already: an address in a tab that they opened. */
static int tell_tab(struct run *run, const json_t *act, bool *ret_told, struct error *e) {
    struct recording *recording = &run->recording;
    const char *tab = json_text_or(act, "tab", "");
    const char *before = *recording->tab ? recording->tab : page_target(run->page);
    bool begins = !recording->told && !run->thinking;
    bool same = !strcmp(before, tab);
    snprintf(recording->tab, sizeof recording->tab, "%s", tab);
    *ret_told = !same && !begins && json_object_get(act, "fresh");
    if (same || begins)
        return 0;
    if (*ret_told)
        return tell_of_tab(run, act, "opened a new", json_text_or(act, "url", ""), e);
    return tell_of_tab(run, act, "went to", json_text_or(act, "number", ""), e);
}

/* The tab that steps go on in afterwards is named by the next one. */
static int tell_closed(struct run *run, const json_t *act, struct error *e) {
    snprintf(run->recording.tab, sizeof run->recording.tab, "%s", "none");
    return tell_of_tab(run, act, "closed", json_text_or(act, "number", ""), e);
}

static int tell_act(struct run *run, const json_t *act, struct error *e) {
    const char *action = json_text_or(act, "action", "");
    bool told = false;
    size_t i = 0;
    while (i < ARRAY_LENGTH(words) && strcmp(words[i].action, action))
        i++;
    if (json_object_get(act, "close"))
        return tell_closed(run, act, e);
    if (i == ARRAY_LENGTH(words))
        return 0;
    cleanup_free char *message = message_of(run, act, i);
    int r = tell_tab(run, act, &told, e);
    return r < 0 || told ? r : tell(run, act, action, message, e);
}

/* Whether an act says all that the one before it said. */
static bool contains(const json_t *act, const json_t *before) {
    const char *action = json_text_or(act, "action", "");
    bool merges = !strcmp(action, "select") || (!strcmp(action, "click") && json_int_or(act, "times", 1) == 2 &&
                                                json_int_or(before, "times", 1) == 1);
    return merges && !strcmp(action, json_text_or(before, "action", "")) &&
           json_equal(json_object_get(act, "tab"), json_object_get(before, "tab")) &&
           json_equal(json_object_get(act, "targets"), json_object_get(before, "targets"));
}

static bool may_be_contained(const json_t *act) {
    const char *action = json_text_or(act, "action", "");
    return (!strcmp(action, "select") || !strcmp(action, "click")) &&
           clock_monotonic_ms() - json_int_or(act, "at", 0) < MERGE_MS;
}

/* What was heard, but the last one when it may not be whole yet (`last`: it is). */
static int tell_acts(struct run *run, bool last, struct error *e) {
    cleanup_json json_t *acts = take_pointer(run->recording.acts);
    size_t count = json_array_size(acts);
    for (size_t i = 0; i < count; i++) {
        json_t *act = json_array_get(acts, i), *next = json_array_get(acts, i + 1);
        if (next && contains(next, act))
            continue;
        if (!next && !last && may_be_contained(act)) {
            run->recording.acts = json_pack("[O]", act);
            return 0;
        }
        int r = tell_act(run, act, e);
        if (r < 0)
            return r;
    }
    return 0;
}

static void note_flood(struct run *run) {
    if (!run->recording.flooded)
        run_event(run, LOG_WARN, "note", "The page told of more than a person can do; not all of it was recorded", NULL,
                  NULL);
    run->recording.flooded = true;
}

void record_act(void *user, struct page *page, json_t *act) {
    struct run *run = user;
    struct recording *recording = &run->recording;
    if (json_array_size(recording->acts) >= ACTS_AT_ONCE || recording->told >= ACTS_MAX) {
        note_flood(run);
        return;
    }
    json_object_set_new(act, "tab", json_string(page_target(page)));
    json_object_set_new(act, "number", json_sprintf("%lld", (long long)tabs_number(run->tabs, page)));
    json_object_set_new(act, "at", json_integer(clock_monotonic_ms()));
    if (json_object_get(act, "outside"))
        json_object_set_new(act, "url", json_string(page_recorded_url(page)));
    if (!recording->acts)
        recording->acts = json_array();
    json_array_append(recording->acts, act);
}

void record_navigates(struct run *run, const char *target) {
    struct page *page = tabs_find(run->tabs, target);
    if (page)
        page_expect_move(page);
}

void record_closes(struct run *run, const char *target) {
    struct page *page = run->recording.on ? tabs_find(run->tabs, target) : NULL;
    cleanup_json json_t *act = json_pack("{s:s, s:b, s:s}", "action", "tab", "close", 1, "url", "");
    if (page)
        record_act(run, page, act);
}

static void listen_in(struct run *run, size_t i, bool on) {
    struct page *page = tabs_hold(run->tabs, i);
    int64_t deadline = clock_deadline(page == run->page ? CALL_MS : LOOK_MS);
    if (!page_closed(page) && !page_crashed(page)) {
        page_record(page, on, deadline);
        if (on)
            page_find_closed_roots(page, deadline);
    }
    tabs_let_go(run->tabs);
}

static int listen_and_tell(struct run *run, bool on, struct error *e) {
    for (size_t i = 0; i < tabs_count(run->tabs); i++)
        listen_in(run, i, on);
    run->recording.on = on;
    return tell_acts(run, !on, e);
}

int record_go_on(struct run *run, struct error *e) {
    return run->tabs ? listen_and_tell(run, true, e) : 0;
}

/* The model's next steps are done in the run's own tab. */
static int tell_return(struct run *run, struct error *e) {
    if (!run->thinking || !*run->recording.tab)
        return 0;
    cleanup_json json_t *act = json_pack("{s:s, s:o, s:s}", "tab", page_target(run->page), "number",
                                         json_sprintf("%lld", (long long)tabs_number(run->tabs, run->page)), "url", "");
    bool told;
    int r = page_closed(run->page) ? 0 : tell_tab(run, act, &told, e);
    *run->recording.tab = '\0';
    return r;
}

int record_end(struct run *run, struct error *e) {
    if (!run->recording.on || !run->tabs)
        return 0;
    int r = listen_and_tell(run, false, e);
    return r < 0 ? r : tell_return(run, e);
}

void record_end_stopped(struct run *run, const struct error *why) {
    struct error ignored;
    if (!run->recording.on || !run->tabs || why->code != ERROR_CANCELLED)
        return;
    cdp_client_set_interrupt(run->client, -1);
    listen_and_tell(run, false, &ignored);
    cdp_client_set_interrupt(run->client, run->options->interrupt_fd);
}
