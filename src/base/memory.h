/* Memory: allocation that cannot fail, scope cleanup, arenas.
 *
 * Policy: when the heap is exhausted the process ends with a message (every process is supervised and its work is in
 * PostgreSQL), so no caller checks for NULL. Sizes that come from outside are limited before they reach these
 * functions. Cleanup attributes run at the end of the scope and accept unset values (NULL, -1). Any thread; an arena
 * belongs to one thread at a time. */
#pragma once

#include <dirent.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

void *memory_alloc(size_t size); /* zeroed; free() */
void *memory_resize(void *block, size_t size);
char *memory_copy_text(const char *text);                                          /* NULL gives NULL; free() */
char *memory_copy_bytes(const void *data, size_t length);                          /* with a NUL after it; free() */
char *memory_print(const char *format, ...) __attribute__((format(printf, 1, 2))); /* free() */

static inline void cleanup_free_value(void *where) {
    void **block = where;
    __builtin_free(*block);
}
void cleanup_close_value(int *fd);
void cleanup_file_value(FILE **file);
void cleanup_dir_value(DIR **dir);

#define cleanup_free  __attribute__((cleanup(cleanup_free_value)))
#define cleanup_close __attribute__((cleanup(cleanup_close_value))) /* int fd; closed when >= 0 */
#define cleanup_file  __attribute__((cleanup(cleanup_file_value)))
#define cleanup_dir   __attribute__((cleanup(cleanup_dir_value)))

/* Hands a value out of a scope whose variable has a cleanup attribute. */
#define take_fd(fd)                                                                                                    \
    ({                                                                                                                 \
        int taken_ = (fd);                                                                                             \
        (fd) = -1;                                                                                                     \
        taken_;                                                                                                        \
    })
#define take_pointer(p)                                                                                                \
    ({                                                                                                                 \
        __typeof__(p) taken_ = (p);                                                                                    \
        (p) = NULL;                                                                                                    \
        taken_;                                                                                                        \
    })

#define ARRAY_LENGTH(a) (sizeof(a) / sizeof((a)[0]))

/* An arena: the memory of one request or one step, given back all at once. */
struct arena {
    struct arena_block *blocks; /* newest first */
    size_t total;               /* bytes handed out since the last reset */
};

void *arena_alloc(struct arena *arena, size_t size); /* zeroed, aligned to 16 */
char *arena_copy_text(struct arena *arena, const char *text);
char *arena_copy_bytes(struct arena *arena, const void *data, size_t length); /* with a NUL after it */
char *arena_print(struct arena *arena, const char *format, ...) __attribute__((format(printf, 2, 3)));
void arena_done(struct arena *arena); /* frees everything; the arena may be used again */

#define cleanup_arena __attribute__((cleanup(arena_done))) /* struct arena name = {0}; */
