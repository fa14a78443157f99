/* Users as administrators manage them; what they may do to their own account is accounts.h's. Results are the JSON that
 * clients get (free()).
 *
 * The rules, held by the statements: an administrator sees everybody; nobody changes or deletes a user of their own
 * role or a higher one, themselves excepted; nobody gives a role above their own; the last active super_admin stays. */
#pragma once

#include "base/json.h"
#include "domain/pages.h"

struct user_filter {
    const char *role, *is_active /* "true", "false" */; /* NULL: all */
};
/* Sorts: created_at, email, name, role, last_seen_at. */
int users_list(struct postgres *db, const struct caller *caller, const struct list_query *query,
               const struct user_filter *filter, char **ret_json, struct error *e);
/* Oneself, or anybody for administrators. */
int users_get(struct postgres *db, const struct caller *caller, const char *id, char **ret_json, struct error *e);
/* {"email","name","role"}. `password_hash` NULL: signs in once a password was set by a link. */
int users_create(struct postgres *db, const struct caller *caller, const json_t *body, const char *password_hash,
                 char **ret_json, struct error *e);
/* {"name","role","is_active"}, those that are given. `revision` as in presets_patch. */
int users_patch(struct postgres *db, const struct caller *caller, const char *id, int64_t revision, const json_t *body,
                char **ret_json, struct error *e);
/* With everything they own; ERROR_CONFLICT while threads of theirs have not ended. */
int users_delete(struct postgres *db, const struct caller *caller, const char *id, int64_t revision, char **ret_json,
                 struct error *e);
