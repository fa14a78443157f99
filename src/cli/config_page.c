/* `replinet config`: the configuration table as a page for people (docs/configuration.md is made with --markdown). */
#include "base/config.h"
#include "cli/commands.h"
#include <stdio.h>
#include <string.h>

static const char *range_of(const struct config_row *row, char text[64]) {
    if (strcmp(row->kind, "INT") && strcmp(row->kind, "REAL"))
        return "";
    snprintf(text, 64, ", %g to %g", row->least, row->most);
    return text;
}

int config_command(int count, char **arguments) {
    bool markdown = count > 1 && !strcmp(arguments[1], "--markdown");
    char range[64];
    if (markdown)
        printf(
            "# Configuration\n\nEnvironment over `.env` over these defaults; made by `replinet config --markdown`.\n\n"
            "| name | kind | default | meaning |\n|---|---|---|---|\n");
    for (int i = 0; i < CONFIG_COUNT; i++) {
        const struct config_row *row = &config_rows[i];
        printf(markdown ? "| %s | %s%s | %s | %s |\n" : "%s (%s%s; default \"%s\")\n    %s\n", row->name, row->kind,
               range_of(row, range), row->value, row->doc);
    }
    return 0;
}
