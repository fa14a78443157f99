/* Batches of JSON-RPC that a client sent on one line and whose answers go back as one array. Any thread. */
#pragma once

#include "mcp/rpc.h"
#include <pthread.h>

struct batch;

struct batches {
    pthread_mutex_t lock;
    struct batch *first;
};

void batches_init(struct batches *batches);
void batches_done(struct batches *batches);
/* Notes whose answers belong together; before any of its requests is carried out. Returns what can be sent at once,
 * when no answer is to come (the caller's), else NULL. */
json_t *batches_begin(struct batches *batches, const struct rpc_input *input);
/* Whether the request is one of a batch. Then its answer (NULL: there is none) is kept, and `ret_answers` is set to all
 * of them when it was the last (the caller's; NULL when there are none). */
bool batches_take(struct batches *batches, const json_t *id, json_t *answer, json_t **ret_answers);
