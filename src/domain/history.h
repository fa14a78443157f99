/* Lists that only grow, read from the newest back: {"items":[...],"next_cursor"}. The cursor is the last item's id;
 * null: there are no older ones. */
#pragma once

#include "base/error.h"
#include "domain/roles.h"

#define HISTORY_LIMIT_MAX 1000

struct history_span {
    const char *cursor;       /* NULL: from the newest */
    const char *since, *till; /* RFC 3339; NULL: open */
    int limit;                /* 1 to HISTORY_LIMIT_MAX */
};

int history_check(const struct history_span *span, struct error *e);

/* A statement over `table` x (keyed by a UUIDv7 `id`): $1, $2 the caller, $3 cursor, $4 since, $5 till, $6 limit;
 * further parameters are the filter's. `may` says who gets an answer at all. */
#define HISTORY_STATEMENT(may, table, json, filter)                                                                    \
    "WITH page AS MATERIALIZED (SELECT x.id, " json " AS item FROM " table " x WHERE ($3::uuid IS NULL OR x.id < "     \
    "$3::uuid) AND ($4::timestamptz IS NULL OR x.id >= uuid_v7_floor($4::timestamptz)) "                               \
    "AND ($5::timestamptz IS NULL OR x.id < uuid_v7_floor($5::timestamptz)) AND " filter                               \
    " ORDER BY x.id DESC LIMIT $6::int) "                                                                              \
    "SELECT json_build_object('items', (SELECT coalesce(json_agg(item ORDER BY id DESC), '[]'::json) FROM page), "     \
    "'next_cursor', CASE WHEN (SELECT count(*) FROM page) = $6::int THEN (SELECT id FROM page ORDER BY id LIMIT 1) "   \
    "END) WHERE " may

#define HISTORY_VALUES(caller, span)                                                                                   \
    SQL_CALLER(caller), (span)->cursor, (span)->since, (span)->till, SQL_INT((span)->limit)

/* A kind or action: it itself, or what is below it ("disk": "disk.low"). */
#define HISTORY_IS_BELOW(column, parameter)                                                                            \
    "(" parameter "::text IS NULL OR " column " = " parameter "::text OR " column " LIKE " parameter "::text || '.%')"
