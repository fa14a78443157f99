/* Lists by page: {"items":[...],"total","page","size","pages"}, searched, filtered and sorted by what a list's table of
 * sorts allows. */
#pragma once

#include "base/error.h"
#include "domain/roles.h"
#include "store/postgres.h"

#define PAGE_SIZE_MAX 500

struct page {
    int number; /* from 1 */
    int size;   /* 1 to PAGE_SIZE_MAX */
};

/* What a client asks of a list. */
struct list_query {
    struct page page;
    const char *search; /* NULL: everything */
    const char *sort;   /* "name", "-created_at"; NULL: the newest first */
    bool all;           /* everybody's, for callers who may see that; else the caller's own */
};

/* A way to sort: what clients call it, and the statement for each direction. */
struct list_sort {
    const char *name; /* NULL ends the table */
    struct statement up, down;
};

/* A list statement: `source` is "FROM table x WHERE ...", `json` renders row x. $1 is the page's size, $2 its offset,
 * $3 its number, $4 and $5 the caller, $6 the search; further parameters are the source's. It counts and reads in one
 * statement, so that both agree, and renders only the page's rows. */
#define LIST_STATEMENT(alias, json, source, order)                                                                     \
    "WITH total AS MATERIALIZED (SELECT count(*) AS n " source "), "                                                   \
    "page AS (SELECT " json " AS item FROM (SELECT " alias ".* " source " ORDER BY " order                             \
    " LIMIT $1::int OFFSET $2::bigint) " alias ") "                                                                    \
    "SELECT json_build_object('items', coalesce((SELECT json_agg(item) FROM page), '[]'::json), "                      \
    "'total', n, 'page', $3::int, 'size', $1::int, 'pages', (n + $1::int - 1) / $1::int) FROM total"

/* A row of a table of sorts; `expression` must not be NULL for any row, or the order is not total. */
#define LIST_SORT(list, name, expression, alias, json, source)                                                         \
    {                                                                                                                  \
        name, {list "_by_" name, LIST_STATEMENT(alias, json, source, expression ", " alias ".id")}, {                  \
            list "_by_" name "_down", LIST_STATEMENT(alias, json, source, expression " DESC, " alias ".id DESC")       \
        }                                                                                                              \
    }

/* Whether `column` holds what is searched for, whatever the case. */
#define LIST_SEARCH(column) "strpos(lower(" column "), lower($6::text)) > 0"

int page_check(const struct page *page, struct error *e);

/* Runs the list; `filters` are the values of $7 and on. ERROR_BAD_INPUT for a page or sort that does not exist. */
int list_run(struct postgres *db, const struct list_sort *sorts, const struct caller *caller,
             const struct list_query *query, const char *const *filters, size_t count, char **ret_json,
             struct error *e);
