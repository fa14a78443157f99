/* The one binary: finds the subcommand, loads the configuration, runs it. */
#include "base/config.h"
#include "base/log.h"
#include "base/memory.h"
#include "cli/commands.h"
#include "cli/help.h"
#include "domain/roles.h"
#include <signal.h>
#include <sodium.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>

static const struct {
    const char *name;
    int (*run)(int count, char **arguments);
    const char *service;
} commands[] = {
#define X(name, function, service, help) {name, function, service},
    COMMAND_TABLE(X)
#undef X
};

/* `replinet COMMAND ... --help`, before anything that could fail. */
static bool asks_for_help(int count, char **arguments) {
    for (int i = 2; i < count && strcmp(arguments[i], "--"); i++)
        if (!strcmp(arguments[i], "--help") || (i == 2 && !strcmp(arguments[i], "-h")))
            return true;
    return false;
}

static int load_configuration(void) {
    const char *file = getenv("REPLINET_ENV");
    cleanup_free char *complaints = NULL;
    if (config_load(file ? file : ".env", &complaints) < 0) {
        fprintf(stderr, "replinet: the configuration has errors:\n%s", complaints);
        return -1;
    }
    struct error e;
    int r = quotas_load(&e);
    if (r < 0)
        fprintf(stderr, "replinet: the configuration has errors:\n%s\n%s\n", e.text, e.hint);
    return r;
}

int main(int count, char **arguments) {
    if (count < 2) {
        fprintf(stderr, "replinet: which command? `replinet help` lists them\n");
        return 2;
    }
    if (!strcmp(arguments[1], "help") || !strcmp(arguments[1], "--help") || !strcmp(arguments[1], "-h"))
        return help_command(count - 1, arguments + 1);
    if (asks_for_help(count, arguments))
        return help_command(2, arguments);
    if (!strcmp(arguments[1], "--version"))
        return puts("replinet " REPLINET_VERSION) < 0;
    signal(SIGPIPE, SIG_IGN);
    prctl(PR_SET_NAME, "replinet"); /* started through /proc/self/exe it would be called "exe" */
    umask(022);
    if (sodium_init() < 0) {
        fprintf(stderr, "replinet: libsodium does not start\n");
        return 1;
    }
    for (size_t i = 0; i < ARRAY_LENGTH(commands); i++)
        if (!strcmp(commands[i].name, arguments[1])) {
            if (load_configuration() < 0)
                return 1;
            config_start_log(commands[i].service);
            return commands[i].run(count - 1, arguments + 1);
        }
    fprintf(stderr, "replinet: there is no command %s; `replinet help` lists them\n", arguments[1]);
    return 2;
}
