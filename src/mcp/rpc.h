/* JSON-RPC 2.0 as the Model Context Protocol uses it: a message per line, or a batch of them. Pure; any thread. */
#pragma once

#include "base/json.h"
#include <stdbool.h>
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

#define RPC_BATCH_MAX 64

/* A message of a batch; or, when it is none, the error to send back. */
struct rpc_part {
    json_t *message, *refusal; /* one of them; NULL */
    enum rpc_kind kind;
};

struct rpc_input {
    struct rpc_part *parts;
    size_t count;
    bool batch; /* else it is one message */
};

/* Reads what came. When it is neither a message nor a batch, `ret_answer` is the error to send back (the caller's), and
 * the result -EINVAL. */
int rpc_read(const char *line, size_t length, struct rpc_input *ret_input, json_t **ret_answer);
void rpc_input_done(struct rpc_input *input);
#define cleanup_rpc_input __attribute__((cleanup(rpc_input_done))) /* struct rpc_input name = {0}; */

/* What a client is told whose revision has no batches. */
#define RPC_NO_BATCHES                                                                                                 \
    "batches are taken in sessions of the revisions 2025-03-26 and 2024-11-05 only, after initialize: send one "       \
    "message at a time"

/* Messages to send; `id` is borrowed (NULL: null), the rest stolen. */
json_t *rpc_result(const json_t *id, json_t *result);
json_t *rpc_error(const json_t *id, enum rpc_code code, const char *message);
json_t *rpc_notification(const char *method, json_t *params);
