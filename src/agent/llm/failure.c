#include "agent/llm/failure.h"
#include "agent/llm/protocol.h"
#include "base/memory.h"
#include "base/text.h"
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#define KEY_PART 6 /* so many first characters of a key give a word away as a part of it */

/* Rows are tried in order; the first whose status and words both fit says what it is. */
static const struct {
    int least, most;   /* status */
    const char *words; /* in type or message, lower case; NULL: any */
    enum error_code code;
    bool may_pass;
} rows[] = {
    {402, 429, "insufficient_quota", ERROR_MODEL_AUTH, false},
    {400, 429, "request too large", ERROR_MODEL_CONTEXT, false}, /* for a limit per minute: no wait mends it */
    {400, 499, "credit balance", ERROR_MODEL_AUTH, false},
    {402, 402, NULL, ERROR_MODEL_AUTH, false},
    {400, 403, "invalid_api_key", ERROR_MODEL_AUTH, false},
    {400, 403, "api key not valid", ERROR_MODEL_AUTH, false},
    {401, 401, NULL, ERROR_MODEL_AUTH, false},
    {400, 403, "content_policy", ERROR_MODEL_REFUSED, false},
    {400, 403, "content_filter", ERROR_MODEL_REFUSED, false},
    {400, 403, "content management policy", ERROR_MODEL_REFUSED, false},
    {400, 403, "moderation", ERROR_MODEL_REFUSED, false},
    {403, 403, NULL, ERROR_MODEL_AUTH, false},
    {0, 599, "context_length", ERROR_MODEL_CONTEXT, false},
    {0, 599, "context length", ERROR_MODEL_CONTEXT, false},
    {0, 599, "context size", ERROR_MODEL_CONTEXT, false},
    {0, 599, "context window", ERROR_MODEL_CONTEXT, false},
    {0, 599, "maximum context", ERROR_MODEL_CONTEXT, false},
    {0, 499, "prompt is too long", ERROR_MODEL_CONTEXT, false},
    {0, 499, "input is too long", ERROR_MODEL_CONTEXT, false}, /* Bedrock */
    {0, 499, "too many tokens", ERROR_MODEL_CONTEXT, false},
    {0, 499, "exceed context", ERROR_MODEL_CONTEXT, false},
    {0, 499, "maximum model length", ERROR_MODEL_CONTEXT, false},    /* vLLM */
    {0, 499, "max_model_len", ERROR_MODEL_CONTEXT, false},           /* vLLM */
    {0, 499, "max_new_tokens` must be", ERROR_MODEL_CONTEXT, false}, /* Text Generation Inference */
    {0, 499, "maximum prompt length", ERROR_MODEL_CONTEXT, false},   /* xAI */
    {0, 499, "input token count", ERROR_MODEL_CONTEXT, false},       /* Gemini */
    {0, 499, "prompt token count", ERROR_MODEL_CONTEXT, false},      /* Copilot */
    {0, 499, "model token limit", ERROR_MODEL_CONTEXT, false},       /* Moonshot */
    {0, 499, "range of input length", ERROR_MODEL_CONTEXT, false},   /* DashScope */
    {0, 499, "exceeds max length", ERROR_MODEL_CONTEXT, false},      /* Zhipu */
    {0, 499, "reduce the length", ERROR_MODEL_CONTEXT, false},
    {413, 413, NULL, ERROR_MODEL_CONTEXT, false},
    {400, 499, "model_not_found", ERROR_MODEL_MISSING, false},
    {400, 400, "is not a valid model", ERROR_MODEL_MISSING, false},
    {404, 404, NULL, ERROR_MODEL_MISSING, false},
    {429, 429, NULL, ERROR_MODEL_RATE, true},
    {0, 599, "rate_limit", ERROR_MODEL_RATE, true},
    {408, 409, NULL, ERROR_MODEL_UNAVAILABLE, true},
    {425, 425, NULL, ERROR_MODEL_UNAVAILABLE, true},
    {500, 599, NULL, ERROR_MODEL_UNAVAILABLE, true},
    {0, 0, "authentication_error", ERROR_MODEL_AUTH, false},
    {0, 0, "permission_error", ERROR_MODEL_AUTH, false},
    {0, 0, "not_found_error", ERROR_MODEL_MISSING, false},
    {0, 0, "invalid_request", ERROR_MODEL_PROTOCOL, false},
    {0, 0, NULL, ERROR_MODEL_UNAVAILABLE,
     true}, /* overloaded_error, api_error, server_error in the middle of a stream */
    {300, 399, NULL, ERROR_MODEL_PROTOCOL, false},
    {400, 499, NULL, ERROR_MODEL_PROTOCOL, false},
};

/* What is said of each class, and how to mend it; KEY and MODEL are put in. */
static const struct {
    enum error_code code;
    int err, tries;
    const char *text, *hint;
} classes[] = {
    {ERROR_MODEL_AUTH, EACCES, 1, "does not accept the key", "Set a valid key with credit in KEY"},
    {ERROR_MODEL_RATE, EBUSY, 6, "allows no more requests now",
     "Wait, raise the limit at the provider, or run fewer threads at once"},
    {ERROR_MODEL_CONTEXT, E2BIG, 1, "says that the request is too long for MODEL",
     "Lower context_tokens of the model, or take a model with a larger context"},
    {ERROR_MODEL_REFUSED, EPERM, 1, "refuses to answer (its policy)",
     "Word the task differently, or take another model"},
    {ERROR_MODEL_MISSING, ENOENT, 1, "has no model MODEL",
     "Check the model's name and the base URL: `replinet model test PROVIDER/MODEL`"},
    {ERROR_MODEL_UNAVAILABLE, EIO, 5, "does not work now",
     "Try again later; is the provider up? Is its base URL right?"},
    {ERROR_MODEL_PROTOCOL, EPROTO, 2, "does not take the request",
     "Check the base URL and the model: `replinet model test PROVIDER/MODEL`"},
    {ERROR_TIMEOUT, ETIMEDOUT, 2, "did not answer in time", "Raise the timeout, or take a faster model"},
};

int llm_tries_of(enum error_code code) {
    for (size_t i = 0; i < ARRAY_LENGTH(classes); i++)
        if (classes[i].code == code)
            return classes[i].tries;
    return 1;
}

/* Puts printable UTF-8 into a field of an error, cut at a character. */
static void copy_words(char *to, size_t room, const char *from) {
    size_t n = 0;
    for (; *from && n + 1 < room; from++)
        to[n++] = *((unsigned char)*from < ' ' ? " " : from);
    while (n && *from && ((unsigned char)to[n - 1] & 0xC0) == 0x80)
        n--;
    if (n && *from && (unsigned char)to[n - 1] >= 0xC0)
        n--;
    to[n] = '\0';
}

/* Members that hold the words, in the habits of OpenAI, Anthropic, vLLM, Ollama, FastAPI and llama.cpp. */
void llm_failure_read_json(struct llm_failure *failure, const json_t *body) {
    const json_t *error = json_object_get(body, "error"), *from = json_is_object(error) ? error : body;
    static const char *const types[] = {"code", "type"}, *const messages[] = {"message", "detail", "error"};
    int64_t code = json_int_or(from, "code", 0);
    if (!failure->status && code >= 400 && code <= 599)
        failure->status = (int)code;
    for (size_t i = 0; i < ARRAY_LENGTH(types); i++)
        if (!*failure->type && json_is_string(json_object_get(from, types[i])))
            copy_words(failure->type, sizeof failure->type, json_text_or(from, types[i], ""));
    for (size_t i = 0; i < ARRAY_LENGTH(messages); i++)
        if (!*failure->message && json_is_string(json_object_get(from, messages[i])))
            copy_words(failure->message, sizeof failure->message, json_text_or(from, messages[i], ""));
}

void llm_failure_read(struct llm_failure *failure, const char *body, size_t length) {
    cleanup_json json_t *json = NULL;
    const json_t *one = length && !json_parse(body, length, "error", &json, NULL) ? json : NULL;
    if (json_is_array(one)) /* Gemini's */
        one = json_array_get(one, 0);
    if (json_is_object(one))
        llm_failure_read_json(failure, one);
    bool page = length && strstr(body, "<html"); /* of a proxy: nothing to show */
    if (!*failure->message && length && !page && text_is_utf8(body, length))
        copy_words(failure->message, sizeof failure->message, body);
}

static bool has_words(const struct llm_failure *failure, const char *words) {
    return strcasestr(failure->type, words) || strcasestr(failure->message, words);
}

/* Which part of the request a server of a narrower kind complains about. */
static const struct {
    const char *words;
    unsigned quirk;
} complaints[] = {
    {"stream_options", LLM_QUIRK_NO_STREAM_OPTIONS},
    {"max_completion_tokens",
     LLM_QUIRK_OTHER_MAX_TOKENS}, /* also: "max_tokens ... use max_completion_tokens instead" */
    {"response_format", LLM_QUIRK_NO_RESPONSE_FORMAT},
    {"json_schema", LLM_QUIRK_NO_RESPONSE_FORMAT},
    {"temperature", LLM_QUIRK_NO_TEMPERATURE},
    {"tool_choice", LLM_QUIRK_NO_TOOL_CHOICE},
    {"cache_control", LLM_QUIRK_NO_CACHE_CONTROL},
    {"stream", LLM_QUIRK_NO_STREAM},
};

unsigned llm_failure_quirk(const struct llm_failure *failure) {
    bool refuses = failure->status == 400 || failure->status == 422 || failure->status == 501 || failure->status == 405;
    for (size_t i = 0; refuses && i < ARRAY_LENGTH(complaints); i++)
        if (has_words(failure, complaints[i].words))
            return complaints[i].quirk;
    return 0;
}

static bool gives_away(const char *word, size_t length, const char *key) {
    size_t part = strlen(key) < KEY_PART ? strlen(key) : KEY_PART;
    return length >= part && !strncmp(word, key, part);
}

void llm_redact(char *text, const char *key) {
    if (!key || strlen(key) < 4)
        return;
    for (char *at; (at = strstr(text, key));) {
        *at = '*';
        memmove(at + 1, at + strlen(key), strlen(at + strlen(key)) + 1);
    }
    for (char *word = text; *word;) {
        size_t length = strcspn(word, " \"'`,;()[]{}=:\t");
        if (length && gives_away(word, length, key)) {
            *word = '*';
            memmove(word + 1, word + length, strlen(word + length) + 1);
            length = 1;
        }
        word += length + (word[length] != '\0');
    }
}

/* "Set a valid key in KEY" with its words put in. */
static void set_hint(struct error *e, const char *hint, const struct llm_settings *settings) {
    const char *key = strstr(hint, "KEY");
    if (!key)
        error_hint(e, "%s", hint);
    else
        error_hint(e, "%.*s%s%s", (int)(key - hint), hint,
                   settings->key_origin ? settings->key_origin : "the provider's settings", key + 3);
}

static void set_text(struct error *e, int err, enum error_code code, const char *text,
                     const struct llm_failure *failure, const struct llm_settings *settings) {
    char status[24] = "", said[sizeof failure->message];
    const char *model = strstr(text, "MODEL");
    int before = model ? (int)(model - text) : (int)strlen(text);
    snprintf(said, sizeof said, "%s", failure->message);
    llm_redact(said, settings->api_key);
    if (failure->status)
        snprintf(status, sizeof status, " (HTTP %d)", failure->status);
    error_set(e, err, code, "%s %.*s%s%s%s%s%s", settings->provider, before, text, model ? settings->model : "",
              model ? model + 5 : "", status, *said ? ": " : "", said);
}

int llm_failure_explain(const struct llm_failure *failure, const struct llm_settings *settings, struct error *e) {
    size_t row = 0, kind = 0;
    while (row < ARRAY_LENGTH(rows) - 1 && (failure->status < rows[row].least || failure->status > rows[row].most ||
                                            (rows[row].words && !has_words(failure, rows[row].words))))
        row++;
    while (kind < ARRAY_LENGTH(classes) - 1 && classes[kind].code != rows[row].code)
        kind++;
    set_text(e, classes[kind].err, classes[kind].code, classes[kind].text, failure, settings);
    set_hint(e, classes[kind].hint, settings);
    bool may_pass = failure->should_retry >= 0 ? failure->should_retry && rows[row].may_pass : rows[row].may_pass;
    return may_pass ? -EAGAIN : -classes[kind].err;
}
