#include "base/memory.h"
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ARENA_BLOCK_BYTES 8192

struct arena_block {
    struct arena_block *next;
    size_t used, size;
    _Alignas(16) unsigned char data[];
};

static void *memory_or_end(void *block, size_t size) {
    if (!block) {
        fprintf(stderr, "replinet: out of memory asking for %zu bytes\n", size);
        abort();
    }
    return block;
}

void *memory_alloc(size_t size) {
    return memory_or_end(calloc(1, size ? size : 1), size);
}

void *memory_resize(void *block, size_t size) {
    return memory_or_end(realloc(block, size ? size : 1), size);
}

char *memory_copy_bytes(const void *data, size_t length) {
    char *copy = memory_or_end(malloc(length + 1), length + 1);
    if (length)
        memcpy(copy, data, length);
    copy[length] = '\0';
    return copy;
}

char *memory_copy_text(const char *text) {
    return text ? memory_copy_bytes(text, strlen(text)) : NULL;
}

char *memory_print(const char *format, ...) {
    char *text = NULL;
    va_list args;
    va_start(args, format);
    int n = vasprintf(&text, format, args);
    va_end(args);
    return memory_or_end(n < 0 ? NULL : text, 0);
}

void cleanup_close_value(int *fd) {
    if (*fd >= 0)
        close(*fd);
    *fd = -1; /* a second call for the same variable must not close what has its number by then */
}

void cleanup_file_value(FILE **file) {
    if (*file)
        fclose(*file);
}

void cleanup_dir_value(DIR **dir) {
    if (*dir)
        closedir(*dir);
}

void *arena_alloc(struct arena *arena, size_t size) {
    size = (size + 15) & ~(size_t)15;
    struct arena_block *block = arena->blocks;
    if (!block || block->size - block->used < size) {
        size_t room = size > ARENA_BLOCK_BYTES ? size : ARENA_BLOCK_BYTES;
        block = memory_or_end(malloc(sizeof *block + room), room);
        block->next = arena->blocks;
        block->used = 0;
        block->size = room;
        arena->blocks = block;
    }
    void *result = block->data + block->used;
    block->used += size;
    arena->total += size;
    return memset(result, 0, size);
}

char *arena_copy_bytes(struct arena *arena, const void *data, size_t length) {
    char *copy = arena_alloc(arena, length + 1);
    if (length)
        memcpy(copy, data, length);
    return copy;
}

char *arena_copy_text(struct arena *arena, const char *text) {
    return text ? arena_copy_bytes(arena, text, strlen(text)) : NULL;
}

char *arena_print(struct arena *arena, const char *format, ...) {
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int n = vsnprintf(NULL, 0, format, args);
    va_end(args);
    char *text = arena_alloc(arena, (size_t)(n < 0 ? 0 : n) + 1);
    if (n > 0)
        vsnprintf(text, (size_t)n + 1, format, again);
    va_end(again);
    return text;
}

void arena_done(struct arena *arena) {
    for (struct arena_block *block = arena->blocks, *next; block; block = next) {
        next = block->next;
        free(block);
    }
    *arena = (struct arena){0};
}
