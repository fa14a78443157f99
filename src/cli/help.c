#include "cli/help.h"
#include "base/embedded.h"
#include "base/memory.h"
#include "base/text.h"
#include "cli/commands.h"
#include <stdio.h>
#include <string.h>

extern const struct embedded_file help_embedded[];

static const struct {
    const char *name, *summary;
} commands[] = {
#define X(name, function, service, help) {name, help},
    COMMAND_TABLE(X)
#undef X
};

static const char *text_of(const char *file) {
    for (const struct embedded_file *text = help_embedded; text->name; text++)
        if (!strcmp(text->name, file))
            return text->data;
    return NULL;
}

const char *help_of(const char *command) {
    cleanup_free char *file = memory_print("%s.txt", command);
    return text_of(file);
}

static int print_list(void) {
    printf("replinet " REPLINET_VERSION ": AI agents in walled-off browsers\n\nUsage: replinet COMMAND [...]\n\n");
    for (size_t i = 0; i < ARRAY_LENGTH(commands); i++)
        printf("  %-16s %s\n", commands[i].name, commands[i].summary);
    printf("\n`replinet COMMAND --help` tells more. Configuration comes from the environment and the file named by "
           "REPLINET_ENV\n(default: .env).\n");
    return 0;
}

static void print_page(void) {
    printf("%s", text_of("cli.md"));
    for (size_t i = 0; i < ARRAY_LENGTH(commands); i++)
        if (help_of(commands[i].name))
            printf("\n## replinet %s\n\n%s\n\n```text\n%s```\n", commands[i].name, commands[i].summary,
                   help_of(commands[i].name));
    printf("\n## Processes\n\nStarted by `replinet up`, or by each other:\n\n| command | |\n|---|---|\n");
    for (size_t i = 0; i < ARRAY_LENGTH(commands); i++)
        if (!help_of(commands[i].name))
            printf("| `replinet %s` | %s |\n", commands[i].name, commands[i].summary);
}

static int print_command(const char *name) {
    for (size_t i = 0; i < ARRAY_LENGTH(commands); i++)
        if (!strcmp(commands[i].name, name)) {
            if (help_of(name))
                printf("%s\n\n%s", commands[i].summary, help_of(name));
            else
                printf("%s\n\nUsage: replinet %s\nIt is started by other processes of Replinet.\n", commands[i].summary,
                       name);
            return 0;
        }
    fprintf(stderr, "replinet: there is no command %s; `replinet help` lists them\n", name);
    return 2;
}

int help_command(int count, char **arguments) {
    if (count < 2)
        return print_list();
    if (strcmp(arguments[1], "--markdown"))
        return print_command(arguments[1]);
    print_page();
    return 0;
}
