/* What a preset or an agent was at each of its edits. Written by triggers (db/migrations/0002_presets_agents.sql); read
 * and restored here. Results are the JSON that clients get (free()). */
#pragma once

#include "base/error.h"
#include "domain/roles.h"
#include "store/postgres.h"

#define REVISIONS_LIMIT 500

enum revisions_kind { REVISIONS_OF_PRESETS, REVISIONS_OF_AGENTS };

/* {"items":[{"revision","created_at","is_current","changed":[names of members that the one before had otherwise]}...],
 * "next_before"}, newest first, at most REVISIONS_LIMIT with a number below `before` (0: from the newest).
 * `reference` is the object's id or the caller's name for it. */
int revisions_list(struct postgres *db, const struct caller *caller, enum revisions_kind kind, const char *reference,
                   int64_t before, char **ret_json, struct error *e);

/* {"revision","created_at","is_current","body","previous","changes":{member:{"from","to"}}}; `previous` is the number
 * of the one before that is still kept, or null. */
int revisions_get(struct postgres *db, const struct caller *caller, enum revisions_kind kind, const char *reference,
                  int64_t revision, char **ret_json, struct error *e);

/* Makes the object what it was: an edit like any other, so it gets a new revision. Owner and team stay. `expected` is
 * the revision that the caller knows as the current one (0: any). The answer is the object. */
int revisions_restore(struct postgres *db, const struct caller *caller, enum revisions_kind kind, const char *reference,
                      int64_t revision, int64_t expected, char **ret_json, struct error *e);
