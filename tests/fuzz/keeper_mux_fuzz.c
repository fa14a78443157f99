/* Two clients and a browser say whatever they like to the mux. What reaches the browser is one well-formed message with
 * an id below 2^31 and one NUL at its end, in a session of the client that sent it; nothing crashes.
 *
 * Input: records of a length byte pair, a sender (a, b or the browser) and the message. Sessions AA and BB are the
 * clients' roots, A1 is a's. */
#include "browsers/keeper/mux.h"
#include "fuzz.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEMAND(condition)                                                                                              \
    do {                                                                                                               \
        if (!(condition))                                                                                              \
            abort();                                                                                                   \
    } while (0)

struct peer {
    struct mux_client *client;
    const char *root;
    bool ready;
};

static struct {
    struct mux *mux;
    struct peer peers[2];
    struct peer *speaking; /* the client whose message is being passed on */
    int64_t last_id;
} world;

static void check_owner(const struct cdp_envelope *sent) {
    const struct peer *other = world.speaking == &world.peers[0] ? &world.peers[1] : &world.peers[0];
    DEMAND(strcmp(sent->session_id, other->root));
    DEMAND(world.speaking == &world.peers[0] || strcmp(sent->session_id, "A1"));
    DEMAND(*sent->session_id);
}

static void to_browser(void *user, const uv_buf_t *parts, size_t count, struct block *owner) {
    size_t length = 0;
    for (size_t i = 0; i < count; i++)
        length += parts[i].len;
    char *message = malloc(length), *place = message;
    for (size_t i = 0; i < count; place += parts[i++].len)
        memcpy(place, parts[i].base, parts[i].len);
    struct cdp_envelope sent;
    DEMAND(message[length - 1] == '\0' && cdp_scan(message, length - 1, &sent, NULL) == 0 && sent.has_id);
    if (world.speaking)
        check_owner(&sent);
    world.last_id = sent.id;
    free(message);
}

static void to_client(void *connection, const uv_buf_t *parts, size_t count, struct block *owner) {
    DEMAND(count > 0);
}

static void is_ready(void *connection) {
    ((struct peer *)connection)->ready = true;
}

static void close_client(void *connection, unsigned code, const char *reason) {}

static void target_crashed(void *user) {}

static void say(int sender, const char *message, size_t length) {
    struct block *block = block_new(length);
    memcpy(block->data, message, length);
    if (sender < 2) {
        world.speaking = &world.peers[sender];
        mux_from_client(world.speaking->client, block, length);
        world.speaking = NULL;
    } else
        mux_from_browser(world.mux, block->data, length, block);
    block_unref(block);
}

static void connect_peer(struct peer *peer, const char *root) {
    char answer[128];
    *peer = (struct peer){.root = root};
    peer->client = mux_add(world.mux, peer);
    int length = snprintf(answer, sizeof(answer), "{\"id\":%lld,\"result\":{\"sessionId\":\"%s\"}}",
                          (long long)world.last_id, root);
    say(2, answer, (size_t)length);
    DEMAND(peer->ready);
}

static void run_records(const uint8_t *data, size_t size) {
    while (size >= 3) {
        size_t length = (size_t)(data[0] << 8 | data[1]), sender = data[2] % 3;
        data += 3;
        size -= 3;
        if (length > size)
            length = size;
        say((int)sender, (const char *)data, length);
        data += length;
        size -= length;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const struct mux_outputs outputs = {to_browser, to_client, is_ready, close_client, target_crashed};
    static const char child[] = "{\"method\":\"Target.attachedToTarget\",\"params\":{\"sessionId\":\"A1\"},"
                                "\"sessionId\":\"AA\"}";
    world.mux = mux_new(&outputs, NULL);
    connect_peer(&world.peers[0], "AA");
    connect_peer(&world.peers[1], "BB");
    say(2, child, sizeof(child) - 1);
    run_records(data, size);
    mux_remove(world.peers[0].client);
    mux_remove(world.peers[1].client);
    mux_free(world.mux);
    return 0;
}
