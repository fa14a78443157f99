#include "domain/idempotency.h"
#include "base/memory.h"
#include <errno.h>
#include <sodium.h>
#include <string.h>

#define DIGEST_HEX (2 * crypto_hash_sha256_BYTES + 1)

/* Keys that are a day old are forgotten, a few with each new one. */
static const struct statement FORGET = {
    "idempotency_forget",
    "DELETE FROM idempotency_keys WHERE (user_id = $1::uuid AND key = $2 AND created_at < now() - "
    "interval '24 hours') OR ctid = ANY (ARRAY(SELECT ctid FROM idempotency_keys WHERE created_at "
    "< now() - interval '25 hours' ORDER BY created_at LIMIT 10 FOR UPDATE SKIP LOCKED))"};

static const struct statement CLAIM = {"idempotency_claim",
                                       "INSERT INTO idempotency_keys (user_id, key, request) VALUES ($1::uuid, $2, "
                                       "decode($3, 'hex')) ON CONFLICT DO NOTHING RETURNING 1"};

static const struct statement READ = {
    "idempotency_read", "SELECT request = decode($3, 'hex'), status, answer FROM idempotency_keys WHERE user_id = "
                        "$1::uuid AND key = $2"};

static const struct statement KEEP = {
    "idempotency_keep",
    "UPDATE idempotency_keys SET status = $3::int, answer = $4 WHERE user_id = $1::uuid AND key = $2"};

static void digest_request(const struct idempotency_key *key, char hex[DIGEST_HEX]) {
    crypto_hash_sha256_state state;
    unsigned char digest[crypto_hash_sha256_BYTES];
    crypto_hash_sha256_init(&state);
    crypto_hash_sha256_update(&state, (const unsigned char *)key->method, strlen(key->method) + 1);
    crypto_hash_sha256_update(&state, (const unsigned char *)key->path, strlen(key->path) + 1);
    if (*key->query)
        crypto_hash_sha256_update(&state, (const unsigned char *)key->query, strlen(key->query) + 1);
    crypto_hash_sha256_update(&state, (const unsigned char *)key->body, key->body_length);
    crypto_hash_sha256_final(&state, digest);
    sodium_bin2hex(hex, DIGEST_HEX, digest, sizeof digest);
}

static int read_answer(const struct pg_result *found, const char *key, int *ret_status, char **ret_answer,
                       struct error *e) {
    if (!result_rows(found) || !result_text(found, 0, 1))
        return error_set(e, EAGAIN, ERROR_CONFLICT, "the first request with this Idempotency-Key was not carried out");
    if (!result_bool(found, 0, 0)) {
        error_set(e, EEXIST, ERROR_CONFLICT, "the Idempotency-Key \"%.200s\" belongs to another request", key);
        error_hint(e, "use a new key for each new request; the same key only to repeat one");
        return -EEXIST;
    }
    *ret_status = (int)result_int(found, 0, 1);
    *ret_answer = memory_copy_text(result_text(found, 0, 2) ? result_text(found, 0, 2) : "");
    return 0;
}

int idempotency_claim(struct postgres *db, const struct idempotency_key *key, int *ret_status, char **ret_answer,
                      struct error *e) {
    cleanup_result struct pg_result *claimed = NULL;
    cleanup_result struct pg_result *found = NULL;
    char digest[DIGEST_HEX];
    digest_request(key, digest);
    int r = postgres_query(db, &FORGET, NULL, e, key->user_id, key->key);
    if (!r)
        r = postgres_query(db, &CLAIM, &claimed, e, key->user_id, key->key, digest);
    if (r < 0 || result_rows(claimed))
        return r;
    r = postgres_query(db, &READ, &found, e, key->user_id, key->key, digest);
    return r < 0 ? r : read_answer(found, key->key, ret_status, ret_answer, e);
}

int idempotency_keep(struct postgres *db, const struct idempotency_key *key, int status, const char *answer,
                     struct error *e) {
    return postgres_query(db, &KEEP, NULL, e, key->user_id, key->key, SQL_INT(status), answer);
}
