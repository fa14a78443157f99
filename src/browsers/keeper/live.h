/* Watching a browser and taking it over: pictures of the tab in front for any number of viewers, input from one of
 * them.
 *
 * A viewer is a WebSocket that the engine hands over with a ticket of scope "view". What it says and hears is written
 * in browsers/protocol/live_protocol.h. Nothing is captured while nobody watches. One struct live per keeper, on its
 * loop; it lives as long as the keeper.
 *
 *     live.c          its sessions in the browser: tabs, dialogs, file choosers
 *     live_frames.c   pictures: from Chromium's screencast to the viewers, no faster than they take them
 *     live_viewers.c  the WebSockets
 *     live_control.c  who has the browser in hand
 *     live_input.c    what viewers say: one row per message */
#pragma once

#include "base/error.h"
#include "base/json.h"
#include <stdint.h>

struct keeper;
struct live;

struct live *live_new(struct keeper *keeper);

/* Takes the socket over and answers its upgrade request; `claims` are the ticket's. */
int live_attach(struct live *live, int fd, const char *key, const void *head, size_t head_length, const json_t *claims,
                struct error *e);
/* Whether a person has the browser in hand: then it is in use, whatever its CDP clients do. */
bool live_is_controlled(const struct live *live);
/* Pictures that went out to viewers so far. */
uint64_t live_frames_sent(const struct live *live);
/* What the run of the lease does: "running", "paused" or "none". */
void live_set_run(struct live *live, const char *state);
/* Tells the viewers why the browser ends, and closes. */
void live_close_all(struct live *live, unsigned code, const char *reason, const char *text);
