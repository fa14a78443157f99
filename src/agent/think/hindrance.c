/* CAPTCHAs, pages that ask for a code, pages that refuse: a person is asked before the model wastes its turns. */
#include "agent/think/mind.h"
#include "base/clock.h"
#include "base/memory.h"
#include <stdlib.h>
#include <string.h>

#define LOOK_MS 3000
/* A person was asked about this address so often and it is still in the way: from then on the model decides. */
#define ASKED_MAX 2

/* Which kind, what the person is told, what the model is told when it is not alone on the page. */
static const struct kind {
    const char *kind, *question, *notice;
} kinds[] = {
    {"captcha", "The page %s wants to know whether a person is there. Take the browser over, solve it, give it back.",
     "This page shows a CAPTCHA. When it stands in your way, call ask_user with kind captcha."},
    {"code", "The page %s asks for a code that was sent to you. Enter it here, or take the browser over.",
     "This page asks for a code. When it was sent to the user, call ask_user with kind code; when an authenticator "
     "makes "
     "it, use totp."},
    {"blocked",
     "The page %s refuses: access denied. Take the browser over to see whether you get past it, or stop the "
     "run.",
     "This page refuses access."},
};

static const struct kind *find_kind(const char *name) {
    for (size_t i = 0; i < ARRAY_LENGTH(kinds); i++)
        if (!strcmp(kinds[i].kind, name))
            return &kinds[i];
    return NULL;
}

static const struct kind *look(struct mind *mind, bool *ret_alone) {
    cleanup_json json_t *answer = NULL;
    *ret_alone = false;
    if (page_call(mind->run->page, 0, "hindrance", json_array(), clock_deadline(LOOK_MS), &answer, NULL) < 0)
        return NULL;
    *ret_alone = json_bool_or(answer, "alone", false);
    return find_kind(json_text_or(answer, "kind", ""));
}

/* Codes of authenticators are made here; nobody has to be asked. */
static bool has_authenticator(const json_t *credentials) {
    for (size_t i = 0; i < json_array_size(credentials); i++)
        if (*json_text_or(json_array_get(credentials, i), "totp", ""))
            return true;
    return false;
}

static bool was_asked_enough(struct mind *mind) {
    if (!mind->hindered_url || strcmp(mind->hindered_url, mind->page.url)) {
        free(mind->hindered_url);
        mind->hindered_url = memory_copy_text(mind->page.url);
        mind->hindered = 0;
    }
    return mind->hindered++ >= ASKED_MAX;
}

static int ask(struct mind *mind, const struct kind *kind, struct error *e) {
    cleanup_json json_t *answer = NULL;
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    cleanup_free char *text = memory_print(kind->question, mind->page.url);
#pragma GCC diagnostic pop
    json_t *question = json_pack("{s:s, s:s}", "kind", kind->kind, "text", text);
    if (!strcmp(kind->kind, "code"))
        json_object_set_new(question, "fields", json_pack("[{s:s, s:s}]", "name", "code", "label", "Code"));
    int r = people_ask(mind, question, &answer, e);
    if (r < 0)
        return r;
    cleanup_free char *words = people_words(answer);
    text_print(&mind->notice, "A person was asked about this page (%s). %s\n", kind->kind, words);
    return 0;
}

int hindrance_meet(struct mind *mind, bool *ret_changed, struct error *e) {
    bool alone;
    const struct kind *kind = look(mind, &alone);
    *ret_changed = false;
    if (!kind)
        return 0;
    bool own_code = !strcmp(kind->kind, "code") && has_authenticator(mind->run->options->credentials);
    if (!alone || own_code || !mind->run->sink->ask || was_asked_enough(mind)) {
        text_print(&mind->notice, "%s\n", kind->notice);
        return 0;
    }
    *ret_changed = true;
    return ask(mind, kind, e);
}
