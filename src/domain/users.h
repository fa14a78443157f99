/* Users. */
#pragma once

#include "domain/roles.h"
#include "store/postgres.h"

/* What other people may call the caller: the name, else the address (free()). */
int users_call_name(struct postgres *db, const struct caller *caller, char **ret_name, struct error *e);

/* Keeps others from doing `what` for the same user until the transaction of `db` ends. */
int users_lock(struct postgres *db, const struct caller *caller, const char *what, struct error *e);

/* As whom the command line of this machine acts: the oldest active super_admin, made when there is none. */
int users_ensure_local_admin(struct postgres *db, struct caller *ret_caller, struct error *e);
