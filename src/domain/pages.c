#include "domain/pages.h"
#include <errno.h>

int page_check(const struct page *page, struct error *e) {
    if (page->number < 1 || page->size < 1 || page->size > PAGE_SIZE_MAX)
        return error_set(e, EINVAL, ERROR_BAD_INPUT, "page must be at least 1, size from 1 to %d", PAGE_SIZE_MAX);
    return 0;
}
