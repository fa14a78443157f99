/* Providers of models that administrators set up in the database. A key comes in, is sealed with a subkey of SECRET_KEY
 * bound to the provider's id, and never goes out ("has_key" says whether there is one); models.h opens it for who calls
 * the provider. A provider goes before one of the environment (model_environment.h) with its name, also while it is
 * switched off. Results are the JSON that clients get (free()). `reference` is an id or a name. */
#pragma once

#include "base/json.h"
#include "domain/roles.h"
#include "store/postgres.h"

/* {"name","kind","base_url","api_key","is_active","models":[...]}. */
int model_providers_create(struct postgres *db, const struct caller *caller, const json_t *body, char **ret_json,
                           struct error *e);
int model_providers_get(struct postgres *db, const struct caller *caller, const char *reference, char **ret_json,
                        struct error *e);
/* {"items":[...]}: those of the database, then those of the environment ("source": "environment", no id). */
int model_providers_list(struct postgres *db, const struct caller *caller, char **ret_json, struct error *e);
/* Another address or kind needs the key in the same change: who may only manage a provider cannot send its key
 * somewhere else. `revision` as in presets_patch. ERROR_CONFLICT for one of the environment. */
int model_providers_patch(struct postgres *db, const struct caller *caller, const char *reference, int64_t revision,
                          const json_t *body, char **ret_json, struct error *e);
int model_providers_delete(struct postgres *db, const struct caller *caller, const char *reference, int64_t revision,
                           char **ret_json, struct error *e);
