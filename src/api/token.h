/* Tokens: JWTs (RFC 7519) of one shape, HS256 with a kid, signed with keys derived from SECRET_KEY.
 *
 * Only tokens made here are accepted, so a token's header must be, byte for byte, one of ours: that chooses the key,
 * and no header is ever parsed. (libjwt of Debian 12 takes the algorithm from the token and has no choice of key by kid
 * before it verifies.) Constant after token_keys_derive; any thread. */
#pragma once

#include "base/error.h"
#include "base/json.h"
#include <sodium.h>

#define TOKEN_KEYS_MAX 8
#define TOKEN_MAX      4096

struct token_keys {
    size_t count;
    struct token_key {
        unsigned char key[crypto_auth_hmacsha256_KEYBYTES];
        char header[96]; /* base64url of {"alg":"HS256","kid":"...","typ":"JWT"} */
        size_t header_length;
    } keys[TOKEN_KEYS_MAX]; /* the first one signs */
};

/* From the comma-separated keys of SECRET_KEY: the first signs, all verify. */
int token_keys_derive(const char *secret_key, struct token_keys *ret_keys, struct error *e);

/* Adds "typ", "iat" and "exp" to the claims and signs them (free()). */
char *token_sign(const struct token_keys *keys, json_t *claims, const char *type, int64_t seconds);

/* -EACCES, ERROR_UNAUTHENTICATED, with the reason; ret_claims is the caller's. */
int token_verify(const struct token_keys *keys, const char *token, const char *type, json_t **ret_claims,
                 struct error *e);
