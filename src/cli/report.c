#include "cli/report.h"
#include "cli/help.h"
#include <stdio.h>
#include <stdlib.h>

json_t *report_error(const struct error *error) {
    return json_pack("{s:s, s:s, s:s}", "code", error_name(error->code), "detail", error->text, "hint", error->hint);
}

int report_failure(const struct error *error, bool json) {
    if (json) {
        cleanup_json json_t *object = json_pack("{s:o}", "error", report_error(error));
        json_dumpf(object, stdout, JSON_INDENT(2) | JSON_READABLE_REALS);
        putchar('\n');
        return 1;
    }
    fprintf(stderr, "replinet: %s\n", error->text);
    if (*error->hint)
        fprintf(stderr, "  %s\n", error->hint);
    return 1;
}

int report_usage(const char *command, const char *format, ...) {
    va_list args;
    va_start(args, format);
    fputs("replinet: ", stderr);
    vfprintf(stderr, format, args);
    va_end(args);
    fprintf(stderr, "\n\n%s", help_of(command));
    return 2;
}
