/* Who changed what: an append-only list. An entry is written in the transaction of the change that it tells of, so that
 * there is neither without the other. Secrets are hidden by the database (audit_hide_secrets). */
#pragma once

#include "domain/history.h"
#include "store/postgres.h"

/* How the caller came; members may be NULL. */
struct audit_origin {
    const char *via;        /* "cli", "api" */
    const char *address;    /* from where: an IP address, a local user */
    const char *request_id; /* of the HTTP request */
};

struct audit_change {
    const char *action;      /* "agent.create" */
    const char *object_kind; /* "agent" */
    const char *before;      /* the object as JSON; NULL: it was not there. Its id and name are taken from here, */
    const char *after;       /* or from here. Of two only what differs is kept. */
};

/* `caller` NULL: the system itself. Call it within the transaction of the change. */
int audit_write(struct postgres *db, const struct caller *caller, const struct audit_origin *origin,
                const struct audit_change *change, struct error *e);

struct audit_filter { /* NULL: all */
    const char *actor_id, *object_id;
    const char *action; /* "agent" means "agent.create" too */
};
/* {"items":[{"id","time","actor_id","actor_email","actor_role","via","address","request_id","action","object_kind",
 * "object_id","object_name","before","after"}...],"next_cursor"}; free(). Administrators see all, others what they did
 * themselves. */
int audit_read(struct postgres *db, const struct caller *caller, const struct audit_filter *filter,
               const struct history_span *span, char **ret_json, struct error *e);
