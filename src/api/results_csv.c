#include "api/results_csv.h"
#include "base/csv.h"
#include "base/memory.h"
#include <stdlib.h>
#include <string.h>

static bool is_table(const json_t *value) {
    json_t *item;
    size_t i;
    json_array_foreach ((json_t *)value, i, item)
        if (!json_is_object(item))
            return false;
    return json_array_size(value) > 0;
}

/* The rows that the results mean: a list of objects. */
static json_t *rows_of(const json_t *results) {
    json_t *only = json_is_object(results) && json_object_size(results) == 1
                       ? json_object_iter_value(json_object_iter((json_t *)results))
                       : NULL;
    if (is_table(results))
        return json_incref((json_t *)results);
    if (is_table(only))
        return json_incref(only);
    if (json_is_object(results))
        return json_pack("[O]", results);
    json_t *rows = json_array(), *item;
    size_t i;
    if (results && !json_is_null(results) && !json_is_array(results))
        json_array_append_new(rows, json_pack("{s:O}", "value", results));
    json_array_foreach ((json_t *)results, i, item)
        json_array_append_new(rows, json_pack("{s:O}", "value", item));
    return rows;
}

static json_t *columns_of(const json_t *rows) {
    json_t *seen = json_object(), *row, *value;
    const char *name;
    size_t i;
    json_array_foreach ((json_t *)rows, i, row)
        json_object_foreach (row, name, value)
            json_object_set_new(seen, name, json_true());
    return seen;
}

static bool is_number(const char *text) {
    char *end;
    strtod(text, &end);
    return end != text && !*end;
}

static char *cell_of(const json_t *value) {
    const char *text = json_string_value(value);
    if (!value || json_is_null(value))
        return memory_copy_text("");
    if (!text)
        return json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY | JSON_READABLE_REALS);
    bool formula = *text && strchr("=+-@\t\r", *text) && !is_number(text);
    return memory_print("%s%s", formula ? "'" : "", text);
}

static void append_row(struct text *out, const json_t *columns, const json_t *row) {
    size_t count = json_object_size(columns), i = 0;
    const char *name;
    json_t *ignored;
    char **cells = memory_alloc((count + 1) * sizeof *cells);
    json_object_foreach ((json_t *)columns, name, ignored)
        cells[i++] = row ? cell_of(json_object_get(row, name)) : memory_copy_text(name);
    csv_append_row(out, (const char *const *)cells, count);
    while (i)
        free(cells[--i]);
    free(cells);
}

char *results_csv(const json_t *results) {
    cleanup_json json_t *rows = rows_of(results), *columns = columns_of(rows);
    struct text out = {0};
    json_t *row;
    size_t i;
    if (json_object_size(columns))
        append_row(&out, columns, NULL);
    json_array_foreach (rows, i, row)
        append_row(&out, columns, row);
    return out.data ? out.data : memory_copy_text("");
}
