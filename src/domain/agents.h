/* Agents: a preset with instructions, a script and a browser. Results are the JSON that clients get (free()). */
#pragma once

#include "base/json.h"
#include "domain/pages.h"
#include "domain/roles.h"

/* `preset_id` in the body may be the preset's id or its name. Whoever knows scripts checks the script before. */
int agents_create(struct postgres *db, const struct caller *caller, const json_t *body, char **ret_json,
                  struct error *e);
/* Creates, or replaces the caller's agent of this name: what the body leaves out takes its default. */
int agents_put(struct postgres *db, const struct caller *caller, const json_t *body, char **ret_json, struct error *e);
/* Changes what the body gives. `revision` is what the caller has seen (ERROR_STALE when it is another by now; 0: any).
 */
int agents_patch(struct postgres *db, const struct caller *caller, const char *reference, int64_t revision,
                 const json_t *body, char **ret_json, struct error *e);
/* What was deleted; its threads stay. ERROR_CONFLICT while one of them has not ended. */
int agents_delete(struct postgres *db, const struct caller *caller, const char *reference, int64_t revision,
                  char **ret_json, struct error *e);
/* `reference` is an id or the caller's name for it. */
int agents_get(struct postgres *db, const struct caller *caller, const char *reference, char **ret_json,
               struct error *e);

struct agent_filter {
    const char *preset_id, *is_active /* "true", "false" */, *status; /* NULL: all */
};
/* Sorts: created_at, updated_at, name, last_thread_at, threads_total. */
int agents_list(struct postgres *db, const struct caller *caller, const struct list_query *query,
                const struct agent_filter *filter, char **ret_json, struct error *e);
/* A new agent of the caller's, named "... (copy)". */
int agents_duplicate(struct postgres *db, const struct caller *caller, const char *reference, char **ret_json,
                     struct error *e);
