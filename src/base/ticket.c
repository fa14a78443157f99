#include "base/ticket.h"
#include "base/clock.h"
#include "base/memory.h"
#include "base/text.h"
#include <errno.h>
#include <sodium.h>
#include <string.h>

/* crypto_kdf context (8 bytes) and number of the ticket subkey; other purposes take other numbers. */
#define KDF_CONTEXT    "replinet"
#define KDF_TICKET_KEY 1

int ticket_derive_key(const char *secret_key, struct ticket_key *ret_key, struct error *e) {
    unsigned char master[crypto_kdf_KEYBYTES], seed[crypto_sign_SEEDBYTES], public[crypto_sign_PUBLICKEYBYTES];
    size_t length = 0, digits = strcspn(secret_key, ",");
    if (digits != 2 * sizeof master || sodium_hex2bin(master, sizeof master, secret_key, digits, NULL, &length, NULL) ||
        length != sizeof master) {
        error_set(e, EINVAL, ERROR_BAD_CONFIG, "SECRET_KEY is not 64 hexadecimal digits");
        error_hint(e, "make one with: openssl rand -hex 32");
        return -EINVAL;
    }
    crypto_kdf_derive_from_key(seed, sizeof seed, KDF_TICKET_KEY, KDF_CONTEXT, master);
    crypto_sign_seed_keypair(public, ret_key->secret, seed);
    sodium_bin2hex(ret_key->public_hex, sizeof ret_key->public_hex, public, sizeof public);
    sodium_memzero(master, sizeof master);
    sodium_memzero(seed, sizeof seed);
    return 0;
}

int ticket_sign(const struct ticket_key *key, json_t *claims, int64_t ttl_s, char **ret_ticket, struct error *e) {
    json_object_set_new(claims, "exp", json_integer(clock_wall_us() / 1000000 + ttl_s));
    cleanup_free char *json = json_print(claims);
    unsigned char signature[crypto_sign_BYTES];
    struct text ticket = {0};
    text_append_base64url(&ticket, json, strlen(json));
    crypto_sign_detached(signature, NULL, (const unsigned char *)ticket.data, ticket.length, key->secret);
    text_append_char(&ticket, '.');
    text_append_base64url(&ticket, signature, sizeof signature);
    if (ticket.length > TICKET_MAX) {
        text_done(&ticket);
        return error_set(e, E2BIG, ERROR_TOO_LARGE, "the lease is too large for a ticket of %d bytes", TICKET_MAX);
    }
    *ret_ticket = ticket.data;
    return 0;
}

static int refuse(struct error *e, const char *why) {
    return error_set(e, EACCES, ERROR_UNAUTHENTICATED, "the ticket %s", why);
}

int ticket_verify(const char *public_hex, const char *ticket, const char *scope, json_t **ret_claims, struct error *e) {
    unsigned char public[crypto_sign_PUBLICKEYBYTES], signature[crypto_sign_BYTES];
    size_t length = 0, total = strlen(ticket);
    const char *dot = strchr(ticket, '.');
    if (sodium_hex2bin(public, sizeof public, public_hex, strlen(public_hex), NULL, &length, NULL) ||
        length != sizeof public)
        return error_set(e, EINVAL, ERROR_BAD_CONFIG, "TICKET_PUBLIC_KEY is not 64 hexadecimal digits");
    if (total > TICKET_MAX || !dot ||
        text_decode_base64url(dot + 1, strlen(dot + 1), signature, sizeof signature, &length) ||
        length != sizeof signature)
        return refuse(e, "is malformed");
    if (crypto_sign_verify_detached(signature, (const unsigned char *)ticket, (size_t)(dot - ticket), public))
        return refuse(e, "has a wrong signature");
    cleanup_free char *json = memory_alloc(total);
    cleanup_json json_t *claims = NULL;
    if (text_decode_base64url(ticket, (size_t)(dot - ticket), json, total, &length) ||
        json_parse(json, length, "the ticket", &claims, NULL) || !json_is_object(claims))
        return refuse(e, "is malformed");
    if (json_int_or(claims, "exp", 0) <= clock_wall_us() / 1000000)
        return refuse(e, "has expired");
    if (strcmp(json_text_or(claims, "scope", ""), scope))
        return refuse(e, "is for something else");
    *ret_claims = take_pointer(claims);
    return 0;
}
