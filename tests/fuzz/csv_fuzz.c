/* The CSV reader over arbitrary bytes: a row that it takes is the same after it was written and read again. */
#include "base/csv.h"
#include "fuzz.h"
#include <assert.h>
#include <string.h>

static void check_row(const struct csv_row *row) {
    static const char *fields[CSV_COLUMNS_MAX];
    cleanup_csv_row struct csv_row again = {0};
    cleanup_text struct text text = {0};
    struct csv_reader reader;
    for (size_t i = 0; i < row->count; i++)
        fields[i] = csv_field(row, i);
    csv_append_row(&text, fields, row->count);
    /* A mark that was a field's text must not become the file's. */
    if (text_starts_with(text.data, "\xEF\xBB\xBF"))
        return;
    assert(csv_open(&reader, "again", text.data, text.length, NULL) == 0);
    assert(csv_read_row(&reader, &again, NULL) == 1 && again.count == row->count);
    for (size_t i = 0; i < row->count; i++)
        assert(!strcmp(csv_field(&again, i), fields[i]));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    cleanup_csv_row struct csv_row row = {0};
    struct csv_reader reader;
    struct error e;
    if (csv_open(&reader, "fuzz", (const char *)data, size, &e) < 0)
        return 0;
    while (csv_read_row(&reader, &row, &e) > 0)
        check_row(&row);
    return 0;
}
