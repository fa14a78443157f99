/* A client's messages, in and out, a line of JSON each.
 *
 * A thread reads them while the owner is at work: it answers pings at once, takes a cancelled request out of the queue,
 * and makes the interrupt descriptor readable when the one that is being worked on is cancelled or the client goes.
 * Batches are taken apart, in sessions whose revision has them, and answered with one array. Everything else is called
 * by the owner's thread only. */
#pragma once

#include "base/error.h"
#include "base/json.h"
#include <stdbool.h>

#define CHANNEL_LINE_MAX  ((size_t)16 << 20)
#define CHANNEL_QUEUE_MAX 64

struct mcp_channel;

/* Owns neither descriptor. `routed`: each line that goes out begins with the id, as JSON, of the request that it
 * belongs to ("" for none) and a tab, and a request that was cancelled ends with such a line without a message: for the
 * api, which gives each request its own answer. */
int mcp_channel_open(int in_fd, int out_fd, bool routed, struct mcp_channel **ret_channel, struct error *e);
void mcp_channel_close(struct mcp_channel *channel); /* NULL is fine; may be called while the client is still there */

/* The next request or notification becomes the current one (the caller's). 1: there is one; 0: none within wait_ms (-1:
 * for ever); -EPIPE: the client is gone, and nobody waits for answers any more. */
int mcp_channel_take(struct mcp_channel *channel, int wait_ms, json_t **ret_message);
/* Ends the current request with its answer (stolen; NULL for a notification); nothing is sent of one that was
 * cancelled. */
void mcp_channel_answer(struct mcp_channel *channel, json_t *answer);
/* Sends a notification that belongs to the current request. `params` is stolen. */
void mcp_channel_notify(struct mcp_channel *channel, const char *method, json_t *params);

/* Readable while the current request is cancelled, or the client is gone. */
int mcp_channel_interrupt_fd(const struct mcp_channel *channel);
bool mcp_channel_is_interrupted(const struct mcp_channel *channel);
