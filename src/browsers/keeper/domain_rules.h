/* The agent's lists of domains: where its browser may go, and where it may not. Read once from the lease, then
 * read-only. A domain means itself and what is beneath it; blocking wins over allowing; an empty list of allowed ones
 * allows all. An address may be listed too and means itself. */
#pragma once

#include "base/error.h"
#include "net/host.h"
#include <jansson.h>

#define DOMAIN_RULES_MAX 2000 /* entries of one list */

struct domain_rules {
    char **allowed, **blocked; /* NULL-terminated, or NULL */
};

/* From {"allowed_domains": [...], "blocked_domains": [...]}; -EINVAL names the entry that is no domain. A leading "*."
 * or "." is accepted and means nothing. */
int domain_rules_read(const json_t *egress, struct domain_rules *ret_rules, struct error *e);
void domain_rules_done(struct domain_rules *rules);

/* NULL when the host may be reached, else the name of the list that forbids it. */
const char *domain_rules_refuse(const struct domain_rules *rules, const struct host *host);
