/* What an object that a client sends may contain: a table of members per object. */
#pragma once

#include "base/json.h"

enum field_kind { FIELD_TEXT, FIELD_INT, FIELD_REAL, FIELD_BOOL, FIELD_OBJECT, FIELD_ANY };

struct field {
    const char *name; /* NULL ends the table */
    enum field_kind kind;
    bool required;
};

/* -EINVAL, ERROR_BAD_INPUT, naming the first member that is unknown, missing or of a wrong kind. null means absent. */
int fields_check(const char *what, const struct field *fields, const json_t *object, struct error *e);
/* The same for a change: nothing is required, but what is required of a whole object may not become null. */
int fields_check_change(const char *what, const struct field *fields, const json_t *object, struct error *e);
/* The members of `object` that the table names (json_decref). */
json_t *fields_pick(const struct field *fields, const json_t *object);
