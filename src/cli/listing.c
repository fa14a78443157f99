#include "cli/listing.h"
#include "base/memory.h"
#include <stdio.h>
#include <string.h>

#define COLUMNS_MAX 12
#define WIDTH_MAX   48

static char *cell(const json_t *item, const char *member) {
    const json_t *value = json_object_get(item, member);
    char *text = json_is_string(value)           ? memory_copy_text(json_string_value(value))
                 : !value || json_is_null(value) ? memory_copy_text("")
                                                 : json_print(value);
    for (unsigned char *p = (unsigned char *)text; *p; p++)
        if (*p < 0x20 || *p == 0x7f)
            *p = ' ';
    return text;
}

/* Characters, not bytes: continuation bytes of UTF-8 take no column. */
static int width_of(const char *text) {
    int width = 0;
    for (; *text; text++)
        width += (*text & 0xC0) != 0x80;
    return width;
}

static void print_padded(const char *text, int width, bool last) {
    int columns = 0;
    for (; *text && columns < WIDTH_MAX; text++) {
        columns += (text[1] & 0xC0) != 0x80;
        putchar(*text);
    }
    printf("%*s", last ? 0 : width - columns + 2, "");
}

void listing_print(const char *page_json, const struct listing_column *columns) {
    cleanup_json json_t *page = NULL;
    int widths[COLUMNS_MAX] = {0};
    json_t *item;
    size_t i, count = 0;
    if (json_parse(page_json, strlen(page_json), "the list", &page, NULL) < 0)
        return;
    json_t *items = json_object_get(page, "items");
    for (; columns[count].title && count < COLUMNS_MAX; count++) {
        widths[count] = width_of(columns[count].title);
        json_array_foreach (items, i, item) {
            cleanup_free char *text = cell(item, columns[count].member);
            int width = width_of(text);
            widths[count] = width < widths[count] ? widths[count] : width > WIDTH_MAX ? WIDTH_MAX : width;
        }
    }
    for (size_t c = 0; c < count; c++)
        print_padded(columns[c].title, widths[c], c + 1 == count);
    putchar('\n');
    json_array_foreach (items, i, item) {
        for (size_t c = 0; c < count; c++) {
            cleanup_free char *text = cell(item, columns[c].member);
            print_padded(text, widths[c], c + 1 == count);
        }
        putchar('\n');
    }
    if (json_int_or(page, "pages", 1) > 1)
        printf("page %lld of %lld, %lld in all\n", (long long)json_int_or(page, "page", 1),
               (long long)json_int_or(page, "pages", 1), (long long)json_int_or(page, "total", 0));
}
