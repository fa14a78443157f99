/* Conditions: what the page says about a target, judged. */
#include "agent/shapes.h"
#include "agent/target.h"
#include "agent/template.h"
#include "base/clock.h"
#include "base/memory.h"
#include "base/text.h"
#include <errno.h>
#include <float.h>
#include <fnmatch.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define ASK_AGAIN_MS 20

/* What is known of the elements that fit, over all sessions. */
struct facts {
    int64_t visible, attached;
    const json_t *first; /* of the first session that has any; NULL */
};

static bool is_visible(const struct facts *facts) {
    return facts->visible > 0;
}
static bool is_hidden(const struct facts *facts) {
    return facts->visible == 0;
}
static bool is_attached(const struct facts *facts) {
    return facts->attached > 0;
}
static bool is_detached(const struct facts *facts) {
    return facts->attached == 0;
}
static bool first_is(const struct facts *facts, const char *what, bool wanted) {
    return facts->first && json_bool_or(facts->first, what, false) == wanted;
}
static bool is_enabled(const struct facts *facts) {
    return first_is(facts, "enabled", true);
}
static bool is_disabled(const struct facts *facts) {
    return first_is(facts, "enabled", false);
}
static bool is_editable(const struct facts *facts) {
    return first_is(facts, "editable", true);
}
static bool is_checked(const struct facts *facts) {
    return first_is(facts, "checked", true);
}
static bool is_unchecked(const struct facts *facts) {
    return first_is(facts, "checked", false);
}
static bool is_focused(const struct facts *facts) {
    return first_is(facts, "focused", true);
}

static const struct {
    const char *name;
    bool (*holds)(const struct facts *facts);
} states[] = {
    {"visible", is_visible},     {"hidden", is_hidden},     {"attached", is_attached}, {"detached", is_detached},
    {"enabled", is_enabled},     {"disabled", is_disabled}, {"editable", is_editable}, {"checked", is_checked},
    {"unchecked", is_unchecked}, {"focused", is_focused},
};

static bool state_holds(const struct facts *facts, const char *state) {
    for (size_t i = 0; i < ARRAY_LENGTH(states); i++)
        if (!strcmp(states[i].name, state))
            return states[i].holds(facts);
    return false;
}

static bool has_counts(const json_t *condition) {
    return json_object_get(condition, "count") || json_object_get(condition, "at_least") ||
           json_object_get(condition, "at_most");
}

static bool counts_hold(const json_t *condition, const struct facts *facts) {
    int64_t exactly = json_int_or(condition, "count", -1);
    return (exactly < 0 || facts->visible == exactly) && facts->visible >= json_int_or(condition, "at_least", 0) &&
           facts->visible <= json_int_or(condition, "at_most", INT64_MAX);
}

static bool element_holds(const json_t *condition, const struct facts *facts) {
    const char *value = json_text_or(condition, "value", NULL);
    const char *fallback = has_counts(condition) ? NULL : "visible";
    const char *state = json_text_or(condition, "state", fallback);
    if ((state && !state_holds(facts, state)) || !counts_hold(condition, facts))
        return false;
    if (value && (!facts->first || strcmp(json_text_or(facts->first, "value", ""), value)))
        return false;
    return !json_object_get(condition, "contains") || first_is(facts, "contains", true);
}

static char *seen_of(const struct facts *facts) {
    if (!facts->first)
        return memory_copy_text("nothing fits");
    const json_t *first = facts->first;
    return memory_print("%lld visible of %lld that fit; the first is %s%s%s, value \"%.80s\", text \"%.120s\"",
                        (long long)facts->visible, (long long)facts->attached, json_text_or(first, "element", ""),
                        json_bool_or(first, "enabled", true) ? "" : ", disabled",
                        json_bool_or(first, "checked", false) ? ", checked" : "", json_text_or(first, "value", ""),
                        json_text_or(first, "text", ""));
}

static int refuse(const json_t *target, const json_t *answer, struct error *e) {
    cleanup_free char *words = target_describe(target);
    return error_set(e, EINVAL, ERROR_STEP, "%s: %s", words, json_text_or(answer, "by", "failed"));
}

static int ask_element(struct step *step, const json_t *condition, bool *ret_holds, char **ret_seen, struct error *e) {
    cleanup_json json_t *target = shapes_target_of(condition), *answers = NULL, *scoped = NULL;
    struct facts facts = {0};
    int r = target_scope(step, target, &scoped, e);
    if (!r)
        r = page_call_each(step->run->page, "facts", scoped, json_pack("[O, O]", target, condition), step->deadline,
                           &answers, e);
    if (r < 0)
        return r;
    for (size_t i = 0; i < json_array_size(answers); i++) {
        const json_t *answer = json_array_get(answers, i), *first = json_object_get(answer, "first");
        if (!strcmp(json_text_or(answer, "state", ""), "refused") ||
            !strcmp(json_text_or(answer, "state", ""), "failed"))
            return refuse(target, answer, e);
        if (json_is_object(first) && (!facts.first || (!facts.visible && json_int_or(answer, "visible", 0))))
            facts.first = first;
        facts.visible += json_int_or(answer, "visible", 0);
        facts.attached += json_int_or(answer, "attached", 0);
    }
    if (!facts.attached && page_find_closed_roots(step->run->page, step->deadline))
        return -EAGAIN;
    *ret_holds = element_holds(condition, &facts);
    if (!*ret_holds)
        *ret_seen = seen_of(&facts);
    return 0;
}

static int ask_page(struct step *step, const json_t *condition, bool *ret_holds, char **ret_seen, struct error *e) {
    cleanup_json json_t *answer = NULL;
    json_t *url = json_object_get(condition, "url"), *title = json_object_get(condition, "title");
    json_t *arguments = json_pack("[O?, O?]", url, title);
    int r = page_call(step->run->page, 0, "pageFacts", arguments, step->deadline, &answer, e);
    if (r < 0)
        return r;
    *ret_holds = json_bool_or(answer, "urlFits", false) && json_bool_or(answer, "titleFits", false);
    if (!*ret_holds)
        *ret_seen = memory_print("the page is %.200s, titled \"%.100s\"", json_text_or(answer, "url", ""),
                                 json_text_or(answer, "title", ""));
    return 0;
}

/* Values that are compared, not looked up in the page */

static char *text_of(const json_t *value) {
    return json_is_string(value) ? memory_copy_text(json_string_value(value)) : json_print(value);
}

static double number_of(const json_t *value) {
    double number;
    if (json_is_number(value))
        return json_number_value(value);
    const char *text = json_string_value(value);
    return text && !text_parse_real(text, -DBL_MAX, DBL_MAX, &number) ? number : NAN;
}

static bool is_empty(const json_t *value) {
    return json_is_null(value) || json_is_false(value) || (json_is_number(value) && json_number_value(value) == 0) ||
           (json_is_string(value) && !json_string_length(value)) || (json_is_array(value) && !json_array_size(value)) ||
           (json_is_object(value) && !json_object_size(value));
}

static bool is_container(const json_t *value) {
    return json_is_array(value) || json_is_object(value);
}

/* A number equals its text: inputs and results hold either. */
static bool equals(const json_t *value, const json_t *wanted) {
    cleanup_free char *one = text_of(value), *other = text_of(wanted);
    return json_equal(value, wanted) || number_of(value) == number_of(wanted) ||
           (!is_container(value) && !is_container(wanted) && !strcmp(one, other));
}

static bool differs(const json_t *value, const json_t *wanted) {
    return !equals(value, wanted);
}

static bool fits(const json_t *value, const json_t *wanted) {
    cleanup_free char *text = text_of(value);
    cleanup_free char *pattern = memory_print("*%s*", json_string_value(wanted));
    return !fnmatch(pattern, text, FNM_NOESCAPE | FNM_CASEFOLD);
}

static bool is_more(const json_t *value, const json_t *wanted) {
    return number_of(value) > number_of(wanted);
}

static bool is_less(const json_t *value, const json_t *wanted) {
    return number_of(value) < number_of(wanted);
}

static bool emptiness_is(const json_t *value, const json_t *wanted) {
    return is_empty(value) == json_is_true(wanted);
}

static bool compare(const json_t *condition, const json_t *value) {
    static const struct {
        const char *name;
        bool (*holds)(const json_t *value, const json_t *wanted);
    } rows[] = {{"equals", equals},     {"differs", differs},   {"matches", fits},
                {"more_than", is_more}, {"less_than", is_less}, {"is_empty", emptiness_is}};
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        const json_t *wanted = json_object_get(condition, rows[i].name);
        if (wanted && !rows[i].holds(value, wanted))
            return false;
    }
    return true;
}

static int ask_value(struct step *step, const json_t *condition, bool *ret_holds, char **ret_seen, struct error *e) {
    const json_t *value = json_object_get(condition, "given");
    *ret_holds = compare(condition, value);
    cleanup_free char *text = text_of(value);
    if (!*ret_holds)
        *ret_seen = memory_print("the given value is %.200s", text);
    return 0;
}

static int ask_not(struct step *step, const json_t *condition, bool *ret_holds, char **ret_seen, struct error *e) {
    bool holds;
    cleanup_free char *seen = NULL;
    int r = condition_ask(step, json_object_get(condition, "not"), &holds, &seen, e);
    *ret_holds = !holds;
    if (!r && holds)
        *ret_seen = memory_copy_text("what must not hold holds");
    return r;
}

static int ask_all(struct step *step, const json_t *condition, bool *ret_holds, char **ret_seen, struct error *e) {
    const json_t *list = json_object_get(condition, "all");
    int r = 0;
    for (size_t i = 0; !r && *ret_holds && i < json_array_size(list); i++)
        r = condition_ask(step, json_array_get(list, i), ret_holds, ret_seen, e);
    return r;
}

static int ask_any(struct step *step, const json_t *condition, bool *ret_holds, char **ret_seen, struct error *e) {
    const json_t *list = json_object_get(condition, "any");
    int r = 0;
    *ret_holds = false;
    for (size_t i = 0; !r && !*ret_holds && i < json_array_size(list); i++) {
        char *seen = NULL;
        r = condition_ask(step, json_array_get(list, i), ret_holds, &seen, e);
        free(*ret_seen);
        *ret_seen = r || *ret_holds ? (free(seen), NULL) : seen;
    }
    return r;
}

int condition_ask(struct step *step, const json_t *condition, bool *ret_holds, char **ret_seen, struct error *e) {
    const struct {
        bool asked;
        int (*ask)(struct step *step, const json_t *condition, bool *ret_holds, char **ret_seen, struct error *e);
    } parts[] = {
        {json_object_get(condition, "given"), ask_value},
        {json_object_get(condition, "url") || json_object_get(condition, "title"), ask_page},
        {shapes_has_target(condition), ask_element},
        {json_object_get(condition, "not"), ask_not},
        {json_object_get(condition, "all"), ask_all},
        {json_object_get(condition, "any"), ask_any},
    };
    int r = 0;
    *ret_seen = NULL;
    *ret_holds = true;
    for (size_t i = 0; !r && *ret_holds && i < ARRAY_LENGTH(parts); i++)
        if (parts[i].asked)
            r = parts[i].ask(step, condition, ret_holds, ret_seen, e);
    return r;
}

/* The condition that a member of the step holds, its templates replaced now. */
static int read_condition(struct step *step, const char *key, json_t **ret_condition, struct error *e) {
    cleanup_json json_t *expanded = NULL;
    int r = template_expand(json_object_get(step->arguments, key), step->run->values, &expanded, e);
    if (!r)
        expanded = shape_make_texts(&shape_condition, expanded);
    if (!r)
        r = shape_check(&shape_condition, expanded, key, e);
    if (!r)
        *ret_condition = shape_expand(&shape_condition, expanded);
    return r;
}

int condition_decide(struct step *step, const char *key, bool *ret_holds, struct error *e) {
    cleanup_json json_t *condition = key ? NULL : json_incref(step->arguments);
    struct step asking = *step; /* it has the time of a step, not of the whole loop */
    int64_t own = step_deadline(step->run, NULL);
    asking.deadline = own < step->deadline ? own : step->deadline;
    int r = key ? read_condition(step, key, &condition, e) : 0;
    if (r < 0)
        return r;
    do {
        cleanup_free char *seen = NULL;
        r = condition_ask(&asking, condition, ret_holds, &seen, e);
    } while (r == -EAGAIN && clock_remaining_ms(asking.deadline) > 0 && !step_pause(&asking, ASK_AGAIN_MS, e));
    return r == -EAGAIN ? error_set(e, ETIMEDOUT, ERROR_TIMEOUT, "the page kept changing while it was asked") : r;
}

int condition_count(struct step *step, const json_t *target, int64_t *ret_count, struct error *e) {
    for (;;) {
        cleanup_json json_t *answers = NULL, *scoped = NULL;
        int r = target_scope(step, target, &scoped, e);
        if (!r)
            r = page_call_each(step->run->page, "facts", scoped, json_pack("[O, {}]", target), step->deadline, &answers,
                               e);
        *ret_count = 0;
        for (size_t i = 0; !r && i < json_array_size(answers); i++)
            *ret_count += json_int_or(json_array_get(answers, i), "visible", 0);
        if (!r && !*ret_count && page_find_closed_roots(step->run->page, step->deadline))
            r = -EAGAIN;
        if (r != -EAGAIN)
            return r;
        if (clock_remaining_ms(step->deadline) <= 0)
            return error_set(e, ETIMEDOUT, ERROR_TIMEOUT, "the page kept changing while it was asked");
        r = step_pause(step, ASK_AGAIN_MS, e);
        if (r < 0)
            return r;
    }
}
