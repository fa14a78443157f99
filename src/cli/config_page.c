/* `replinet config`: the configuration table as a page for people (docs/configuration.md is made with --markdown). */
#include "base/config.h"
#include "base/json.h"
#include "cli/commands.h"
#include <stdio.h>
#include <string.h>

static const char *range_of(const struct config_row *row, char text[64]) {
    if (strcmp(row->kind, "INT") && strcmp(row->kind, "REAL"))
        return "";
    snprintf(text, 64, ", %g to %g", row->least, row->most);
    return text;
}

static int print_json(void) {
    cleanup_json json_t *list = json_array();
    for (int i = 0; i < CONFIG_COUNT; i++)
        json_array_append_new(list, json_pack("{s:s, s:s, s:s, s:s}", "name", config_rows[i].name, "kind",
                                              config_rows[i].kind, "default", config_rows[i].value, "meaning",
                                              config_rows[i].doc));
    json_dumpf(list, stdout, JSON_INDENT(2));
    putchar('\n');
    return 0;
}

int config_command(int count, char **arguments) {
    if (count > 1 && !strcmp(arguments[1], "--json"))
        return print_json();
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
