/* Actions on the tab's history and the site's cookies. */
#include "agent/action.h"
#include "agent/target.h"
#include "base/clock.h"
#include "base/memory.h"
#include <errno.h>
#include <string.h>

action_handler action_back, action_forward, action_reload, action_cookies;

static int call(struct step *step, const char *method, json_t *parameters, json_t **ret_result, struct error *e) {
    return cdp_call(step->run->client, page_session_id(step->run->page, 0), method, parameters,
                    clock_remaining_ms(step->deadline), ret_result, e);
}

static void keep_address(struct step *step) {
    cleanup_json json_t *facts = NULL;
    if (page_call(step->run->page, 0, "pageFacts", json_pack("[n, n]"), step->deadline, &facts, NULL) == 0)
        json_object_set(step->data, "url", json_object_get(facts, "url"));
}

static enum page_stage stage_of(const struct step *step) {
    return page_stage_of(json_text_or(step->arguments, "until", NULL), PAGE_LOAD);
}

static int move(struct step *step, int by, struct error *e) {
    cleanup_json json_t *history = NULL;
    int r = page_settle(step->run->page, step->deadline, e);
    if (!r)
        r = call(step, "Page.getNavigationHistory", NULL, &history, e);
    if (r < 0)
        return r;
    const json_t *entries = json_object_get(history, "entries");
    int64_t current = json_int_or(history, "currentIndex", 0), wanted = current + by;
    const json_t *entry = wanted < 0 ? NULL : json_array_get(entries, (size_t)wanted);
    if (!entry)
        return error_set(e, EINVAL, ERROR_STEP, "there is no page to go %s to", by < 0 ? "back" : "forward");
    int64_t moves = page_moves(step->run->page);
    r = call(step, "Page.navigateToHistoryEntry",
             json_pack("{s:I}", "entryId", (json_int_t)json_int_or(entry, "id", 0)), NULL, e);
    if (!r)
        r = page_wait_moved(step->run->page, stage_of(step), moves, step->deadline, e);
    if (!r)
        keep_address(step);
    return r;
}

int action_back(struct step *step, struct error *e) {
    return move(step, -1, e);
}

int action_forward(struct step *step, struct error *e) {
    return move(step, 1, e);
}

int action_reload(struct step *step, struct error *e) {
    int64_t commits = page_commits(step->run->page);
    int r = call(step, "Page.reload", NULL, NULL, e);
    if (!r)
        r = page_wait_next(step->run->page, stage_of(step), commits, step->deadline, e);
    if (!r)
        keep_address(step);
    return r;
}

/* Cookies */

static int address(struct step *step, json_t **ret_url, struct error *e) {
    cleanup_json json_t *facts = NULL;
    int r;
    do
        r = page_call(step->run->page, 0, "pageFacts", json_pack("[n, n]"), step->deadline, &facts, e);
    while (r == -EAGAIN && clock_remaining_ms(step->deadline) > 0 && !step_pause(step, 20, e));
    if (!r)
        *ret_url = json_incref(json_object_get(facts, "url"));
    return r;
}

static int read_cookies(struct step *step, const json_t *url, json_t **ret_list, struct error *e) {
    cleanup_json json_t *answer = NULL;
    int r = call(step, "Network.getCookies", json_pack("{s:[O]}", "urls", url), &answer, e);
    if (!r)
        *ret_list = json_incref(json_object_get(answer, "cookies"));
    return r;
}

static int clear_cookies(struct step *step, const json_t *url, struct error *e) {
    cleanup_json json_t *list = NULL;
    size_t i;
    json_t *cookie;
    int r = read_cookies(step, url, &list, e);
    json_array_foreach (list, i, cookie) {
        if (!r)
            r = call(step, "Network.deleteCookies",
                     json_pack("{s:O, s:O, s:O}", "name", json_object_get(cookie, "name"), "domain",
                               json_object_get(cookie, "domain"), "path", json_object_get(cookie, "path")),
                     NULL, e);
    }
    return r;
}

/* Our names of a cookie's members and Chromium's. */
static const struct {
    const char *ours, *theirs;
} names[] = {{"name", "name"},     {"value", "value"},        {"domain", "domain"},   {"path", "path"},
             {"secure", "secure"}, {"http_only", "httpOnly"}, {"expires", "expires"}, {"same_site", "sameSite"}};

static int set_cookie(struct step *step, const json_t *url, const json_t *cookie, struct error *e) {
    cleanup_json json_t *answer = NULL;
    json_t *parameters = json_pack("{s:O}", "url", url);
    for (size_t i = 0; i < ARRAY_LENGTH(names); i++)
        if (json_object_get(cookie, names[i].ours))
            json_object_set(parameters, names[i].theirs, json_object_get(cookie, names[i].ours));
    int r = call(step, "Network.setCookie", parameters, &answer, e);
    if (!r && !json_bool_or(answer, "success", false))
        r = error_set(e, EINVAL, ERROR_STEP, "the browser does not take the cookie %.100s",
                      json_text_or(cookie, "name", ""));
    return r;
}

static json_t *our_cookie(const json_t *cookie) {
    json_t *ours = json_object();
    for (size_t i = 0; i < ARRAY_LENGTH(names); i++)
        if (json_object_get(cookie, names[i].theirs))
            json_object_set(ours, names[i].ours, json_object_get(cookie, names[i].theirs));
    if (json_real_or(cookie, "expires", -1) < 0)
        json_object_del(ours, "expires");
    return ours;
}

static int keep_cookies(struct step *step, const json_t *url, const char *name, struct error *e) {
    cleanup_json json_t *list = NULL;
    int r = read_cookies(step, url, &list, e);
    if (r < 0)
        return r;
    json_t *result = json_array();
    for (size_t i = 0; i < json_array_size(list); i++)
        json_array_append_new(result, our_cookie(json_array_get(list, i)));
    return run_result(step, name, result, e);
}

int action_cookies(struct step *step, struct error *e) {
    cleanup_json json_t *url = NULL;
    const json_t *set = json_object_get(step->arguments, "set");
    const char *name = json_text_or(step->arguments, "as", NULL);
    int r = address(step, &url, e);
    if (!r && json_bool_or(step->arguments, "clear", false))
        r = clear_cookies(step, url, e);
    for (size_t i = 0; !r && i < json_array_size(set); i++)
        r = set_cookie(step, url, json_array_get(set, i), e);
    return !r && name ? keep_cookies(step, url, name, e) : r;
}
