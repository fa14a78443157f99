/* `replinet script`: checks scripts and prints the reference of their language. */
#include "agent/script.h"
#include "agent/browser_config.h"
#include "agent/run.h"
#include "agent/think/think.h"
#include "base/memory.h"
#include "cli/commands.h"
#include "cli/report.h"
#include "cli/session.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>

#define SCRIPT_MAX_BYTES (16 * 1024 * 1024)

static void print_schema(struct text *out) {
    cleanup_json json_t *schema = script_schema();
    cleanup_free char *text = json_dumps(schema, JSON_INDENT(2) | JSON_READABLE_REALS);
    text_print(out, "%s\n", text);
}

static const struct {
    const char *option;
    void (*print)(struct text *out);
} pages[] = {{"--markdown", script_print_reference},
             {"--schema", print_schema},
             {"--browser-config", browser_config_print},
             {"--tools", think_print_tools}};

static int print_page(void (*print)(struct text *out)) {
    cleanup_text struct text out = {0};
    print(&out);
    while (out.length > 1 && out.data[out.length - 2] == '\n')
        out.data[--out.length] = '\0';
    fputs(out.data, stdout);
    return 0;
}

static int check_file(const char *path, size_t *ret_steps, struct error *e) {
    cleanup_json json_t *script = NULL;
    int r = json_parse_file(path, SCRIPT_MAX_BYTES, &script, e);
    if (!r)
        r = agent_check_script(script, e);
    if (!r)
        *ret_steps = json_array_size(script_steps(script));
    return r;
}

static void tell_in_words(const char *path, size_t steps, const struct error *e) {
    if (e)
        fprintf(stderr, "%s: %s\n", path, e->text);
    else
        printf("%s: %zu steps, no error\n", path, steps);
}

static void tell_in_json(json_t *files, const char *path, size_t steps, const struct error *e) {
    json_t *file = json_pack("{s:s, s:b}", "file", path, "good", !e);
    if (e)
        json_object_set_new(file, "error", report_error(e));
    else
        json_object_set_new(file, "steps", json_integer((json_int_t)steps));
    json_array_append_new(files, file);
}

static int check(char **paths, bool json) {
    cleanup_json json_t *report = json_pack("{s:[]}", "files");
    int wrong = 0;
    for (; *paths; paths++) {
        struct error e;
        size_t steps = 0;
        bool bad = check_file(*paths, &steps, &e) < 0;
        wrong |= bad;
        if (json)
            tell_in_json(json_object_get(report, "files"), *paths, steps, bad ? &e : NULL);
        else
            tell_in_words(*paths, steps, bad ? &e : NULL);
    }
    cleanup_free char *text = json_print(report);
    if (json)
        session_print(text);
    return wrong;
}

/* Takes --json out of the arguments, wherever it stands. */
static bool take_json(int *count, char **arguments) {
    int left = 0;
    for (int i = 0; i < *count; i++)
        if (strcmp(arguments[i], "--json"))
            arguments[left++] = arguments[i];
    bool found = left < *count;
    *count = left;
    arguments[left] = NULL;
    return found;
}

int script_command(int count, char **arguments) {
    for (size_t i = 0; i < ARRAY_LENGTH(pages); i++)
        if (count == 2 && !strcmp(arguments[1], pages[i].option))
            return print_page(pages[i].print);
    bool json = take_json(&count, arguments);
    if (count < 3 || strcmp(arguments[1], "check"))
        return report_usage("script", "script: wrong or missing arguments");
    for (int i = 2; i < count; i++)
        if (*arguments[i] == '-' && arguments[i][1])
            return report_usage("script", "script: there is no option %s", arguments[i]);
    return check(arguments + 2, json);
}
