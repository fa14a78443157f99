/* A model as the configuration or the database has it (models_open of domain/models.h), made ready to be asked.
 * Any thread. */
#pragma once

#include "agent/llm/llm.h"

/* From {"provider", "kind", "base_url"? (empty: the kind's own), "api_key"?, "name", "source"? ("environment" or
 * "database"), "max_tokens"?, "extra"?, and what llm_settings_apply_model reads}. -EINVAL, ERROR_BAD_CONFIG, names what
 * is wrong; the caller frees. */
int llm_settings_from_model(const json_t *model, struct llm_settings *ret_settings, struct error *e);

/* Reads of a model's row, all optional: "context_tokens", "max_tokens", "vision", "input_price", "output_price",
 * "cached_price" (micro-units per million tokens), "extra" (members for each request). Only what it names is changed.
 */
void llm_settings_apply_model(struct llm_settings *settings, const json_t *model);
