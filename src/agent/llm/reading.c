#include "agent/llm/reading.h"
#include "base/clock.h"
#include "base/memory.h"
#include "base/uuid.h"
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define OPENING   "<think>"
#define CLOSING   "</think>"
#define BLANKS    " \t\r\n"
#define NAME_MOST 64 /* bytes of a tool's name */

void llm_reading_begin(struct llm_reading *reading, const struct llm_request *request) {
    *reading = (struct llm_reading){.request = request, .reported_cost = -1};
}

void llm_reading_done(struct llm_reading *reading) {
    for (size_t i = 0; i < reading->count; i++) {
        struct llm_part *part = &reading->parts[i];
        free(part->id);
        free(part->name);
        text_done(&part->content);
        text_done(&part->signature);
        json_decref(part->raw);
    }
    free(reading->parts);
    json_decref(reading->details);
    text_done(&reading->held);
}

struct llm_part *llm_reading_new_part(struct llm_reading *reading, enum llm_part_kind kind, int64_t index,
                                      struct error *e) {
    if (reading->count == LLM_PARTS_MAX) {
        error_set(e, 0, ERROR_MODEL_PROTOCOL, "the model's answer has over %d parts", LLM_PARTS_MAX);
        return NULL;
    }
    if (!reading->first_token)
        reading->first_token = clock_monotonic_ms();
    reading->parts = memory_resize(reading->parts, (reading->count + 1) * sizeof *reading->parts);
    struct llm_part *part = &reading->parts[reading->count++];
    *part = (struct llm_part){.kind = kind, .index = index};
    return part;
}

struct llm_part *llm_reading_part(struct llm_reading *reading, enum llm_part_kind kind, int64_t index,
                                  struct error *e) {
    for (size_t i = 0; i < reading->count; i++)
        if (reading->parts[i].kind == kind && reading->parts[i].index == index)
            return &reading->parts[i];
    return llm_reading_new_part(reading, kind, index, e);
}

int64_t llm_reading_count(const json_t *usage, const char *key, int64_t fallback) {
    int64_t value = json_int_or(usage, key, -1);
    return value < 0 ? fallback : value < LLM_TOKENS_MAX ? value : LLM_TOKENS_MAX;
}

const char *llm_skip_thoughts(const char *text) {
    const char *begin = text + strspn(text, BLANKS), *end = strstr(begin, CLOSING), *opening = strstr(begin, OPENING);
    if (opening == begin && !end)
        return begin + strlen(begin); /* it was still thinking when it was cut off */
    if (!end || (opening && opening != begin && opening < end))
        return text;
    end += strlen(CLOSING);
    return end + strspn(end, BLANKS);
}

static void pass_on(const struct llm_reading *reading, const char *text, size_t length) {
    if (length && reading->request->delta)
        reading->request->delta(reading->request->user, text, length);
}

/* What was held turned out to be no thought, or the thought has ended at `from`. */
static void release(struct llm_reading *reading, size_t from) {
    const char *text = reading->held.data + from;
    reading->delta_state = LLM_DELTA_TEXT;
    pass_on(reading, text, strlen(text));
    text_clear(&reading->held);
}

/* Keeps text back while it may be a thought. Its bytes are limited as the answer's. */
static void add_delta(struct llm_reading *reading, const char *data, size_t length) {
    if (reading->delta_state == LLM_DELTA_TEXT) {
        pass_on(reading, data, length);
        return;
    }
    size_t before = reading->held.length;
    text_append(&reading->held, data, length);
    const char *held = reading->held.data, *begin = held + strspn(held, BLANKS);
    if (reading->delta_state == LLM_DELTA_BEGIN) {
        size_t have = strlen(begin), compared = have < strlen(OPENING) ? have : strlen(OPENING);
        if (strncmp(begin, OPENING, compared))
            release(reading, 0);
        else if (have >= strlen(OPENING))
            reading->delta_state = LLM_DELTA_THOUGHT;
    }
    if (reading->delta_state != LLM_DELTA_THOUGHT)
        return;
    const char *end = strstr(held + (before > strlen(CLOSING) ? before - strlen(CLOSING) : 0), CLOSING);
    if (end) {
        end += strlen(CLOSING);
        release(reading, (size_t)(end + strspn(end, BLANKS) - held));
    }
}

int llm_reading_add(struct llm_reading *reading, struct llm_part *part, struct text *into, const char *data,
                    size_t length, struct error *e) {
    reading->bytes += length;
    if (reading->bytes > LLM_ANSWER_MAX) {
        error_set(e, 0, ERROR_MODEL_PROTOCOL, "the model's answer does not end: it was cut off at %zu bytes",
                  LLM_ANSWER_MAX);
        error_hint(e, "Set max_tokens of the preset, or take another model");
        return -EMSGSIZE;
    }
    text_append(into, data, length);
    if (part->kind == LLM_PART_TEXT)
        add_delta(reading, data, length);
    return 0;
}

/* It is sent back later, and providers refuse a conversation with a name that none of their tools could have. */
static void clean_name(char **name) {
    if (!*name || !**name) {
        free(*name);
        *name = memory_copy_text("unknown");
    }
    if (strlen(*name) > NAME_MOST)
        (*name)[NAME_MOST] = '\0';
    for (char *c = *name; *c; c++)
        if (!isascii((unsigned char)*c) || (!isalnum((unsigned char)*c) && *c != '-'))
            *c = '_';
}

static json_t *call_of(const struct llm_part *part) {
    char made[UUID_TEXT_SIZE];
    cleanup_free char *id =
        part->id && *part->id ? memory_copy_text(part->id) : memory_print("call_%s", uuid_make(made));
    cleanup_json json_t *arguments = NULL;
    const char *text = part->content.length ? part->content.data : "{}"; /* no arguments at all: some send nothing */
    size_t length = part->content.length ? part->content.length : 2;
    if (json_parse(text, length, "arguments", &arguments, NULL) < 0 || !json_is_object(arguments))
        return json_pack("{s:s, s:s, s:n, s:o}", "id", id, "name", part->name, "arguments", "malformed",
                         json_stringn_nocheck(text, length));
    return json_pack("{s:s, s:s, s:O}", "id", id, "name", part->name, "arguments", arguments);
}

/* Models like to put JSON between ``` marks. */
static json_t *structure_of(const char *text) {
    json_t *structure = NULL;
    text += strspn(text, BLANKS);
    if (text_starts_with(text, "```"))
        text += strcspn(text, "\n");
    size_t length = strlen(text);
    while (length && strchr(BLANKS "`", text[length - 1]))
        length--;
    json_parse(text, length, "answer", &structure, NULL);
    return structure;
}

void llm_reading_answer(struct llm_reading *reading, struct llm_answer *answer) {
    cleanup_text struct text text = {0};
    answer->calls = json_array();
    for (size_t i = 0; i < reading->count; i++) {
        struct llm_part *part = &reading->parts[i];
        if (part->kind == LLM_PART_TEXT && part->content.length)
            text_append(&text, part->content.data, part->content.length);
        if (part->kind == LLM_PART_CALL)
            clean_name(&part->name);
        if (part->kind == LLM_PART_CALL)
            json_array_append_new(answer->calls, call_of(part));
    }
    answer->text = memory_copy_text(text.data ? llm_skip_thoughts(text.data) : "");
    if (reading->request->response_schema)
        answer->structure = structure_of(answer->text);
    answer->finish =
        json_array_size(answer->calls) && reading->finish == LLM_FINISH_STOP ? LLM_FINISH_CALLS : reading->finish;
    answer->usage = reading->usage;
}
