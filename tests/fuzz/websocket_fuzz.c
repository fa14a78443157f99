/* Whatever bytes come after the upgrade, and however they are cut: messages that are handed out are valid UTF-8 within
 * the limit, what is sent back are whole frames after the 101, and the connection ends exactly once. */
#include "base/memory.h"
#include "base/text.h"
#include "fuzz.h"
#include "net/websocket.h"
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define INPUT_MAX   8192
#define MESSAGE_MAX 1000
#define TURNS_MAX   200
#define ANSWER      "HTTP/1.1 101 "

#define DEMAND(condition)                                                                                              \
    do {                                                                                                               \
        if (!(condition))                                                                                              \
            abort();                                                                                                   \
    } while (0)

struct world {
    uv_loop_t loop;
    struct websocket *websocket;
    int far, closed;
    struct block *kept; /* a message that its receiver keeps */
    struct text sent;   /* to the far side */
};

static void got_message(void *user, struct block *block, size_t length) {
    struct world *world = user;
    DEMAND(length <= MESSAGE_MAX && text_is_utf8(block->data, length));
    block_unref(world->kept);
    world->kept = block_ref(block);
    const uv_buf_t part = uv_buf_init(block->data, (unsigned)length);
    if (length % 2)
        websocket_send_text(world->websocket, &part, 1, block);
    else
        websocket_send_binary(world->websocket, &part, 1, NULL);
    if (length == 7)
        websocket_close(world->websocket, WEBSOCKET_NORMAL, "enough");
}

static void moved(void *user) {}

static void closed(void *user) {
    ((struct world *)user)->closed++;
}

static void turn(struct world *world) {
    char data[4096];
    uv_run(&world->loop, UV_RUN_NOWAIT);
    for (ssize_t n; (n = recv(world->far, data, sizeof data, MSG_DONTWAIT)) > 0;)
        text_append(&world->sent, data, (size_t)n);
}

/* Whole frames, unmasked, without reserved bits. */
static void check_frames(const unsigned char *at, size_t left) {
    while (left) {
        size_t head = 2, length = left >= 2 ? at[1] : 0;
        DEMAND(left >= 2 && !(at[0] & 0x70) && !(at[1] & 0x80));
        if (length == 126) {
            DEMAND(left >= 4);
            length = (size_t)at[2] << 8 | at[3];
            head = 4;
        }
        DEMAND(length != 127 && length <= MESSAGE_MAX && left >= head + length);
        at += head + length;
        left -= head + length;
    }
}

static void check_sent(const struct text *sent) {
    const char *end = sent->length ? strstr(sent->data, "\r\n\r\n") : NULL;
    DEMAND(end && text_starts_with(sent->data, ANSWER));
    check_frames((const unsigned char *)end + 4, sent->length - (size_t)(end + 4 - sent->data));
}

/* The first byte says where the input is cut: some of it has come with the request, some comes in pieces. */
static void talk(struct world *world, const uint8_t *data, size_t size) {
    size_t step = 1 + data[0] % 64;
    const uint8_t *at = data + 1, *end = data + size;
    websocket_set_reading(world->websocket, true);
    for (int turns = 0; at < end && !world->closed && turns < TURNS_MAX; turns++) {
        size_t n = turns == TURNS_MAX - 1 || step > (size_t)(end - at) ? (size_t)(end - at) : step;
        at += send(world->far, at, n, MSG_DONTWAIT | MSG_NOSIGNAL) > 0 ? n : 0;
        turn(world);
    }
    turn(world);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const struct websocket_events events = {got_message, moved, closed};
    struct world world = {0};
    struct error e;
    int ends[2];
    if (!size || size > INPUT_MAX)
        return 0;
    signal(SIGPIPE, SIG_IGN);
    DEMAND(!socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends));
    uv_loop_init(&world.loop);
    world.far = ends[1];
    size_t early = size > 1 ? data[0] / 64 % size : 0;
    DEMAND(!websocket_open(&world.loop, ends[0], "dGhlIHNhbXBsZSBub25jZQ==", data + 1, early, MESSAGE_MAX, &events,
                           &world, &world.websocket, &e));
    const uint8_t first = data[0];
    cleanup_free uint8_t *rest = memory_alloc(size - early);
    rest[0] = first;
    memcpy(rest + 1, data + 1 + early, size - 1 - early);
    talk(&world, rest, size - early);
    close(world.far);
    for (int i = 0; i < TURNS_MAX && !world.closed; i++)
        uv_run(&world.loop, UV_RUN_NOWAIT);
    DEMAND(world.closed == 1);
    check_sent(&world.sent);
    uv_run(&world.loop, UV_RUN_DEFAULT);
    DEMAND(!uv_loop_close(&world.loop));
    block_unref(world.kept);
    text_done(&world.sent);
    return 0;
}
