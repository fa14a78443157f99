/* A server for tests, of WebSocket or of one canned HTTP answer: one thread, one connection, frames written byte by
 * byte as a test wants them. */
#pragma once

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

struct peer {
    int listener, port, fd;
    pthread_t thread;
    const char *answer;               /* instead of the handshake's 101 */
    void (*serve)(struct peer *peer); /* what it does after the handshake */
    char request[16384];              /* what the client asked */
};

/* Starts listening and serving; the connection is closed when `serve` returns. */
void peer_start(struct peer *peer, void (*serve)(struct peer *peer));
void peer_stop(struct peer *peer); /* waits for the thread */

/* One frame: `first` is FIN, reserved bits and opcode ("0x81": whole text). */
void peer_send_frame(struct peer *peer, unsigned char first, const void *data, size_t length);
void peer_send_text(struct peer *peer, const char *text);
void peer_send_raw(struct peer *peer, const void *data, size_t length);
void peer_send_close(struct peer *peer, int code, const char *reason);

/* The payload of the client's next frame, unmasked, with a NUL after it (free()); NULL at the end. */
char *peer_read_frame(struct peer *peer, int *ret_opcode, size_t *ret_length);

/* Reads a call and returns its id; the text stays in `text` when not NULL (free()). -1 at the end. */
int peer_read_call(struct peer *peer, char **ret_text);
