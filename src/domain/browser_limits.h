/* What a role's browsers may have: the sizes and times of quota_table.h. Pure; any thread once quotas_load has run.
 *
 * What is asked for by name and is more than the role may have is refused, never quietly made smaller: a run that got
 * half of the memory it was made for would end in the middle of its work. What is left to the configuration's defaults
 * gets those, within the role's limits. */
#pragma once

#include "domain/roles.h"

/* `wanted`: an object with memory_mb, cpus and timeout_ms, each optional: a browser_config or a lease; NULL: nothing.
 * -EDQUOT with ERROR_QUOTA names the member (with `path` before it), what it is, and the role's limit. */
int browser_limits_check(enum role role, const json_t *wanted, const char *path, struct error *e);

/* The check of a lease that is about to be asked for. It then also gets the defaults that the role may not have in
 * full, and its longest life. A role that may have none at all gets the same error. */
int browser_limits_apply(enum role role, json_t *lease, const char *path, struct error *e);
