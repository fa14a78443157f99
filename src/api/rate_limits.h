/* Rate limits: requests per minute of a user, key or address in each class. The loop's thread.
 *
 * Each process counts by itself and at once; what the others counted comes from Redis, to which it adds its own every
 * LIMITS_SHARE_MS. So a limit costs no waiting, holds for all processes within that time, and without Redis for each
 * process alone. */
#pragma once

#include "api/api.h"
#include "api/bus.h"
#include "net/http_server.h"

#define LIMITS_SHARE_MS 250

struct limits;

struct limits *limits_new(uv_loop_t *loop, struct bus *bus);
void limits_close(struct limits *limits); /* before the bus; frees it once the loop has turned */

/* Counts a request of `who` and says so in its answer's RateLimit headers; -EAGAIN, ERROR_LIMIT, with Retry-After, when
 * it is one too many. */
int limits_count(struct limits *limits, struct http_request *request, const char *who, enum api_rate rate,
                 struct error *e);
