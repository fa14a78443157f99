#include "agent/think/approval.h"
#include "agent/shapes.h"
#include "agent/target.h"
#include "agent/think/mind.h"
#include "base/clock.h"
#include "base/memory.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <wctype.h>

#define LOOK_MS 5000

/* Beginnings of words, in lower case, of what commits somebody. `on_links`: also where it stands on a plain link, which
 * mostly leads somewhere and does nothing. `whole`: the word ends there. */
static const struct {
    const char *word;
    bool on_links, whole;
} words[] = {
    {"pay", true, true},
    {"buy", true, true},
    {"purchase", true, false},
    {"place order", true, false},
    {"place your order", true, false},
    {"order", false, true},
    {"order now", true, false},
    {"checkout", false, true},
    {"book", false, true},
    {"book now", true, false},
    {"reserve", false, true},
    {"subscribe", false, true},
    {"donate", false, true},
    {"transfer", false, true},
    {"send", false, true},
    {"send money", true, false},
    {"publish", false, true},
    {"post", false, true},
    {"tweet", false, true},
    {"delete", true, true},
    {"remove", true, true},
    {"erase", true, true},
    {"cancel order", true, false},
    {"cancel subscription", true, false},
    {"unsubscribe", true, true},
    {"close account", true, false},
    {"confirm", false, true},
    {"accept and pay", true, false},
    {"sign contract", true, false},
    {"withdraw", false, true},
    {"bid", false, true},
    {"оплат", true, false},
    {"заплатить", true, true},
    {"купить", true, true},
    {"покупк", false, false},
    {"заказать", true, true},
    {"оформить", true, true},
    {"забронировать", true, true},
    {"отправить", true, true},
    {"перевести", true, true},
    {"опубликовать", true, true},
    {"удалить", true, true},
    {"стереть", true, true},
    {"отменить заказ", true, false},
    {"отписаться", true, true},
    {"подписаться", false, true},
    {"подтвердить", true, true},
    {"подтверждаю", true, true},
    {"пожертвовать", true, true},
};

/* Lower case of Latin and Cyrillic letters; the words above have no others. */
static char *lower_of(const char *text) {
    struct text out = {0};
    for (const unsigned char *at = (const unsigned char *)text; *at; at++) {
        if (*at >= 'A' && *at <= 'Z') {
            text_append_char(&out, (char)(*at + 'a' - 'A'));
        } else if (at[0] == 0xD0 && at[1] >= 0x90 && at[1] <= 0x9F) { /* А-П */
            text_append_char(&out, (char)0xD0);
            text_append_char(&out, (char)(*++at + 0x20));
        } else if (at[0] == 0xD0 && at[1] >= 0xA0 && at[1] <= 0xAF) { /* Р-Я */
            text_append_char(&out, (char)0xD1);
            text_append_char(&out, (char)(*++at - 0x20));
        } else if (at[0] == 0xD0 && at[1] == 0x81) { /* Ё */
            text_append_string(&out, "ё");
            at++;
        } else {
            text_append_char(&out, (char)*at);
        }
    }
    return out.data ? out.data : memory_copy_text("");
}

static bool is_letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || (c & 0x80);
}

static bool holds_word(const char *text, const char *word, bool whole) {
    size_t length = strlen(word);
    for (const char *at = text; (at = strstr(at, word)); at++)
        if ((at == text || !is_letter(at[-1])) && (!whole || !is_letter(at[length])))
            return true;
    return false;
}

static bool holds_default_word(const char *text, bool link) {
    for (size_t i = 0; i < ARRAY_LENGTH(words); i++)
        if ((!link || words[i].on_links) && holds_word(text, words[i].word, words[i].whole))
            return true;
    return false;
}

static bool contains(const char *text, const char *part) {
    cleanup_free char *wanted = lower_of(part), *lower = lower_of(text);
    return strstr(lower, wanted) != NULL;
}

static bool rule_fits(const json_t *rule, const char *action, const json_t *consequence, const char *url) {
    const char *of_action = json_text_or(rule, "action", NULL), *text = json_text_or(rule, "text", NULL),
               *address = json_text_or(rule, "url", NULL);
    if (of_action && strcmp(of_action, action))
        return false;
    if (text && !contains(json_text_or(consequence, "words", ""), text))
        return false;
    return !address || contains(url, address) || contains(json_text_or(consequence, "href", ""), address) ||
           contains(json_text_or(consequence, "sentTo", ""), address);
}

/* Only what presses something can set it off. */
static bool sets_off(const char *action) {
    static const char *const actions[] = {"click", "press", "download", "check", "drag"};
    for (size_t i = 0; i < ARRAY_LENGTH(actions); i++)
        if (!strcmp(actions[i], action))
            return true;
    return false;
}

static bool is_writing_method(const char *method) {
    return !strcmp(method, "post") || !strcmp(method, "put") || !strcmp(method, "delete") || !strcmp(method, "patch");
}

static bool is_consequential(const char *action, const json_t *consequence) {
    cleanup_free char *text = lower_of(json_text_or(consequence, "words", ""));
    const char *role = json_text_or(consequence, "role", ""), *method = json_text_or(consequence, "method", "");
    bool link = !strcmp(role, "link") && *json_text_or(consequence, "href", "");
    if (!sets_off(action))
        return false;
    if (json_bool_or(consequence, "payment", false))
        return true;
    if (link && is_writing_method(method)) /* a link that is none */
        return true;
    bool toggle = !strcmp(action, "check") || !strcmp(action, "drag");
    return !toggle && holds_default_word(text, link);
}

bool approval_needed(const char *action, const json_t *consequence, const char *url, const json_t *rules) {
    for (size_t i = 0; i < json_array_size(rules); i++) {
        const json_t *rule = json_array_get(rules, i);
        if (rule_fits(rule, action, consequence, url))
            return json_bool_or(rule, "ask", true);
    }
    return is_consequential(action, consequence);
}

/* Looking and asking */

static const json_t *target_in(const json_t *arguments) {
    const json_t *clicked = json_object_get(arguments, "click");
    return clicked ? clicked : arguments;
}

static bool is_sending_key(const json_t *arguments) {
    const char *key = json_text_or(arguments, "key", "");
    const char *last = strrchr(key, '+');
    last = last && last[1] ? last + 1 : key;
    return !strcmp(last, "Enter") || !strcmp(last, "Space") || !strcmp(last, " ") || !strcmp(last, "NumpadEnter");
}

/* {} when the action hits nothing. */
static int look(struct call *call, const json_t *arguments, json_t **ret_consequence, struct error *e) {
    struct run *run = call->mind->run;
    const struct action *action = action_find(call->tool->action);
    cleanup_json json_t *own = json_deep_copy(arguments), *data = json_object(), *target = NULL, *answers = NULL;
    struct step step = {
        .run = run, .path = call->path, .arguments = own, .data = data, .deadline = clock_deadline(LOOK_MS)};
    bool press = !strcmp(call->tool->action, "press");
    int r = observer_resolve(run, action->shape, own, e);
    if (r < 0)
        return r;
    target = shapes_target_of(target_in(own));
    if (shapes_has_target(target))
        return target_call(&step, target, "consequence", json_pack("[b]", press), NULL, ret_consequence, e);
    *ret_consequence = json_object();
    if (!press)
        return 0;
    r = page_call_all(run->page, "consequenceOfFocus", json_array(), step.deadline, &answers, e);
    for (size_t i = 0; !r && i < json_array_size(answers); i++)
        if (*json_text_or(json_array_get(answers, i), "element", ""))
            json_object_update(*ret_consequence, json_array_get(answers, i));
    return r;
}

static int ask(struct call *call, const json_t *consequence, char **ret_declined, struct error *e) {
    struct mind *mind = call->mind;
    cleanup_json json_t *answer = NULL;
    if (!mind->run->sink->ask)
        return *ret_declined = memory_copy_text("This needs a person's consent, and nobody can be asked in this run."),
               0;
    cleanup_free char *text = memory_print("The agent wants to %s %.200s on %.300s", call->tool->name,
                                           json_text_or(consequence, "element", "the page"), mind->page.url);
    json_t *question = json_pack("{s:s, s:s, s:{s:s, s:O, s:O}}", "kind", "approval", "text", text, "call", "name",
                                 call->tool->name, "arguments", call->arguments, "element", consequence);
    int r = people_ask(mind, question, &answer, e);
    if (r < 0)
        return r;
    const json_t *approved = json_object_get(answer, "approved");
    const char *why = json_text_or(answer, "text", NULL);
    if (json_is_true(approved))
        return 0;
    if (json_bool_or(answer, "handled", false))
        *ret_declined =
            memory_copy_text("Not carried out: a person had the browser in hand meanwhile and may have done "
                             "it. Look at the page.");
    else
        *ret_declined =
            memory_print("A person declined this%s%s. Do not try it another way.", why ? ": " : "", why ? why : "");
    return 0;
}

/* The page may have changed what was asked about while somebody thought it over. */
static int look_again(struct call *call, const json_t *arguments, const json_t *before, char **ret_declined,
                      struct error *e) {
    cleanup_json json_t *after = NULL;
    struct error why = {0};
    int r = look(call, arguments, &after, &why);
    if (r < 0 && run_ends_with(call->mind->run, &why))
        return *e = why, r;
    if (r < 0 || !json_equal(before, after))
        *ret_declined = memory_copy_text("Not carried out: a person agreed, but what they agreed to changed meanwhile. "
                                         "Look at the page.");
    return 0;
}

int approval_ask(struct call *call, const json_t *step, char **ret_declined, struct error *e) {
    struct mind *mind = call->mind;
    const json_t *arguments = json_object_get(step, call->tool->action);
    cleanup_json json_t *consequence = NULL;
    struct error why = {0};
    bool key = !strcmp(call->tool->action, "press");
    if (!json_array_size(mind->model->approvals) &&
        (!sets_off(call->tool->action) || (key && !is_sending_key(arguments))))
        return 0;
    int r = look(call, arguments, &consequence, &why);
    if (r < 0 && run_ends_with(mind->run, &why))
        return *e = why, r;
    if (r < 0) /* the action itself will say what is wrong with its element */
        return 0;
    if (key && !is_sending_key(arguments))
        json_object_clear(consequence);
    const char *address = json_text_or(arguments, "url", mind->page.url);
    if (!approval_needed(call->tool->action, consequence, address, mind->model->approvals))
        return 0;
    r = ask(call, consequence, ret_declined, e);
    bool same = key && !json_object_size(consequence);
    return r < 0 || *ret_declined || same ? r : look_again(call, arguments, consequence, ret_declined, e);
}
