/* A blocking WebSocket client over TCP (RFC 6455, text messages only).
 *
 * One thread per connection. Every wait has a deadline and ends when the interrupt descriptor becomes readable. Sending
 * only queues: the bytes leave while the caller receives (or on websocket_flush), so two peers that both have much to
 * say cannot block each other. Messages are received into one buffer that is reused and grows geometrically. */
#pragma once

#include "base/error.h"
#include <stddef.h>
#include <stdint.h>

struct websocket;

/* What a connection has moved so far, for benchmarks: `copied` counts payload bytes moved in memory after the kernel
 * delivered them. */
struct websocket_counters {
    uint64_t received, copied, reads, growths;
};

/* `message_max` limits messages in both directions, bytes. */
int websocket_connect(const char *host, int port, const char *path, size_t message_max, int64_t deadline,
                      int interrupt_fd, struct websocket **ret_socket, struct error *e);

/* The client's end of a connected stream socket whose handshake is done; the descriptor is the socket's from here on.
 * `rest` is what was read past the handshake. */
struct websocket *websocket_adopt(int fd, const void *rest, size_t rest_length, size_t message_max);

/* Says goodbye (without waiting for the answer) and frees it; NULL is fine. */
void websocket_free(struct websocket *socket);

void websocket_set_interrupt(struct websocket *socket, int fd); /* -1: none */

/* Queues one text message; -EMSGSIZE when it is too large, -EPIPE when the connection has ended. */
int websocket_client_send(struct websocket *socket, const char *data, size_t length, struct error *e);

/* Writes what the kernel takes of the queue, without waiting. */
int websocket_flush(struct websocket *socket, struct error *e);

/* The next text message, borrowed until the next call. A deadline that has passed takes only what has arrived.
 * -ETIMEDOUT, -ECANCELED, -EPIPE (closed: the peer's code is known), -EPROTO, -EMSGSIZE. Everything but the first two
 * ends the connection; later calls give the same error. */
int websocket_receive(struct websocket *socket, int64_t deadline, const char **ret_data, size_t *ret_length,
                      struct error *e);

/* The code of the peer's close frame (1005 when it gave none), 0 before, 1006 when it broke without one. */
int websocket_close_code(const struct websocket *socket);

struct websocket_counters websocket_counters(const struct websocket *socket);
