/* Lists for people: a row per item, columns as wide as their widest text. */
#pragma once

#include "base/json.h"

struct listing_column {
    const char *title, *member; /* NULL ends the table */
};

/* Prints the items of a page ({"items","total",...}); text may come from outside, so control characters are replaced.
 */
void listing_print(const char *page_json, const struct listing_column *columns);
