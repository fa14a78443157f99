#include "browsers/keeper/browser_pipe.h"
#include "base/memory.h"
#include <errno.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define READ_LEAST ((size_t)16 * 1024)
#define KEEP_BLOCK ((size_t)64 * 1024)   /* a larger block is given back when it holds nothing */
#define LARGE      ((size_t)1024 * 1024) /* after such a block the heap is trimmed as well */

static void end(struct browser_pipe *pipe) {
    if (pipe->over)
        return;
    browser_pipe_set_reading(pipe, false);
    pipe->over = true;
    pipe->events.ended(pipe->user);
}

/* Frees or shrinks what the last messages needed; `rest` bytes at `from` stay. */
static void keep_rest(struct browser_pipe *pipe, size_t from) {
    size_t rest = pipe->length - from;
    struct block *block = pipe->block;
    bool oversized = block->room > KEEP_BLOCK && rest < KEEP_BLOCK / 2;
    if (block->references > 1 || oversized || rest == 0) {
        bool large = block->room >= LARGE;
        pipe->block = NULL;
        if (rest) {
            pipe->block = block_new(rest + READ_LEAST);
            memcpy(pipe->block->data, block->data + from, rest);
        }
        block_unref(block);
        if (large)
            malloc_trim(0);
    } else if (from)
        memmove(block->data, block->data + from, rest);
    pipe->length = pipe->scanned = rest;
}

/* Chromium writes {"id":N first in an answer. */
static int64_t id_of_start(const struct browser_pipe *pipe) {
    static const char start[] = "{\"id\":";
    if (pipe->length < 32 || memcmp(pipe->block->data, start, sizeof(start) - 1))
        return -1;
    return strtoll(pipe->block->data + sizeof(start) - 1, NULL, 10);
}

static void start_skipping(struct browser_pipe *pipe) {
    pipe->skipped_id = id_of_start(pipe);
    pipe->skipping = true;
    keep_rest(pipe, pipe->length);
}

/* Hands out the messages that are whole. */
static void take_messages(struct browser_pipe *pipe) {
    size_t from = 0;
    struct block *block = block_ref(pipe->block);
    for (char *nul; (nul = memchr(block->data + pipe->scanned, '\0', pipe->length - pipe->scanned));) {
        size_t end_of = (size_t)(nul - block->data);
        if (pipe->skipping)
            pipe->events.too_large(pipe->user, pipe->skipped_id);
        else
            pipe->events.message(pipe->user, block->data + from, end_of - from, block);
        pipe->skipping = false;
        from = pipe->scanned = end_of + 1;
    }
    block_unref(block);
    pipe->scanned = pipe->length;
    if (pipe->skipping)
        from = pipe->length;
    keep_rest(pipe, from);
    if (pipe->length > pipe->message_max)
        start_skipping(pipe);
}

static void make_room(uv_handle_t *handle, size_t suggested, uv_buf_t *ret_room) {
    struct browser_pipe *pipe = handle->data;
    if (!pipe->block)
        pipe->block = block_new(KEEP_BLOCK);
    if (pipe->block->room - pipe->length < READ_LEAST)
        pipe->block = block_grow(pipe->block, pipe->block->room * 2);
    *ret_room = uv_buf_init(pipe->block->data + pipe->length, (unsigned)(pipe->block->room - pipe->length));
}

static void data_arrived(uv_stream_t *stream, ssize_t length, const uv_buf_t *buffer) {
    struct browser_pipe *pipe = stream->data;
    if (length > 0) {
        pipe->length += (size_t)length;
        take_messages(pipe);
    } else if (length < 0)
        end(pipe);
    else if (pipe->length == 0)
        keep_rest(pipe, 0);
}

static void output_moved(void *user, int status) {
    struct browser_pipe *pipe = user;
    if (pipe->over)
        return;
    if (status < 0)
        end(pipe);
    else
        pipe->events.writable(pipe->user);
}

int browser_pipe_open(struct browser_pipe *pipe, uv_loop_t *loop, int to_browser, int from_browser, size_t message_max,
                      const struct browser_pipe_events *events, void *user, struct error *e) {
    *pipe = (struct browser_pipe){.events = *events, .user = user, .message_max = message_max};
    uv_pipe_init(loop, &pipe->input, 0);
    uv_pipe_init(loop, &pipe->output, 0);
    pipe->input.data = pipe->output.data = pipe;
    pipe->out = (struct stream_out){(uv_stream_t *)&pipe->output, output_moved, pipe};
    int result = uv_pipe_open(&pipe->input, from_browser);
    if (result == 0)
        result = uv_pipe_open(&pipe->output, to_browser);
    if (result < 0)
        return error_errno(e, -result, ERROR_INTERNAL, "cannot use the browser's pipes");
    browser_pipe_set_reading(pipe, true);
    return 0;
}

void browser_pipe_write(struct browser_pipe *pipe, const uv_buf_t *parts, size_t count, struct block *owner) {
    /* A broken pipe shows as the end of the other one, which also brings what Chromium still said. */
    if (!pipe->over)
        (void)stream_write(&pipe->out, parts, count, owner);
}

size_t browser_pipe_queued(const struct browser_pipe *pipe) {
    return stream_queued(&pipe->out);
}

void browser_pipe_set_reading(struct browser_pipe *pipe, bool on) {
    if (pipe->over || pipe->reading == on)
        return;
    pipe->reading = on;
    if (on)
        uv_read_start((uv_stream_t *)&pipe->input, make_room, data_arrived);
    else
        uv_read_stop((uv_stream_t *)&pipe->input);
}

static void pipe_is_closed(uv_handle_t *handle) {
    struct browser_pipe *pipe = handle->data;
    if (handle != (uv_handle_t *)&pipe->input)
        return;
    block_unref(pipe->block);
    pipe->block = NULL;
}

void browser_pipe_close(struct browser_pipe *pipe) {
    pipe->over = true;
    if (!uv_is_closing((uv_handle_t *)&pipe->input))
        uv_close((uv_handle_t *)&pipe->input, pipe_is_closed);
    if (!uv_is_closing((uv_handle_t *)&pipe->output))
        uv_close((uv_handle_t *)&pipe->output, pipe_is_closed);
}
