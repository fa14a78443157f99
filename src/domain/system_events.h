/* What happened to the instance: an append-only list, newest first. Readable by administrators. */
#pragma once

#include "base/json.h"
#include "domain/history.h"
#include "domain/system_event_table.h"
#include "store/postgres.h"

enum system_event {
#define X(id, kind, level, doc) SYSTEM_EVENT_##id,
    SYSTEM_EVENT_TABLE(X)
#undef X
        SYSTEM_EVENT_COUNT
};

/* `service`: the process that saw it ("worker"). `data` (NULL: none) is borrowed. */
int system_events_write(struct postgres *db, enum system_event event, const char *service, const char *message,
                        const json_t *data, struct error *e);

struct system_event_filter {
    const char *kind;  /* NULL: all; "disk" means "disk.low" too */
    const char *level; /* NULL: all; else this level and graver ones */
};
/* {"items":[{"id","time","kind","level","service","host","message","data"}...],"next_cursor"}; free().
 * ERROR_FORBIDDEN for all but administrators. */
int system_events_read(struct postgres *db, const struct caller *caller, const struct system_event_filter *filter,
                       const struct history_span *span, char **ret_json, struct error *e);
