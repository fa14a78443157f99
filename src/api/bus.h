/* The bus: what other processes say on Redis, heard on the loop, and said to them. The loop's thread.
 *
 * It connects by itself and again after a loss. Messages of the meantime are lost: who subscribes is told of each
 * beginning and end (`state`), and looks at the database after a beginning. */
#pragma once

#include "base/error.h"
#include <stdbool.h>
#include <stddef.h>
#include <uv.h>

#define BUS_CHANNEL_USERS "replinet:users" /* a user's id: role, activation or sessions changed */

struct bus;
struct bus_subscription;

struct bus *bus_new(uv_loop_t *loop);
void bus_close(struct bus *bus); /* frees it once the loop has turned */
bool bus_is_up(const struct bus *bus);

/* Any number per channel. `message` gets each message, NUL-terminated; `state` (may be NULL) tells that the channel is
 * heard (true) or not (false) from now on. Those that are left end with the bus. */
struct bus_subscription *bus_subscribe(struct bus *bus, const char *channel,
                                       void (*message)(void *user, const char *channel, const char *text,
                                                       size_t length),
                                       void (*state)(void *user, bool heard), void *user);
void bus_cancel(struct bus_subscription *subscription);

/* A command on a second connection, fire and forget when `reply` is NULL. The reply comes as an integer (or -1 for a
 * failure, a lost connection and any other kind). -ENOTCONN when the bus is down: `reply` is not called. */
int bus_command(struct bus *bus, int count, const char *const *words, void (*reply)(void *user, long long value),
                void *user);
