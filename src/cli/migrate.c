/* `replinet migrate [--status] [--json]`: brings the database's schema up to date. */
#include "base/json.h"
#include "base/log.h"
#include "base/memory.h"
#include "cli/commands.h"
#include "cli/report.h"
#include "cli/session.h"
#include "store/migrations.h"
#include <stdio.h>
#include <string.h>

static int waiting(const struct migration_report *report) {
    return report->known - report->applied - report->done;
}

static void tell_in_words(const struct migration_report *report) {
    printf("%d migrations known, %d applied before, %d applied now, %d waiting\n", report->known, report->applied,
           report->done, waiting(report));
    if (report->newer)
        printf(
            "the database has %d migrations that are newer than this binary; it goes on, but a newer binary exists\n",
            report->newer);
}

static void tell_in_json(const struct migration_report *report) {
    cleanup_json json_t *object =
        json_pack("{s:i, s:i, s:i, s:i, s:i}", "known", report->known, "applied_before", report->applied, "applied_now",
                  report->done, "waiting", waiting(report), "newer", report->newer);
    cleanup_free char *text = json_print(object);
    session_print(text);
}

static int migrate(bool apply, bool json) {
    cleanup_postgres struct postgres db = {0};
    struct migration_report report;
    struct error e;
    if (postgres_open(&(struct postgres_options){.purpose = "migrate"}, &db, &e) < 0 ||
        migrations_run(&db, migrations_embedded, apply, &report, &e) < 0) {
        log_failure(&e, "the database was not migrated");
        return json ? report_failure(&e, true) : 1;
    }
    if (json)
        tell_in_json(&report);
    else
        tell_in_words(&report);
    return !apply && waiting(&report) ? 1 : 0;
}

int migrate_command(int count, char **arguments) {
    bool status = false, json = false;
    for (int i = 1; i < count; i++) {
        bool is_status = !strcmp(arguments[i], "--status"), is_json = !strcmp(arguments[i], "--json");
        if (!is_status && !is_json)
            return report_usage("migrate", "migrate: there is no argument %s", arguments[i]);
        status |= is_status;
        json |= is_json;
    }
    return migrate(!status, json);
}
