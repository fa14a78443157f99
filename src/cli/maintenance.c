/* `replinet maintenance [--dry-run] [--json] [TASK...]`: carries out what is otherwise done by the hour. */
#include "domain/maintenance.h"
#include "base/memory.h"
#include "cli/commands.h"
#include "cli/report.h"
#include "cli/session.h"
#include <getopt.h>
#include <stdio.h>
#include <string.h>

static bool is_task(const char *name) {
    for (int task = 0; task < MAINTENANCE_COUNT; task++)
        if (!strcmp(maintenance_task_name((enum maintenance_task)task), name))
            return true;
    return false;
}

static bool is_wanted(const char *name, char **names) {
    if (!*names)
        return true;
    for (; *names; names++)
        if (!strcmp(*names, name))
            return true;
    return false;
}

/* All that are wanted, those after one that failed too. */
static int carry_out(const struct maintenance *maintenance, char **names, bool json, struct error *e) {
    cleanup_json json_t *report = json_object();
    int result = 0;
    for (int i = 0; i < MAINTENANCE_COUNT; i++) {
        const char *name = maintenance_task_name((enum maintenance_task)i);
        struct error why = {0};
        int64_t count = 0;
        if (!is_wanted(name, names))
            continue;
        int r = maintenance_run(maintenance, (enum maintenance_task)i, &count, &why);
        json_object_set_new(report, name, json_pack("{s:I, s:s}", "count", (json_int_t)count, "error", why.text));
        if (!json)
            printf("%-18s %8lld  %s\n", name, (long long)count,
                   r < 0 ? why.text : maintenance_task_doc((enum maintenance_task)i));
        if (r < 0 && !result) {
            *e = why;
            result = r;
        }
    }
    if (json && !result) {
        cleanup_free char *text = json_print(report);
        session_print(text);
    }
    return result;
}

int maintenance_command(int count, char **arguments) {
    static const struct option options[] = {
        {"json", no_argument, NULL, 'j'}, {"dry-run", no_argument, NULL, 'd'}, {NULL, 0, NULL, 0}};
    cleanup_session struct cli_session session = {0};
    struct maintenance maintenance = {.db = &session.db};
    struct error e = {0};
    bool json = false;
    int letter;
    opterr = 0;
    optind = 1;
    while ((letter = getopt_long(count, arguments, "", options, NULL)) != -1) {
        if (letter == '?')
            return report_usage("maintenance", "maintenance: no such option");
        json |= letter == 'j';
        maintenance.dry |= letter == 'd';
    }
    for (int i = optind; i < count; i++)
        if (!is_task(arguments[i]))
            return report_usage("maintenance", "maintenance: there is no task %s", arguments[i]);
    int r = session_open(&session, &e);
    if (!r)
        r = carry_out(&maintenance, arguments + optind, json, &e);
    return r < 0 ? report_failure(&e, json) : 0;
}
