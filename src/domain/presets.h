/* Presets: a model and how it thinks. Results are the JSON that clients get (free()). */
#pragma once

#include "base/json.h"
#include "domain/pages.h"
#include "domain/roles.h"

int presets_create(struct postgres *db, const struct caller *caller, const json_t *body, char **ret_json,
                   struct error *e);
/* `reference` is an id or the caller's name for it. */
int presets_get(struct postgres *db, const struct caller *caller, const char *reference, char **ret_json,
                struct error *e);
int presets_list(struct postgres *db, const struct caller *caller, const struct page *page, char **ret_json,
                 struct error *e);
