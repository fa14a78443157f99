#include "domain/pages.h"
#include "base/text.h"
#include <errno.h>
#include <string.h>

#define LIST_FILTERS_MAX 8
#define LIST_FIXED       6

int page_check(const struct page *page, struct error *e) {
    if (page->number < 1 || page->size < 1 || page->size > PAGE_SIZE_MAX)
        return error_set(e, EINVAL, ERROR_BAD_INPUT, "page must be at least 1, size from 1 to %d", PAGE_SIZE_MAX);
    return 0;
}

static int find_sort(const struct list_sort *sorts, const char *sort, const struct statement **ret_statement,
                     struct error *e) {
    cleanup_text struct text names = {0};
    bool down = !sort || *sort == '-';
    const char *name = !sort ? "created_at" : sort + down;
    for (const struct list_sort *at = sorts; at->name; at++) {
        text_print(&names, "%s%s", names.length ? ", " : "", at->name);
        if (!strcmp(at->name, name)) {
            *ret_statement = down ? &at->down : &at->up;
            return 0;
        }
    }
    error_set(e, EINVAL, ERROR_BAD_INPUT, "sort: this list is not sorted by \"%.64s\"", name);
    error_hint(e, "it may be one of %s; a minus before it turns the order round", names.data);
    return -EINVAL;
}

int list_run(struct postgres *db, const struct list_sort *sorts, const struct caller *caller,
             const struct list_query *query, const char *const *filters, size_t count, char **ret_json,
             struct error *e) {
    const struct statement *statement = NULL;
    const struct page *page = &query->page;
    int r = page_check(page, e);
    if (!r)
        r = find_sort(sorts, query->sort, &statement, e);
    if (r < 0)
        return r;
    /* The least role sees its own rows only. */
    const char *values[LIST_FIXED + LIST_FILTERS_MAX] = {
        SQL_INT(page->size), SQL_INT(((int64_t)page->number - 1) * page->size), SQL_INT(page->number),
        caller->id,          role_name(query->all ? caller->role : ROLE_GUEST), query->search};
    for (size_t i = 0; i < count && i < LIST_FILTERS_MAX; i++)
        values[LIST_FIXED + i] = filters[i];
    return postgres_run_value(db, statement, values, LIST_FIXED + count, ret_json, e);
}
