#include "base/csv.h"
#include <errno.h>
#include <string.h>

static const char byte_order_mark[] = "\xEF\xBB\xBF";

/* Characters before the offset in its line, from 1: continuation bytes of UTF-8 take no column. */
static size_t column_of(const struct csv_reader *reader, size_t offset) {
    size_t column = 1;
    for (size_t i = reader->line_start; i < offset && i < reader->length; i++)
        column += ((unsigned char)reader->data[i] & 0xC0) != 0x80;
    return column;
}

static int refuse(const struct csv_reader *reader, size_t offset, int err, const char *why, struct error *e) {
    return error_set(e, err, err == EFBIG ? ERROR_TOO_LARGE : ERROR_BAD_INPUT, "%s, line %zu, column %zu: %s",
                     reader->what, reader->line, column_of(reader, offset), why);
}

static void end_line(struct csv_reader *reader) {
    reader->line++;
    reader->line_start = reader->offset;
}

static size_t character_length(unsigned char first) {
    return first < 0x80 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
}

/* The whole is looked at at once; only a text with a fault is walked through to say where. */
static int check_encoding(struct csv_reader reader, struct error *e) {
    if (text_is_utf8(reader.data, reader.length) && !memchr(reader.data, 0, reader.length))
        return 0;
    while (reader.offset < reader.length) {
        unsigned char c = (unsigned char)reader.data[reader.offset];
        size_t length = character_length(c);
        if (!c)
            return refuse(&reader, reader.offset, EINVAL, "a NUL byte", e);
        if (length > reader.length - reader.offset || !text_is_utf8(reader.data + reader.offset, length))
            return refuse(&reader, reader.offset, EINVAL, "this is not UTF-8", e);
        reader.offset += length;
        if (c == '\n')
            end_line(&reader);
    }
    return 0;
}

int csv_open(struct csv_reader *ret_reader, const char *what, const char *data, size_t length, struct error *e) {
    struct csv_reader reader = {.what = what, .data = data, .length = length, .line = 1};
    size_t mark = sizeof byte_order_mark - 1;
    if (length >= mark && !memcmp(data, byte_order_mark, mark))
        reader.offset = reader.line_start = mark;
    int r = length ? check_encoding(reader, e) : 0;
    if (!r)
        *ret_reader = reader;
    return r;
}

/* How many bytes the line end at the offset has; 0: there is none. */
static size_t line_end_at(const struct csv_reader *reader, size_t offset) {
    if (offset < reader->length && reader->data[offset] == '\n')
        return 1;
    return offset + 1 < reader->length && reader->data[offset] == '\r' && reader->data[offset + 1] == '\n' ? 2 : 0;
}

static int read_quoted(struct csv_reader *reader, struct text *out, struct error *e) {
    struct csv_reader begin = *reader;
    reader->offset++;
    for (size_t from = out->length; reader->offset < reader->length;) {
        char c = reader->data[reader->offset++];
        if (c == '"' && (reader->offset == reader->length || reader->data[reader->offset] != '"'))
            return 0;
        reader->offset += c == '"';
        if (out->length - from >= CSV_FIELD_MAX)
            return refuse(&begin, begin.offset, EFBIG, "this field is too long", e);
        text_append_char(out, c);
        if (c == '\n')
            end_line(reader);
    }
    return refuse(&begin, begin.offset, EINVAL, "this quote is never closed", e);
}

static int read_plain(struct csv_reader *reader, struct text *out, struct error *e) {
    size_t begin = reader->offset;
    while (reader->offset < reader->length && reader->data[reader->offset] != ',' &&
           !line_end_at(reader, reader->offset)) {
        char c = reader->data[reader->offset];
        if (c == '"')
            return refuse(reader, reader->offset, EINVAL, "a quote inside a field that does not begin with one", e);
        if (c == '\r')
            return refuse(reader, reader->offset, EINVAL, "a carriage return without a line feed", e);
        reader->offset++;
    }
    if (reader->offset - begin > CSV_FIELD_MAX)
        return refuse(reader, begin, EFBIG, "this field is too long", e);
    text_append(out, reader->data + begin, reader->offset - begin);
    return 0;
}

static int read_field(struct csv_reader *reader, struct csv_row *row, struct error *e) {
    if (row->count == CSV_COLUMNS_MAX)
        return refuse(reader, reader->offset, EFBIG, "this row has too many fields", e);
    row->starts[row->count++] = row->bytes.length;
    bool quoted = reader->offset < reader->length && reader->data[reader->offset] == '"';
    int r = quoted ? read_quoted(reader, &row->bytes, e) : read_plain(reader, &row->bytes, e);
    text_append_char(&row->bytes, '\0');
    return r;
}

static void skip_blank_lines(struct csv_reader *reader) {
    for (size_t end; (end = line_end_at(reader, reader->offset));) {
        reader->offset += end;
        end_line(reader);
    }
}

int csv_read_row(struct csv_reader *reader, struct csv_row *row, struct error *e) {
    text_clear(&row->bytes);
    row->count = 0;
    skip_blank_lines(reader);
    row->line = reader->line;
    if (reader->offset == reader->length)
        return 0;
    for (;;) {
        int r = read_field(reader, row, e);
        if (r < 0)
            return r;
        size_t end = line_end_at(reader, reader->offset);
        if (reader->offset == reader->length || end) {
            reader->offset += end;
            if (end)
                end_line(reader);
            return 1;
        }
        if (reader->data[reader->offset] != ',')
            return refuse(reader, reader->offset, EINVAL, "after a closing quote comes a comma or the line's end", e);
        reader->offset++;
    }
}

const char *csv_field(const struct csv_row *row, size_t index) {
    return row->bytes.data + row->starts[index];
}

void csv_row_done(struct csv_row *row) {
    text_done(&row->bytes);
}

void csv_append_row(struct text *text, const char *const *fields, size_t count) {
    for (size_t i = 0; i < count; i++) {
        /* A row of one empty field would be a blank line. */
        bool quote = strpbrk(fields[i], ",\"\r\n") || (count == 1 && !*fields[i]);
        text_append_string(text, i ? "," : "");
        text_append_string(text, quote ? "\"" : "");
        for (const char *c = fields[i]; *c; c++) {
            text_append_string(text, *c == '"' ? "\"" : "");
            text_append_char(text, *c);
        }
        text_append_string(text, quote ? "\"" : "");
    }
    text_append_string(text, "\r\n");
}
