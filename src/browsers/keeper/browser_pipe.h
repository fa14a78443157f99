/* The two pipes to Chromium (--remote-debugging-pipe): JSON messages, each ended by a NUL byte.
 *
 * One buffer takes what Chromium writes; messages are handed out in place. It grows to the largest message and is given
 * back after a large one, so an idle keeper stays small. The loop's thread only. */
#pragma once

#include "base/error.h"
#include "net/stream.h"
#include <stdbool.h>

struct browser_pipe_events {
    /* A message without its NUL, in `block`, which may be kept by reference. */
    void (*message)(void *user, const char *message, size_t length, struct block *block);
    /* A message was larger than allowed and has been skipped; id < 0 when it was no answer. */
    void (*too_large)(void *user, int64_t id);
    void (*writable)(void *user); /* queued bytes went out */
    void (*ended)(void *user);    /* Chromium closed a pipe; called once */
};

struct browser_pipe {
    uv_pipe_t input, output;
    struct stream_out out;
    struct browser_pipe_events events;
    void *user;
    struct block *block; /* NULL while nothing is half read */
    size_t length, scanned, message_max;
    int64_t skipped_id;
    bool skipping, reading, over;
};

/* Takes both descriptors over. `pipe` lives until the loop ends. */
int browser_pipe_open(struct browser_pipe *pipe, uv_loop_t *loop, int to_browser, int from_browser, size_t message_max,
                      const struct browser_pipe_events *events, void *user, struct error *e);
/* The parts hold whole messages with their NUL. */
void browser_pipe_write(struct browser_pipe *pipe, const uv_buf_t *parts, size_t count, struct block *owner);
size_t browser_pipe_queued(const struct browser_pipe *pipe);
void browser_pipe_set_reading(struct browser_pipe *pipe, bool on);
/* Closes both ends; no event is sent any more. */
void browser_pipe_close(struct browser_pipe *pipe);
