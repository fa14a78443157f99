/* Which addresses and ports the outside may be reached at: the egress policy of browsers, used by everything that
 * connects where a user said.
 *
 * An address is refused when it falls into a row of the table of special-purpose blocks, when the kernel says that it
 * is this host's own, or when it cannot tell; a port when it is not 80 or 443. EGRESS_ALLOW lifts all of that for
 * exactly the host and port it names, written as the client writes them: an allowed address does not allow a name that
 * resolves to it, or any page could reach the service behind it under the page's own name.
 *
 * A policy object belongs to one thread at a time; checks ask the kernel over netlink, which answers without waiting.
 */
#pragma once

#include "base/error.h"
#include "net/host.h"

struct address_policy;

/* One block of addresses. */
struct address_class {
    const char *prefix; /* "10.0.0.0/8" */
    const char *rule;   /* short fixed name: "private" */
    const char *text;   /* "a private address" */
};

/* The class of an address, NULL for a public one. Needs no policy object: the table alone. */
const struct address_class *address_classify(const struct ip_address *address);

/* The table, most specific rows first; for tests and documents. */
const struct address_class *address_class_rows(size_t *ret_count);

struct address_verdict {
    bool allowed;
    const char *rule;                        /* fixed text: a class's rule, "host", "port", "" when allowed */
    char setting[HOST_NAME_MAX_LENGTH + 32]; /* what would allow it: "EGRESS_ALLOW=10.0.0.7:8080" */
    char text[2 * HOST_NAME_MAX_LENGTH + 160];
};

/* `allow` is EGRESS_ALLOW: comma-separated host:port. -EINVAL names the entry that cannot be read. */
int address_policy_new(const char *allow, struct address_policy **ret_policy, struct error *e);
void address_policy_free(struct address_policy *policy);

/* Before a name is resolved: is the port one that may be reached? */
void address_policy_check_port(const struct address_policy *policy, const struct host *host, unsigned port,
                               struct address_verdict *ret_verdict);

/* May `address`, which `host` is or resolved to, be connected to? Asks the kernel whether it is this host's own, so the
 * answer is as fresh as the call. Does not look at the port. */
void address_policy_check_address(struct address_policy *policy, const struct host *host, unsigned port,
                                  const struct ip_address *address, struct address_verdict *ret_verdict);

/* Whether EGRESS_ALLOW names exactly this. */
bool address_policy_names(const struct address_policy *policy, const struct host *host, unsigned port);
