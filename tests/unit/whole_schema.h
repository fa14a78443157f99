/* A schema with a field of each kind, for the test and the fuzzer of what checks bodies and queries. */
#pragma once

#include "api/schema.h"

static const struct schema_field part_fields[] = {
    {"width", SCHEMA_INT, SCHEMA_REQUIRED, .least = 1, .most = 100},
    {NULL},
};
static const struct schema part = {"Part", part_fields};
static const struct schema_field fields[] = {
    {"name", SCHEMA_TEXT, SCHEMA_REQUIRED, .least = 1, .most = 5},
    {"email", SCHEMA_EMAIL},
    {"id", SCHEMA_ID, SCHEMA_NULLABLE},
    {"when", SCHEMA_TIME},
    {"count", SCHEMA_INT, .least = 1, .most = 10, .initial = "3"},
    {"share", SCHEMA_REAL, .least = 0, .most = 1},
    {"on", SCHEMA_BOOL},
    {"kind", SCHEMA_TEXT, .choices = SCHEMA_CHOICES("a", "b", "c")},
    {"tags", SCHEMA_LIST, .items = SCHEMA_TEXT, .least = 1, .most = 2},
    {"part", SCHEMA_OBJECT, .object = &part},
    {"free", SCHEMA_OBJECT},
    {"any", SCHEMA_ANY},
    {NULL},
};
static const struct schema whole = {"Whole", fields};
