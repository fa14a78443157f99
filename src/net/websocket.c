#include "net/websocket.h"
#include "base/io.h"
#include "base/memory.h"
#include "base/websocket_accept.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <wslay/wslay.h>

#define READ_SIZE      ((size_t)64 * 1024)
#define KEEP_BLOCK     ((size_t)256 * 1024) /* a larger receive block is not kept for the next message */
#define FIRST_BLOCK    ((size_t)4 * 1024)
#define KEEPALIVE_S    30 /* TCP keepalive: a peer that vanished is noticed */
#define FRAME_HEAD_MAX 10

struct websocket {
    uv_tcp_t tcp;
    uv_timer_t timer; /* limits the goodbye */
    uv_shutdown_t shutdown;
    struct stream_out out;
    wslay_event_context_ptr frames;
    struct websocket_events events;
    void *user;
    struct block *block; /* the message that is being received */
    size_t length, message_max;
    const char *input; /* what was read and not yet taken by wslay */
    size_t input_length;
    char *head; /* read behind the request; served first */
    size_t head_length;
    int handles; /* open libuv handles */
    bool reading, in_control, saying_goodbye, over;
};

static void handle_is_closed(uv_handle_t *handle) {
    struct websocket *ws = handle->data;
    if (--ws->handles > 0)
        return;
    ws->events.closed(ws->user);
    wslay_event_context_free(ws->frames);
    block_unref(ws->block);
    free(ws->head);
    free(ws);
}

void websocket_drop(struct websocket *ws) {
    if (ws->over)
        return;
    ws->over = true;
    uv_close((uv_handle_t *)&ws->tcp, handle_is_closed);
    uv_close((uv_handle_t *)&ws->timer, handle_is_closed);
}

static void goodbye_is_said(uv_shutdown_t *request, int status) {
    websocket_drop(request->data);
}

static void goodbye_took_too_long(uv_timer_t *timer) {
    websocket_drop(timer->data);
}

/* Both close frames are there: ends when what is queued has gone out. */
static void finish(struct websocket *ws) {
    if (!ws->shutdown.data) {
        ws->shutdown.data = ws;
        if (uv_shutdown(&ws->shutdown, (uv_stream_t *)&ws->tcp, goodbye_is_said) < 0)
            websocket_drop(ws);
    }
}

static void start_goodbye(struct websocket *ws) {
    if (!ws->saying_goodbye)
        uv_timer_start(&ws->timer, goodbye_took_too_long, WEBSOCKET_CLOSE_MS, 0);
    ws->saying_goodbye = true;
}

/* Sends what wslay has queued: pongs, pings and close frames. */
static void send_control(struct websocket *ws) {
    if (ws->over)
        return;
    if (wslay_event_send(ws->frames) < 0) {
        websocket_drop(ws);
        return;
    }
    if (wslay_event_get_close_sent(ws->frames))
        start_goodbye(ws);
    if (wslay_event_get_close_sent(ws->frames) && wslay_event_get_close_received(ws->frames))
        finish(ws);
}

static ssize_t give_input(wslay_event_context_ptr frames, uint8_t *data, size_t room, int flags, void *user) {
    struct websocket *ws = user;
    if (!ws->input_length) {
        wslay_event_set_error(frames, WSLAY_ERR_WOULDBLOCK);
        return -1;
    }
    size_t n = room < ws->input_length ? room : ws->input_length;
    memcpy(data, ws->input, n);
    ws->input += n;
    ws->input_length -= n;
    return (ssize_t)n;
}

static ssize_t take_output(wslay_event_context_ptr frames, const uint8_t *data, size_t length, int flags, void *user) {
    struct websocket *ws = user;
    uv_buf_t part = uv_buf_init((char *)data, (unsigned)length);
    if (stream_write(&ws->out, &part, 1, NULL) == 0)
        return (ssize_t)length;
    wslay_event_set_error(frames, WSLAY_ERR_CALLBACK_FAILURE);
    return -1;
}

static void refuse(struct websocket *ws, unsigned code, const char *reason) {
    wslay_event_queue_close(ws->frames, (uint16_t)code, (const uint8_t *)reason, strlen(reason));
    wslay_event_shutdown_read(ws->frames);
    start_goodbye(ws);
}

/* Room for a frame at once: a large message is never copied while it grows. */
static void frame_starts(wslay_event_context_ptr frames, const struct wslay_event_on_frame_recv_start_arg *frame,
                         void *user) {
    struct websocket *ws = user;
    ws->in_control = wslay_is_ctrl_frame(frame->opcode); /* they come between the fragments of a message */
    if (ws->in_control)
        return;
    if (frame->opcode == WSLAY_BINARY_FRAME)
        refuse(ws, WEBSOCKET_UNSUPPORTED, "text messages only");
    else if (frame->payload_length > ws->message_max - ws->length)
        refuse(ws, WEBSOCKET_TOO_BIG, "message too large");
    else
        ws->block = block_grow(ws->block ? ws->block : block_new(FIRST_BLOCK), ws->length + frame->payload_length);
}

static void chunk_arrived(wslay_event_context_ptr frames, const struct wslay_event_on_frame_recv_chunk_arg *chunk,
                          void *user) {
    struct websocket *ws = user;
    if (ws->in_control || ws->saying_goodbye || !ws->block || chunk->data_length > ws->block->room - ws->length)
        return;
    memcpy(ws->block->data + ws->length, chunk->data, chunk->data_length);
    ws->length += chunk->data_length;
}

static void message_arrived(wslay_event_context_ptr frames, const struct wslay_event_on_msg_recv_arg *message,
                            void *user) {
    struct websocket *ws = user;
    if (wslay_is_ctrl_frame(message->opcode) || ws->saying_goodbye || ws->over || !ws->block)
        return;
    ws->events.message(ws->user, ws->block, ws->length);
    ws->length = 0;
    if (ws->block->references > 1 || ws->block->room > KEEP_BLOCK) {
        block_unref(ws->block);
        ws->block = NULL;
    }
}

static void take_input(struct websocket *ws, const char *data, size_t length) {
    ws->input = data;
    ws->input_length = length;
    if (wslay_event_recv(ws->frames) < 0) {
        websocket_drop(ws);
        return;
    }
    send_control(ws);
}

static void make_room(uv_handle_t *handle, size_t suggested, uv_buf_t *ret_room) {
    *ret_room = uv_buf_init(memory_resize(NULL, READ_SIZE), READ_SIZE);
}

static void data_arrived(uv_stream_t *stream, ssize_t length, const uv_buf_t *buffer) {
    struct websocket *ws = stream->data;
    if (length > 0)
        take_input(ws, buffer->base, (size_t)length);
    else if (length < 0)
        websocket_drop(ws);
    free(buffer->base);
}

static void output_moved(void *user, int status) {
    struct websocket *ws = user;
    if (ws->over)
        return;
    if (status < 0)
        websocket_drop(ws);
    else
        ws->events.writable(ws->user);
}

static void serve_head(struct websocket *ws) {
    cleanup_free char *head = take_pointer(ws->head);
    if (head)
        take_input(ws, head, ws->head_length);
}

void websocket_set_reading(struct websocket *ws, bool on) {
    if (ws->over || ws->reading == on)
        return;
    ws->reading = on;
    if (!on) {
        uv_read_stop((uv_stream_t *)&ws->tcp);
        return;
    }
    uv_read_start((uv_stream_t *)&ws->tcp, make_room, data_arrived);
    serve_head(ws);
}

size_t websocket_queued(const struct websocket *ws) {
    return stream_queued(&ws->out);
}

void websocket_ping(struct websocket *ws) {
    const struct wslay_event_msg ping = {.opcode = WSLAY_PING};
    if (!ws->saying_goodbye && !ws->over && wslay_event_queue_msg(ws->frames, &ping) == 0)
        send_control(ws);
}

void websocket_close(struct websocket *ws, unsigned code, const char *reason) {
    if (ws->over || ws->saying_goodbye)
        return;
    wslay_event_queue_close(ws->frames, (uint16_t)code, (const uint8_t *)reason, strlen(reason));
    websocket_set_reading(ws, true); /* for the other side's close frame */
    send_control(ws);
}

/* The head of an unmasked, unfragmented frame. */
static size_t write_frame_head(uint8_t opcode, size_t length, unsigned char head[FRAME_HEAD_MAX]) {
    size_t bytes = length < 126 ? 0 : length < 65536 ? 2 : 8;
    head[0] = 0x80 | opcode;
    head[1] = (unsigned char)(bytes == 0 ? length : bytes == 2 ? 126 : 127);
    for (size_t i = 0; i < bytes; i++)
        head[2 + i] = (unsigned char)(length >> (8 * (bytes - 1 - i)));
    return 2 + bytes;
}

static void send_message(struct websocket *ws, uint8_t opcode, const uv_buf_t *parts, size_t count,
                         struct block *owner) {
    unsigned char head[FRAME_HEAD_MAX];
    uv_buf_t all[STREAM_PARTS_MAX];
    size_t length = 0;
    if (ws->over || ws->saying_goodbye)
        return;
    for (size_t i = 0; i < count; i++) {
        all[i + 1] = parts[i];
        length += parts[i].len;
    }
    all[0] = uv_buf_init((char *)head, (unsigned)write_frame_head(opcode, length, head));
    if (stream_write(&ws->out, all, count + 1, owner) < 0)
        websocket_drop(ws);
}

void websocket_send_text(struct websocket *ws, const uv_buf_t *parts, size_t count, struct block *owner) {
    send_message(ws, WSLAY_TEXT_FRAME, parts, count, owner);
}

void websocket_send_binary(struct websocket *ws, const uv_buf_t *parts, size_t count, struct block *owner) {
    send_message(ws, WSLAY_BINARY_FRAME, parts, count, owner);
}

static int answer_upgrade(struct websocket *ws, const char *key) {
    char accept[WEBSOCKET_ACCEPT_SIZE];
    if (websocket_accept(key, accept) < 0)
        return -EINVAL;
    cleanup_free char *answer = memory_print("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
                                             "Connection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n\r\n",
                                             accept);
    uv_buf_t part = uv_buf_init(answer, (unsigned)strlen(answer));
    return stream_write(&ws->out, &part, 1, NULL);
}

static void start_frames(struct websocket *ws) {
    const struct wslay_event_callbacks callbacks = {
        .recv_callback = give_input,
        .send_callback = take_output,
        .on_frame_recv_start_callback = frame_starts,
        .on_frame_recv_chunk_callback = chunk_arrived,
        .on_msg_recv_callback = message_arrived,
    };
    if (wslay_event_context_server_init(&ws->frames, &callbacks, ws) < 0)
        abort(); /* out of memory, the only cause, ends every process: see base/memory.h */
    wslay_event_config_set_no_buffering(ws->frames, 1);
    wslay_event_config_set_max_recv_msg_length(ws->frames, ws->message_max);
}

static void nothing(void *user) {}

int websocket_open(uv_loop_t *loop, int fd, const char *key, const void *head, size_t head_length, size_t message_max,
                   const struct websocket_events *events, void *user, struct websocket **ret_websocket,
                   struct error *e) {
    struct websocket *ws = memory_alloc(sizeof(*ws));
    *ws = (struct websocket){.events = *events, .user = user, .message_max = message_max, .handles = 2};
    uv_tcp_init(loop, &ws->tcp);
    uv_timer_init(loop, &ws->timer);
    ws->tcp.data = ws->timer.data = ws;
    ws->out = (struct stream_out){(uv_stream_t *)&ws->tcp, output_moved, ws};
    start_frames(ws);
    int result = uv_tcp_open(&ws->tcp, fd);
    if (result < 0)
        close(fd);
    if (result == 0)
        result = answer_upgrade(ws, key);
    if (result < 0) {
        ws->events.closed = nothing;
        websocket_drop(ws);
        return error_errno(e, -result, ERROR_PROTOCOL, "cannot serve the WebSocket");
    }
    uv_tcp_nodelay(&ws->tcp, 1);
    uv_tcp_keepalive(&ws->tcp, 1, KEEPALIVE_S);
    ws->head = head_length ? memory_copy_bytes(head, head_length) : NULL;
    ws->head_length = head_length;
    *ret_websocket = ws;
    return 0;
}
