#include "domain/system_events.h"
#include "base/memory.h"
#include "domain/sql.h"
#include <unistd.h>

static const struct {
    const char *kind, *level;
} kinds[] = {
#define X(id, kind, level, doc) {kind, level},
    SYSTEM_EVENT_TABLE(X)
#undef X
};

static const struct statement WRITE = {"system_events_write",
                                       "INSERT INTO system_events (kind, level, service, host, message, data) "
                                       "VALUES ($1, $2::event_level, $3, $4, $5, $6::jsonb)"};

static const struct statement READ = {
    "system_events_read",
    HISTORY_STATEMENT("$2::user_role >= 'admin' AND $1::uuid IS NOT NULL", "system_events",
                      "json_build_object('id', x.id, 'time', rfc3339(x.time), 'kind', x.kind, 'level', x.level, "
                      "'service', x.service, 'host', x.host, 'message', x.message, 'data', x.data)",
                      HISTORY_IS_BELOW("x.kind", "$7") " AND ($8::event_level IS NULL OR x.level >= $8::event_level)")};

int system_events_write(struct postgres *db, enum system_event event, const char *service, const char *message,
                        const json_t *data, struct error *e) {
    char host[65] = "";
    cleanup_free char *text = data ? json_print(data) : NULL;
    gethostname(host, sizeof host - 1);
    return postgres_query(db, &WRITE, NULL, e, kinds[event].kind, kinds[event].level, service, host, message, text);
}

int system_events_read(struct postgres *db, const struct caller *caller, const struct system_event_filter *filter,
                       const struct history_span *span, char **ret_json, struct error *e) {
    int r = history_check(span, e);
    if (!r)
        r = postgres_value(db, &READ, ret_json, e, HISTORY_VALUES(caller, span), filter->kind, filter->level);
    return r == -ENOENT ? error_set(e, EACCES, ERROR_FORBIDDEN, "only administrators may read the system's events") : r;
}
