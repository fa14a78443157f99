/* The feed of a user: what changed among their objects, numbered in the order of commits (db/migrations/0061). Triggers
 * write it; it is read here, announced on Redis (channel FEED_CHANNEL + user's id; the word means "look") and kept for
 * RETENTION_FEED_DAYS (retention.c). */
#pragma once

#include "domain/roles.h"
#include "store/postgres.h"
#include "store/redis.h"

#define FEED_CHANNEL   "replinet:feed:"
#define FEED_LIMIT_MAX 500

/* Best effort: whoever listens looks by itself now and then. Call it after the commit. */
void feed_announce(struct redis *redis, const char *user_id);

/* The newest number; 0: nothing yet. */
int feed_head(struct postgres *db, const char *user_id, int64_t *ret_seq, struct error *e);

/* {"items":[{"seq","time","kind","object_id","data"}...],"oldest","head"} of the caller's own feed behind `after`.
 * `oldest` is the least number still kept (0: none): when after + 1 < oldest, something was missed. free(). */
int feed_read(struct postgres *db, const char *user_id, int64_t after, int limit, char **ret_json, struct error *e);

/* [{"id","seq"}...] of users and threads (JSON lists of ids): whose newest number is which. free(). */
int feed_heads(struct postgres *db, const char *users, const char *threads, char **ret_json, struct error *e);
