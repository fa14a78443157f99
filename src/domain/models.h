/* Which models there are, who may use them, and what calling one takes. A model's id is "provider/name"; providers are
 * those of the database and of the environment (model_providers.h), looked at anew each time. */
#pragma once

#include "base/json.h"
#include "domain/roles.h"
#include "store/postgres.h"

/* {"items":[{"id","provider","name","label","kind","source","context_tokens","vision","input_price","output_price",
 * "cached_price","min_role","any"}...]}: what the caller's role may use. "any": the provider names no models, so each
 * of its own may be asked for (the name is "*"). free(). */
int models_list(struct postgres *db, const struct caller *caller, char **ret_json, struct error *e);

/* Whether somebody of this role may use it now ("script": always); -EINVAL, ERROR_BAD_INPUT, saying why not. */
int models_check(struct postgres *db, enum role role, const char *ai_model, struct error *e);

/* The same, with all that calling it takes: {"provider","kind","base_url","api_key","name","context_tokens","vision",
 * "input_price","output_price","cached_price"}, its key opened (models_close). `db` NULL: the configuration's providers
 * alone. */
int models_open(struct postgres *db, enum role role, const char *ai_model, json_t **ret_model, struct error *e);
/* Wipes the key and frees. Takes NULL. */
void models_close(json_t *model);

/* Whether any provider is switched on. */
int models_exist(struct postgres *db, bool *ret_exist, struct error *e);
