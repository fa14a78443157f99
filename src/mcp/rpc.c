#include "mcp/rpc.h"
#include "base/memory.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

json_t *rpc_result(const json_t *id, json_t *result) {
    return json_pack("{s:s, s:O, s:o}", "jsonrpc", "2.0", "id", id ? id : json_null(), "result", result);
}

json_t *rpc_error(const json_t *id, enum rpc_code code, const char *message) {
    json_t *text = json_string(message);
    return json_pack("{s:s, s:O, s:{s:i, s:o}}", "jsonrpc", "2.0", "id", id ? id : json_null(), "error", "code",
                     (int)code, "message", text ? text : json_string("an error that cannot be told"));
}

json_t *rpc_notification(const char *method, json_t *params) {
    return json_pack("{s:s, s:s, s:o}", "jsonrpc", "2.0", "method", method, "params", params);
}

static int refuse(json_t **ret_answer, const json_t *id, enum rpc_code code, const char *message) {
    *ret_answer = rpc_error(id, code, message);
    return -EINVAL;
}

/* The specification allows texts and whole numbers; null stands for no id at all. */
static bool is_id(const json_t *id) {
    return json_is_string(id) || json_is_integer(id);
}

static int classify(const json_t *message, enum rpc_kind *ret_kind, json_t **ret_answer) {
    const json_t *id = json_object_get(message, "id"), *method = json_object_get(message, "method");
    const json_t *params = json_object_get(message, "params");
    const json_t *known = is_id(id) ? id : NULL;
    if (strcmp(json_text_or(message, "jsonrpc", ""), "2.0"))
        return refuse(ret_answer, known, RPC_INVALID_REQUEST, "jsonrpc must be \"2.0\"");
    if (id && !known)
        return refuse(ret_answer, NULL, RPC_INVALID_REQUEST, "id must be a text or a whole number");
    if (params && !json_is_object(params))
        return refuse(ret_answer, known, RPC_INVALID_REQUEST, "params must be an object");
    if (json_is_string(method)) {
        *ret_kind = known ? RPC_REQUEST : RPC_NOTIFICATION;
        return 0;
    }
    *ret_kind = RPC_RESPONSE;
    bool answers = known && (json_object_get(message, "result") || json_object_get(message, "error"));
    return answers ? 0 : refuse(ret_answer, known, RPC_INVALID_REQUEST, "method must be a text");
}

static int read_part(json_t *message, struct rpc_part *part, json_t **ret_answer) {
    if (!json_is_object(message))
        return refuse(ret_answer, NULL, RPC_INVALID_REQUEST, "a message is an object");
    int r = classify(message, &part->kind, ret_answer);
    if (!r)
        part->message = json_incref(message);
    return r;
}

static void refuse_initialize(struct rpc_part *part) {
    if (!part->message || strcmp(json_text_or(part->message, "method", ""), "initialize"))
        return;
    refuse(&part->refusal, json_object_get(part->message, "id"), RPC_INVALID_REQUEST,
           "initialize is never part of a batch");
    json_decref(take_pointer(part->message));
}

static int read_batch(const json_t *batch, struct rpc_input *input, json_t **ret_answer) {
    size_t count = json_array_size(batch);
    if (!count)
        return refuse(ret_answer, NULL, RPC_INVALID_REQUEST, "an empty batch says nothing");
    if (count > RPC_BATCH_MAX)
        return refuse(ret_answer, NULL, RPC_INVALID_REQUEST, "a batch has at most 64 messages");
    input->batch = true;
    input->count = count;
    for (size_t i = 0; i < count; i++) {
        read_part(json_array_get(batch, i), &input->parts[i], &input->parts[i].refusal);
        refuse_initialize(&input->parts[i]);
    }
    return 0;
}

int rpc_read(const char *line, size_t length, struct rpc_input *ret_input, json_t **ret_answer) {
    cleanup_json json_t *message = NULL;
    cleanup_rpc_input struct rpc_input input = {.count = 1};
    struct error e;
    if (json_parse(line, length, "the message", &message, &e) < 0)
        return refuse(ret_answer, NULL, RPC_PARSE_ERROR, e.text);
    input.parts = memory_alloc((json_is_array(message) ? RPC_BATCH_MAX : 1) * sizeof *input.parts);
    int r = json_is_array(message) ? read_batch(message, &input, ret_answer)
                                   : read_part(message, &input.parts[0], ret_answer);
    if (r < 0)
        return r;
    *ret_input = input;
    input = (struct rpc_input){0};
    return 0;
}

void rpc_input_done(struct rpc_input *input) {
    for (size_t i = 0; input->parts && i < input->count; i++) {
        json_decref(input->parts[i].message);
        json_decref(input->parts[i].refusal);
    }
    free(input->parts);
    *input = (struct rpc_input){0};
}
