#include "agent/llm/budget.h"
#include "base/memory.h"
#include <string.h>

#define IMAGE_TOKENS    1600 /* of a screenshot; providers scale larger ones down to about so much */
#define MESSAGE_TOKENS  8    /* role, marks between messages */
#define ANSWER_TOKENS   4096 /* left for an answer without max_tokens */
#define HUNDREDTHS_EACH 100

/* By the first byte of a character in UTF-8: hundredths of a token. */
static int64_t weight_of(unsigned char c) {
    return c < 0x80   ? 31   /* ASCII */
           : c < 0xC0 ? 0    /* inside of a character */
           : c < 0xE0 ? 55   /* Latin with marks, Cyrillic, Greek, Hebrew, Arabic */
           : c < 0xF0 ? 130  /* CJK and most others */
                      : 250; /* emoji and rare scripts */
}

int64_t llm_tokens_of_text(const char *text, size_t length) {
    int64_t hundredths = 0;
    for (size_t i = 0; i < length; i++)
        hundredths += weight_of((unsigned char)text[i]);
    return (hundredths + HUNDREDTHS_EACH - 1) / HUNDREDTHS_EACH;
}

static int64_t tokens_of_json(const json_t *json) {
    if (!json)
        return 0;
    cleanup_free char *text = json_print(json);
    return llm_tokens_of_text(text, strlen(text));
}

static int64_t tokens_of_string(const json_t *string) {
    return json_is_string(string) ? llm_tokens_of_text(json_string_value(string), json_string_length(string)) : 0;
}

static int64_t tokens_of_part(const json_t *part) {
    return tokens_of_string(json_object_get(part, "text")) + (json_object_get(part, "image") ? IMAGE_TOKENS : 0);
}

int64_t llm_tokens_of_message(const json_t *message) {
    static const char *const lists[] = {"parts", "results"};
    int64_t tokens = MESSAGE_TOKENS + tokens_of_string(json_object_get(message, "text")) +
                     tokens_of_json(json_object_get(message, "calls")) +
                     tokens_of_json(json_object_get(message, "opaque"));
    for (size_t i = 0; i < ARRAY_LENGTH(lists); i++) {
        json_t *part;
        size_t n;
        json_array_foreach (json_object_get(message, lists[i]), n, part)
            tokens += MESSAGE_TOKENS + tokens_of_part(part);
    }
    return tokens;
}

int64_t llm_tokens_of_request(const struct llm_request *request) {
    int64_t tokens = tokens_of_json(request->tools) + tokens_of_json(request->response_schema);
    json_t *message;
    size_t i;
    json_array_foreach ((json_t *)request->messages, i, message)
        tokens += llm_tokens_of_message(message);
    return tokens;
}

int64_t llm_room(const struct llm_settings *settings) {
    if (settings->context_tokens <= 0)
        return INT64_MAX;
    int64_t left = settings->context_tokens - (settings->max_tokens > 0 ? settings->max_tokens : ANSWER_TOKENS);
    return left > settings->context_tokens / 4 ? left : settings->context_tokens / 4;
}
