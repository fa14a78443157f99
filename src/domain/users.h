/* Users. */
#pragma once

#include "domain/roles.h"
#include "store/postgres.h"

/* As whom the command line of this machine acts: the oldest active super_admin, made when there is none. */
int users_ensure_local_admin(struct postgres *db, struct caller *ret_caller, struct error *e);
