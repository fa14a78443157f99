/* Idempotency keys: a creating request that is sent twice is carried out once.
 *
 * Claiming, the work and keeping its answer happen in one transaction of the caller. A second request with the key
 * waits in idempotency_claim until the first one's transaction has ended. */
#pragma once

#include "base/error.h"
#include "store/postgres.h"

#define IDEMPOTENCY_KEY_MAX 200

struct idempotency_key {
    const char *user_id, *key;
    const char *method, *path, *query, *body; /* of the request; all borrowed */
    size_t body_length;
};

/* ret_answer NULL: the key is the caller's, who carries the request out and then keeps the answer. Else the answer that
 * the request got before (free()) and its status. ERROR_CONFLICT when the key belongs to another request. */
int idempotency_claim(struct postgres *db, const struct idempotency_key *key, int *ret_status, char **ret_answer,
                      struct error *e);
int idempotency_keep(struct postgres *db, const struct idempotency_key *key, int status, const char *answer,
                     struct error *e);
