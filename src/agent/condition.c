/* Conditions: what the page says about a target, judged. */
#include "agent/shapes.h"
#include "agent/target.h"
#include "base/memory.h"
#include <errno.h>
#include <string.h>

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
    cleanup_json json_t *target = shapes_target_of(condition), *answers = NULL;
    struct facts facts = {0};
    int r =
        page_call_all(step->run->page, "facts", json_pack("[O, O]", target, condition), step->deadline, &answers, e);
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

int condition_ask(struct step *step, const json_t *condition, bool *ret_holds, char **ret_seen, struct error *e) {
    *ret_seen = NULL;
    *ret_holds = true;
    int r = 0;
    if (json_object_get(condition, "url") || json_object_get(condition, "title"))
        r = ask_page(step, condition, ret_holds, ret_seen, e);
    if (!r && *ret_holds && shapes_has_target(condition))
        r = ask_element(step, condition, ret_holds, ret_seen, e);
    return r;
}
