/* The tables that are partitioned by month (view month_partitions): made ahead, taken out whole when old, archived,
 * dropped. A month that is detached is a table without a parent, which says by itself what is still to do with it. */
#include "base/config.h"
#include "base/memory.h"
#include "domain/maintenance.h"
#include "domain/month_archive.h"
#include "domain/sql.h"
#include <stdio.h>
#include <string.h>

#define MONTHS_AHEAD "2"

static const struct statement MAKE = {
    "months_make", "SELECT coalesce(sum(month_partitions_make(p.parent, p.key, now(), " MONTHS_AHEAD ")), 0) + "
                   "coalesce(sum(month_partitions_rehome(p.parent, p.key)), 0) FROM (VALUES ('thread_events', "
                   "'thread_id'), ('system_events', 'id'), ('audit_events', 'id')) p (parent, key)"};

static const struct statement COUNT_EARLY = {
    "months_count_early", "SELECT (SELECT count(*) FROM thread_events_default) + (SELECT count(*) FROM "
                          "system_events_default) + (SELECT count(*) FROM audit_events_default)"};

/* A month with a thread that still runs stays. */
static const struct statement OLD = {
    "months_old", "SELECT m.name FROM month_partitions m WHERE m.is_attached AND m.parent = $1 AND m.till < now() - "
                  "make_interval(days => $2::int) AND (m.parent <> 'thread_events' OR NOT EXISTS (SELECT FROM threads "
                  "t WHERE t.id >= "
                  "uuid_v7_floor(m.since) AND t.id < uuid_v7_floor(m.till) AND t.end_time IS NULL)) ORDER BY m.name"};

static const struct statement DETACHED = {
    "months_detached",
    "SELECT m.name, m.parent, m.key FROM month_partitions m WHERE NOT m.is_attached ORDER BY m.name"};

int months_make(const struct maintenance *maintenance, int64_t *ret_count, struct error *e) {
    cleanup_result struct pg_result *result = NULL;
    int r = postgres_query(maintenance->db, maintenance->dry ? &COUNT_EARLY : &MAKE, &result, e);
    if (!r)
        *ret_count = result_int(result, 0, 0);
    return r;
}

/* Events go no later than their threads, whose retention may be shorter. */
static int64_t days_of_thread_events(void) {
    int64_t events = config_int(CONFIG_RETENTION_EVENTS_DAYS), threads = config_int(CONFIG_RETENTION_THREADS_DAYS);
    return !events || (threads && threads < events) ? threads : events;
}

/* Takes the table's lock for a moment; when others keep it from that, the month goes the next time. */
static int detach(struct postgres *db, const char *parent, const char *part, struct error *e) {
    cleanup_free char *script =
        memory_print("BEGIN; SET LOCAL lock_timeout = '2s'; ALTER TABLE %s DETACH PARTITION %s; "
                     "COMMIT",
                     parent, part);
    int r = postgres_script(db, script, e);
    if (r < 0)
        postgres_script(db, "ROLLBACK", NULL);
    return r;
}

static int detach_old(const struct maintenance *maintenance, const char *parent, int64_t days, int64_t *count,
                      struct error *e) {
    cleanup_result struct pg_result *old = NULL;
    int r = days ? postgres_query(maintenance->db, &OLD, &old, e, parent, SQL_INT(days)) : 0;
    for (int i = 0; !r && old && i < result_rows(old) && !maintenance_should_stop(maintenance); i++) {
        r = maintenance->dry ? 0 : detach(maintenance->db, parent, result_text(old, i, 0), e);
        *count += !r;
    }
    return r;
}

int months_detach(const struct maintenance *maintenance, int64_t *ret_count, struct error *e) {
    int r = detach_old(maintenance, "thread_events", days_of_thread_events(), ret_count, e);
    if (!r)
        r = detach_old(maintenance, "audit_events", config_int(CONFIG_RETENTION_AUDIT_DAYS), ret_count, e);
    if (!r)
        r = detach_old(maintenance, "system_events", config_int(CONFIG_RETENTION_SYSTEM_EVENTS_DAYS), ret_count, e);
    return r;
}

static int drop(struct postgres *db, const char *part, struct error *e) {
    cleanup_free char *script = memory_print("DROP TABLE %s", part); /* a name of our own making: the view's pattern */
    return postgres_script(db, script, e);
}

int months_drop(const struct maintenance *maintenance, int64_t *ret_count, struct error *e) {
    cleanup_result struct pg_result *months = NULL;
    int r = postgres_query(maintenance->db, &DETACHED, &months, e);
    for (int i = 0; !r && i < result_rows(months) && !maintenance_should_stop(maintenance); i++) {
        const char *part = result_text(months, i, 0);
        if (!maintenance->dry && config_bool(CONFIG_ARCHIVE_MONTHS))
            r = month_archive(maintenance->db, part, result_text(months, i, 2), e);
        if (!r && !maintenance->dry)
            r = drop(maintenance->db, part, e);
        *ret_count += !r;
    }
    return r;
}
