/* Lists by page: {"items":[...],"total","page","size","pages"}, newest first. */
#pragma once

#include "base/error.h"
#include "store/postgres.h"

#define PAGE_SIZE_MAX 500

struct page {
    int number; /* from 1 */
    int size;   /* 1 to PAGE_SIZE_MAX */
};

/* A list statement: `source` is "FROM table x WHERE ...", `json` renders row x; $1 is the page's size, $2 its offset,
 * $3 its number, further parameters are the source's. It counts and reads in one statement, so that both agree. */
#define PAGE_STATEMENT(alias, json, source)                                                                            \
    "WITH total AS MATERIALIZED (SELECT count(*) AS n " source "), "                                                   \
    "page AS (SELECT " json " AS item, " alias ".id " source " ORDER BY " alias                                        \
    ".id DESC LIMIT $1::int OFFSET $2::bigint) "                                                                       \
    "SELECT json_build_object('items', coalesce((SELECT json_agg(item ORDER BY id DESC) FROM page), '[]'::json), "     \
    "'total', n, 'page', $3::int, 'size', $1::int, 'pages', (n + $1::int - 1) / $1::int) FROM total"

int page_check(const struct page *page, struct error *e);

#define PAGE_VALUES(page)                                                                                              \
    SQL_INT((page)->size), SQL_INT(((int64_t)(page)->number - 1) * (page)->size), SQL_INT((page)->number)
