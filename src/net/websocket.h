/* The server side of one WebSocket connection over libuv (RFC 6455; frames are read by wslay).
 *
 * websocket_open takes over a TCP socket whose upgrade request somebody has read, answers 101 and serves it. It takes
 * text messages only and sends text and binary ones; the other side's pings, close frames, fragments and invalid UTF-8
 * (close code 1007) are dealt with here. The connection frees itself after its `closed` callback. Everything runs on
 * the loop's thread. */
#pragma once

#include "base/error.h"
#include "net/stream.h"
#include <stdbool.h>

struct websocket;

struct websocket_events {
    /* A whole text message: the first `length` bytes of `block`, which the receiver may keep by reference. */
    void (*message)(void *user, struct block *block, size_t length);
    /* Queued bytes went out; websocket_queued is less than before. */
    void (*writable)(void *user);
    /* The connection is over, for whatever reason; called once, from the loop (never from within a function below),
     * and nothing is called after it. */
    void (*closed)(void *user);
};

enum websocket_code {
    WEBSOCKET_NORMAL = 1000,
    WEBSOCKET_GOING_AWAY = 1001,
    WEBSOCKET_PROTOCOL_ERROR = 1002,
    WEBSOCKET_UNSUPPORTED = 1003,
    WEBSOCKET_POLICY = 1008,
    WEBSOCKET_TOO_BIG = 1009,
    WEBSOCKET_INTERNAL = 1011
};

/* Takes `fd` over (closed on failure too). `key` is the request's Sec-WebSocket-Key, `head` what was read behind the
 * request. Reading starts with websocket_set_reading(true). -EINVAL when the key is none. */
int websocket_open(uv_loop_t *loop, int fd, const char *key, const void *head, size_t head_length, size_t message_max,
                   const struct websocket_events *events, void *user, struct websocket **ret_websocket,
                   struct error *e);

/* Sends one text message made of the parts (at most STREAM_PARTS_MAX - 1); see stream_write about `owner`. */
void websocket_send_text(struct websocket *websocket, const uv_buf_t *parts, size_t count, struct block *owner);
/* The same as a binary message. */
void websocket_send_binary(struct websocket *websocket, const uv_buf_t *parts, size_t count, struct block *owner);
void websocket_ping(struct websocket *websocket);
size_t websocket_queued(const struct websocket *websocket);

/* Messages of a chunk that has been read already still arrive after (false). */
void websocket_set_reading(struct websocket *websocket, bool on);

/* Says goodbye: queued messages go out, then the close frame; the connection ends when the other side answers, or
 * after WEBSOCKET_CLOSE_MS. No message is delivered any more. */
#define WEBSOCKET_CLOSE_MS 1000
void websocket_close(struct websocket *websocket, unsigned code, const char *reason);

/* Ends it at once. */
void websocket_drop(struct websocket *websocket);
