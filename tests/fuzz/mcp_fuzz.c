/* Messages of MCP clients: whatever comes is a message of a kind, a batch of such and of errors, or gets an error to
 * send back; batches are answered once, whole; and ids of events are read only as they were printed. */
#include "base/memory.h"
#include "fuzz.h"
#include "mcp/batches.h"
#include "mcp/event_id.h"
#include <assert.h>
#include <string.h>

static json_t *answer_part(struct batches *batches, const struct rpc_part *part) {
    json_t *answers = NULL;
    if (!part->message || part->kind != RPC_REQUEST)
        return NULL;
    const json_t *id = json_object_get(part->message, "id");
    cleanup_json json_t *result = rpc_result(id, json_object());
    assert(json_equal(json_object_get(result, "id"), id));
    assert(batches_take(batches, id, result, &answers));
    return answers;
}

static void answer_batch(const struct rpc_input *input) {
    struct batches batches = {0};
    size_t expected = 0, got;
    batches_init(&batches);
    cleanup_json json_t *answers = batches_begin(&batches, input);
    for (size_t i = 0; i < input->count; i++) {
        const struct rpc_part *part = &input->parts[i];
        json_t *found = answer_part(&batches, part);
        assert(!found || !answers);
        answers = found ? found : answers;
        expected += part->refusal || part->kind == RPC_REQUEST;
    }
    got = json_array_size(answers);
    assert(got == expected && !batches.first);
}

static void read_id(const uint8_t *data, size_t size) {
    char again[MCP_EVENT_ID_SIZE];
    cleanup_free char *text = memory_copy_bytes(data, size);
    uint64_t stream, event;
    if (mcp_event_id_read(text, &stream, &event) < 0)
        return;
    mcp_event_id_print(stream, event, again);
    assert(!strcmp(text, again));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    cleanup_rpc_input struct rpc_input input = {0};
    cleanup_json json_t *answer = NULL;
    read_id(data, size);
    int r = rpc_read((const char *)data, size, &input, &answer);
    assert(r < 0 ? !input.parts && json_object_get(answer, "error") : input.count && !answer);
    for (size_t i = 0; i < input.count; i++)
        assert(!input.parts[i].message != !input.parts[i].refusal && (input.batch || input.parts[i].message));
    if (!r && input.batch)
        answer_batch(&input);
    return 0;
}
