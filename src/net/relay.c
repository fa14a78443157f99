#include "net/relay.h"
#include "base/memory.h"
#include "net/stream.h"
#include <stdlib.h>
#include <unistd.h>

#define READ_SIZE   ((size_t)64 * 1024)
#define QUEUED_MOST ((size_t)256 * 1024) /* past it the other side is not read */
#define KEEPALIVE_S 30

struct relay_side {
    uv_tcp_t tcp;
    struct stream_out out;
    struct relay *relay;
    struct relay_side *other;
    bool reading;
};

struct relay {
    struct relay_side sides[2];
    int open;
    bool over;
    void (*ended)(void *user);
    void *user;
};

static char read_buffer[READ_SIZE];

static void side_is_closed(uv_handle_t *handle) {
    struct relay_side *side = handle->data;
    struct relay *relay = side->relay;
    if (--relay->open > 0)
        return;
    if (relay->ended)
        relay->ended(relay->user);
    free(relay);
}

void relay_end(struct relay *relay) {
    if (relay->over)
        return;
    relay->over = true;
    for (int i = 0; i < 2; i++)
        uv_close((uv_handle_t *)&relay->sides[i].tcp, side_is_closed);
}

static void give_buffer(uv_handle_t *handle, size_t suggested, uv_buf_t *ret_buffer) {
    *ret_buffer = uv_buf_init(read_buffer, READ_SIZE);
}

static void data_came(uv_stream_t *stream, ssize_t length, const uv_buf_t *buffer);

static void set_reading(struct relay_side *side, bool on) {
    if (side->reading == on || side->relay->over)
        return;
    side->reading = on;
    if (on)
        uv_read_start((uv_stream_t *)&side->tcp, give_buffer, data_came);
    else
        uv_read_stop((uv_stream_t *)&side->tcp);
}

/* WebSocket says its own goodbye, so the first end is the end of both. */
static void data_came(uv_stream_t *stream, ssize_t length, const uv_buf_t *buffer) {
    struct relay_side *side = stream->data;
    if (length == 0 || side->relay->over)
        return;
    uv_buf_t part = uv_buf_init(buffer->base, (unsigned)(length > 0 ? length : 0));
    if (length < 0 || stream_write(&side->other->out, &part, 1, NULL) < 0)
        relay_end(side->relay);
    else if (stream_queued(&side->other->out) > QUEUED_MOST)
        set_reading(side, false);
}

static void output_moved(void *user, int status) {
    struct relay_side *side = user;
    if (status < 0)
        relay_end(side->relay);
    else if (stream_queued(&side->out) <= QUEUED_MOST)
        set_reading(side->other, true);
}

static int open_side(struct relay *relay, uv_loop_t *loop, int i, int fd) {
    struct relay_side *side = &relay->sides[i];
    uv_tcp_init(loop, &side->tcp);
    relay->open++;
    side->tcp.data = side;
    side->relay = relay;
    side->other = &relay->sides[1 - i];
    side->out = (struct stream_out){(uv_stream_t *)&side->tcp, output_moved, side};
    int r = uv_tcp_open(&side->tcp, fd);
    if (r < 0) {
        close(fd);
        return r;
    }
    uv_tcp_nodelay(&side->tcp, 1);
    uv_tcp_keepalive(&side->tcp, 1, KEEPALIVE_S);
    return 0;
}

struct relay *relay_join(uv_loop_t *loop, int first_fd, int second_fd, const void *first, size_t first_length,
                         void (*ended)(void *user), void *user) {
    struct relay *relay = memory_alloc(sizeof *relay);
    int r = open_side(relay, loop, 0, first_fd), s = open_side(relay, loop, 1, second_fd);
    uv_buf_t part = uv_buf_init((char *)first, (unsigned)first_length);
    if (!r && !s && (!first_length || stream_write(&relay->sides[1].out, &part, 1, NULL) == 0)) {
        relay->ended = ended;
        relay->user = user;
        set_reading(&relay->sides[0], true);
        set_reading(&relay->sides[1], true);
        return relay;
    }
    relay_end(relay);
    return NULL;
}
