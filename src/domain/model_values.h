/* What a provider says of its models, and what a preset says of how a model works, checked as JSON Schemas. Pure; any
 * thread. */
#pragma once

#include "base/json.h"

/* A provider's list of models; none: any. -EINVAL, naming what is wrong. */
int model_check_list(const json_t *models, const char *what, struct error *e);

/* A preset's additional_config. */
int model_check_config(const json_t *config, struct error *e);
/* The same as JSON Schema, for documents (borrowed). */
const char *model_config_schema(void);

/* An agent's rules of what waits for a person: [{"action"?, "text"?, "url"?, "ask"}]. */
int model_check_approvals(const json_t *approvals, struct error *e);
