/* CSV: what is read, what is refused and where, and that what is written is read back. */
#include "unit_test.h"

#include "base/csv.h"
#include "base/memory.h"
#include <errno.h>
#include <string.h>

/* Every field followed by |, every row by newline-free ;. A fault gives its text. */
static char *shown(const char *data, size_t length) {
    cleanup_csv_row struct csv_row row = {0};
    struct csv_reader reader;
    struct error e = {0};
    struct text out = {0};
    int r = csv_open(&reader, "x", data, length, &e);
    while (!r && (r = csv_read_row(&reader, &row, &e)) > 0) {
        for (size_t i = 0; i < row.count; i++)
            text_print(&out, "%s|", csv_field(&row, i));
        text_print(&out, "%zu;", row.line);
        r = 0;
    }
    text_print(&out, "%s;", r < 0 ? e.text : "end");
    return out.data;
}

static void texts_are_read(void **state) {
    static const struct {
        const char *text, *expected;
    } cases[] = {
        {"", "end;"},
        {"a,b\n1,2\n", "a|b|1;1|2|2;end;"},
        {"a,b\r\n1,2", "a|b|1;1|2|2;end;"},
        {"\xEF\xBB\xBF"
         "a,b",
         "a|b|1;end;"},
        {"\n\r\na\n\n\nb\n\n", "a|3;b|6;end;"},
        {"\"a,\"\"b\"\"\r\nc\",d\ne", "a,\"b\"\r\nc|d|1;e|3;end;"},
        {",\n", "||1;end;"},
        {"\"\"\n", "|1;end;"},
        {"\xD0\xB6, \xF0\x9F\x99\x82 ", "\xD0\xB6| \xF0\x9F\x99\x82 |1;end;"},
        {"a\n\xD0\xB6\"", "a|1;x, line 2, column 2: a quote inside a field that does not begin with one;"},
        {"a,\"b", "x, line 1, column 3: this quote is never closed;"},
        {"a\n\"b\nc", "a|1;x, line 2, column 1: this quote is never closed;"},
        {"\"a\"b", "x, line 1, column 4: after a closing quote comes a comma or the line's end;"},
        {"\"a\"\rb", "x, line 1, column 4: after a closing quote comes a comma or the line's end;"},
        {"a\rb", "x, line 1, column 2: a carriage return without a line feed;"},
        {"a\nb\xD0\xB6,\xFF", "x, line 2, column 4: this is not UTF-8;"},
        {"a\xE2\x82", "x, line 1, column 2: this is not UTF-8;"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        cleanup_free char *found = shown(cases[i].text, strlen(cases[i].text));
        assert_string_equal(found, cases[i].expected);
    }
    cleanup_free char *nul = shown("a\nb\0c", 5);
    assert_string_equal(nul, "x, line 2, column 2: a NUL byte;");
}

static void what_is_written_is_read_back(void **state) {
    static const char *const rows[][3] = {
        {"plain", "", "with,comma"}, {"\"quoted\"", "two\r\nlines", " spaces "}, {"", "", ""}};
    cleanup_text struct text text = {0};
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++)
        csv_append_row(&text, rows[i], 3);
    csv_append_row(&text, (const char *const[]){""}, 1);
    cleanup_csv_row struct csv_row row = {0};
    struct csv_reader reader;
    assert_int_equal(csv_open(&reader, "x", text.data, text.length, NULL), 0);
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        assert_int_equal(csv_read_row(&reader, &row, NULL), 1);
        assert_int_equal(row.count, 3);
        for (size_t f = 0; f < 3; f++)
            assert_string_equal(csv_field(&row, f), rows[i][f]);
    }
    assert_int_equal(csv_read_row(&reader, &row, NULL), 1);
    assert_int_equal(row.count, 1);
    assert_int_equal(csv_read_row(&reader, &row, NULL), 0);
}

static int read_first(const struct text *text) {
    cleanup_csv_row struct csv_row row = {0};
    struct csv_reader reader;
    assert_int_equal(csv_open(&reader, "x", text->data, text->length, NULL), 0);
    return csv_read_row(&reader, &row, NULL);
}

static void limits_hold(void **state) {
    cleanup_text struct text plain = {0}, quoted = {0}, wide = {0};
    for (size_t i = 0; i < CSV_FIELD_MAX; i++)
        text_append_char(&plain, 'a');
    text_print(&quoted, "\"%s\"", plain.data);
    assert_int_equal(read_first(&plain), 1);
    assert_int_equal(read_first(&quoted), 1);
    text_append_char(&plain, 'a');
    quoted.data[quoted.length - 1] = 'a';
    text_append_char(&quoted, '"');
    assert_int_equal(read_first(&plain), -EFBIG);
    assert_int_equal(read_first(&quoted), -EFBIG);
    for (size_t i = 0; i + 1 < CSV_COLUMNS_MAX; i++)
        text_append_char(&wide, ',');
    assert_int_equal(read_first(&wide), 1);
    text_append_char(&wide, ',');
    assert_int_equal(read_first(&wide), -EFBIG);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_are_read),
        cmocka_unit_test(what_is_written_is_read_back),
        cmocka_unit_test(limits_hold),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
