#include "domain/audit.h"
#include "domain/sql.h"

static const struct statement WRITE = {
    "audit_write",
    "INSERT INTO audit_events (actor_id, actor_role, via, address, request_id, action, object_kind, object_id, "
    "object_name, before, after) "
    "SELECT $1::uuid, $2::user_role, $3, left($4, 200), left($5, 200), $6, $7, coalesce(b->>'id', a->>'id', ''), "
    "left(coalesce(a->>'name', b->>'name', ''), 200), audit_hide_secrets(audit_difference(b, a)), "
    "audit_hide_secrets(audit_difference(a, b)) FROM (SELECT $8::jsonb AS b, $9::jsonb AS a) x"};

static const struct statement READ = {
    "audit_read",
    HISTORY_STATEMENT(
        "true", "audit_events",
        "json_build_object('id', x.id, 'time', rfc3339(x.time), 'actor_id', x.actor_id, 'actor_email', "
        "(SELECT u.email FROM users u WHERE u.id = x.actor_id), 'actor_role', x.actor_role, 'via', x.via, "
        "'address', x.address, 'request_id', x.request_id, 'action', x.action, 'object_kind', x.object_kind, "
        "'object_id', x.object_id, 'object_name', x.object_name, 'before', x.before, 'after', x.after)",
        "(x.actor_id = $1::uuid OR $2::user_role >= 'admin') AND ($7::uuid IS NULL OR x.actor_id = $7::uuid) "
        "AND ($8::text IS NULL OR x.object_id = $8::text) AND " HISTORY_IS_BELOW("x.action", "$9"))};

static const char *text_or_empty(const char *text) {
    return text ? text : "";
}

int audit_write(struct postgres *db, const struct caller *caller, const struct audit_origin *origin,
                const struct audit_change *change, struct error *e) {
    return postgres_query(db, &WRITE, NULL, e, caller ? caller->id : NULL, caller ? role_name(caller->role) : NULL,
                          origin->via, text_or_empty(origin->address), text_or_empty(origin->request_id),
                          change->action, change->object_kind, change->before, change->after);
}

int audit_read(struct postgres *db, const struct caller *caller, const struct audit_filter *filter,
               const struct history_span *span, char **ret_json, struct error *e) {
    int r = history_check(span, e);
    return r < 0 ? r
                 : postgres_value(db, &READ, ret_json, e, HISTORY_VALUES(caller, span), filter->actor_id,
                                  filter->object_id, filter->action);
}
