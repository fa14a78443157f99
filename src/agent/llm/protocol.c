#include "agent/llm/protocol.h"
#include "agent/llm/budget.h"
#include "agent/llm/failure.h"
#include "base/memory.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

const struct llm_protocol *llm_protocol_of(enum llm_kind kind) {
    return kind == LLM_ANTHROPIC ? &llm_anthropic : &llm_openai;
}

bool llm_is_blank(const char *text) {
    return !text[strspn(text, " \t\r\n")];
}

const json_t *llm_image_of(const json_t *object) {
    const json_t *image = json_object_get(object, "image");
    return json_is_string(json_object_get(image, "data")) ? image : NULL;
}

const json_t *llm_opaque_of(const json_t *message, const struct llm_protocol *protocol) {
    const json_t *opaque = json_object_get(message, "opaque");
    return !strcmp(json_text_or(opaque, "kind", ""), protocol->name) ? opaque : NULL;
}

/* Looser than json_parse: what a provider repeats in an envelope is no harm. */
static json_t *parse(const char *data, size_t length, struct error *e) {
    json_error_t problem;
    json_t *json = json_loadb(data, length, 0, &problem);
    if (!json_is_object(json)) {
        error_set(e, 0, ERROR_MODEL_PROTOCOL, "the answer is no JSON object (%s, byte %d of %zu)",
                  json ? "it is another value" : problem.text, json ? 0 : problem.position, length);
        json_decref(json);
        return NULL;
    }
    return json;
}

static bool is_error(const json_t *json) {
    const json_t *error = json_object_get(json, "error");
    return (error && !json_is_null(error)) || !strcmp(json_text_or(json, "object", ""), "error");
}

int llm_protocol_read(const struct llm_protocol *protocol, struct llm_reading *reading, const char *name,
                      const char *data, size_t length, struct llm_failure *failure, struct error *e) {
    if (name && !strcmp(data, "[DONE]")) {
        reading->whole = true;
        return 0;
    }
    cleanup_json json_t *json = parse(data, length, e);
    if (!json)
        return -EPROTO;
    if (is_error(json)) {
        failure->status = 0;
        llm_failure_read_json(failure, json);
        return -EREMOTEIO;
    }
    return name ? protocol->read_event(reading, name, json, e) : protocol->read_whole(reading, json, e);
}

static void take_structure(const struct llm_protocol *protocol, struct llm_reading *reading,
                           struct llm_answer *answer) {
    answer->structure = protocol->structure(reading);
    json_array_clear(answer->calls);
    answer->finish = reading->finish;
    if (!answer->structure)
        return;
    free(answer->text);
    answer->text = json_print(answer->structure);
}

static void estimate_usage(const struct llm_reading *reading, struct llm_answer *answer) {
    int64_t bytes = (int64_t)reading->bytes;
    answer->usage = (struct llm_usage){
        .input_tokens = llm_tokens_of_request(reading->request), .output_tokens = (bytes + 3) / 4, .estimated = true};
}

void llm_protocol_answer(const struct llm_protocol *protocol, struct llm_reading *reading, struct llm_answer *answer) {
    llm_reading_answer(reading, answer);
    answer->opaque = protocol->opaque(reading);
    if (reading->request->response_schema && protocol->structure)
        take_structure(protocol, reading, answer);
    if (!reading->has_usage)
        estimate_usage(reading, answer);
}
