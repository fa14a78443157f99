#include "cli/batch_rows.h"
#include "base/csv.h"
#include "base/io.h"
#include "base/memory.h"
#include "base/schema.h"
#include "domain/agent_values.h"
#include <errno.h>
#include <string.h>

bool batch_is_json(const char *file) {
    return text_ends_with(file, ".json");
}

static int check_count(const char *file, size_t count, struct error *e) {
    if (!count)
        return error_set(e, EINVAL, ERROR_BAD_INPUT, "%s has no rows", file);
    if (count > BATCH_ROWS_MAX)
        return error_set(e, EFBIG, ERROR_TOO_LARGE, "%s has more than %d rows", file, BATCH_ROWS_MAX);
    return 0;
}

static int read_json(const char *file, const char *data, size_t length, json_t **ret_rows, struct error *e) {
    cleanup_json json_t *rows = NULL;
    json_t *row;
    size_t i;
    int r = json_parse(data, length, file, &rows, e);
    if (r < 0)
        return r;
    if (!json_is_array(rows))
        return error_set(e, EINVAL, ERROR_BAD_INPUT, "%s must hold a list of objects", file);
    json_array_foreach (rows, i, row)
        if (!json_is_object(row))
            return error_set(e, EINVAL, ERROR_BAD_INPUT, "%s: item %zu of the list is no object", file, i + 1);
    r = check_count(file, json_array_size(rows), e);
    if (!r)
        *ret_rows = take_pointer(rows);
    return r;
}

/* The header as an array of unlike names that are not empty. */
static int read_header(struct csv_reader *reader, struct csv_row *row, json_t **ret_names, struct error *e) {
    cleanup_json json_t *names = json_array(), *seen = json_object();
    int r = csv_read_row(reader, row, e);
    for (size_t i = 0; r > 0 && i < row->count; i++) {
        const char *name = csv_field(row, i);
        if (!*name || json_object_get(seen, name))
            return error_set(e, EINVAL, ERROR_BAD_INPUT, "%s, line %zu: column %zu %s", reader->what, row->line, i + 1,
                             *name ? "has the name of another one" : "has no name");
        json_object_set_new(seen, name, json_true());
        json_array_append_new(names, json_string(name));
    }
    if (r < 0)
        return r;
    *ret_names = take_pointer(names);
    return 0;
}

static int add_row(const char *file, const struct csv_row *row, const json_t *names, json_t *rows, struct error *e) {
    if (row->count != json_array_size(names))
        return error_set(e, EINVAL, ERROR_BAD_INPUT, "%s, line %zu: the row has %zu fields, the header has %zu", file,
                         row->line, row->count, json_array_size(names));
    json_t *object = json_object();
    for (size_t i = 0; i < row->count; i++)
        json_object_set_new(object, json_string_value(json_array_get(names, i)), json_string(csv_field(row, i)));
    json_array_append_new(rows, object);
    return 0;
}

static int read_csv(const char *file, const char *data, size_t length, json_t **ret_rows, struct error *e) {
    cleanup_csv_row struct csv_row row = {0};
    cleanup_json json_t *names = NULL, *rows = json_array();
    struct csv_reader reader;
    int r = csv_open(&reader, file, data, length, e);
    if (!r)
        r = read_header(&reader, &row, &names, e);
    while (!r && (r = csv_read_row(&reader, &row, e)) > 0 && json_array_size(rows) <= BATCH_ROWS_MAX)
        r = add_row(file, &row, names, rows, e);
    if (r >= 0)
        r = check_count(file, json_array_size(rows), e);
    if (!r)
        *ret_rows = take_pointer(rows);
    return r;
}

int batch_read_rows(const char *file, json_t **ret_rows, struct error *e) {
    cleanup_free char *data = NULL;
    size_t length = 0;
    int r = io_read_file(file, BATCH_FILE_MAX, &data, &length, e);
    if (r < 0)
        return r;
    return (batch_is_json(file) ? read_json : read_csv)(file, data, length, ret_rows, e);
}

#define TOLD_MAX 3

int batch_check_rows(const char *file, const json_t *agent, json_t *rows, struct error *e) {
    const json_t *schema = json_object_get(agent, "input_schema");
    cleanup_text struct text words = {0};
    size_t i, wrong = 0;
    json_t *row;
    json_array_foreach (rows, i, row) {
        cleanup_json json_t *filled = NULL;
        struct error problem;
        if (json_is_object(schema) && !batch_is_json(file))
            schema_read_texts(schema, row);
        if (agent_check_inputs(agent, row, &filled, NULL, &problem) < 0 && wrong++ < TOLD_MAX)
            text_print(&words, "%srow %zu: %.160s", wrong > 1 ? "; " : "", i + 1, problem.text);
    }
    if (!wrong)
        return 0;
    error_set(e, EINVAL, ERROR_BAD_INPUT, "%s: %zu of %zu rows do not fit the agent's input_schema: %s%s", file, wrong,
              i, words.data, wrong > TOLD_MAX ? "; ..." : "");
    error_hint(e, "No thread was started");
    return -EINVAL;
}
