/* The proxy that an agent may chain its traffic through, and what is said to it. The gate resolves and checks the
 * target itself and names only the checked address, so the proxy cannot be talked into another one.
 *
 * The negotiation is pure: it is fed bytes from the proxy and gives bytes for it. */
#pragma once

#include "base/error.h"
#include "base/text.h"
#include "net/host.h"
#include <jansson.h>
#include <stdint.h>

#define UPSTREAM_TEXT_MAX   255  /* of a user name or password, RFC 1929 */
#define UPSTREAM_ANSWER_MAX 4096 /* of all that a proxy may say before the tunnel stands */

enum upstream_kind { UPSTREAM_NONE, UPSTREAM_SOCKS5, UPSTREAM_HTTP };

struct upstream {
    enum upstream_kind kind;
    struct host host;
    unsigned port;
    char username[UPSTREAM_TEXT_MAX + 1], password[UPSTREAM_TEXT_MAX + 1];
};

/* From the lease's "upstream" member (keeper_protocol.h); NULL or null gives UPSTREAM_NONE. -EINVAL. */
int upstream_read(const json_t *value, struct upstream *ret_upstream, struct error *e);

struct upstream_talk {
    const struct upstream *upstream;
    struct ip_address target;
    unsigned port;
    int step;
};

/* Begins: appends the first bytes for the proxy to `out`. */
void upstream_start(struct upstream_talk *talk, const struct upstream *upstream, const struct ip_address *target,
                    unsigned port, struct text *out);

/* Takes what the proxy said so far. Returns the bytes used, which the caller drops (0: say it again with more), or
 * -errno: -EACCES when the proxy refuses us, -ECONNREFUSED when it cannot reach the target, -EPROTO. Appends what to
 * say next; `*ret_done` becomes true when the tunnel stands and what follows is the target's. */
int upstream_take(struct upstream_talk *talk, const uint8_t *data, size_t length, struct text *out, bool *ret_done);
