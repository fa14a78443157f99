/* See the header. Frames are cut and put together by wslay's frame layer; the rules about their order are here. */
#include "cdp/websocket_client.h"
#include "base/clock.h"
#include "base/io.h"
#include "base/memory.h"
#include "base/text.h"
#include "cdp/websocket_connect.h"
#include <errno.h>
#include <poll.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <wslay/wslay.h>

#define INPUT_BYTES   65536
#define MESSAGE_BYTES 16384 /* the message buffer at first */
#define CONTROL_MAX   125   /* RFC 6455, 5.5 */

struct websocket {
    int fd, interrupt_fd;
    wslay_frame_context_ptr frames;
    size_t message_max;

    unsigned char *input; /* read from the socket, not yet seen by wslay */
    size_t input_start, input_end;
    struct text output; /* framed and masked, not yet written */
    size_t output_start;

    char *message; /* the text message being put together, or the one handed out */
    size_t length, room;
    bool in_message, handed_out;

    bool in_frame;
    uint64_t frame_length; /* payload bytes of the present frame seen so far */
    unsigned char control[CONTROL_MAX];

    bool close_sent;
    int close_code;
    int failure; /* -errno that ended the connection */
    struct error failure_error;
    struct websocket_counters counters;
};

static int fail(struct websocket *socket, int err, enum error_code code, const char *text, struct error *e) {
    socket->failure = error_set(&socket->failure_error, err, code, "%s", text);
    if (e)
        *e = socket->failure_error;
    return socket->failure;
}

static int failed_before(const struct websocket *socket, struct error *e) {
    if (socket->failure && e)
        *e = socket->failure_error;
    return socket->failure;
}

/* wslay's callbacks: input comes from our buffer, output goes to our queue. */

static ssize_t give_input(uint8_t *data, size_t room, int flags, void *user) {
    struct websocket *socket = user;
    size_t n = socket->input_end - socket->input_start;
    if (!n)
        return -1;
    n = n < room ? n : room;
    memcpy(data, socket->input + socket->input_start, n);
    socket->input_start += n;
    socket->counters.copied += n;
    return (ssize_t)n;
}

static ssize_t take_output(const uint8_t *data, size_t length, int flags, void *user) {
    struct websocket *socket = user;
    text_append(&socket->output, data, length);
    return (ssize_t)length;
}

static int make_mask(uint8_t *mask, size_t length, void *user) {
    randombytes_buf(mask, length);
    return 0;
}

static const struct wslay_frame_callbacks callbacks = {
    .send_callback = take_output, .recv_callback = give_input, .genmask_callback = make_mask};

static void queue_frame(struct websocket *socket, uint8_t opcode, const void *data, size_t length) {
    struct wslay_frame_iocb frame = {
        .fin = 1, .opcode = opcode, .mask = 1, .payload_length = length, .data = data, .data_length = length};
    if (socket->output_start == socket->output.length) {
        text_clear(&socket->output);
        socket->output_start = 0;
    }
    wslay_frame_send(socket->frames, &frame); /* take_output takes everything, so once is enough */
}

static void queue_close(struct websocket *socket, uint16_t code) {
    unsigned char payload[2] = {(unsigned char)(code >> 8), (unsigned char)code};
    if (!socket->close_sent)
        queue_frame(socket, WSLAY_CONNECTION_CLOSE, payload, sizeof payload);
    socket->close_sent = true;
}

/* The peer broke the rules: tell it why, end. */
static int refuse(struct websocket *socket, uint16_t close_code, const char *text, struct error *e) {
    queue_close(socket, close_code);
    bool large = close_code == WSLAY_CODE_MESSAGE_TOO_BIG;
    return fail(socket, large ? EMSGSIZE : EPROTO, large ? ERROR_TOO_LARGE : ERROR_PROTOCOL, text, e);
}

int websocket_client_send(struct websocket *socket, const char *data, size_t length, struct error *e) {
    int r = failed_before(socket, e);
    if (r < 0)
        return r;
    if (length > socket->message_max || socket->output.length - socket->output_start > 2 * socket->message_max)
        return error_set(e, EMSGSIZE, ERROR_TOO_LARGE, "a message to the browser is over %zu bytes",
                         socket->message_max);
    queue_frame(socket, WSLAY_TEXT_FRAME, data, length);
    return websocket_flush(socket, e);
}

int websocket_flush(struct websocket *socket, struct error *e) {
    while (socket->output_start < socket->output.length) {
        ssize_t n = send(socket->fd, socket->output.data + socket->output_start,
                         socket->output.length - socket->output_start, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && errno == EAGAIN)
            return 0;
        if (n < 0) /* what the peer still said, its close code above all, is worth reading: receiving reports the end */
            socket->output_start = socket->output.length;
        else
            socket->output_start += (size_t)n;
    }
    return 0;
}

static int grow_message(struct websocket *socket, uint64_t more, struct error *e) {
    if (more > socket->message_max - socket->length)
        return refuse(socket, WSLAY_CODE_MESSAGE_TOO_BIG, "the browser's message is over CDP_MESSAGE_MAX_MB", e);
    size_t need = socket->length + (size_t)more + 1, room = socket->room;
    if (need <= room)
        return 0;
    while (room < need)
        room *= 2;
    socket->message = memory_resize(socket->message, room);
    socket->room = room;
    socket->counters.growths++;
    socket->counters.copied += socket->length;
    return 0;
}

/* What RFC 6455 asks of a server's frames: not masked, no extension bits, fragments in order. */
static const char *complaint_about(const struct websocket *socket, const struct wslay_frame_iocb *frame) {
    if (frame->mask || frame->rsv)
        return "the door sent a masked or extended WebSocket frame";
    if (wslay_is_ctrl_frame(frame->opcode))
        return frame->opcode > WSLAY_PONG ? "the door sent an unknown control frame" : NULL;
    if (frame->opcode != WSLAY_TEXT_FRAME && frame->opcode != WSLAY_CONTINUATION_FRAME)
        return "the door sent a WebSocket message that is not text";
    if (socket->in_message != (frame->opcode == WSLAY_CONTINUATION_FRAME))
        return "the door sent fragments of a WebSocket message out of order";
    return NULL;
}

static int begin_frame(struct websocket *socket, const struct wslay_frame_iocb *frame, struct error *e) {
    const char *complaint = complaint_about(socket, frame);
    if (complaint)
        return refuse(socket, WSLAY_CODE_PROTOCOL_ERROR, complaint, e);
    socket->in_frame = true;
    socket->frame_length = 0;
    if (wslay_is_ctrl_frame(frame->opcode))
        return 0;
    socket->in_message = true;
    return grow_message(socket, frame->payload_length, e);
}

static void take_payload(struct websocket *socket, const struct wslay_frame_iocb *frame) {
    if (wslay_is_ctrl_frame(frame->opcode)) {
        memcpy(socket->control + socket->frame_length, frame->data, frame->data_length);
    } else {
        memcpy(socket->message + socket->length, frame->data, frame->data_length);
        socket->length += frame->data_length;
        socket->counters.copied += frame->data_length;
    }
    socket->frame_length += frame->data_length;
}

static int take_close(struct websocket *socket, struct error *e) {
    int code = socket->frame_length >= 2 ? socket->control[0] << 8 | socket->control[1] : WSLAY_CODE_NO_STATUS_RCVD;
    socket->close_code = code;
    queue_close(socket, WSLAY_CODE_NORMAL_CLOSURE);
    websocket_flush(socket, NULL);
    return fail(socket, EPIPE, ERROR_CLOSED, "the browser's connection was closed", e);
}

/* 1: a text message is whole. */
static int end_frame(struct websocket *socket, const struct wslay_frame_iocb *frame, struct error *e) {
    socket->in_frame = false;
    if (frame->opcode == WSLAY_CONNECTION_CLOSE)
        return take_close(socket, e);
    if (frame->opcode == WSLAY_PING) {
        if (socket->output.length - socket->output_start > socket->message_max)
            return refuse(socket, WSLAY_CODE_POLICY_VIOLATION, "the door sends pings and reads no answers", e);
        queue_frame(socket, WSLAY_PONG, socket->control, (size_t)socket->frame_length);
    }
    if (wslay_is_ctrl_frame(frame->opcode) || !frame->fin)
        return 0;
    socket->in_message = false;
    socket->handed_out = true;
    socket->message[socket->length] = '\0';
    return 1;
}

/* Takes buffered input apart. 1: a message is whole; 0: more input is needed. */
static int take_input(struct websocket *socket, struct error *e) {
    for (;;) {
        struct wslay_frame_iocb frame;
        ssize_t n = wslay_frame_recv(socket->frames, &frame);
        if (n == WSLAY_ERR_WANT_READ)
            return 0;
        if (n < 0)
            return refuse(socket, WSLAY_CODE_PROTOCOL_ERROR, "the door sent a malformed WebSocket frame", e);
        int r = socket->in_frame ? 0 : begin_frame(socket, &frame, e);
        if (r < 0)
            return r;
        take_payload(socket, &frame);
        if (socket->frame_length == frame.payload_length && (r = end_frame(socket, &frame, e)))
            return r;
    }
}

static int read_input(struct websocket *socket, struct error *e) {
    ssize_t n = recv(socket->fd, socket->input, INPUT_BYTES, MSG_DONTWAIT);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return 0;
    if (n <= 0) {
        socket->close_code = WSLAY_CODE_ABNORMAL_CLOSURE;
        return fail(socket, EPIPE, ERROR_CLOSED, "the browser's connection broke", e);
    }
    socket->input_start = 0;
    socket->input_end = (size_t)n;
    socket->counters.received += (uint64_t)n;
    socket->counters.reads++;
    return 0;
}

/* Waits until there is input, writing what is queued meanwhile. */
static int wait_input(struct websocket *socket, int64_t deadline, struct error *e) {
    for (;;) {
        websocket_flush(socket, NULL);
        bool writing = socket->output_start < socket->output.length;
        struct pollfd fds[] = {{.fd = socket->fd, .events = (short)(POLLIN | (writing ? POLLOUT : 0))},
                               {.fd = socket->interrupt_fd, .events = POLLIN}};
        int n = poll(fds, ARRAY_LENGTH(fds), clock_remaining_ms(deadline));
        if (n < 0 && errno != EINTR)
            return fail(socket, errno, ERROR_INTERNAL, "cannot wait for the browser", e);
        if (n > 0 && fds[1].revents)
            return error_set(e, ECANCELED, ERROR_CANCELLED, "stopped while waiting for the browser");
        if (n > 0 && fds[0].revents & (POLLIN | POLLHUP | POLLERR))
            return read_input(socket, e);
        if (n == 0 && !clock_remaining_ms(deadline))
            return error_set(e, ETIMEDOUT, ERROR_TIMEOUT, "the browser did not answer in time");
    }
}

int websocket_receive(struct websocket *socket, int64_t deadline, const char **ret_data, size_t *ret_length,
                      struct error *e) {
    if (socket->handed_out) {
        socket->handed_out = false;
        socket->length = 0;
    }
    int r = failed_before(socket, e);
    while (!r) {
        r = take_input(socket, e);
        if (!r)
            r = wait_input(socket, deadline, e);
    }
    if (r < 0)
        return r;
    *ret_data = socket->message;
    *ret_length = socket->length;
    return 0;
}

struct websocket *websocket_adopt(int fd, const void *rest, size_t rest_length, size_t message_max) {
    struct websocket *socket = memory_alloc(sizeof *socket);
    *socket = (struct websocket){.fd = fd, .interrupt_fd = -1, .message_max = message_max};
    socket->input = memory_alloc(rest_length > INPUT_BYTES ? rest_length : INPUT_BYTES);
    if (rest_length)
        memcpy(socket->input, rest, rest_length);
    socket->input_end = rest_length;
    socket->room = MESSAGE_BYTES;
    socket->message = memory_alloc(socket->room);
    if (wslay_frame_context_init(&socket->frames, &callbacks, socket))
        abort(); /* out of memory, as memory_alloc does */
    return socket;
}

int websocket_connect(const char *host, int port, const char *path, size_t message_max, int64_t deadline,
                      int interrupt_fd, struct websocket **ret_socket, struct error *e) {
    cleanup_text struct text rest = {0}; /* frames that came with the answer */
    int fd = websocket_client_open(host, port, path, deadline, interrupt_fd, &rest, e);
    if (fd < 0)
        return fd;
    *ret_socket = websocket_adopt(fd, rest.data, rest.length, message_max);
    websocket_set_interrupt(*ret_socket, interrupt_fd);
    return 0;
}

void websocket_free(struct websocket *socket) {
    if (!socket)
        return;
    queue_close(socket, WSLAY_CODE_NORMAL_CLOSURE);
    websocket_flush(socket, NULL);
    close(socket->fd);
    wslay_frame_context_free(socket->frames);
    text_done(&socket->output);
    free(socket->input);
    free(socket->message);
    free(socket);
}

void websocket_set_interrupt(struct websocket *socket, int fd) {
    socket->interrupt_fd = fd;
}

int websocket_close_code(const struct websocket *socket) {
    return socket->close_code;
}

struct websocket_counters websocket_counters(const struct websocket *socket) {
    return socket->counters;
}
