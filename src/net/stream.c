#include "net/stream.h"
#include "base/memory.h"
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define COPY_BELOW ((size_t)16 * 1024) /* less than this is copied: cheaper than keeping a large block alive */

struct block *block_new(size_t room) {
    struct block *block = memory_resize(NULL, sizeof(*block) + room);
    block->references = 1;
    block->room = room;
    return block;
}

struct block *block_ref(struct block *block) {
    block->references++;
    return block;
}

void block_unref(struct block *block) {
    if (block && --block->references == 0)
        free(block);
}

struct block *block_grow(struct block *block, size_t room) {
    assert(block->references == 1);
    if (room <= block->room)
        return block;
    block = memory_resize(block, sizeof(*block) + room);
    block->room = room;
    return block;
}

struct write {
    uv_write_t request;
    struct stream_out *out;
    struct block *owner;
    char copies[];
};

static void write_is_done(uv_write_t *request, int status) {
    struct write *write = (struct write *)request;
    struct stream_out *out = write->out;
    block_unref(write->owner);
    free(write);
    out->progress(out->user, status);
}

static bool lies_in(uv_buf_t part, const struct block *block) {
    return block && part.base >= block->data && part.base < block->data + block->room;
}

/* Takes `written` bytes off the front of the parts; returns the bytes that are left. */
static size_t skip_written(uv_buf_t *parts, size_t count, size_t written) {
    size_t left = 0;
    for (size_t i = 0; i < count; i++) {
        size_t cut = written < parts[i].len ? written : parts[i].len;
        parts[i].base += cut;
        parts[i].len -= cut;
        written -= cut;
        left += parts[i].len;
    }
    return left;
}

static int queue_rest(struct stream_out *out, uv_buf_t *parts, size_t count, size_t left, struct block *owner) {
    if (left < COPY_BELOW)
        owner = NULL;
    size_t copied = 0;
    for (size_t i = 0; i < count; i++)
        copied += lies_in(parts[i], owner) ? 0 : parts[i].len;
    struct write *write = memory_resize(NULL, sizeof(*write) + copied);
    write->out = out;
    write->owner = owner ? block_ref(owner) : NULL;
    char *place = write->copies;
    for (size_t i = 0; i < count; i++)
        if (!lies_in(parts[i], owner) && parts[i].len) {
            memcpy(place, parts[i].base, parts[i].len);
            parts[i].base = place;
            place += parts[i].len;
        }
    int result = uv_write(&write->request, out->stream, parts, (unsigned)count, write_is_done);
    if (result < 0) {
        block_unref(write->owner);
        free(write);
    }
    return result;
}

int stream_write(struct stream_out *out, const uv_buf_t *parts, size_t count, struct block *owner) {
    uv_buf_t rest[STREAM_PARTS_MAX];
    assert(count <= STREAM_PARTS_MAX);
    memcpy(rest, parts, count * sizeof(*parts));
    int written = stream_queued(out) ? 0 : uv_try_write(out->stream, rest, (unsigned)count);
    if (written < 0 && written != UV_EAGAIN)
        return written;
    size_t left = skip_written(rest, count, written > 0 ? (size_t)written : 0);
    return left ? queue_rest(out, rest, count, left, owner) : 0;
}

size_t stream_queued(const struct stream_out *out) {
    return uv_stream_get_write_queue_size(out->stream);
}
