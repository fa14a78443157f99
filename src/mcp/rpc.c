#include "mcp/rpc.h"
#include "base/memory.h"
#include <errno.h>
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

int rpc_read(const char *line, size_t length, json_t **ret_message, enum rpc_kind *ret_kind, json_t **ret_answer) {
    cleanup_json json_t *message = NULL;
    struct error e;
    if (json_parse(line, length, "the message", &message, &e) < 0)
        return refuse(ret_answer, NULL, RPC_PARSE_ERROR, e.text);
    if (json_is_array(message))
        return refuse(ret_answer, NULL, RPC_INVALID_REQUEST, "batches are not taken: send one message at a time");
    if (!json_is_object(message))
        return refuse(ret_answer, NULL, RPC_INVALID_REQUEST, "a message is an object");
    int r = classify(message, ret_kind, ret_answer);
    if (!r)
        *ret_message = take_pointer(message);
    return r;
}
