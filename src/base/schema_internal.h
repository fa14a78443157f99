/* The insides of schema*.c. */
#pragma once

#include "base/schema.h"
#include "base/schema_table.h"

/* What a keyword's value in the schema must be. */
enum schema_argument {
    ARGUMENT_VALUE,
    ARGUMENT_VALUES,
    ARGUMENT_TEXT,
    ARGUMENT_TEXTS,
    ARGUMENT_TEXT_LISTS, /* an object of lists of texts */
    ARGUMENT_BOOL,
    ARGUMENT_NUMBER,
    ARGUMENT_POSITIVE,
    ARGUMENT_COUNT,
    ARGUMENT_TYPES,
    ARGUMENT_SCHEMA,
    ARGUMENT_SCHEMAS,
    ARGUMENT_MEMBERS, /* an object of schemas */
    ARGUMENT_PATTERN_MEMBERS,
    ARGUMENT_PATTERN,
    ARGUMENT_FORMAT,
    ARGUMENT_REFERENCE,
    ARGUMENT_DIALECT,
};

/* Where in the value: a list on the stack, innermost first. */
struct schema_place {
    const struct schema_place *up;
    const char *key; /* NULL: `index` counts */
    size_t index;
};

/* One comparison of a value with a schema. */
struct schema_run {
    const json_t *root;
    json_t *problems; /* of the schema that is being compared now */
    int64_t work;     /* schemas and members looked at so far */
    int64_t pattern_deadline;
    int depth;
    bool exhausted; /* a bound was reached; said once */
};

/* One keyword on one value. */
struct schema_call {
    struct schema_run *run;
    const json_t *schema, *argument, *value;
    const struct schema_place *place;
};

typedef void schema_apply(const struct schema_call *call);

/* Compares; problems are added to the run's. */
void schema_compare(struct schema_run *run, const json_t *schema, const json_t *value,
                    const struct schema_place *place);
/* The problems alone (the caller's list). */
json_t *schema_compare_apart(struct schema_run *run, const json_t *schema, const json_t *value,
                             const struct schema_place *place);
/* Counts work; false when there was too much: nothing is looked at any more. */
bool schema_may_go_on(struct schema_run *run, const struct schema_place *place, int64_t more);

void schema_problem(struct schema_run *run, const struct schema_place *place, const char *type, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* The schema that "#/$defs/x" means, NULL when there is none. */
const json_t *schema_find(const json_t *root, const char *reference);
/* The type's row by its name, -1: none; whether a value is of it. */
int schema_type_find(const char *name);
bool schema_type_fits(int type, const json_t *value);
const char *schema_type_words(int type);
/* Equal as JSON values: 1 and 1.0 are. */
bool schema_same(const json_t *a, const json_t *b);

/* schema_format.c: NULL when there is no such format; what it expects, in words. */
struct schema_format {
    const char *name, *words;
    bool (*fits)(const char *text);
};
const struct schema_format *schema_format_find(const char *name);
const char *schema_format_name_at(size_t i); /* NULL ends */

/* schema_pattern.c */
int schema_pattern_check(const char *pattern, const char *path, struct error *e);
/* Adds a problem itself when the comparison takes too long (the answer is then true). */
bool schema_pattern_fits(struct schema_run *run, const struct schema_place *place, const char *pattern,
                         const char *text);

/* schema_apply.c, schema_members.c: those of the table. */
extern schema_apply apply_ref, apply_type, apply_enum, apply_const, apply_minimum, apply_maximum,
    apply_exclusive_minimum, apply_exclusive_maximum, apply_multiple_of, apply_min_length, apply_max_length,
    apply_pattern, apply_format, apply_min_items, apply_max_items, apply_unique_items, apply_prefix_items, apply_items,
    apply_contains, apply_min_properties, apply_max_properties, apply_required, apply_dependent_required,
    apply_properties, apply_pattern_properties, apply_additional_properties, apply_property_names,
    apply_dependent_schemas, apply_all_of, apply_any_of, apply_one_of, apply_not, apply_if;
