/* Messages of MCP clients: whatever comes is a message of a kind, or gets an error to send back. */
#include "fuzz.h"
#include "mcp/rpc.h"
#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    cleanup_json json_t *message = NULL, *answer = NULL;
    enum rpc_kind kind;
    int r = rpc_read((const char *)data, size, &message, &kind, &answer);
    assert(r < 0 ? !message && json_object_get(answer, "error") : message && !answer);
    if (!r && kind == RPC_REQUEST) {
        cleanup_json json_t *result = rpc_result(json_object_get(message, "id"), json_object());
        assert(json_equal(json_object_get(result, "id"), json_object_get(message, "id")));
    }
    return 0;
}
