#include "agent/think/history.h"
#include "base/memory.h"
#include <stdlib.h>
#include <string.h>

#define WHOLE_OBSERVATIONS 2    /* the last ones */
#define WHOLE_RESULTS      4    /* turns whose tools' answers stay as they are when there is little room */
#define SHORT_BYTES        400  /* of an answer of a tool that was shortened */
#define PICTURE_BYTES      4500 /* what a picture counts for: some 1,500 tokens */
#define CALL_LINE_BYTES    160

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

/* It holds words of pages all through, so it is marked as a whole. */
static json_t *forgotten_message(const struct history *history, size_t first) {
    cleanup_text struct text told = {0}, out = {0};
    for (size_t i = 0; i < first; i++) {
        text_print(&told, "%s\n", history->turns[i].line);
        print_calls(&told, &history->turns[i]);
    }
    text_print(&out, "What you did before, in short:\n%s\n", history->begin);
    append_unmarked(history, &out, told.data);
    text_append_string(&out, history->end);
    return json_pack("{s:s, s:[{s:o}]}", "role", "user", "parts", "text", valid_text(&out));
}

/* Its beginning; a mark that was open is closed. */
static void append_beginning(const struct history *history, struct text *out, const char *text) {
    cleanup_free char *head = memory_print("%.*s", SHORT_BYTES, text);
    const char *open = NULL, *at = head;
    while ((at = strstr(at, history->begin)))
        open = at++;
    text_print(out, "%s... (shortened)%s", head, open && !strstr(open, history->end) ? history->end : "");
}

static json_t *shortened(const struct history *history, const json_t *results) {
    json_t *copy = json_deep_copy(results), *one;
    size_t i;
    json_array_foreach (copy, i, one) {
        const char *text = json_text_or(one, "text", "");
        cleanup_text struct text out = {0};
        if (strlen(text) <= SHORT_BYTES)
            continue;
        append_beginning(history, &out, text);
        json_object_set_new(one, "text", valid_text(&out));
    }
    return copy;
}

static void add_turn(const struct history *history, size_t i, bool shorten, json_t *messages) {
    const struct turn *turn = &history->turns[i];
    bool whole = i + WHOLE_OBSERVATIONS >= history->count;
    json_array_append_new(messages, whole ? json_incref(turn->observed) : user_message(turn->line));
    if (turn->assistant)
        json_array_append(messages, turn->assistant);
    if (turn->results)
        json_array_append_new(messages, json_pack("{s:s, s:o}", "role", "tool", "results",
                                                  shorten && i + WHOLE_RESULTS < history->count
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

static size_t size_of(const json_t *messages) {
    size_t bytes, pictures = pictures_in(messages, &bytes);
    return json_dumpb(messages, NULL, 0, JSON_COMPACT) - bytes + pictures * PICTURE_BYTES;
}

static json_t *messages_from(const struct history *history, size_t first, bool shorten, size_t *ret_stable) {
    json_t *messages = json_copy(history->opening);
    if (first)
        json_array_append_new(messages, forgotten_message(history, first));
    *ret_stable = json_array_size(messages);
    for (size_t i = first; i < history->count; i++) {
        add_turn(history, i, shorten, messages);
        if (i + WHOLE_OBSERVATIONS < history->count)
            *ret_stable = json_array_size(messages);
    }
    return messages;
}

json_t *history_messages(const struct history *history, size_t budget, size_t *ret_stable) {
    json_t *messages = messages_from(history, 0, false, ret_stable);
    for (size_t first = 0; size_of(messages) > budget && first < history->count; first++) {
        json_decref(messages);
        messages = messages_from(history, first, true, ret_stable);
    }
    return messages;
}
