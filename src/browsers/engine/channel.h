/* One SEQPACKET connection on the loop: messages in, messages out, descriptors along with them.
 *
 * Owned by whoever opened it until channel_close. Messages that the socket does not take yet wait in order; a peer that
 * stops reading for so long that CHANNEL_QUEUE_MAX of them wait loses the connection. */
#pragma once

#include <stddef.h>
#include <uv.h>

#define CHANNEL_QUEUE_MAX   4096
#define CHANNEL_MESSAGE_MAX (160 * 1024)

#define CHANNEL_MESSAGES_AT_ONCE 16 /* then the others on the loop have their turn */

struct channel;

struct channel_events {
    /* `data` is borrowed and NUL-terminated; `fd` (-1: none) is the receiver's. */
    void (*message)(void *user, const char *data, size_t length, int fd);
    void (*lost)(void *user); /* the other side is gone; channel_close is still to be called */
};

/* `fd` is taken over, also on failure. */
int channel_open(uv_loop_t *loop, int fd, const struct channel_events *events, void *user,
                 struct channel **ret_channel);
/* `fd` (-1: none) is taken over. 0 or -errno. */
int channel_send(struct channel *channel, const void *data, size_t length, int fd);
void channel_close(struct channel *channel); /* NULL is fine; no event comes any more */
