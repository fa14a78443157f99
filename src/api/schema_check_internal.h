/* What the files of schema_check.h share. */
#pragma once

#include "api/schema_check.h"

/* `loc` gets longer and shorter again while members are looked at. */
void schema_check_value(const struct schema_field *field, json_t *value, json_t *loc, struct complaints *complaints);
const struct schema_field *schema_find_field(const struct schema *schema, const char *name);
void schema_complain_unknown(const struct schema *schema, const char *name, json_t *loc, struct complaints *complaints);
void schema_fill_missing(const struct schema *schema, json_t *object, json_t *loc, struct complaints *complaints);
