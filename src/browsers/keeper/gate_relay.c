/* Bytes in both directions. A read goes into the gate's one shared buffer and straight on to the other side; only what
 * that side's kernel buffer does not take is copied, and then nothing more is read until it is gone. A quiet connection
 * therefore holds no buffer at all. */
#include "base/memory.h"
#include "browsers/keeper/gate_connection.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct pending_write {
    uv_write_t write;
    struct gate_socket *to, *resume;
    size_t length;
    uint8_t data[];
};

static void on_read(uv_stream_t *stream, ssize_t length, const uv_buf_t *buffer);

static void give_buffer(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer) {
    struct gate_socket *from = handle->data;
    struct gate *gate = from->connection->gate;
    *buffer = uv_buf_init(gate->buffer, gate->backlog > GATE_BACKLOG_SOFT ? GATE_READ_SIZE_SMALL : GATE_READ_SIZE);
}

static void on_written(uv_write_t *write, int status) {
    struct pending_write *pending = write->data;
    struct connection *c = pending->to->connection;
    struct gate_socket *resume = pending->resume;
    if (!c) {
        free(pending);
        return;
    }
    c->gate->backlog -= pending->length;
    pending->to->queued -= pending->length;
    free(pending);
    if (status < 0)
        connection_abort(c);
    else if (resume)
        uv_read_start((uv_stream_t *)&resume->tcp, give_buffer, on_read);
}

static int write_later(struct gate_socket *to, struct gate_socket *resume, const uint8_t *data, size_t length) {
    struct pending_write *pending = memory_alloc(sizeof *pending + length);
    pending->write.data = pending;
    pending->to = to;
    pending->resume = resume;
    pending->length = length;
    memcpy(pending->data, data, length);
    uv_buf_t buffer = uv_buf_init((char *)pending->data, (unsigned)length);
    int r = uv_write(&pending->write, (uv_stream_t *)&to->tcp, &buffer, 1, on_written);
    if (r) {
        free(pending);
        return r;
    }
    to->connection->gate->backlog += length;
    to->queued += length;
    if (resume)
        uv_read_stop((uv_stream_t *)&resume->tcp);
    return 1;
}

int relay_write(struct gate_socket *to, struct gate_socket *resume, const uint8_t *data, size_t length) {
    uv_buf_t buffer = uv_buf_init((char *)data, (unsigned)length);
    int n = uv_try_write((uv_stream_t *)&to->tcp, &buffer, 1);
    if (n == UV_EAGAIN)
        n = 0;
    if (n < 0 || (size_t)n == length)
        return n < 0 ? n : 0;
    return write_later(to, resume, data + n, length - (size_t)n);
}

static void on_shut(uv_shutdown_t *shutdown, int status) {
    struct gate_socket *socket = shutdown->data;
    struct connection *c = socket->connection;
    if (!c)
        return;
    socket->shut = true;
    if (status < 0)
        connection_abort(c);
    else if (c->client->shut && c->target->shut)
        connection_end(c);
}

/* One side has said all it has to say: the other is told so, and may go on speaking. */
static void pass_end(struct connection *c, struct gate_socket *from) {
    struct gate_socket *to = from == c->client ? c->target : c->client;
    *(from == c->client ? &c->client_ended : &c->target_ended) = true;
    uv_read_stop((uv_stream_t *)&from->tcp);
    to->shutdown.data = to;
    if (uv_shutdown(&to->shutdown, (uv_stream_t *)&to->tcp, on_shut))
        connection_abort(c);
}

static void count_bytes(struct connection *c, bool up, size_t length) {
    *(up ? &c->bytes_up : &c->bytes_down) += length;
    *(up ? &c->gate->counters.bytes_up : &c->gate->counters.bytes_down) += length;
    c->active = uv_now(c->gate->loop);
}

static void on_read(uv_stream_t *stream, ssize_t length, const uv_buf_t *buffer) {
    struct gate_socket *from = stream->data;
    struct connection *c = from->connection;
    if (!c || !length)
        return;
    if (length == UV_EOF)
        return pass_end(c, from);
    if (length < 0)
        return connection_abort(c);
    bool up = from == c->client;
    count_bytes(c, up, (size_t)length);
    if (relay_write(up ? c->target : c->client, from, (const uint8_t *)buffer->base, (size_t)length) < 0)
        connection_abort(c);
}

static void on_idle_timer(uv_timer_t *timer) {
    struct connection *c = timer->data;
    uint64_t limit = c->client_ended || c->target_ended ? GATE_HALF_CLOSED_MS : GATE_IDLE_MS;
    uint64_t quiet = uv_now(c->gate->loop) - c->active;
    if (quiet >= limit)
        return connection_abort(c);
    uv_timer_start(timer, on_idle_timer, limit - quiet < GATE_HALF_CLOSED_MS ? limit - quiet : GATE_HALF_CLOSED_MS, 0);
}

/* Sends what came early and then reads; a write that must wait starts the reading of its source when it is done. */
static int start_direction(struct connection *c, struct gate_socket *from, struct gate_socket *to, const uint8_t *early,
                           size_t length) {
    if (length) {
        count_bytes(c, from == c->client, length);
        int r = relay_write(to, from, early, length);
        if (r)
            return r < 0 ? r : 0;
    }
    return uv_read_start((uv_stream_t *)&from->tcp, give_buffer, on_read);
}

void relay_start(struct connection *c, const uint8_t *early, size_t early_length) {
    c->state = CONNECTION_RELAYING;
    c->active = uv_now(c->gate->loop);
    uv_timer_start(&c->timer, on_idle_timer, GATE_HALF_CLOSED_MS, 0);
    uv_read_stop((uv_stream_t *)&c->client->tcp);
    uv_read_stop((uv_stream_t *)&c->target->tcp);
    int r = start_direction(c, c->target, c->client, early, early_length);
    if (!r)
        r = start_direction(c, c->client, c->target, c->head->data, c->head->length);
    free(take_pointer(c->head));
    free(take_pointer(c->answer));
    if (r)
        connection_abort(c);
}
