/* JSON-RPC 2.0 as the Model Context Protocol uses it: one message per line, objects only. Pure; any thread. */
#pragma once

#include "base/json.h"
#include <stddef.h>

enum rpc_code {
    RPC_PARSE_ERROR = -32700,
    RPC_INVALID_REQUEST = -32600,
    RPC_METHOD_NOT_FOUND = -32601,
    RPC_INVALID_PARAMS = -32602,
    RPC_INTERNAL = -32603,
    RPC_BUSY = -32000,              /* of our own: too many requests wait */
    RPC_RESOURCE_NOT_FOUND = -32002 /* as the protocol has it */
};

enum rpc_kind { RPC_REQUEST, RPC_NOTIFICATION, RPC_RESPONSE };

/* Reads a message. When it is none, `ret_answer` is the error to send back, and the result -EINVAL. Both outputs are
 * the caller's. */
int rpc_read(const char *line, size_t length, json_t **ret_message, enum rpc_kind *ret_kind, json_t **ret_answer);

/* Messages to send; `id` is borrowed (NULL: null), the rest stolen. */
json_t *rpc_result(const json_t *id, json_t *result);
json_t *rpc_error(const json_t *id, enum rpc_code code, const char *message);
json_t *rpc_notification(const char *method, json_t *params);
