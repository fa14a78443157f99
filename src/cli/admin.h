/* The one-time link by which the first administrator gets in. */
#pragma once

#include "base/error.h"
#include "base/memory.h"
#include "store/postgres.h"
#include <stdbool.h>

/* ret_url (free()) stays NULL when only_if_needed and an administrator can sign in already. */
int admin_make_claim_link(struct postgres *db, bool only_if_needed, char **ret_url, struct error *e);
