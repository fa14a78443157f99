/* Actions on the browser's tabs and on dialogs: tab, dialog. */
#include "agent/action.h"
#include "agent/target.h"
#include "base/clock.h"
#include "base/memory.h"
#include "base/text.h"
#include <errno.h>
#include <fnmatch.h>
#include <string.h>

action_handler action_tab, action_dialog;

#define LOOK_MS 50
#define LIST_MS 2000 /* for the browser to say which tabs there are */

static bool fits(const char *text, const char *wanted) {
    cleanup_free char *pattern = memory_print("*%s*", wanted);
    return !fnmatch(pattern, text, FNM_NOESCAPE | FNM_CASEFOLD);
}

/* `to`: a number, or a part of the title or address. */
static bool fits_either(const json_t *tab, size_t count, const char *wanted) {
    int64_t number;
    if (!text_parse_int(wanted, -TABS_MAX, TABS_MAX, &number))
        return number && json_int_or(tab, "number", 0) == (number > 0 ? number : (int64_t)count + 1 + number);
    return fits(json_text_or(tab, "title", ""), wanted) || fits(json_text_or(tab, "url", ""), wanted);
}

static bool is_meant(const json_t *arguments, const json_t *tab, size_t count) {
    static const char *const parts[] = {"title", "url"};
    const char *to = json_text_or(arguments, "to", NULL);
    for (size_t i = 0; i < ARRAY_LENGTH(parts); i++) {
        const char *wanted = json_text_or(arguments, parts[i], NULL);
        if (wanted && !fits(json_text_or(tab, parts[i], ""), wanted))
            return false;
    }
    return !to || fits_either(tab, count, to);
}

static bool names_tab(const json_t *arguments) {
    return json_object_get(arguments, "to") || json_object_get(arguments, "title") || json_object_get(arguments, "url");
}

/* The tab that is meant: the current one when none is named. NULL: none fits. */
static const json_t *choose(const json_t *arguments, const json_t *list) {
    size_t i, count = json_array_size(list);
    json_t *tab;
    json_array_foreach (list, i, tab) {
        if (names_tab(arguments) ? is_meant(arguments, tab, count) : json_bool_or(tab, "current", false))
            return tab;
    }
    return NULL;
}

static int fail_missing(struct step *step, json_t *list, struct error *e) {
    cleanup_free char *wanted = json_print(step->arguments);
    cleanup_text struct text words = {0};
    size_t i;
    json_t *tab;
    json_array_foreach (list, i, tab)
        text_print(&words, "%s%lld \"%.80s\" (%.120s)", i ? ", " : "", (long long)json_int_or(tab, "number", 0),
                   json_text_or(tab, "title", ""), json_text_or(tab, "url", ""));
    error_set(e, ETIMEDOUT, ERROR_STEP, "no tab fits %s", wanted);
    error_hint(e, "The open tabs: %s", words.data ? words.data : "none");
    json_object_set(step->data, "tabs", list);
    return -ETIMEDOUT;
}

/* Waits for it: windows come a moment after what opens them. */
static int find_tab(struct step *step, char ret_id[129], struct error *e) {
    for (;;) {
        cleanup_json json_t *list = NULL;
        int r = tabs_list(step->run->tabs, clock_deadline(LIST_MS), &list, e);
        const json_t *tab = r < 0 ? NULL : choose(step->arguments, list);
        if (tab) {
            snprintf(ret_id, 129, "%s", json_text_or(tab, "id", ""));
            return 0;
        }
        if (!r && clock_remaining_ms(step->deadline) <= LOOK_MS)
            return fail_missing(step, list, e);
        if (!r)
            r = step_pause(step, LOOK_MS, e);
        if (r < 0)
            return r;
    }
}

static void keep_current(struct step *step) {
    cleanup_json json_t *list = NULL, *none = json_object();
    struct error ignored;
    if (tabs_list(step->run->tabs, clock_deadline(LIST_MS), &list, &ignored) < 0 || !choose(none, list))
        return;
    json_t *tab = (json_t *)choose(none, list);
    json_object_del(tab, "id");
    json_object_update(step->data, tab);
}

static int open_tab(struct step *step, const char *url, struct error *e) {
    struct run *run = step->run;
    int r = tabs_add(run->tabs, step->deadline, e);
    run->page = tabs_current(run->tabs);
    return r < 0 || !strcmp(url, "about:blank") ? r : run_goto(step, url, e);
}

static int close_tab(struct step *step, struct error *e) {
    struct run *run = step->run;
    char id[129];
    bool moved;
    int r = find_tab(step, id, e);
    if (!r)
        r = tabs_close(run->tabs, id, step->deadline, e);
    if (!r)
        r = tabs_settle(run->tabs, step->deadline, &moved, e);
    run->page = tabs_current(run->tabs);
    return r;
}

/* A script says with the click that it goes on in the tab which that opens. */
static void note_followed(struct step *step, const char *id) {
    struct run *run = step->run;
    const char *opened = step->literal && run->clicked_at >= 0 ? tabs_opened(run->tabs, run->clicked_at) : NULL;
    if (opened && !strcmp(opened, id))
        json_object_set_new(step->data, "followed", json_true());
}

static int switch_tab(struct step *step, struct error *e) {
    struct run *run = step->run;
    char id[129];
    int r = find_tab(step, id, e);
    if (!r)
        note_followed(step, id);
    if (!r)
        r = tabs_switch(run->tabs, id, step->deadline, e);
    run->page = tabs_current(run->tabs);
    return r < 0 ? r : page_settle(run->page, step->deadline, e);
}

static int keep_list(struct step *step, const char *name, struct error *e) {
    json_t *list = NULL, *tab;
    size_t i;
    int r = tabs_list(step->run->tabs, clock_deadline(LIST_MS), &list, e);
    if (r < 0)
        return r;
    json_array_foreach (list, i, tab)
        json_object_del(tab, "id");
    return run_result(step, name, list, e);
}

int action_tab(struct step *step, struct error *e) {
    const char *url = json_text_or(step->arguments, "open", NULL), *name = json_text_or(step->arguments, "as", NULL);
    int r = 0;
    if (url)
        r = open_tab(step, url, e);
    else if (json_bool_or(step->arguments, "close", false))
        r = close_tab(step, e);
    else if (names_tab(step->arguments))
        r = switch_tab(step, e);
    if (!r)
        keep_current(step);
    return r < 0 || !name ? r : keep_list(step, name, e);
}

/* Dialogs */

static bool was_shown(void *user) {
    const struct dialogs *dialogs = user;
    return dialogs->shown > dialogs->read;
}

static int read_dialog(struct step *step, const char *name, struct error *e) {
    struct dialogs *dialogs = &step->run->dialogs;
    int r = cdp_wait(step->run->client, was_shown, dialogs, step->deadline, e);
    if (r == -ETIMEDOUT)
        return error_set(e, ETIMEDOUT, ERROR_STEP, "no dialog was shown%s",
                         dialogs->shown ? " since the last one was read" : "");
    if (r < 0)
        return r;
    dialogs->read = dialogs->shown;
    return run_result(step, name, json_incref(dialogs->last), e);
}

int action_dialog(struct step *step, struct error *e) {
    const json_t *arguments = step->arguments;
    const char *name = json_text_or(arguments, "as", NULL), *text = json_text_or(arguments, "text", NULL);
    if (name)
        return read_dialog(step, name, e);
    dialogs_plan(&step->run->dialogs, json_text_or(arguments, "on", text ? "prompt" : NULL),
                 text || !strcmp(json_text_or(arguments, "answer", "accept"), "accept"), text,
                 json_int_or(arguments, "times", 1));
    return 0;
}
