#include "browsers/engine/channel.h"
#include "base/io.h"
#include "base/memory.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct packet {
    struct packet *next;
    size_t length;
    int fd;
    char data[];
};

struct channel {
    uv_poll_t poll;
    int fd;
    struct channel_events events;
    void *user;
    struct packet *first, **last;
    size_t waiting;
    bool closed;
};

static void on_ready(uv_poll_t *poll, int status, int events);

static void packet_free(struct packet *packet) {
    if (packet->fd >= 0)
        close(packet->fd);
    free(packet);
}

int channel_open(uv_loop_t *loop, int fd, const struct channel_events *events, void *user,
                 struct channel **ret_channel) {
    struct channel *channel = memory_alloc(sizeof *channel);
    io_set_nonblocking(fd, true);
    int r = uv_poll_init(loop, &channel->poll, fd);
    if (r < 0) {
        close(fd);
        free(channel);
        return r;
    }
    channel->fd = fd;
    channel->events = *events;
    channel->user = user;
    channel->last = &channel->first;
    channel->poll.data = channel;
    uv_poll_start(&channel->poll, UV_READABLE, on_ready);
    *ret_channel = channel;
    return 0;
}

static void send_waiting(struct channel *channel) {
    while (channel->first) {
        struct packet *packet = channel->first;
        ssize_t n = io_send_message(channel->fd, packet->data, packet->length, &packet->fd, packet->fd >= 0);
        if (n == -EAGAIN)
            return;
        channel->first = packet->next; /* another failure shows as a lost connection on reading */
        channel->waiting--;
        packet_free(packet);
    }
    channel->last = &channel->first;
    uv_poll_start(&channel->poll, UV_READABLE, on_ready);
}

static int put_aside(struct channel *channel, const void *data, size_t length, int fd) {
    if (channel->waiting == CHANNEL_QUEUE_MAX) {
        shutdown(channel->fd, SHUT_RDWR); /* seen as lost on the next turn of the loop */
        if (fd >= 0)
            close(fd);
        return -EPIPE;
    }
    struct packet *packet = memory_alloc(sizeof *packet + length);
    packet->length = length;
    packet->fd = fd;
    memcpy(packet->data, data, length);
    *channel->last = packet;
    channel->last = &packet->next;
    channel->waiting++;
    uv_poll_start(&channel->poll, UV_READABLE | UV_WRITABLE, on_ready);
    return 0;
}

int channel_send(struct channel *channel, const void *data, size_t length, int fd) {
    if (!channel->first) {
        ssize_t n = io_send_message(channel->fd, data, length, &fd, fd >= 0);
        if (n != -EAGAIN) {
            if (fd >= 0)
                close(fd);
            return n < 0 ? (int)n : 0;
        }
    }
    return put_aside(channel, data, length, fd);
}

/* One message; false when there is none left or the connection is gone. */
static bool receive_one(struct channel *channel) {
    static char data[CHANNEL_MESSAGE_MAX + 1]; /* shared by all channels: one loop, and messages are handled at once */
    int fd = -1;
    size_t count = 1;
    ssize_t n = io_receive_message(channel->fd, data, CHANNEL_MESSAGE_MAX, &fd, &count);
    if (n == -EAGAIN)
        return false;
    if (n <= 0) {
        uv_poll_stop(&channel->poll);
        channel->events.lost(channel->user);
        return false;
    }
    data[n] = '\0';
    channel->events.message(channel->user, data, (size_t)n, count ? fd : -1);
    return !channel->closed;
}

static void on_ready(uv_poll_t *poll, int status, int events) {
    struct channel *channel = poll->data;
    if (events & UV_WRITABLE)
        send_waiting(channel);
    if (status < 0 || events & UV_READABLE)
        for (int i = 0; i < CHANNEL_MESSAGES_AT_ONCE && receive_one(channel); i++)
            ;
}

static void on_closed(uv_handle_t *handle) {
    struct channel *channel = handle->data;
    for (struct packet *packet = channel->first, *next; packet; packet = next) {
        next = packet->next;
        packet_free(packet);
    }
    close(channel->fd);
    free(channel);
}

void channel_close(struct channel *channel) {
    if (!channel)
        return;
    channel->closed = true;
    uv_close((uv_handle_t *)&channel->poll, on_closed);
}
