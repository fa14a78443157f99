/* Writing to a libuv stream with as few copies as possible.
 *
 * What the kernel takes at once is never copied. Of the rest, parts that lie in a reference-counted block are kept by
 * reference until they are written; all others are copied. Everything runs on the loop's thread. */
#pragma once

#include <stddef.h>
#include <uv.h>

struct block {
    size_t references, room;
    char data[];
};

struct block *block_new(size_t room); /* one reference, the caller's */
struct block *block_ref(struct block *block);
void block_unref(struct block *block); /* NULL is fine */
/* Makes room for at least `room` bytes; the caller holds the only reference and uses the result from now on. */
struct block *block_grow(struct block *block, size_t room);

struct stream_out {
    uv_stream_t *stream;
    /* Called when queued bytes went out (status 0) or cannot (-errno); not for what was written at once. */
    void (*progress)(void *user, int status);
    void *user;
};

#define STREAM_PARTS_MAX 8

/* Writes the parts in order, after everything written before. `owner` (may be NULL) is the block in which parts may
 * lie. 0, or -errno when the stream is broken. `out` must outlive the stream's close callback. */
int stream_write(struct stream_out *out, const uv_buf_t *parts, size_t count, struct block *owner);

/* Bytes that wait for the other side. */
size_t stream_queued(const struct stream_out *out);
