/* A client of cdp/client.h and a server that speaks raw frames, for one test. */
#pragma once

#include "unit_test.h"

#include "base/clock.h"
#include "base/memory.h"
#include "base/text.h"
#include "cdp/client.h"
#include "websocket_peer.h"

#define WAIT_MS 10000

static inline int connect_to(struct peer *peer, struct cdp_client **ret_client, struct error *e) {
    return cdp_connect("127.0.0.1", peer->port, "/browsers/b/cdp?ticket=t", clock_deadline(WAIT_MS), ret_client, e);
}

/* Starts `serve`, connects, hands the client to the test and cleans up when the scope ends. */
struct pair {
    struct peer peer;
    struct cdp_client *client;
};

static inline void pair_done(struct pair *pair) {
    cdp_client_free(pair->client);
    peer_stop(&pair->peer);
}

static inline void pair_start(struct pair *pair, void (*serve)(struct peer *peer)) {
    struct error e = {0};
    peer_start(&pair->peer, serve);
    if (connect_to(&pair->peer, &pair->client, &e) < 0)
        fail_msg("%s", e.text);
}

#define PAIR(name, serve)                                                                                              \
    __attribute__((cleanup(pair_done))) struct pair name = {0};                                                        \
    pair_start(&name, serve)

static inline void serve_silence(struct peer *peer) {
    for (size_t length;;) {
        int opcode;
        cleanup_free char *frame = peer_read_frame(peer, &opcode, &length);
        if (!frame)
            return;
    }
}

static inline void reply(struct peer *peer, int id, const char *result) {
    cleanup_text struct text message = {0};
    text_print(&message, "{\"id\":%d,\"result\":%s}", id, result);
    peer_send_frame(peer, 0x81, message.data, message.length);
}
