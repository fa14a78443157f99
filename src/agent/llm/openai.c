/* Chat completions: the conversation as OpenAI and those who speak like it want it. */
#include "agent/llm/protocol.h"
#include "base/memory.h"
#include <errno.h>
#include <string.h>

static void add_headers(const struct llm_settings *settings, void (*add)(void *user, const char *line), void *user) {
    cleanup_free char *line = memory_print("Authorization: Bearer %s", settings->api_key ? settings->api_key : "");
    if (settings->api_key && *settings->api_key)
        add(user, line);
}

static json_t *image_part(const json_t *image, bool vision) {
    if (!vision)
        return json_pack("{s:s, s:s}", "type", "text", "text", LLM_NO_PICTURE);
    cleanup_free char *url = memory_print("data:%s;base64,%s", json_text_or(image, "media_type", "image/png"),
                                          json_text_or(image, "data", ""));
    return json_pack("{s:s, s:{s:s}}", "type", "image_url", "image_url", "url", url);
}

static json_t *content_of(const json_t *parts, bool vision) {
    if (json_array_size(parts) == 1 && json_object_get(json_array_get(parts, 0), "text"))
        return json_incref(json_object_get(json_array_get(parts, 0), "text"));
    json_t *content = json_array(), *part;
    size_t i;
    json_array_foreach ((json_t *)parts, i, part) {
        const json_t *image = llm_image_of(part);
        json_array_append_new(content,
                              image ? image_part(image, vision)
                                    : json_pack("{s:s, s:s}", "type", "text", "text", json_text_or(part, "text", "")));
    }
    return content;
}

/* Arguments that were no JSON are sent back as some: servers parse them once more. */
static json_t *call_of(const json_t *call, const json_t *opaque) {
    const char *malformed = json_text_or(call, "malformed", NULL);
    cleanup_json json_t *wrapped = malformed ? json_pack("{s:s}", "malformed", malformed) : NULL;
    const json_t *arguments = wrapped ? wrapped : json_object_get(call, "arguments");
    cleanup_free char *text = arguments ? json_print(arguments) : memory_copy_text("{}");
    json_t *sent = json_pack("{s:s, s:s, s:{s:s, s:s}}", "id", json_text_or(call, "id", ""), "type", "function",
                             "function", "name", json_text_or(call, "name", ""), "arguments", text);
    json_t *extra = json_object_get(json_object_get(opaque, "calls"), json_text_or(call, "id", ""));
    if (extra)
        json_object_set(sent, "extra_content", extra);
    return sent;
}

static void write_assistant(json_t *messages, const json_t *message) {
    const json_t *opaque = llm_opaque_of(message, &llm_openai), *calls = json_object_get(message, "calls");
    const char *text = json_text_or(message, "text", "");
    bool blank = llm_is_blank(text);
    json_t *sent = json_pack("{s:s, s:o}", "role", "assistant", "content",
                             blank && json_array_size(calls) ? json_null() : json_string(blank ? LLM_NO_TEXT : text));
    if (json_array_size(calls)) {
        json_t *list = json_array(), *call;
        size_t i;
        json_array_foreach ((json_t *)calls, i, call)
            json_array_append_new(list, call_of(call, opaque));
        json_object_set_new(sent, "tool_calls", list);
    }
    if (json_object_get(opaque, "reasoning_details"))
        json_object_set(sent, "reasoning_details", json_object_get(opaque, "reasoning_details"));
    json_array_append_new(messages, sent);
}

/* Results of tools are texts only; their pictures follow as a user's message. */
static void write_results(json_t *messages, const json_t *message, bool vision) {
    json_t *images = json_array(), *result;
    size_t i;
    json_array_foreach (json_object_get(message, "results"), i, result) {
        cleanup_free char *text = memory_print("%s%s", json_bool_or(result, "error", false) ? "Error: " : "",
                                               json_text_or(result, "text", ""));
        json_array_append_new(messages, json_pack("{s:s, s:s, s:s}", "role", "tool", "tool_call_id",
                                                  json_text_or(result, "id", ""), "content", text));
        const json_t *image = llm_image_of(result);
        if (image)
            json_array_append_new(images, image_part(image, vision));
    }
    if (json_array_size(images))
        json_array_append_new(messages, json_pack("{s:s, s:O}", "role", "user", "content", images));
    json_decref(images);
}

static int write_message(json_t *messages, const json_t *message, bool vision, struct error *e) {
    const char *role = json_text_or(message, "role", "");
    if (!strcmp(role, "system"))
        json_array_append_new(messages,
                              json_pack("{s:s, s:s}", "role", "system", "content", json_text_or(message, "text", "")));
    else if (!strcmp(role, "user"))
        json_array_append_new(messages, json_pack("{s:s, s:o}", "role", "user", "content",
                                                  content_of(json_object_get(message, "parts"), vision)));
    else if (!strcmp(role, "assistant"))
        write_assistant(messages, message);
    else if (!strcmp(role, "tool"))
        write_results(messages, message, vision);
    else
        return error_set(e, EINVAL, ERROR_BAD_INPUT, "a message of the conversation has no known role: \"%s\"", role);
    return 0;
}

static json_t *tools_of(const json_t *tools) {
    json_t *list = json_array(), *tool;
    size_t i;
    json_array_foreach ((json_t *)tools, i, tool)
        json_array_append_new(list, json_pack("{s:s, s:{s:s, s:s, s:O}}", "type", "function", "function", "name",
                                              json_text_or(tool, "name", ""), "description",
                                              json_text_or(tool, "description", ""), "parameters",
                                              json_object_get(tool, "schema")));
    return list;
}

static json_t *choice_of(const char *choice) {
    static const char *const words[] = {"auto", "required", "none"};
    for (size_t i = 0; i < ARRAY_LENGTH(words); i++)
        if (!strcmp(choice, words[i]))
            return json_string(choice);
    return json_pack("{s:s, s:{s:s}}", "type", "function", "function", "name", choice);
}

static void write_schema(json_t *body, json_t *messages, const json_t *schema, unsigned quirks) {
    if (quirks & LLM_QUIRK_NO_RESPONSE_FORMAT) {
        cleanup_free char *text = json_print(schema);
        cleanup_free char *order = memory_print("Answer with one JSON value that fits this JSON Schema, and nothing "
                                                "else: %s",
                                                text);
        json_array_append_new(messages, json_pack("{s:s, s:s}", "role", "user", "content", order));
        return;
    }
    json_object_set_new(
        body, "response_format",
        json_pack("{s:s, s:{s:s, s:O}}", "type", "json_schema", "json_schema", "name", "answer", "schema", schema));
}

/* OpenAI's own models take max_completion_tokens, other servers know max_tokens; a refusal turns it round. */
static const char *max_tokens_name(const struct llm_settings *settings, unsigned quirks) {
    bool openai = strstr(settings->base_url, "//api.openai.com") != NULL;
    bool other = quirks & LLM_QUIRK_OTHER_MAX_TOKENS;
    return openai != other ? "max_completion_tokens" : "max_tokens";
}

static void write_options(json_t *body, const struct llm_settings *settings, const struct llm_request *request,
                          unsigned quirks) {
    if (settings->temperature >= 0 && !(quirks & LLM_QUIRK_NO_TEMPERATURE))
        json_object_set_new(body, "temperature", json_real(settings->temperature));
    if (settings->max_tokens > 0)
        json_object_set_new(body, max_tokens_name(settings, quirks), json_integer(settings->max_tokens));
    if (json_array_size(request->tools)) {
        json_object_set_new(body, "tools", tools_of(request->tools));
        if (request->tool_choice && strcmp(request->tool_choice, "auto") && !(quirks & LLM_QUIRK_NO_TOOL_CHOICE))
            json_object_set_new(body, "tool_choice", choice_of(request->tool_choice));
    }
    if (!(quirks & LLM_QUIRK_NO_STREAM)) {
        json_object_set_new(body, "stream", json_true());
        if (!(quirks & LLM_QUIRK_NO_STREAM_OPTIONS))
            json_object_set_new(body, "stream_options", json_pack("{s:b}", "include_usage", 1));
    }
    if (settings->extra)
        json_object_update(body, settings->extra);
}

static int write_body(const struct llm_settings *settings, const struct llm_request *request, unsigned quirks,
                      json_t **ret_body, struct error *e) {
    cleanup_json json_t *body = json_pack("{s:s, s:[]}", "model", settings->model, "messages");
    json_t *messages = json_object_get(body, "messages"), *message;
    size_t i;
    json_array_foreach ((json_t *)request->messages, i, message) {
        int r = write_message(messages, message, settings->vision, e);
        if (r < 0)
            return r;
    }
    if (request->response_schema)
        write_schema(body, messages, request->response_schema, quirks);
    write_options(body, settings, request, quirks);
    *ret_body = take_pointer(body);
    return 0;
}

/* ------------------------------------------------------------------------------------------------ the answer */

static int add_text(struct llm_reading *reading, enum llm_part_kind kind, const json_t *text, struct error *e) {
    if (!json_string_length(text))
        return 0;
    struct llm_part *part = llm_reading_part(reading, kind, 0, e);
    return part ? llm_reading_add(reading, part, &part->content, json_string_value(text), json_string_length(text), e)
                : -EPROTO;
}

/* The call that a piece belongs to. Servers differ: some give no index, some the same one to every call, some no id. */
static struct llm_part *part_of_call(struct llm_reading *reading, const json_t *piece, struct error *e) {
    const char *id = json_text_or(piece, "id", "");
    int64_t index = json_int_or(piece, "index", -1);
    struct llm_part *found = NULL;
    for (size_t i = 0; i < reading->count; i++) {
        struct llm_part *part = &reading->parts[i];
        if (part->kind == LLM_PART_CALL && (index < 0 || part->index == index))
            found = part; /* the last one of them */
    }
    bool names = *json_text_or(json_object_get(piece, "function"), "name", "");
    bool other = found && *id && found->id && strcmp(found->id, id);
    bool again = found && index < 0 && names && !*id; /* neither index nor id: a name begins a call */
    if (found && !other && !again)
        return found;
    return llm_reading_new_part(reading, LLM_PART_CALL, index, e);
}

static int add_arguments(struct llm_reading *reading, struct llm_part *part, const json_t *arguments, struct error *e) {
    if (json_is_string(arguments))
        return llm_reading_add(reading, part, &part->content, json_string_value(arguments),
                               json_string_length(arguments), e);
    if (!json_is_object(arguments))
        return 0;
    cleanup_free char *text = json_print(arguments);
    return llm_reading_add(reading, part, &part->content, text, strlen(text), e);
}

static int add_call(struct llm_reading *reading, const json_t *piece, struct error *e) {
    struct llm_part *part = part_of_call(reading, piece, e);
    const json_t *function = json_object_get(piece, "function");
    if (!part)
        return -EPROTO;
    if (!part->id && *json_text_or(piece, "id", ""))
        part->id = memory_copy_text(json_text_or(piece, "id", ""));
    if (!part->name && *json_text_or(function, "name", ""))
        part->name = memory_copy_text(json_text_or(function, "name", ""));
    if (!part->raw && json_is_object(json_object_get(piece, "extra_content")))
        part->raw = json_incref(json_object_get(piece, "extra_content"));
    return add_arguments(reading, part, json_object_get(function, "arguments"), e);
}

/* Pieces of one thought are joined as OpenRouter's clients do: texts grow, other members are set. */
static void add_detail(json_t *details, const json_t *piece) {
    json_t *last = json_array_get(details, json_array_size(details) - 1), *value;
    const char *key;
    if (!last || !json_equal(json_object_get(last, "index"), json_object_get(piece, "index")) ||
        !json_equal(json_object_get(last, "type"), json_object_get(piece, "type"))) {
        json_array_append_new(details, json_deep_copy(piece));
        return;
    }
    json_object_foreach ((json_t *)piece, key, value) {
        bool grows = !strcmp(key, "text") || !strcmp(key, "summary") || !strcmp(key, "data");
        const char *before = grows ? json_text_or(last, key, "") : "";
        cleanup_free char *joined =
            memory_print("%s%s", before, grows && json_is_string(value) ? json_string_value(value) : "");
        if (grows)
            json_object_set_new(last, key, json_string(joined));
        else if (!json_is_null(value))
            json_object_set(last, key, value);
    }
}

static int add_details(struct llm_reading *reading, const json_t *pieces, struct error *e) {
    json_t *piece;
    size_t i;
    if (json_array_size(pieces) && !reading->details)
        reading->details = json_array();
    json_array_foreach ((json_t *)pieces, i, piece) {
        cleanup_free char *text = json_print(piece);
        reading->bytes += strlen(text);
        if (reading->bytes > LLM_ANSWER_MAX)
            return error_set(e, EMSGSIZE, ERROR_MODEL_PROTOCOL, "the model's thoughts are over %zu bytes",
                             LLM_ANSWER_MAX);
        add_detail(reading->details, piece);
    }
    return 0;
}

static int add_calls(struct llm_reading *reading, const json_t *calls, struct error *e) {
    json_t *call;
    size_t i;
    int r = 0;
    json_array_foreach ((json_t *)calls, i, call)
        if (!r)
            r = add_call(reading, call, e);
    return r;
}

/* A delta of a stream, or the message of a whole answer. */
static int add_message(struct llm_reading *reading, const json_t *message, struct error *e) {
    const json_t *thought = json_object_get(message, "reasoning_content");
    int r = add_text(reading, LLM_PART_THOUGHT, thought ? thought : json_object_get(message, "reasoning"), e);
    if (!r)
        r = add_details(reading, json_object_get(message, "reasoning_details"), e);
    if (!r)
        r = add_text(reading, LLM_PART_TEXT, json_object_get(message, "content"), e);
    if (!r && json_string_length(json_object_get(message, "refusal"))) {
        reading->refused = true;
        r = add_text(reading, LLM_PART_TEXT, json_object_get(message, "refusal"), e);
    }
    return r ? r : add_calls(reading, json_object_get(message, "tool_calls"), e);
}

static void read_finish(struct llm_reading *reading, const char *finish) {
    if (!finish)
        return;
    reading->whole = true;
    reading->refused |= !strcmp(finish, "content_filter");
    reading->finish = !strcmp(finish, "length") ? LLM_FINISH_LENGTH : LLM_FINISH_STOP;
}

static void read_usage(struct llm_reading *reading, const json_t *usage) {
    if (!json_is_object(usage) || !json_is_integer(json_object_get(usage, "prompt_tokens")))
        return;
    const json_t *details = json_object_get(usage, "prompt_tokens_details");
    reading->has_usage = true;
    reading->usage.input_tokens = llm_reading_count(usage, "prompt_tokens", 0);
    reading->usage.output_tokens = llm_reading_count(usage, "completion_tokens", 0);
    reading->usage.cached_tokens =
        llm_reading_count(details, "cached_tokens", 0) + llm_reading_count(usage, "prompt_cache_hit_tokens", 0);
    reading->reported_cost = json_real_or(usage, "cost", -1);
}

static int read_choice(struct llm_reading *reading, const json_t *data, const char *member, struct error *e) {
    const json_t *choice = json_array_get(json_object_get(data, "choices"), 0);
    int r = choice ? add_message(reading, json_object_get(choice, member), e) : 0;
    if (!r && choice)
        read_finish(reading, json_text_or(choice, "finish_reason", NULL));
    read_usage(reading, json_object_get(data, "usage"));
    return r;
}

static int read_event(struct llm_reading *reading, const char *name, const json_t *data, struct error *e) {
    return read_choice(reading, data, "delta", e);
}

static int read_whole(struct llm_reading *reading, const json_t *body, struct error *e) {
    if (!json_is_object(json_object_get(json_array_get(json_object_get(body, "choices"), 0), "message")))
        return error_set(e, EPROTO, ERROR_MODEL_PROTOCOL, "the answer has no \"choices\" with a message");
    int r = read_choice(reading, body, "message", e);
    reading->whole = true;
    return r;
}

static json_t *opaque_of(const struct llm_reading *reading) {
    cleanup_json json_t *calls = json_object();
    for (size_t i = 0; i < reading->count; i++)
        if (reading->parts[i].raw && reading->parts[i].id)
            json_object_set(calls, reading->parts[i].id, reading->parts[i].raw);
    if (!json_object_size(calls) && !reading->details)
        return NULL;
    json_t *opaque = json_pack("{s:s, s:O}", "kind", llm_openai.name, "calls", calls);
    if (reading->details)
        json_object_set(opaque, "reasoning_details", reading->details);
    return opaque;
}

const struct llm_protocol llm_openai = {
    .name = "openai",
    .path = "/chat/completions",
    .base_has_version = true,
    .headers = add_headers,
    .write = write_body,
    .read_event = read_event,
    .read_whole = read_whole,
    .opaque = opaque_of,
};
