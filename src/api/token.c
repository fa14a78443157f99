#include "api/token.h"
#include "base/clock.h"
#include "base/keys.h"
#include "base/memory.h"
#include "base/text.h"
#include <errno.h>
#include <string.h>

/* The kid says which key it is and nothing about it. */
static void make_header(struct token_key *key) {
    unsigned char digest[16];
    char kid[9];
    cleanup_text struct text header = {0}, encoded = {0};
    crypto_generichash(digest, sizeof digest, (const unsigned char *)"kid", 3, key->key, sizeof key->key);
    sodium_bin2hex(kid, sizeof kid, digest, 4);
    text_print(&header, "{\"alg\":\"HS256\",\"kid\":\"%s\",\"typ\":\"JWT\"}", kid);
    text_append_base64url(&encoded, header.data, header.length);
    memcpy(key->header, encoded.data, encoded.length + 1);
    key->header_length = encoded.length;
}

int token_keys_derive(const char *secret_key, struct token_keys *ret_keys, struct error *e) {
    struct token_keys keys = {0};
    const char *at = secret_key;
    int r = 0;
    for (; !r && *at && keys.count < TOKEN_KEYS_MAX; at = keys_next(at)) {
        struct token_key *key = &keys.keys[keys.count++];
        r = keys_derive(at, KEY_ACCESS_TOKEN, key->key, sizeof key->key, e);
        make_header(key);
    }
    if (!r && !keys.count)
        r = error_set(e, EINVAL, ERROR_BAD_CONFIG, "SECRET_KEY is not set");
    if (!r)
        *ret_keys = keys;
    sodium_memzero(&keys, sizeof keys);
    return r;
}

char *token_sign(const struct token_keys *keys, json_t *claims, const char *type, int64_t seconds) {
    const struct token_key *key = &keys->keys[0];
    int64_t now = clock_wall_us() / 1000000;
    unsigned char mac[crypto_auth_hmacsha256_BYTES];
    struct text token = {0};
    json_object_set_new(claims, "typ", json_string(type));
    json_object_set_new(claims, "iat", json_integer(now));
    json_object_set_new(claims, "exp", json_integer(now + seconds));
    cleanup_free char *payload = json_print(claims);
    text_append(&token, key->header, key->header_length);
    text_append_char(&token, '.');
    text_append_base64url(&token, payload, strlen(payload));
    crypto_auth_hmacsha256(mac, (const unsigned char *)token.data, token.length, key->key);
    text_append_char(&token, '.');
    text_append_base64url(&token, mac, sizeof mac);
    return token.data;
}

static int refuse(struct error *e, const char *why) {
    error_set(e, EACCES, ERROR_UNAUTHENTICATED, "the token %s", why);
    error_hint(e, "sign in again");
    return -EACCES;
}

static const struct token_key *find_key(const struct token_keys *keys, const char *token, size_t header_length) {
    for (size_t i = 0; i < keys->count; i++)
        if (keys->keys[i].header_length == header_length && !memcmp(keys->keys[i].header, token, header_length))
            return &keys->keys[i];
    return NULL;
}

static int read_claims(const char *payload, size_t length, json_t **ret_claims, struct error *e) {
    char text[TOKEN_MAX];
    size_t used = 0;
    cleanup_json json_t *claims = NULL;
    if (text_decode_base64url(payload, length, text, sizeof text, &used) ||
        json_parse(text, used, "the token", &claims, NULL) || !json_is_object(claims))
        return refuse(e, "is malformed");
    *ret_claims = take_pointer(claims);
    return 0;
}

int token_verify(const struct token_keys *keys, const char *token, const char *type, json_t **ret_claims,
                 struct error *e) {
    unsigned char mac[crypto_auth_hmacsha256_BYTES];
    size_t length = strnlen(token, TOKEN_MAX + 1), used = 0;
    const char *first = memchr(token, '.', length), *last = memrchr(token, '.', length);
    if (length > TOKEN_MAX || !first || last == first ||
        text_decode_base64url(last + 1, (size_t)(token + length - last - 1), mac, sizeof mac, &used) ||
        used != sizeof mac)
        return refuse(e, "is malformed");
    const struct token_key *key = find_key(keys, token, (size_t)(first - token));
    if (!key || crypto_auth_hmacsha256_verify(mac, (const unsigned char *)token, (size_t)(last - token), key->key))
        return refuse(e, "was not made here, or with a key that is no longer accepted");
    cleanup_json json_t *claims = NULL;
    int r = read_claims(first + 1, (size_t)(last - first - 1), &claims, e);
    if (r < 0)
        return r;
    if (strcmp(json_text_or(claims, "typ", ""), type))
        return refuse(e, "is for something else");
    if (json_int_or(claims, "exp", 0) <= clock_wall_us() / 1000000)
        return refuse(e, "has expired");
    *ret_claims = take_pointer(claims);
    return 0;
}
