/* Joins two connected stream sockets: every byte of one goes to the other, as it is, until either side ends or breaks.
 *
 * One read buffer is shared by all relays of a loop's thread; what the other side's kernel buffer does not take at once
 * is copied, and then nothing more is read until it is gone: a quiet relay holds no buffer, a slow one little. The
 * loop's thread only. */
#pragma once

#include <stddef.h>
#include <uv.h>

struct relay;

/* Takes both descriptors over. `first` are bytes that go to `second` before anything else. `ended` is called once, from
 * the loop, when both sockets are closed; the relay is gone then. NULL when a descriptor is none (both are closed). */
struct relay *relay_join(uv_loop_t *loop, int first_fd, int second_fd, const void *first, size_t first_length,
                         void (*ended)(void *user), void *user);
/* Ends it from this side. */
void relay_end(struct relay *relay);
