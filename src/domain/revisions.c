#include "domain/revisions.h"
#include "base/memory.h"
#include "domain/agents.h"
#include "domain/presets.h"
#include "domain/sql.h"

#define OBJECT(table)                                                                                                  \
    "WITH object AS (SELECT x.id, x.revision FROM " table                                                              \
    " x WHERE " SQL_IS_REFERENCED("x", "$3") " AND " SQL_MAY("x") " ORDER BY x.owner_id = $1::uuid DESC LIMIT 1) "

#define BEFORE(revisions, key)                                                                                         \
    "LEFT JOIN LATERAL (SELECT b.revision, b.body FROM " revisions " b WHERE b." key                                   \
    " = o.id AND b.revision < r.revision ORDER BY b.revision DESC LIMIT 1) p ON true "

#define LIST(table, revisions, key)                                                                                    \
    OBJECT(table)                                                                                                      \
    "SELECT json_build_object('items', coalesce(json_agg(json_build_object('revision', r.revision, 'created_at', "     \
    "rfc3339(r.created_at), 'is_current', r.revision = o.revision, 'changed', (SELECT coalesce(json_agg(m.key ORDER "  \
    "BY m.key), '[]'::json) FROM jsonb_each(r.body) m WHERE p.body IS NOT NULL AND m.value IS DISTINCT FROM "          \
    "p.body -> m.key)) ORDER BY r.revision DESC) FILTER (WHERE r.revision IS NOT NULL), '[]'::json), "                 \
    "'next_before', CASE WHEN count(r.revision) = $5::int THEN min(r.revision) END) FROM object o "                    \
    "LEFT JOIN LATERAL (SELECT * FROM " revisions " l WHERE l." key                                                    \
    " = o.id AND l.revision < $4::bigint ORDER BY l.revision DESC LIMIT $5::int) r ON true " BEFORE(                   \
        revisions, key) "GROUP BY o.id"

#define GET(table, revisions, key)                                                                                     \
    OBJECT(table)                                                                                                      \
    "SELECT json_build_object('revision', r.revision, 'created_at', rfc3339(r.created_at), 'is_current', "             \
    "r.revision = o.revision, 'body', r.body, 'previous', p.revision, 'changes', (SELECT coalesce(json_object_agg("    \
    "m.key, json_build_object('from', p.body -> m.key, 'to', m.value) ORDER BY m.key), '{}'::json) FROM "              \
    "jsonb_each(r.body) m WHERE p.body IS NOT NULL AND m.value IS DISTINCT FROM p.body -> m.key)) FROM object o JOIN " \
    "" revisions " r ON r." key " = o.id AND r.revision = $4::bigint " BEFORE(revisions, key)

/* Columns that came after a revision was written keep what they are. */
static const struct statement RESTORE_PRESET = {
    "revisions_restore_preset",
    OBJECT("presets") "UPDATE presets p SET name = n.name, description = n.description, ai_model = n.ai_model, "
                      "temperature = n.temperature, max_tokens = n.max_tokens, system_prompt = n.system_prompt, "
                      "additional_config = n.additional_config FROM object o JOIN preset_revisions r ON r.preset_id = "
                      "o.id AND r.revision = $4::bigint JOIN presets x ON x.id = o.id "
                      "CROSS JOIN LATERAL jsonb_populate_record(x, r.body) n WHERE p.id = o.id AND " SQL_IS_EXPECTED(
                          "p", "$5") " RETURNING p.id"};

static const struct statement RESTORE_AGENT = {
    "revisions_restore_agent",
    OBJECT("agents") "UPDATE agents a SET preset_id = n.preset_id, name = n.name, description = n.description, "
                     "is_active = n.is_active, personal_instructions = n.personal_instructions, "
                     "script = nullif(n.script, 'null'), input_schema = nullif(n.input_schema, 'null'), "
                     "result_schema = nullif(n.result_schema, 'null'), "
                     "browser_config = n.browser_config, repeat_after_loss = n.repeat_after_loss, approvals = "
                     "n.approvals FROM object o JOIN "
                     "agent_revisions r ON r.agent_id = o.id AND r.revision = $4::bigint JOIN agents x ON x.id = o.id "
                     "CROSS JOIN LATERAL jsonb_populate_record(x, r.body) n WHERE a.id = o.id AND " SQL_IS_EXPECTED(
                         "a", "$5") " RETURNING a.id"};

static const struct statement LIST_PRESET = {"revisions_list_preset", LIST("presets", "preset_revisions", "preset_id")};
static const struct statement LIST_AGENT = {"revisions_list_agent", LIST("agents", "agent_revisions", "agent_id")};
static const struct statement GET_PRESET = {"revisions_get_preset", GET("presets", "preset_revisions", "preset_id")};
static const struct statement GET_AGENT = {"revisions_get_agent", GET("agents", "agent_revisions", "agent_id")};

static const struct {
    const char *name;
    const struct statement *list, *get, *restore;
    int (*get_object)(struct postgres *, const struct caller *, const char *, char **, struct error *);
} kinds[] = {
    [REVISIONS_OF_PRESETS] = {"preset", &LIST_PRESET, &GET_PRESET, &RESTORE_PRESET, presets_get},
    [REVISIONS_OF_AGENTS] = {"agent", &LIST_AGENT, &GET_AGENT, &RESTORE_AGENT, agents_get},
};

/* The object is missing, or this revision of it. */
static int explain(struct postgres *db, const struct caller *caller, enum revisions_kind kind, const char *reference,
                   int64_t revision, struct error *e) {
    cleanup_free char *object = NULL;
    int r = kinds[kind].get_object(db, caller, reference, &object, e);
    if (r < 0)
        return r;
    error_set(e, ENOENT, ERROR_NOT_FOUND, "the %s %s has no revision %lld", kinds[kind].name, reference,
              (long long)revision);
    error_hint(e, "`replinet %s revisions %s` lists those that are kept", kinds[kind].name, reference);
    return -ENOENT;
}

int revisions_list(struct postgres *db, const struct caller *caller, enum revisions_kind kind, const char *reference,
                   int64_t before, char **ret_json, struct error *e) {
    int r = postgres_value(db, kinds[kind].list, ret_json, e, SQL_CALLER(caller), reference,
                           SQL_INT(before > 0 ? before : INT64_MAX), SQL_INT(REVISIONS_LIMIT));
    return sql_missing(r, kinds[kind].name, reference, e);
}

int revisions_get(struct postgres *db, const struct caller *caller, enum revisions_kind kind, const char *reference,
                  int64_t revision, char **ret_json, struct error *e) {
    int r = postgres_value(db, kinds[kind].get, ret_json, e, SQL_CALLER(caller), reference, SQL_INT(revision));
    return r == -ENOENT ? explain(db, caller, kind, reference, revision, e) : r;
}

/* The object is missing, or this revision of it, or it is not as the caller knew it. */
static int explain_unrestored(struct postgres *db, const struct caller *caller, enum revisions_kind kind,
                              const char *reference, int64_t revision, struct error *e) {
    cleanup_free char *kept = NULL;
    return sql_stale(revisions_get(db, caller, kind, reference, revision, &kept, e), kinds[kind].name, e);
}

int revisions_restore(struct postgres *db, const struct caller *caller, enum revisions_kind kind, const char *reference,
                      int64_t revision, int64_t expected, char **ret_json, struct error *e) {
    cleanup_free char *id = NULL;
    struct error missing = {0};
    int r = postgres_value(db, kinds[kind].restore, &id, &missing, SQL_CALLER(caller), reference, SQL_INT(revision),
                           SQL_INT(expected));
    if (r == -ENOENT && missing.code == ERROR_NOT_FOUND)
        return explain_unrestored(db, caller, kind, reference, revision, e);
    if (r < 0) {
        if (e)
            *e = missing;
        return r;
    }
    return kinds[kind].get_object(db, caller, id, ret_json, e);
}
