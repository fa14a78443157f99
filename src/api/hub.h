/* The hub: live channels over WebSockets (/ws) and event streams (hub_stream.c). The loop's thread; the database is
 * read on lanes.
 *
 * A channel is a user's feed or a thread's events: numbered, in the order of commits, so who names the last number seen
 * goes on behind it with neither loss nor doubles. A subscriber first catches up with reads of its own, then is live:
 * each read of a channel serves all its live subscribers. Redis says when to look; while it is down the hub looks by
 * itself. Rights are checked when a channel is subscribed to and again when the user's change is told. */
#pragma once

#include "api/api.h"

struct hub;

struct hub *hub_new(struct api *api);
/* Says goodbye to all; `done` is called once none is left and nothing is being read, and the hub is freed. */
void hub_close(struct hub *hub, void (*done)(void *user), void *user);

size_t hub_count(const struct hub *hub); /* open sockets and streams */

/* A user's role, activation or sessions changed: who has no right any more is disconnected. NULL: look at everybody. */
void hub_check_user(struct hub *hub, const char *user_id);
