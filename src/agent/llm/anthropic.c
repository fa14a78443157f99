/* Anthropic Messages: the conversation as content blocks, roles in turn. */
#include "agent/llm/protocol.h"
#include "base/memory.h"
#include <errno.h>
#include <string.h>

#define VERSION            "2023-06-01"
#define DEFAULT_MAX_TOKENS 8192 /* the protocol wants a number; every current model can answer so much */
#define ANSWER_PART        8    /* of what the model reads in all, when that is known to be little */
#define ANSWER_TOOL        "answer"

static void add_headers(const struct llm_settings *settings, void (*add)(void *user, const char *line), void *user) {
    cleanup_free char *key = memory_print("x-api-key: %s", settings->api_key ? settings->api_key : "");
    add(user, "anthropic-version: " VERSION);
    if (settings->api_key && *settings->api_key)
        add(user, key);
}

/* The protocol refuses texts of nothing but blanks. */
static json_t *text_block(const char *text) {
    return json_pack("{s:s, s:s}", "type", "text", "text", llm_is_blank(text) ? LLM_NO_TEXT : text);
}

static json_t *image_block(const json_t *image, bool vision) {
    if (!vision)
        return text_block(LLM_NO_PICTURE);
    return json_pack("{s:s, s:{s:s, s:s, s:s}}", "type", "image", "source", "type", "base64", "media_type",
                     json_text_or(image, "media_type", "image/png"), "data", json_text_or(image, "data", ""));
}

static void add_parts(json_t *blocks, const json_t *parts, bool vision) {
    json_t *part;
    size_t i;
    json_array_foreach ((json_t *)parts, i, part) {
        const json_t *image = llm_image_of(part);
        json_array_append_new(blocks, image ? image_block(image, vision) : text_block(json_text_or(part, "text", "")));
    }
}

static void add_results(json_t *blocks, const json_t *results, bool vision) {
    json_t *result;
    size_t i;
    json_array_foreach ((json_t *)results, i, result) {
        json_t *content = json_array();
        const json_t *image = llm_image_of(result);
        json_array_append_new(content, text_block(json_text_or(result, "text", "")));
        if (image)
            json_array_append_new(content, image_block(image, vision));
        json_array_append_new(blocks, json_pack("{s:s, s:s, s:o, s:b}", "type", "tool_result", "tool_use_id",
                                                json_text_or(result, "id", ""), "content", content, "is_error",
                                                json_bool_or(result, "error", false)));
    }
}

static json_t *call_block(const char *id, const char *name, const json_t *arguments, const char *malformed) {
    json_t *input = malformed                   ? json_pack("{s:s}", "malformed", malformed)
                    : json_is_object(arguments) ? json_incref((json_t *)arguments)
                                                : json_object();
    return json_pack("{s:s, s:s, s:s, s:o}", "type", "tool_use", "id", id, "name", name, "input", input);
}

static void add_assistant(json_t *blocks, const json_t *message) {
    const json_t *opaque = llm_opaque_of(message, &llm_anthropic);
    json_t *call;
    size_t i;
    if (json_array_size(json_object_get(opaque, "blocks"))) {
        json_array_extend(blocks, json_object_get(opaque, "blocks"));
        return;
    }
    const char *text = json_text_or(message, "text", "");
    if (!llm_is_blank(text) || !json_array_size(json_object_get(message, "calls")))
        json_array_append_new(blocks, text_block(text));
    json_array_foreach (json_object_get(message, "calls"), i, call)
        json_array_append_new(blocks,
                              call_block(json_text_or(call, "id", ""), json_text_or(call, "name", ""),
                                         json_object_get(call, "arguments"), json_text_or(call, "malformed", NULL)));
}

/* The content of the last message when it is of this role, else of a new one: roles must take turns. */
static json_t *blocks_for(json_t *messages, const char *role) {
    json_t *last = json_array_get(messages, json_array_size(messages) - 1);
    if (!last || strcmp(json_text_or(last, "role", ""), role)) {
        last = json_pack("{s:s, s:[]}", "role", role, "content");
        json_array_append_new(messages, last);
    }
    return json_object_get(last, "content");
}

static int add_message(json_t *body, const json_t *message, bool vision, struct error *e) {
    const char *role = json_text_or(message, "role", "");
    json_t *messages = json_object_get(body, "messages");
    if (!strcmp(role, "system"))
        json_array_append_new(json_object_get(body, "system"), text_block(json_text_or(message, "text", "")));
    else if (!strcmp(role, "user"))
        add_parts(blocks_for(messages, "user"), json_object_get(message, "parts"), vision);
    else if (!strcmp(role, "tool"))
        add_results(blocks_for(messages, "user"), json_object_get(message, "results"), vision);
    else if (!strcmp(role, "assistant"))
        add_assistant(blocks_for(messages, "assistant"), message);
    else
        return error_set(e, EINVAL, ERROR_BAD_INPUT, "a message of the conversation has no known role: \"%s\"", role);
    return 0;
}

/* Marks the end of what stays the same. The block is copied: it may be a borrowed opaque one. Thoughts take no mark. */
static void mark_last(json_t *blocks) {
    size_t count = json_array_size(blocks);
    json_t *last = count ? json_array_get(blocks, count - 1) : NULL;
    if (!last || text_starts_with(json_text_or(last, "type", ""), "thinking"))
        return;
    json_t *marked = json_copy(last);
    json_object_set_new(marked, "cache_control", json_pack("{s:s}", "type", "ephemeral"));
    json_array_set_new(blocks, count - 1, marked);
}

static json_t *tools_of(const json_t *tools) {
    json_t *list = json_array(), *tool;
    size_t i;
    json_array_foreach ((json_t *)tools, i, tool)
        json_array_append_new(list, json_pack("{s:s, s:s, s:O}", "name", json_text_or(tool, "name", ""), "description",
                                              json_text_or(tool, "description", ""), "input_schema",
                                              json_object_get(tool, "schema")));
    return list;
}

static json_t *choice_of(const char *choice) {
    static const char *const words[][2] = {{"auto", "auto"}, {"required", "any"}, {"none", "none"}};
    for (size_t i = 0; i < ARRAY_LENGTH(words); i++)
        if (!strcmp(choice, words[i][0]))
            return json_pack("{s:s}", "type", words[i][1]);
    return json_pack("{s:s, s:s}", "type", "tool", "name", choice);
}

static bool is_object_schema(const json_t *schema) {
    return !strcmp(json_text_or(schema, "type", ""), "object");
}

/* A structured answer is a call that must be made. Arguments are objects, so another schema stands in one, its
 * definitions at the root where its references lead. */
static json_t *answer_tool(const json_t *schema) {
    static const char *const definitions[] = {"$defs", "definitions"};
    json_t *input = json_incref((json_t *)schema);
    if (!is_object_schema(schema)) {
        json_decref(input);
        input =
            json_pack("{s:s, s:{s:O}, s:[s]}", "type", "object", "properties", "value", schema, "required", "value");
        for (size_t i = 0; i < ARRAY_LENGTH(definitions); i++)
            if (json_object_get(schema, definitions[i]))
                json_object_set(input, definitions[i], json_object_get(schema, definitions[i]));
    }
    return json_pack("{s:s, s:s, s:o}", "name", ANSWER_TOOL, "description", "Give the answer with this.",
                     "input_schema", input);
}

static void write_tools(json_t *body, const struct llm_request *request) {
    if (request->response_schema) {
        json_object_set_new(body, "tools", json_pack("[o]", answer_tool(request->response_schema)));
        json_object_set_new(body, "tool_choice", choice_of(ANSWER_TOOL));
    } else if (json_array_size(request->tools)) {
        json_object_set_new(body, "tools", tools_of(request->tools));
        json_object_set_new(body, "tool_choice", choice_of(request->tool_choice ? request->tool_choice : "auto"));
    }
}

/* A provider adds it to the request's own length: more than there is room for would refuse every request. */
static int64_t answer_tokens(const struct llm_settings *settings) {
    int64_t part = settings->context_tokens / ANSWER_PART;
    if (settings->max_tokens > 0)
        return settings->max_tokens;
    return settings->context_tokens > 0 && part < DEFAULT_MAX_TOKENS ? part + 1 : DEFAULT_MAX_TOKENS;
}

static void write_options(json_t *body, const struct llm_settings *settings, unsigned quirks) {
    json_object_set_new(body, "max_tokens", json_integer(answer_tokens(settings)));
    if (settings->temperature >= 0 && !(quirks & LLM_QUIRK_NO_TEMPERATURE)) /* 0 to 1 here, 0 to 2 elsewhere */
        json_object_set_new(body, "temperature", json_real(settings->temperature > 1 ? 1 : settings->temperature));
    if (!(quirks & LLM_QUIRK_NO_STREAM))
        json_object_set_new(body, "stream", json_true());
    if (settings->extra)
        json_object_update(body, settings->extra);
}

static int write_body(const struct llm_settings *settings, const struct llm_request *request, unsigned quirks,
                      json_t **ret_body, struct error *e) {
    cleanup_json json_t *body = json_pack("{s:s, s:[], s:[]}", "model", settings->model, "system", "messages");
    json_t *message, *messages = json_object_get(body, "messages");
    bool marks = !(quirks & LLM_QUIRK_NO_CACHE_CONTROL);
    size_t i;
    json_array_foreach ((json_t *)request->messages, i, message) {
        int r = add_message(body, message, settings->vision, e);
        if (r < 0)
            return r;
        if (marks && i + 1 == request->stable_messages && json_array_size(messages))
            mark_last(json_object_get(json_array_get(messages, json_array_size(messages) - 1), "content"));
    }
    write_tools(body, request);
    if (marks) /* tools stand before the system's text, so its mark holds for both */
        mark_last(json_object_get(body, "system"));
    if (!json_array_size(json_object_get(body, "system")))
        json_object_del(body, "system");
    write_options(body, settings, quirks);
    *ret_body = take_pointer(body);
    return 0;
}

/* ------------------------------------------------------------------------------------------------ the answer */

static enum llm_part_kind kind_of(const char *type) {
    return !strcmp(type, "text")       ? LLM_PART_TEXT
           : !strcmp(type, "thinking") ? LLM_PART_THOUGHT
           : !strcmp(type, "tool_use") ? LLM_PART_CALL
                                       : LLM_PART_OTHER;
}

static int add_member(struct llm_reading *reading, struct llm_part *part, struct text *into, const json_t *object,
                      const char *key, struct error *e) {
    const json_t *text = json_object_get(object, key);
    return json_string_length(text)
               ? llm_reading_add(reading, part, into, json_string_value(text), json_string_length(text), e)
               : 0;
}

/* What a block begins with (a whole answer: all of it). */
static int begin_block(struct llm_reading *reading, int64_t index, const json_t *block, struct error *e) {
    const json_t *input = json_object_get(block, "input");
    struct llm_part *part = llm_reading_new_part(reading, kind_of(json_text_or(block, "type", "")), index, e);
    if (!part)
        return -EPROTO;
    part->id = memory_copy_text(json_text_or(block, "id", NULL));
    part->name = memory_copy_text(json_text_or(block, "name", NULL));
    if (part->kind == LLM_PART_OTHER)
        part->raw = json_deep_copy(block);
    int r = add_member(reading, part, &part->content, block, part->kind == LLM_PART_THOUGHT ? "thinking" : "text", e);
    if (!r)
        r = add_member(reading, part, &part->signature, block, "signature", e);
    if (r || part->kind != LLM_PART_CALL || !json_object_size(input))
        return r;
    cleanup_free char *text = json_print(input);
    return llm_reading_add(reading, part, &part->content, text, strlen(text), e);
}

static struct llm_part *find_block(struct llm_reading *reading, int64_t index) {
    for (size_t i = 0; i < reading->count; i++)
        if (reading->parts[i].index == index)
            return &reading->parts[i];
    return NULL;
}

static int read_delta(struct llm_reading *reading, const json_t *data, struct error *e) {
    static const char *const members[] = {"text", "partial_json", "thinking"};
    const json_t *delta = json_object_get(data, "delta");
    struct llm_part *part = find_block(reading, json_int_or(data, "index", 0));
    if (!part)
        return error_set(e, EPROTO, ERROR_MODEL_PROTOCOL, "the answer goes on with a block that never began");
    int r = add_member(reading, part, &part->signature, delta, "signature", e);
    for (size_t i = 0; !r && i < ARRAY_LENGTH(members); i++)
        r = add_member(reading, part, &part->content, delta, members[i], e);
    return r;
}

static void read_stop(struct llm_reading *reading, const char *reason) {
    if (!reason)
        return;
    reading->refused |= !strcmp(reason, "refusal");
    reading->finish = !strcmp(reason, "max_tokens") || !strcmp(reason, "model_context_window_exceeded")
                          ? LLM_FINISH_LENGTH
                          : LLM_FINISH_STOP;
}

/* Numbers come at the beginning and, the later ones counting, at the end. Their input leaves out what is cached. */
static void read_usage(struct llm_reading *reading, const json_t *usage) {
    struct llm_usage *to = &reading->usage;
    int64_t fresh = to->input_tokens - to->cached_tokens - to->written_tokens;
    if (!json_is_object(usage))
        return;
    fresh = llm_reading_count(usage, "input_tokens", fresh);
    to->cached_tokens = llm_reading_count(usage, "cache_read_input_tokens", to->cached_tokens);
    to->written_tokens = llm_reading_count(usage, "cache_creation_input_tokens", to->written_tokens);
    to->output_tokens = llm_reading_count(usage, "output_tokens", to->output_tokens);
    to->input_tokens = fresh + to->cached_tokens + to->written_tokens;
    reading->has_usage = true;
}

static int read_event(struct llm_reading *reading, const char *name, const json_t *data, struct error *e) {
    const char *type = json_text_or(data, "type", name);
    if (!strcmp(type, "content_block_start"))
        return begin_block(reading, json_int_or(data, "index", 0), json_object_get(data, "content_block"), e);
    if (!strcmp(type, "content_block_delta"))
        return read_delta(reading, data, e);
    if (!strcmp(type, "message_start"))
        read_usage(reading, json_object_get(json_object_get(data, "message"), "usage"));
    if (!strcmp(type, "message_delta")) {
        read_stop(reading, json_text_or(json_object_get(data, "delta"), "stop_reason", NULL));
        read_usage(reading, json_object_get(data, "usage"));
    }
    reading->whole |= !strcmp(type, "message_stop");
    return 0;
}

static int read_whole(struct llm_reading *reading, const json_t *body, struct error *e) {
    const json_t *content = json_object_get(body, "content");
    json_t *block;
    size_t i;
    if (!json_is_array(content))
        return error_set(e, EPROTO, ERROR_MODEL_PROTOCOL, "the answer has no \"content\"");
    json_array_foreach ((json_t *)content, i, block) {
        int r = begin_block(reading, (int64_t)i, block, e);
        if (r < 0)
            return r;
    }
    read_stop(reading, json_text_or(body, "stop_reason", NULL));
    read_usage(reading, json_object_get(body, "usage"));
    reading->whole = true;
    return 0;
}

static json_t *block_of(const struct llm_part *part) {
    const char *content = part->content.data ? part->content.data : "";
    cleanup_json json_t *arguments = NULL;
    switch (part->kind) {
    case LLM_PART_TEXT:
        return llm_is_blank(content) ? NULL : text_block(content);
    case LLM_PART_THOUGHT:
        return json_pack("{s:s, s:s, s:s}", "type", "thinking", "thinking", content, "signature",
                         part->signature.data ? part->signature.data : "");
    case LLM_PART_CALL:
        if (*content && json_parse(content, part->content.length, "arguments", &arguments, NULL) < 0)
            return call_block(part->id ? part->id : "", part->name ? part->name : "", NULL, content);
        return call_block(part->id ? part->id : "", part->name ? part->name : "", arguments, NULL);
    case LLM_PART_OTHER:
        break;
    }
    return json_incref(part->raw);
}

/* Only thoughts (open or sealed) make the provider's own blocks needed; without one the message is written anew. */
static json_t *opaque_of(const struct llm_reading *reading) {
    cleanup_json json_t *blocks = json_array();
    bool needed = false;
    for (size_t i = 0; i < reading->count; i++) {
        json_t *block = block_of(&reading->parts[i]);
        needed |= reading->parts[i].kind == LLM_PART_THOUGHT || reading->parts[i].kind == LLM_PART_OTHER;
        if (block)
            json_array_append_new(blocks, block);
    }
    return needed ? json_pack("{s:s, s:O}", "kind", llm_anthropic.name, "blocks", blocks) : NULL;
}

static json_t *structure_of(const struct llm_reading *reading) {
    for (size_t i = 0; i < reading->count; i++) {
        const struct llm_part *part = &reading->parts[i];
        cleanup_json json_t *given = NULL;
        if (part->kind != LLM_PART_CALL || !part->name || strcmp(part->name, ANSWER_TOOL) || !part->content.length ||
            json_parse(part->content.data, part->content.length, "answer", &given, NULL) < 0)
            continue;
        bool bare = is_object_schema(reading->request->response_schema);
        return json_incref(bare ? given : json_object_get(given, "value"));
    }
    return NULL;
}

const struct llm_protocol llm_anthropic = {
    .name = "anthropic",
    .path = "/v1/messages",
    .headers = add_headers,
    .write = write_body,
    .read_event = read_event,
    .read_whole = read_whole,
    .structure = structure_of,
    .opaque = opaque_of,
};
