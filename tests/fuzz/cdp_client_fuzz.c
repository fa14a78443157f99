/* A peer that sends anything at all: to the handshake (first byte odd) or, as WebSocket frames, to a client with calls
 * in flight. Every call ends, with an error where nothing fits. */
#include "base/clock.h"
#include "base/config.h"
#include "base/memory.h"
#include "cdp/client.h"
#include "cdp/websocket_handshake.h"
#include "fuzz.h"
#include <sodium.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define INPUT_MAX  65536 /* fits into a socket's buffer, so one thread is enough */
#define TIMEOUT_MS 1000

static void start_once(void) {
    static bool started;
    char *complaints = NULL;
    if (!started && (sodium_init() < 0 || config_load(NULL, &complaints) < 0))
        abort();
    started = true;
}

static void fuzz_handshake(const uint8_t *data, size_t size) {
    struct websocket_handshake handshake;
    cleanup_text struct text request = {0};
    websocket_handshake_start(&handshake, "127.0.0.1", 1, "/", &request);
    size_t half = size / 2, used = 0;
    cleanup_free char *first = memory_copy_bytes(data, half), *second = memory_copy_bytes(data + half, size - half);
    int r = websocket_handshake_feed(&handshake, first, half, &used, NULL);
    if (!r)
        r = websocket_handshake_feed(&handshake, second, size - half, &used, NULL);
    if (r > 0) /* nobody can guess the accept key */
        abort();
    websocket_handshake_done(&handshake);
}

static void on_event(void *user, const char *session_id, const char *method, const json_t *params) {
    cdp_send(*(struct cdp_client **)user, session_id, "Page.handleJavaScriptDialog", NULL, NULL);
}

static void fuzz_client(const uint8_t *data, size_t size) {
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) || write(ends[1], data, size) != (ssize_t)size ||
        shutdown(ends[1], SHUT_WR))
        abort();
    struct cdp_client *client = cdp_adopt(ends[0]);
    struct cdp_request requests[3] = {{.method = "A.a"}, {.method = "A.b", .session_id = "S"}, {.method = "A.c"}};
    cdp_client_set_handler(client, on_event, &client);
    cdp_call_many(client, requests, ARRAY_LENGTH(requests), TIMEOUT_MS, NULL);
    for (size_t i = 0; i < ARRAY_LENGTH(requests); i++) {
        if (!requests[i].result == (requests[i].error.code == ERROR_NONE))
            abort(); /* neither an answer nor an error, or both */
        json_decref(requests[i].result);
    }
    int r, calls = 0;
    do
        r = cdp_call(client, "S", "Page.a", NULL, TIMEOUT_MS, NULL, NULL);
    while (r && ++calls < 8);
    cdp_client_end_reason(client);
    cdp_client_free(client);
    close(ends[1]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    start_once();
    if (!size || size > INPUT_MAX)
        return 0;
    if (data[0] & 1)
        fuzz_handshake(data + 1, size - 1);
    else
        fuzz_client(data + 1, size - 1);
    return 0;
}
