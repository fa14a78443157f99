/* Which web pages may use the API: those that come from here, and the CORS_ORIGINS. Constant; any thread. */
#pragma once

#include "base/error.h"
#include <stdbool.h>

/* Checks CORS_ORIGINS: a comma-separated list of origins (https://app.example, with a port when it is not the usual),
 * nothing else. -EINVAL, ERROR_BAD_CONFIG, naming the one that is wrong. */
int origins_check(struct error *e);

/* Whether a page of this origin may read answers: it is in CORS_ORIGINS. */
bool origin_is_allowed(const char *origin);
/* Whether it may also use our cookies: it is allowed, PUBLIC_URL's, or the host that the request is for. */
bool origin_is_ours(const char *origin, const char *host);
