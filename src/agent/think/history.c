#include "agent/think/history.h"
#include "base/memory.h"
#include <stdlib.h>
#include <string.h>

#define WHOLE_OBSERVATIONS 2    /* the last ones */
#define WHOLE_RESULTS      4    /* turns whose tools' answers stay as they are when there is little room */
#define SHORT_BYTES        400  /* of an answer of a tool that was shortened */
#define PICTURE_BYTES      4500 /* what a picture counts for: some 1,500 tokens */
#define CALL_LINE_BYTES    160
#define FORGOTTEN_PART     8 /* what was done long ago takes no more than this part of the budget */

void history_done(struct history *history) {
    for (size_t i = 0; i < history->count; i++) {
        json_decref(history->turns[i].observed);
        json_decref(history->turns[i].assistant);
        json_decref(history->turns[i].results);
        free(history->turns[i].line);
        free(history->turns[i].nudge);
    }
    free(history->turns);
    json_decref(history->opening);
    *history = (struct history){0};
}

static json_t *user_message(const char *text) {
    return json_pack("{s:s, s:[{s:s}]}", "role", "user", "parts", "text", text);
}

/* Pictures are sent with the newest observation only. */
static void drop_pictures(json_t *message) {
    json_t *parts = json_object_get(message, "parts");
    for (size_t i = json_array_size(parts); i-- > 0;)
        if (json_object_get(json_array_get(parts, i), "image"))
            json_array_remove(parts, i);
}

void history_observe(struct history *history, json_t *message, const char *line) {
    if (history->count)
        drop_pictures(history->turns[history->count - 1].observed);
    history->turns = memory_resize(history->turns, (history->count + 1) * sizeof *history->turns);
    history->turns[history->count++] = (struct turn){.observed = message, .line = memory_copy_text(line)};
}

void history_observe_again(struct history *history, json_t *message) {
    struct turn *turn = &history->turns[history->count - 1];
    json_decref(turn->observed);
    turn->observed = message;
}

void history_answer(struct history *history, json_t *assistant, json_t *results, const char *nudge) {
    struct turn *turn = &history->turns[history->count - 1];
    turn->assistant = assistant;
    turn->results = results;
    turn->nudge = memory_copy_text(nudge);
}

/* "click {"element":12}: Done." */
static void print_calls(struct text *out, const struct turn *turn) {
    const json_t *calls = json_object_get(turn->assistant, "calls");
    for (size_t i = 0; i < json_array_size(calls); i++) {
        const json_t *call = json_array_get(calls, i);
        cleanup_free char *arguments = json_print(json_object_get(call, "arguments"));
        const char *answer = json_text_or(json_array_get(turn->results, i), "text", "");
        text_print(out, "  %s %.*s: %.*s\n", json_text_or(call, "name", ""), CALL_LINE_BYTES, arguments,
                   CALL_LINE_BYTES, answer);
    }
}

/* Without the marks around texts of pages. */
static void append_unmarked(const struct history *history, struct text *out, const char *text) {
    const char *const marks[] = {history->begin, history->end};
    while (*text) {
        size_t skip = 0;
        for (size_t i = 0; i < ARRAY_LENGTH(marks); i++)
            if (marks[i] && text_starts_with(text, marks[i]))
                skip = strlen(marks[i]);
        if (!skip)
            text_append_char(out, *text);
        text += skip ? skip : 1;
    }
}

/* Cutting may have torn a character. */
static json_t *valid_text(const struct text *text) {
    cleanup_text struct text json = {0};
    text_append_json(&json, text->data ? text->data : "", text->length);
    return json_loadb(json.data, json.length, JSON_DECODE_ANY, NULL);
}

static size_t print_short(struct text *out, const struct turn *turn) {
    size_t before = out->length;
    text_print(out, "%s\n", turn->line);
    print_calls(out, turn);
    return out->length - before;
}

/* From which turn on the turns before `end` fit into so many bytes: the newest of them count most. */
static size_t first_that_fits(const struct history *history, size_t end, size_t bytes) {
    for (size_t used = 0; end > 0; end--) {
        cleanup_text struct text one = {0};
        used += print_short(&one, &history->turns[end - 1]);
        if (used > bytes)
            break;
    }
    return end;
}

/* It holds words of pages all through, so it is marked as a whole. */
static json_t *forgotten_message(const struct history *history, size_t end, size_t bytes) {
    cleanup_text struct text told = {0}, out = {0};
    size_t first = first_that_fits(history, end, bytes);
    if (first)
        text_print(&told, "(%zu turns before are left out)\n", first);
    for (size_t i = first; i < end; i++)
        print_short(&told, &history->turns[i]);
    text_print(&out, "What you did before, in short:\n%s\n", history->begin);
    append_unmarked(history, &out, told.data);
    text_append_string(&out, history->end);
    return json_pack("{s:s, s:[{s:o}]}", "role", "user", "parts", "text", valid_text(&out));
}

void history_append_beginning(const struct history *history, struct text *out, const char *text, size_t most) {
    size_t length = strlen(text), cut = most;
    if (length <= most) {
        text_append(out, text, length);
        return;
    }
    while (cut && (text[cut] & 0xC0) == 0x80)
        cut--;
    cleanup_free char *head = memory_print("%.*s", (int)cut, text);
    const char *open = NULL, *at = head;
    while ((at = strstr(at, history->begin)))
        open = at++;
    text_print(out, "%s... (shortened)%s", head, open && !strstr(open, history->end) ? history->end : "");
}

static json_t *shortened(const struct history *history, const json_t *results) {
    json_t *copy = json_deep_copy(results), *one;
    size_t i;
    json_array_foreach (copy, i, one) {
        cleanup_text struct text out = {0};
        history_append_beginning(history, &out, json_text_or(one, "text", ""), SHORT_BYTES);
        json_object_set_new(one, "text", json_stringn(out.data ? out.data : "", out.length));
    }
    return copy;
}

/* What of the conversation is sent. */
struct cut {
    size_t first;           /* turns before it are told in short */
    size_t whole;           /* so many of the last observations are sent as they were */
    bool shorten;           /* long answers of tools are sent by their beginning */
    size_t forgotten_bytes; /* for the turns before `first` */
};

static void add_turn(const struct history *history, size_t i, const struct cut *cut, json_t *messages) {
    const struct turn *turn = &history->turns[i];
    bool whole = i + cut->whole >= history->count;
    json_array_append_new(messages, whole ? json_incref(turn->observed) : user_message(turn->line));
    if (turn->assistant)
        json_array_append(messages, turn->assistant);
    if (turn->results)
        json_array_append_new(messages, json_pack("{s:s, s:o}", "role", "tool", "results",
                                                  cut->shorten && i + WHOLE_RESULTS < history->count
                                                      ? shortened(history, turn->results)
                                                      : json_incref(turn->results)));
    if (turn->nudge)
        json_array_append_new(messages, user_message(turn->nudge));
}

static size_t pictures_in(const json_t *messages, size_t *ret_bytes) {
    size_t count = 0, i, j;
    json_t *message, *part;
    *ret_bytes = 0;
    json_array_foreach (messages, i, message) {
        json_t *parts = json_object_get(message, "parts");
        json_array_foreach (parts, j, part) {
            json_t *image = json_object_get(part, "image");
            count += image != NULL;
            *ret_bytes += image ? json_dumpb(image, NULL, 0, JSON_COMPACT) : 0;
        }
    }
    return count;
}

size_t history_size(const json_t *messages) {
    size_t bytes, pictures = pictures_in(messages, &bytes);
    return json_dumpb(messages, NULL, 0, JSON_COMPACT) - bytes + pictures * PICTURE_BYTES;
}

static json_t *messages_of(const struct history *history, const struct cut *cut, size_t *ret_stable) {
    json_t *messages = json_copy(history->opening);
    if (cut->first)
        json_array_append_new(messages, forgotten_message(history, cut->first, cut->forgotten_bytes));
    *ret_stable = json_array_size(messages);
    for (size_t i = cut->first; i < history->count; i++) {
        add_turn(history, i, cut, messages);
        if (i + cut->whole < history->count)
            *ret_stable = json_array_size(messages);
    }
    return messages;
}

static size_t most_forgotten(const struct history *history) {
    return history->count > WHOLE_OBSERVATIONS ? history->count - WHOLE_OBSERVATIONS : 0;
}

/* What of the conversation goes, step by step: step 0 leaves everything. The answers of the last turn stay as long as
 * they can: the model has not seen them yet. */
static struct cut cut_at(const struct history *history, size_t step, size_t budget) {
    size_t most = most_forgotten(history);
    struct cut cut = {.whole = WHOLE_OBSERVATIONS, .shorten = step > 0, .forgotten_bytes = budget / FORGOTTEN_PART};
    size_t beyond = step > most + 1 ? step - most - 1 : 0;
    cut.first = beyond ? most : step ? step - 1 : 0;
    if (beyond)
        cut.whole = 1;
    if (beyond > 1)
        cut.first = history->count - 1;
    return cut;
}

static size_t last_step(const struct history *history) {
    return most_forgotten(history) + 1 + (history->count > 1 ? 2 : 0);
}

static bool fits(const struct history *history, size_t step, size_t budget) {
    struct cut cut = cut_at(history, step, budget);
    size_t stable;
    cleanup_json json_t *messages = messages_of(history, &cut, &stable);
    return history_size(messages) <= budget;
}

/* The first step that fits, each leaving less than the one before; mostly everything does. */
json_t *history_messages(const struct history *history, size_t budget, size_t *ret_stable) {
    size_t low = 0, high = last_step(history);
    while (low < high) {
        size_t middle = low ? low + (high - low) / 2 : 0;
        if (fits(history, middle, budget))
            high = middle;
        else
            low = middle + 1;
    }
    struct cut cut = cut_at(history, low, budget);
    return messages_of(history, &cut, ret_stable);
}
