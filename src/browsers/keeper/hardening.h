/* What a keeper takes from itself before it reads the first byte from outside. */
#pragma once

#include "base/error.h"

/* No new privileges, no core dumps, no ptrace by its own uid, a bound on memory and descriptors; every descriptor that
 * is not standard or of keeper_protocol.h is closed, the others are not inherited by anything. */
int hardening_apply(struct error *e);
