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

/* The row that a reference means, as a subselect: the caller's own before another's of that name. */
#define SQL_FIND(table, alias, text)                                                                                   \
    "(SELECT " alias ".id FROM " table " " alias                                                                       \
    " WHERE " SQL_IS_REFERENCED(alias, text) " AND " SQL_MAY(alias) " ORDER BY " alias                                 \
                                                                    ".owner_id = $1::uuid DESC LIMIT 1)"

/* In an UPDATE of row `alias` from jsonb `b`: the column takes `value` when the client gave the member. */
#define SQL_CHANGE(alias, column, value)                                                                               \
    column " = CASE WHEN b ? '" column "' THEN " value " ELSE " alias "." column " END"

/* Nothing was changed or deleted: because it is not there (`get` < 0, passed on), or is another revision by now. */
static inline int sql_stale(int get, const char *what, struct error *e) {
    if (get < 0)
        return get;
    error_set(e, ESTALE, ERROR_STALE, "the %s was changed meanwhile", what);
    error_hint(e, "read it again and repeat the change with its new ETag");
    return -ESTALE;
}

/* Whether an optional expected revision (0: any) is that of row `alias`. */
#define SQL_IS_EXPECTED(alias, parameter) "(" parameter "::bigint = 0 OR " alias ".revision = " parameter "::bigint)"

/* Whether a statement found no row (and not, say, no table). */
static inline bool sql_is_missing(int r, const struct error *e) {
    return r == -ENOENT && (!e || e->code == ERROR_NOT_FOUND);
}

/* Says what was not found; passes every other result on. */
static inline int sql_missing(int r, const char *what, const char *reference, struct error *e) {
    if (sql_is_missing(r, e))
        return error_set(e, ENOENT, ERROR_NOT_FOUND, "there is no %s %s", what, reference);
    return r;
}
