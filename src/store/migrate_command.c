/* `replinet migrate [--status]`: brings the database's schema up to date. */
#include "base/log.h"
#include "store/migrations.h"
#include <stdio.h>
#include <string.h>

static void print_report(const struct migration_report *report, bool apply) {
    int waiting = report->known - report->applied - report->done;
    printf("%d migrations known, %d applied before, %d applied now, %d waiting\n", report->known, report->applied,
           report->done, waiting);
    if (report->newer)
        printf(
            "the database has %d migrations that are newer than this binary; it goes on, but a newer binary exists\n",
            report->newer);
}

int migrate_command(int count, char **arguments) {
    bool status = count == 2 && !strcmp(arguments[1], "--status");
    if (count > 1 && !status) {
        fprintf(stderr, "Usage: replinet migrate [--status]\n");
        return 2;
    }
    cleanup_postgres struct postgres db = {0};
    struct migration_report report;
    struct error e;
    if (postgres_open(&(struct postgres_options){.purpose = "migrate"}, &db, &e) < 0 ||
        migrations_run(&db, migrations_embedded, !status, &report, &e) < 0) {
        log_failure(&e, "the database was not migrated");
        return 1;
    }
    print_report(&report, !status);
    return status && report.known > report.applied ? 1 : 0;
}
