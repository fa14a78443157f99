/* Principals: who sessions and API keys belong to, remembered for a short while so that a request need not ask the
 * database. The loop's thread.
 *
 * Nothing is remembered while the bus is down: a revocation could not reach us. `generation` counts what was forgotten:
 * an answer of the database that is older than the last one is not kept, so that no change is missed in between. */
#pragma once

#include "api/api.h"
#include <stdint.h>

#define PRINCIPAL_REFERENCE_SIZE 72 /* a session's id, or "key:" and a digest of 64 hex digits */
/* However a right ends, and whether or not we are told of it, it passes nowhere for longer. */
#define PRINCIPAL_TTL_MS 1000

struct principals;

struct principals *principals_new(void);
void principals_free(struct principals *principals);

uint64_t principals_generation(const struct principals *principals);
/* Whether it is known; fills ret_who. */
bool principals_find(struct principals *principals, const char *reference, struct principal *ret_who);
/* `generation`: from before the database was asked. */
void principals_keep(struct principals *principals, const char *reference, const struct principal *who,
                     uint64_t generation);
void principals_forget_user(struct principals *principals, const char *user_id);
/* Whether anything may be remembered; false forgets everything. */
void principals_trust(struct principals *principals, bool trust);
