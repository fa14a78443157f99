/* Pieces of SQL that several resources share. */
#pragma once

#include "base/error.h"
#include "domain/roles.h"
#include <errno.h>

/* The caller as two parameters, $1 and $2. */
#define SQL_CALLER(caller) (caller)->id, role_name((caller)->role)

/* Whether the caller ($1, $2) may see row `alias`. */
#define SQL_MAY(alias) "caller_may(" alias ".owner_id, " alias ".team_id, $1::uuid, $2::user_role)"

/* Row `alias` is meant by `text`: its id, or the name that the caller ($1) gave it. Each half has an index. */
#define SQL_IS_REFERENCED(alias, text)                                                                                 \
    "(" alias ".id = CASE WHEN " text "::text ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' THEN " text              \
    "::text::uuid END OR (" alias ".owner_id = $1::uuid AND lower(" alias ".name) = lower(" text "::text)))"

/* A member of a JSON object that is null or missing takes the default. */
#define SQL_OBJECT_OR(member, fallback) "coalesce(nullif(" member ", 'null'::jsonb), " fallback ")"

/* Says what was not found; passes every other result on. */
static inline int sql_missing(int r, const char *what, const char *reference, struct error *e) {
    if (r == -ENOENT && (!e || e->code == ERROR_NOT_FOUND))
        return error_set(e, ENOENT, ERROR_NOT_FOUND, "there is no %s %s", what, reference);
    return r;
}
