/* `replinet doctor [--json] [--mend] [CHECK...]`: looks at everything that Replinet needs of a machine. */
#include "base/json.h"
#include "base/log.h"
#include "base/memory.h"
#include "cli/commands.h"
#include "cli/doctor_table.h"
#include "cli/report.h"
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char *const verdict_names[] = {"ok", "warn", "fail"};
static const char *const verdict_colours[] = {"\033[32m", "\033[33m", "\033[31m"};

static const struct {
    const char *name;
    enum doctor_verdict (*check)(struct doctor_finding *finding);
    int (*mend)(struct error *e);
    const char *why, *how;
} rows[] = {
#define X(name, check, mend, why, how) {name, check, mend, why, how},
    DOCTOR_TABLE(X)
#undef X
};

static void print_for_people(size_t row, enum doctor_verdict verdict, const struct doctor_finding *finding) {
    bool colour = isatty(STDOUT_FILENO);
    printf("%s%-4s%s  %-16s %s\n", colour ? verdict_colours[verdict] : "", verdict_names[verdict],
           colour ? "\033[0m" : "", rows[row].name, finding->text);
    if (verdict != DOCTOR_OK)
        printf("      %-16s %s\n      %-16s To mend it: %s\n", "", rows[row].why, "",
               *finding->mend ? finding->mend : rows[row].how);
    fflush(stdout);
}

static void add_to(json_t *list, size_t row, enum doctor_verdict verdict, const struct doctor_finding *finding) {
    json_array_append_new(list, json_pack("{s:s, s:s, s:s, s:s, s:s}", "name", rows[row].name, "verdict",
                                          verdict_names[verdict], "found", finding->text, "why", rows[row].why, "mend",
                                          *finding->mend ? finding->mend : rows[row].how));
}

static enum doctor_verdict look(size_t row, bool mend, struct doctor_finding *finding) {
    struct error e;
    enum doctor_verdict verdict = rows[row].check(finding);
    if (verdict == DOCTOR_OK || !mend || !rows[row].mend)
        return verdict;
    int r = rows[row].mend(&e);
    memset(finding, 0, sizeof *finding);
    verdict = rows[row].check(finding);
    if (r < 0)
        snprintf(finding->mend, sizeof finding->mend, "%.300s", e.text);
    return verdict;
}

static bool is_check(const char *name) {
    for (size_t row = 0; row < ARRAY_LENGTH(rows); row++)
        if (!strcmp(rows[row].name, name))
            return true;
    return false;
}

static bool is_wanted(size_t row, char **names) {
    if (!*names)
        return true;
    for (; *names; names++)
        if (!strcmp(rows[row].name, *names))
            return true;
    return false;
}

static bool look_at_all(char **names, bool mend, bool as_json) {
    bool failed = false;
    cleanup_json json_t *list = json_array();
    for (size_t row = 0; row < ARRAY_LENGTH(rows); row++) {
        if (!is_wanted(row, names))
            continue;
        struct doctor_finding finding = {0};
        enum doctor_verdict verdict = look(row, mend, &finding);
        failed |= verdict == DOCTOR_FAIL;
        add_to(list, row, verdict, &finding);
        if (!as_json)
            print_for_people(row, verdict, &finding);
    }
    cleanup_free char *text = as_json ? json_print(list) : NULL;
    puts(as_json ? text : failed ? "Something that Replinet needs is missing." : "Replinet can run here.");
    return failed;
}

int doctor_command(int count, char **arguments) {
    bool as_json = false, mend = false;
    cleanup_free char **names = memory_alloc((size_t)(count + 1) * sizeof *names);
    size_t named = 0;
    for (int i = 1; i < count; i++)
        if (!strcmp(arguments[i], "--json"))
            as_json = true;
        else if (!strcmp(arguments[i], "--mend"))
            mend = true;
        else if (is_check(arguments[i]))
            names[named++] = arguments[i];
        else
            return report_usage("doctor", "doctor: there is no option or check %s", arguments[i]);
    return look_at_all(names, mend, as_json);
}
