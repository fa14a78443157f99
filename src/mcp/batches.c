#include "mcp/batches.h"
#include "base/memory.h"
#include <stdlib.h>

struct batch {
    struct batch *next;
    json_t *waiting; /* ids */
    json_t *answers;
};

void batches_init(struct batches *batches) {
    pthread_mutex_init(&batches->lock, NULL);
}

static void batch_free(struct batch *batch) {
    json_decref(batch->waiting);
    json_decref(batch->answers);
    free(batch);
}

void batches_done(struct batches *batches) {
    while (batches->first) {
        struct batch *batch = batches->first;
        batches->first = batch->next;
        batch_free(batch);
    }
}

/* What has been answered, when nothing more is to come. */
static json_t *complete(struct batch *batch) {
    json_t *answers = json_array_size(batch->answers) ? json_incref(batch->answers) : NULL;
    batch_free(batch);
    return answers;
}

json_t *batches_begin(struct batches *batches, const struct rpc_input *input) {
    struct batch *batch = memory_alloc(sizeof *batch);
    batch->waiting = json_array();
    batch->answers = json_array();
    for (size_t i = 0; i < input->count; i++) {
        const struct rpc_part *part = &input->parts[i];
        if (part->refusal)
            json_array_append(batch->answers, part->refusal);
        else if (part->kind == RPC_REQUEST)
            json_array_append_new(batch->waiting, json_copy(json_object_get(part->message, "id")));
    }
    if (!json_array_size(batch->waiting))
        return complete(batch);
    pthread_mutex_lock(&batches->lock);
    batch->next = batches->first;
    batches->first = batch;
    pthread_mutex_unlock(&batches->lock);
    return NULL;
}

/* Takes the id out of those that wait. */
static bool waits_for(const struct batch *batch, const json_t *id) {
    size_t index;
    json_t *one;
    json_array_foreach (batch->waiting, index, one)
        if (json_equal(one, id)) {
            json_array_remove(batch->waiting, index);
            return true;
        }
    return false;
}

bool batches_take(struct batches *batches, const json_t *id, json_t *answer, json_t **ret_answers) {
    pthread_mutex_lock(&batches->lock);
    struct batch **link = &batches->first;
    while (*link && !waits_for(*link, id))
        link = &(*link)->next;
    struct batch *batch = *link;
    *ret_answers = NULL;
    if (batch && answer)
        json_array_append(batch->answers, answer);
    if (batch && !json_array_size(batch->waiting)) {
        *link = batch->next;
        *ret_answers = complete(batch);
    }
    pthread_mutex_unlock(&batches->lock);
    return batch;
}
