#include "agent/observe/observation.h"
#include "agent/observe/observer.h"
#include "base/memory.h"
#include <stdlib.h>
#include <string.h>

#define OTHER_TABS_MOST 10

/* Words of a page on one line, whatever they are. */
static void append_words(struct text *out, const char *words, size_t most) {
    size_t length = strlen(words), end = length < most ? length : most;
    while (end < length && end && ((unsigned char)words[end] & 0xc0) == 0x80)
        end--;
    for (size_t i = 0; i < end; i++) {
        bool control = (unsigned char)words[i] < ' ' || words[i] == 0x7f;
        text_append(out, control ? " " : &words[i], 1);
    }
    if (end < length)
        text_append_string(out, "…");
}

static void append_other_tab(struct text *out, const json_t *tab) {
    cleanup_text struct text title = {0};
    append_words(&title, json_text_or(tab, "title", ""), 60);
    text_print(out, "%lld ", (long long)json_int_or(tab, "number", 0));
    text_append_json(out, title.length ? title.data : "", title.length);
    text_append_char(out, ' ');
    append_words(out, json_text_or(tab, "url", ""), 80);
}

static int append_tabs(struct run *run, int64_t deadline, struct text *out, struct error *e) {
    cleanup_json json_t *list = NULL;
    cleanup_text struct text others = {0};
    size_t count = tabs_count(run->tabs), told = 0;
    int64_t current = 1;
    int r = count > 1 ? tabs_list(run->tabs, deadline, &list, e) : 0;
    for (size_t i = 0; !r && i < json_array_size(list); i++) {
        const json_t *tab = json_array_get(list, i);
        if (json_bool_or(tab, "current", false)) {
            current = json_int_or(tab, "number", 1);
        } else if (told++ < OTHER_TABS_MOST) {
            text_append_string(&others, others.length ? ", " : "");
            append_other_tab(&others, tab);
        }
    }
    if (r < 0)
        return r;
    text_print(out, "Tab %lld of %zu", (long long)current, count);
    if (others.length)
        text_print(out, " (others: %s%s)", others.data, told > OTHER_TABS_MOST ? ", ..." : "");
    text_append_char(out, '\n');
    return 0;
}

static void append_scroll(const json_t *scroll, struct text *out) {
    long long top = json_int_or(scroll, "top", 0), height = json_int_or(scroll, "height", 0),
              view = json_int_or(scroll, "view", 0), left = json_int_or(scroll, "left", 0),
              width = json_int_or(scroll, "width", 0), across = json_int_or(scroll, "across", 0);
    text_print(out, "Scroll: %lld of %lld px; the view shows %lld-%lld", top, height > view ? height : view, top,
               top + view);
    if (width > across)
        text_print(out, "; across %lld-%lld of %lld px", left, left + across, width);
    text_append_char(out, '\n');
}

/* Dialogs are answered at once; the model hears of the last one that came since it looked. */
static void append_dialog(struct run *run, struct text *out) {
    const json_t *last = run->dialogs.last;
    if (!last || run->dialogs.shown == run->observer->dialogs_told)
        return;
    cleanup_text struct text message = {0};
    append_words(&message, json_text_or(last, "message", ""), 300);
    run->observer->dialogs_told = run->dialogs.shown;
    text_print(out, "Dialog: %s ", json_text_or(last, "type", "alert"));
    text_append_json(out, message.length ? message.data : "", message.length);
    text_print(out, " was %s\n", json_bool_or(last, "accepted", false) ? "accepted" : "dismissed");
}

static int make_header(struct run *run, const struct look *look, int64_t deadline, struct text *out, struct error *e) {
    text_append_string(out, "Page: ");
    append_words(out, json_text_or(look->page, "title", ""), 200);
    text_append_string(out, "\nURL: ");
    append_words(out, json_text_or(look->page, "url", ""), 300);
    text_append_char(out, '\n');
    int r = append_tabs(run, deadline, out, e);
    if (r < 0)
        return r;
    append_scroll(json_object_get(look->page, "scroll"), out);
    append_dialog(run, out);
    return 0;
}

int observe_page(struct run *run, const struct observe_options *options, int64_t deadline,
                 struct observation *ret_observation, struct error *e) {
    cleanup_look struct look look = {0};
    cleanup_text struct text header = {0};
    struct error no_picture; /* a page that gives none is still told */
    size_t budget = options->budget_bytes ? options->budget_bytes : OBSERVE_BUDGET_DEFAULT;
    budget = budget > OBSERVE_BUDGET_LEAST ? budget : OBSERVE_BUDGET_LEAST;
    run->observer->looks++;
    int r = look_take(run, budget, deadline, &look, e);
    if (!r)
        r = make_header(run, &look, deadline, &header, e);
    if (r < 0)
        return r;
    struct observation observation = {.title = memory_copy_text(json_text_or(look.page, "title", "")),
                                      .url = memory_copy_text(json_text_or(look.page, "url", ""))};
    /* Room for the lines that say what is where and what was left out. */
    size_t rest = header.length + 200;
    compose(run, &look, header.data, budget > rest ? budget - rest : 0, &observation);
    if (options->screenshot)
        observer_picture(run, &look, options->boxes, deadline, &observation, &no_picture);
    *ret_observation = observation;
    return 0;
}

void observation_drop_picture(struct observation *observation) {
    free(observation->image);
    observation->image = NULL;
    observation->image_length = 0;
}

void observation_done(struct observation *observation) {
    free(observation->text);
    free(observation->title);
    free(observation->url);
    free(observation->image);
    *observation = (struct observation){0};
}
