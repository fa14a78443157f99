/* Presets: a model and how it thinks. Results are the JSON that clients get (free()). */
#pragma once

#include "base/json.h"
#include "domain/pages.h"
#include "domain/roles.h"

int presets_create(struct postgres *db, const struct caller *caller, const json_t *body, char **ret_json,
                   struct error *e);
/* Creates, or replaces the caller's preset of this name: what the body leaves out takes its default. */
int presets_put(struct postgres *db, const struct caller *caller, const json_t *body, char **ret_json, struct error *e);
/* Changes what the body gives. `revision` is what the caller has seen (ERROR_STALE when it is another by now; 0: any).
 */
int presets_patch(struct postgres *db, const struct caller *caller, const char *reference, int64_t revision,
                  const json_t *body, char **ret_json, struct error *e);
/* What was deleted; ERROR_CONFLICT while agents use it. */
int presets_delete(struct postgres *db, const struct caller *caller, const char *reference, int64_t revision,
                   char **ret_json, struct error *e);
/* `reference` is an id or the caller's name for it. */
int presets_get(struct postgres *db, const struct caller *caller, const char *reference, char **ret_json,
                struct error *e);
/* Sorts: created_at, updated_at, name, ai_model. `ai_model` NULL: all. */
int presets_list(struct postgres *db, const struct caller *caller, const struct list_query *query, const char *ai_model,
                 char **ret_json, struct error *e);
