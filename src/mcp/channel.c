#include "mcp/channel.h"
#include "base/clock.h"
#include "base/io.h"
#include "base/memory.h"
#include "base/text.h"
#include "mcp/batches.h"
#include "mcp/rpc.h"
#include "mcp/versions.h"
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define READ_BYTES 65536

struct mcp_channel {
    int in_fd, out_fd, interrupt_fd, close_fd;
    bool routed;
    bool takes_batches; /* of the reader's thread */
    struct batches batches;
    pthread_t reader;
    pthread_mutex_t lock; /* of all that follows */
    pthread_cond_t filled;
    json_t *queue[CHANNEL_QUEUE_MAX];
    size_t count;
    json_t *current; /* the id of the request that is worked on; NULL: none */
    bool cancelled, gone;
    pthread_mutex_t writing;
};

/* Out */

static char *route_of(const struct mcp_channel *channel, const json_t *id) {
    return channel->routed && id ? json_dumps(id, JSON_ENCODE_ANY | JSON_COMPACT) : memory_copy_text("");
}

/* `message` NULL: the line that ends a request without an answer. A client that is gone takes nothing. */
static void send_line(struct mcp_channel *channel, const json_t *id, const json_t *message) {
    cleanup_text struct text line = {0};
    cleanup_free char *route = route_of(channel, id), *text = message ? json_print(message) : memory_copy_text("");
    if (channel->routed)
        text_print(&line, "%s\t", route);
    text_append_string(&line, text);
    text_append_char(&line, '\n');
    pthread_mutex_lock(&channel->writing);
    io_write_full(channel->out_fd, line.data, line.length);
    pthread_mutex_unlock(&channel->writing);
}

/* `answer` NULL: the request ends without one. */
static void send_answer(struct mcp_channel *channel, const json_t *id, json_t *answer) {
    cleanup_json json_t *answers = NULL;
    if (batches_take(&channel->batches, id, answer, &answers)) {
        if (answers)
            send_line(channel, NULL, answers);
    } else if (answer || channel->routed)
        send_line(channel, id, answer);
}

static void answer_and_free(struct mcp_channel *channel, const json_t *id, json_t *answer) {
    send_answer(channel, id, answer);
    json_decref(answer);
}

static void send_and_free(struct mcp_channel *channel, json_t *message) {
    send_line(channel, NULL, message);
    json_decref(message);
}

/* In: the reader's thread */

static void interrupt(struct mcp_channel *channel) {
    uint64_t one = 1;
    io_write_full(channel->interrupt_fd, &one, sizeof one);
}

/* Takes a request that waits out of the queue, or interrupts the current one. */
static void cancel(struct mcp_channel *channel, const json_t *id) {
    json_t *found = NULL;
    pthread_mutex_lock(&channel->lock);
    if (channel->current && json_equal(channel->current, id)) {
        channel->cancelled = true;
        interrupt(channel);
    }
    for (size_t i = 0; !found && i < channel->count; i++)
        if (json_equal(json_object_get(channel->queue[i], "id"), id)) {
            found = channel->queue[i];
            memmove(&channel->queue[i], &channel->queue[i + 1], (--channel->count - i) * sizeof channel->queue[0]);
        }
    pthread_mutex_unlock(&channel->lock);
    if (found)
        send_answer(channel, id, NULL);
    json_decref(found);
}

static bool enqueue(struct mcp_channel *channel, json_t *message) {
    pthread_mutex_lock(&channel->lock);
    bool room = channel->count < CHANNEL_QUEUE_MAX;
    if (room)
        channel->queue[channel->count++] = message;
    pthread_cond_signal(&channel->filled);
    pthread_mutex_unlock(&channel->lock);
    return room;
}

/* A batch comes after the answer to initialize, so it is read after this. */
static void note_version(struct mcp_channel *channel, const json_t *request) {
    const json_t *params = json_object_get(request, "params");
    if (!strcmp(json_text_or(request, "method", ""), "initialize"))
        channel->takes_batches = mcp_version_for(json_text_or(params, "protocolVersion", NULL))->batches;
}

static void take_request(struct mcp_channel *channel, json_t *message) {
    const json_t *id = json_object_get(message, "id");
    note_version(channel, message);
    if (!strcmp(json_text_or(message, "method", ""), "ping"))
        answer_and_free(channel, id, rpc_result(id, json_object()));
    else if (enqueue(channel, message))
        return;
    else
        answer_and_free(channel, id, rpc_error(id, RPC_BUSY, "too many requests wait already"));
    json_decref(message);
}

static void take_notification(struct mcp_channel *channel, json_t *message) {
    const json_t *params = json_object_get(message, "params");
    if (!strcmp(json_text_or(message, "method", ""), "notifications/cancelled"))
        cancel(channel, json_object_get(params, "requestId"));
    else if (enqueue(channel, message))
        return;
    json_decref(message);
}

static void take_part(struct mcp_channel *channel, struct rpc_part *part) {
    if (part->message && part->kind == RPC_REQUEST)
        take_request(channel, take_pointer(part->message));
    else if (part->message && part->kind == RPC_NOTIFICATION)
        take_notification(channel, take_pointer(part->message)); /* and responses: nothing was asked */
}

static void take_input(struct mcp_channel *channel, struct rpc_input *input) {
    json_t *answers = input->batch ? batches_begin(&channel->batches, input) : NULL;
    if (answers)
        send_and_free(channel, answers);
    for (size_t i = 0; i < input->count; i++)
        take_part(channel, &input->parts[i]);
}

static void take_line(struct mcp_channel *channel, const char *line, size_t length) {
    cleanup_rpc_input struct rpc_input input = {0};
    json_t *answer = NULL;
    if (!length)
        return;
    if (rpc_read(line, length, &input, &answer) < 0)
        send_and_free(channel, answer);
    else if (input.batch && !channel->takes_batches)
        send_and_free(channel, rpc_error(NULL, RPC_INVALID_REQUEST, RPC_NO_BATCHES));
    else
        take_input(channel, &input);
}

/* What came `before` was looked through already. */
static bool take_lines(struct mcp_channel *channel, struct text *rest, size_t before) {
    char *from = rest->data, *fresh = from + before, *end = from + rest->length, *newline;
    while ((newline = memchr(fresh, '\n', (size_t)(end - fresh)))) {
        take_line(channel, from, (size_t)(newline - from) - (newline > from && newline[-1] == '\r'));
        from = fresh = newline + 1;
    }
    memmove(rest->data, from, (size_t)(end - from));
    rest->length = (size_t)(end - from);
    return rest->length <= CHANNEL_LINE_MAX;
}

static bool wait_for_input(const struct mcp_channel *channel) {
    struct pollfd fds[] = {{.fd = channel->in_fd, .events = POLLIN}, {.fd = channel->close_fd, .events = POLLIN}};
    while (poll(fds, ARRAY_LENGTH(fds), -1) < 0)
        if (errno != EINTR)
            return false;
    return !fds[1].revents;
}

static void *read_all(void *user) {
    struct mcp_channel *channel = user;
    cleanup_text struct text rest = {0};
    bool fine = true;
    while (fine && wait_for_input(channel)) {
        text_reserve(&rest, READ_BYTES);
        ssize_t n = read(channel->in_fd, rest.data + rest.length, READ_BYTES);
        if (n < 0 && (errno == EINTR || errno == EAGAIN))
            continue;
        if (n <= 0)
            break;
        rest.length += (size_t)n;
        fine = take_lines(channel, &rest, rest.length - (size_t)n);
    }
    if (!fine)
        send_and_free(channel, rpc_error(NULL, RPC_INVALID_REQUEST, "a message is longer than 16 MB"));
    pthread_mutex_lock(&channel->lock);
    channel->gone = true;
    interrupt(channel);
    pthread_cond_signal(&channel->filled);
    pthread_mutex_unlock(&channel->lock);
    return NULL;
}

/* The owner's thread */

int mcp_channel_open(int in_fd, int out_fd, bool routed, struct mcp_channel **ret_channel, struct error *e) {
    struct mcp_channel *channel = memory_alloc(sizeof *channel);
    *channel = (struct mcp_channel){.in_fd = in_fd, .out_fd = out_fd, .routed = routed};
    channel->interrupt_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    channel->close_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    pthread_mutex_init(&channel->lock, NULL);
    pthread_mutex_init(&channel->writing, NULL);
    batches_init(&channel->batches);
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&channel->filled, &attributes);
    int r = channel->interrupt_fd < 0 || channel->close_fd < 0 ? -errno : 0;
    if (!r)
        r = -pthread_create(&channel->reader, NULL, read_all, channel);
    if (r < 0) {
        free(channel);
        return error_errno(e, -r, ERROR_INTERNAL, "the client cannot be listened to");
    }
    *ret_channel = channel;
    return 0;
}

void mcp_channel_close(struct mcp_channel *channel) {
    uint64_t one = 1;
    if (!channel)
        return;
    io_write_full(channel->close_fd, &one, sizeof one);
    pthread_join(channel->reader, NULL);
    for (size_t i = 0; i < channel->count; i++)
        json_decref(channel->queue[i]);
    json_decref(channel->current);
    batches_done(&channel->batches);
    close(channel->interrupt_fd);
    close(channel->close_fd);
    free(channel);
}

static void settle_interrupt(struct mcp_channel *channel) {
    uint64_t count;
    if (!channel->gone && read(channel->interrupt_fd, &count, sizeof count) < 0)
        return; /* nothing was in it */
}

static void wait_filled(struct mcp_channel *channel, int wait_ms) {
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += wait_ms / 1000;
    until.tv_nsec += (long)(wait_ms % 1000) * 1000000;
    until.tv_sec += until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    while (!channel->count && !channel->gone)
        if (wait_ms < 0)
            pthread_cond_wait(&channel->filled, &channel->lock);
        else if (pthread_cond_timedwait(&channel->filled, &channel->lock, &until) == ETIMEDOUT)
            return;
}

int mcp_channel_take(struct mcp_channel *channel, int wait_ms, json_t **ret_message) {
    int r = 0;
    pthread_mutex_lock(&channel->lock);
    wait_filled(channel, wait_ms);
    if (channel->gone) { /* nobody reads the answers */
        r = -EPIPE;
    } else if (channel->count) {
        *ret_message = channel->queue[0];
        memmove(channel->queue, channel->queue + 1, --channel->count * sizeof channel->queue[0]);
        channel->current = json_incref(json_object_get(*ret_message, "id"));
        channel->cancelled = false;
        settle_interrupt(channel);
        r = 1;
    }
    pthread_mutex_unlock(&channel->lock);
    return r;
}

void mcp_channel_answer(struct mcp_channel *channel, json_t *answer) {
    cleanup_json json_t *owned = answer;
    pthread_mutex_lock(&channel->lock);
    cleanup_json json_t *id = take_pointer(channel->current);
    bool cancelled = channel->cancelled;
    pthread_mutex_unlock(&channel->lock);
    if (id)
        send_answer(channel, id, cancelled ? NULL : answer);
}

void mcp_channel_notify(struct mcp_channel *channel, const char *method, json_t *params) {
    cleanup_json json_t *message = rpc_notification(method, params);
    send_line(channel, channel->current, message); /* only this thread changes `current` */
}

int mcp_channel_interrupt_fd(const struct mcp_channel *channel) {
    return channel->interrupt_fd;
}

bool mcp_channel_is_interrupted(const struct mcp_channel *channel) {
    struct pollfd fd = {.fd = channel->interrupt_fd, .events = POLLIN};
    return poll(&fd, 1, 0) > 0;
}
