/* API keys: what programs sign in with. Only digests (hexadecimal) are kept. Results are the JSON that clients get
 * (free()). */
#pragma once

#include "base/error.h"
#include "base/json.h"
#include "domain/pages.h"
#include "domain/roles.h"
#include "store/postgres.h"

/* `body`: name, scopes, expires_at. `prefix`: the key's first characters, for people. */
int api_keys_create(struct postgres *db, const struct caller *caller, const json_t *body, const char *digest,
                    const char *prefix, char **ret_json, struct error *e);
int api_keys_list(struct postgres *db, const struct caller *caller, const struct list_query *query, char **ret_json,
                  struct error *e);
int api_keys_delete(struct postgres *db, const struct caller *caller, const char *id, char **ret_json, struct error *e);
