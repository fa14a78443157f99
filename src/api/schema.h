/* Schemas: what a query, a body or an answer looks like, as rows of fields.
 *
 * One row of a field gives its check (schema_check.h), its place in the OpenAPI document (openapi.h) and its words. All
 * are constants; any thread. (JSON Schema, which users write, is base/schema.h.) A resource keeps its schemas beside
 * its routes (presets.c is the example). */
#pragma once

#include "base/json.h"

enum schema_kind {
    SCHEMA_TEXT,   /* bounds: characters; most 0: 200 */
    SCHEMA_INT,    /* bounds: value; both 0: none */
    SCHEMA_REAL,   /* bounds: value; both 0: none */
    SCHEMA_BOOL,   /* in a query: true, false, 1, 0 */
    SCHEMA_OBJECT, /* with `object`: its fields; else any members */
    SCHEMA_LIST,   /* of `items` (with `choices`, `object`); bounds: count. In a query: repeated, or with commas */
    SCHEMA_ANY,    /* any JSON */
    SCHEMA_ID,     /* a UUID */
    SCHEMA_TIME,   /* RFC 3339 in UTC */
    SCHEMA_EMAIL
};

enum schema_flags {
    SCHEMA_REQUIRED = 1,
    SCHEMA_NULLABLE = 2,
    SCHEMA_SECRET = 4 /* never logged, never shown in a complaint */
};

struct schema;

struct schema_field {
    const char *name; /* NULL ends the fields */
    enum schema_kind kind;
    unsigned flags;
    double least, most;
    const char *const *choices; /* NULL: anything; ends with NULL */
    enum schema_kind items;
    const struct schema *object;
    const char *initial; /* JSON text of what a missing member means; put into requests. NULL: nothing */
    const char *doc, *example /* JSON text */;
};

struct schema {
    const char *name; /* "Preset": of the component in the OpenAPI document */
    const struct schema_field *fields;
    const char *doc;
    bool partial; /* of a PATCH: nothing is required and nothing has a default */
    bool open;    /* of an answer: any JSON, not just an object of these fields */
};

#define SCHEMA_CHOICES(...) ((const char *const[]){__VA_ARGS__, NULL})

/* Fields that many answers have. */
#define SCHEMA_OBJECT_FIELDS                                                                                           \
    {"id", SCHEMA_ID, SCHEMA_REQUIRED, .doc = "UUIDv7."},                                                              \
        {"created_at", SCHEMA_TIME, SCHEMA_REQUIRED, .doc = "When it was made."},                                      \
        {"updated_at", SCHEMA_TIME, SCHEMA_REQUIRED, .doc = "When it was last changed."}, {                            \
        "revision", SCHEMA_INT, SCHEMA_REQUIRED, .least = 1, .most = 9e15, .doc = "Counts changes; the ETag."          \
    }
#define SCHEMA_OWNER_FIELDS                                                                                            \
    {"owner_id", SCHEMA_ID, SCHEMA_REQUIRED, .doc = "Whose it is."}, {                                                 \
        "team_id", SCHEMA_ID, SCHEMA_REQUIRED | SCHEMA_NULLABLE, .doc = "The team that shares it."                     \
    }
