/* The launcher's event loop: an epoll set of sources, one event at a time, so that a handler may remove any source.
 * A source is embedded in what owns it and does not own its descriptor. One thread. */
#pragma once

#include <stdbool.h>

struct loop_source {
    int fd; /* -1: not watched */
    void (*ready)(void *owner);
    void *owner;
};

int loop_open(void);
void loop_close(void);
int loop_add(struct loop_source *source, int fd, void (*ready)(void *owner), void *owner);
/* Also calls `ready` when the descriptor may be written. */
void loop_want_write(struct loop_source *source, bool want);
void loop_remove(struct loop_source *source);
/* Waits for one event and handles it; returns after `timeout_ms` (< 0: no limit) without one. */
int loop_turn(int timeout_ms);
