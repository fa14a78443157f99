/* Providers of models that the configuration names: OPENAI_API_KEY and the like, and MODEL_PROVIDERS. Reads the
 * configuration only; any thread. */
#pragma once

#include "base/json.h"

/* [{"name","kind","base_url","api_key","models":[...]}...] in the shape of MODEL_PROVIDERS' values (json_decref, after
 * model_keys_wipe); -EINVAL, ERROR_BAD_CONFIG, naming what is wrong in it. A name of MODEL_PROVIDERS goes before
 * the single values. */
int model_environment_read(json_t **ret_providers, struct error *e);
/* Overwrites the keys of such a list. NULL is fine. */
void model_keys_wipe(json_t *providers);

bool model_kind_is_known(const char *kind);
/* Where a provider of this kind is reached when nobody says otherwise. */
const char *model_kind_base_url(const char *kind);
