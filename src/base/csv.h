/* CSV by RFC 4180: fields in quotes may hold commas, quotes (doubled) and line ends. Lines end with LF or CRLF; a byte
 * order mark is skipped; text must be UTF-8 without NUL. Blank lines between rows are skipped. Any thread, a reader at
 * a time. */
#pragma once

#include "base/error.h"
#include "base/text.h"

#define CSV_COLUMNS_MAX 1000
#define CSV_FIELD_MAX   ((size_t)1 << 20)

/* Reads rows from a block that the caller keeps while it reads. */
struct csv_reader {
    const char *what; /* names the text in errors */
    const char *data;
    size_t length, offset;
    size_t line, line_start; /* line from 1; line_start is the offset of its first byte */
};

struct csv_row {
    struct text bytes; /* the fields, a NUL after each */
    size_t starts[CSV_COLUMNS_MAX];
    size_t count, line; /* line: where the row begins */
};

/* Checks the whole text's encoding; -EINVAL names line and column of the first byte that is wrong. */
int csv_open(struct csv_reader *ret_reader, const char *what, const char *data, size_t length, struct error *e);
/* 1 and a row, 0 at the end, or -EINVAL / -EFBIG naming line and column. The row's memory is used again. */
int csv_read_row(struct csv_reader *reader, struct csv_row *row, struct error *e);
const char *csv_field(const struct csv_row *row, size_t index);

void csv_row_done(struct csv_row *row);
#define cleanup_csv_row __attribute__((cleanup(csv_row_done))) /* struct csv_row name = {0}; */

/* Appends a row with CRLF; fields are put in quotes where they must be. */
void csv_append_row(struct text *text, const char *const *fields, size_t count);
