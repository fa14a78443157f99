/* Tickets: short-lived rights to the engine and to one browser, signed with Ed25519.
 *
 * api and worker sign (they derive the key pair from SECRET_KEY); engine and keepers verify with the public half, and a
 * keeper verifies again what the engine hands it, so an engine that was taken over cannot invent a lease. Form:
 * base64url(claims as JSON) "." base64url(signature over the claims' text). At most TICKET_MAX bytes.
 *
 * Claims: "scope" one of
 *     "manage"  list, inspect, delete browsers and read statistics (service)
 *     "lease"   take one browser as the claim "lease" describes; "jti" makes it idempotent
 *     "cdp"     speak CDP to the browser named by "browser"
 *     "view"    watch the browser named by "browser"; with "control": true also take it over
 * "sub" who it is for (logged), "exp" Unix seconds. */
#pragma once

#include "base/error.h"
#include "base/json.h"

#define TICKET_MAX        65536
#define TICKET_KEY_BYTES  64
#define TICKET_PUBLIC_HEX 65 /* 64 hex digits and a NUL */

struct ticket_key {
    unsigned char secret[TICKET_KEY_BYTES];
    char public_hex[TICKET_PUBLIC_HEX];
};

/* Derives the ticket key from the first key of SECRET_KEY (64 hex digits); -EINVAL when malformed. */
int ticket_derive_key(const char *secret_key, struct ticket_key *ret_key, struct error *e);

/* Adds "exp" (now + ttl_s) to the claims and signs them. The result is free()d by the caller. */
int ticket_sign(const struct ticket_key *key, json_t *claims, int64_t ttl_s, char **ret_ticket, struct error *e);

/* Checks signature, expiry and that "scope" equals `scope`; ret_claims is the caller's. -EACCES with a reason. */
int ticket_verify(const char *public_hex, const char *ticket, const char *scope, json_t **ret_claims, struct error *e);
