#include "cli/batch_output.h"
#include "base/csv.h"
#include "base/memory.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* One row as an object, as the JSON file has it. A row that was not begun has status "not_started". */
static json_t *describe(const struct batch *batch, size_t index) {
    const struct batch_row *row = &batch->rows[index];
    const char *status = row->status ? row->status : *row->thread_id ? "unknown" : "not_started";
    return json_pack("{s:I, s:s?, s:s, s:s, s:s, s:I, s:O, s:O?}", "row", (json_int_t)index + 1, "thread_id",
                     *row->thread_id ? row->thread_id : NULL, "status", status, "reason",
                     row->reason ? row->reason : "", "error", row->error ? row->error : "", "execution_ms",
                     (json_int_t)row->execution_ms, "inputs", row->inputs, "results", row->results);
}

void batch_write_json(const struct batch *batch, struct text *out) {
    cleanup_json json_t *list = json_array();
    for (size_t i = 0; i < batch->count; i++)
        json_array_append_new(list, describe(batch, i));
    cleanup_free char *text = json_dumps(list, JSON_INDENT(2) | JSON_READABLE_REALS);
    text_print(out, "%s\n", text);
}

/* Every member becomes a column; inputs and results, when objects, one per member of theirs. */
static json_t *flatten(const struct batch *batch, size_t index) {
    cleanup_json json_t *object = describe(batch, index);
    json_t *flat = json_object(), *value, *inner;
    const char *name, *inner_name;
    json_object_foreach (object, name, value) {
        if (!json_is_object(value))
            json_object_set(flat, name, value);
        else
            json_object_foreach (value, inner_name, inner) {
                cleanup_free char *path = memory_print("%s.%s", name, inner_name);
                json_object_set(flat, path, inner);
            }
    }
    return flat;
}

/* The names of all rows in the order in which they first occur, with the fixed ones and the inputs before results. */
static json_t *collect_names(const json_t *rows) {
    json_t *names = json_object(), *row, *value;
    const char *name;
    size_t i;
    for (int results = 0; results < 2; results++)
        json_array_foreach (rows, i, row)
            json_object_foreach (row, name, value)
                if (text_starts_with(name, "results") == results && !json_object_get(names, name))
                    json_object_set_new(names, name, json_true());
    return names;
}

static const char *const fixed_names[] = {"row", "thread_id", "status", "reason", "error", "execution_ms", "results"};

static bool is_name(const char *name) {
    for (size_t i = 0; i < ARRAY_LENGTH(fixed_names); i++)
        if (!strcmp(fixed_names[i], name))
            return true;
    return text_starts_with(name, "inputs.") || text_starts_with(name, "results.");
}

int batch_pick_columns(const char *columns, json_t **ret_names, struct error *e) {
    cleanup_json json_t *picked = json_object();
    cleanup_free char *copy = memory_copy_text(columns);
    char *rest = copy, *name;
    while ((name = strsep(&rest, ","))) {
        if (!is_name(name)) {
            error_set(e, EINVAL, ERROR_BAD_INPUT, "--columns: there is no column \"%s\"", name);
            error_hint(e,
                       "there are row, thread_id, status, reason, error, execution_ms, inputs.NAME, results.NAME and, "
                       "where they are no object, results");
            return -EINVAL;
        }
        json_object_set_new(picked, name, json_true());
    }
    *ret_names = take_pointer(picked);
    return 0;
}

static char *field_of(const json_t *value) {
    if (!value || json_is_null(value))
        return memory_copy_text("");
    return json_is_string(value) ? memory_copy_text(json_string_value(value)) : json_print(value);
}

/* `row` NULL: the header. */
static void append_row(const json_t *names, const json_t *row, struct text *out) {
    size_t count = json_object_size(names), i = 0;
    cleanup_free char **fields = memory_alloc((count + 1) * sizeof *fields);
    const char *name;
    json_t *value;
    json_object_foreach ((json_t *)names, name, value)
        fields[i++] = row ? field_of(json_object_get(row, name)) : memory_copy_text(name);
    csv_append_row(out, (const char *const *)fields, count);
    for (i = 0; i < count; i++)
        free(fields[i]);
}

void batch_write_csv(const struct batch *batch, const json_t *columns, struct text *out) {
    cleanup_json json_t *rows = json_array();
    for (size_t i = 0; i < batch->count; i++)
        json_array_append_new(rows, flatten(batch, i));
    cleanup_json json_t *all = collect_names(rows);
    const json_t *names = columns ? columns : all, *row;
    size_t i;
    append_row(names, NULL, out);
    json_array_foreach (rows, i, row)
        append_row(names, row, out);
}
