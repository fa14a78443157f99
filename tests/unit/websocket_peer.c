#include "websocket_peer.h"
#include "base/io.h"
#include "base/memory.h"
#include "base/websocket_accept.h"
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void answer_handshake(struct peer *peer) {
    char accept_value[WEBSOCKET_ACCEPT_SIZE], answer[512];
    size_t length = 0;
    while (!strstr(peer->request, "\r\n\r\n")) {
        ssize_t n = read(peer->fd, peer->request + length, sizeof peer->request - 1 - length);
        if (n <= 0)
            return;
        length += (size_t)n;
        peer->request[length] = '\0';
    }
    if (peer->answer) {
        peer_send_raw(peer, peer->answer, strlen(peer->answer));
        return;
    }
    char *key = strstr(peer->request, "Sec-WebSocket-Key: ") + strlen("Sec-WebSocket-Key: ");
    key[WEBSOCKET_KEY_SIZE - 1] = '\0';
    websocket_accept(key, accept_value);
    int n = snprintf(answer, sizeof answer,
                     "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                     "Sec-WebSocket-Accept: %s\r\n\r\n",
                     accept_value);
    peer_send_raw(peer, answer, (size_t)n);
}

static void *run(void *user) {
    struct peer *peer = user;
    peer->fd = accept4(peer->listener, NULL, NULL, SOCK_CLOEXEC);
    if (peer->fd < 0)
        return NULL;
    answer_handshake(peer);
    if (peer->serve)
        peer->serve(peer);
    shutdown(peer->fd, SHUT_WR);
    char rest[4096];
    while (read(peer->fd, rest, sizeof rest) > 0) /* a close with unread input would be a reset */
        ;
    close(peer->fd);
    return NULL;
}

void peer_start(struct peer *peer, void (*serve)(struct peer *peer)) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;
    peer->serve = serve;
    peer->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (bind(peer->listener, (struct sockaddr *)&address, sizeof address) || listen(peer->listener, 1) ||
        getsockname(peer->listener, (struct sockaddr *)&address, &length) ||
        pthread_create(&peer->thread, NULL, run, peer))
        abort();
    peer->port = ntohs(address.sin_port);
}

void peer_stop(struct peer *peer) {
    shutdown(peer->listener, SHUT_RDWR); /* wakes an accept that nobody came to */
    pthread_join(peer->thread, NULL);
    close(peer->listener);
}

void peer_send_raw(struct peer *peer, const void *data, size_t length) {
    io_write_full(peer->fd, data, length);
}

void peer_send_frame(struct peer *peer, unsigned char first, const void *data, size_t length) {
    unsigned char head[10] = {first};
    int bytes = length < 126 ? 0 : length < 65536 ? 2 : 8;
    head[1] = bytes == 0 ? (unsigned char)length : bytes == 2 ? 126 : 127;
    for (int i = 0; i < bytes; i++)
        head[2 + i] = (unsigned char)((uint64_t)length >> (8 * (bytes - 1 - i)));
    peer_send_raw(peer, head, (size_t)(2 + bytes));
    peer_send_raw(peer, data, length);
}

void peer_send_text(struct peer *peer, const char *text) {
    peer_send_frame(peer, 0x81, text, strlen(text));
}

void peer_send_close(struct peer *peer, int code, const char *reason) {
    char payload[125] = {(char)(code >> 8), (char)code};
    strcpy(payload + 2, reason);
    peer_send_frame(peer, 0x88, payload, 2 + strlen(reason));
}

static bool read_exactly(struct peer *peer, void *data, size_t length) {
    return io_read_full(peer->fd, data, length) == (ssize_t)length;
}

char *peer_read_frame(struct peer *peer, int *ret_opcode, size_t *ret_length) {
    unsigned char head[2], extended[8], mask[4];
    if (!read_exactly(peer, head, 2))
        return NULL;
    uint64_t length = head[1] & 0x7f;
    size_t bytes = length == 126 ? 2 : length == 127 ? 8 : 0;
    if (!read_exactly(peer, extended, bytes))
        return NULL;
    for (size_t i = 0; i < bytes; i++)
        length = (i ? length << 8 : 0) | extended[i];
    char *data = memory_alloc(length + 1);
    if (!(head[1] & 0x80) || !read_exactly(peer, mask, 4) || !read_exactly(peer, data, length)) {
        free(data);
        return NULL;
    }
    for (size_t i = 0; i < length; i++)
        data[i] ^= (char)mask[i % 4];
    *ret_opcode = head[0] & 0x0f;
    *ret_length = length;
    return data;
}

int peer_read_call(struct peer *peer, char **ret_text) {
    for (;;) {
        int opcode, id = -1;
        size_t length;
        cleanup_free char *frame = peer_read_frame(peer, &opcode, &length);
        if (!frame)
            return -1;
        if (opcode != 1) /* a pong */
            continue;
        sscanf(frame, "{\"id\":%d", &id);
        if (ret_text)
            *ret_text = take_pointer(frame);
        return id;
    }
}
