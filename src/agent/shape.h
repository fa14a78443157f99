/* Shapes: what a JSON value of the script language may look like, as tables.
 *
 * One table of fields gives the check with its messages ("steps[3].click.rolle is not known; did you mean role?"), the
 * expansion of shorthands, the reference page and, later, the schemas handed to models. Shapes are constant; any
 * thread.
 */
#pragma once

#include "base/json.h"
#include "base/text.h"

enum field_kind {
    FIELD_TEXT,
    FIELD_INT,
    FIELD_NUMBER,
    FIELD_BOOL,
    FIELD_ANY,
    FIELD_SHAPE,  /* an object of `shape` (or its shorthand) */
    FIELD_MAP,    /* an object whose members are all of `shape` */
    FIELD_SHAPES, /* a list of objects of `shape` (or its shorthand) */
    FIELD_TEXTS,  /* a list of texts, each one of `choices` */
    FIELD_STEPS,  /* a list of steps: checked by `check`, never expanded here */
};

struct shape;
typedef int shape_checker(const json_t *value, const char *path, struct error *e);

struct field {
    const char *name; /* NULL ends a list */
    enum field_kind kind;
    const char *doc;
    const struct shape *shape;
    const char *choices; /* "a|b|c", NULL: any text */
    int64_t least, most; /* FIELD_INT; both 0: any */
    double from, to;     /* FIELD_NUMBER */
    bool required;
    shape_checker *check; /* FIELD_STEPS */
    bool model_only;      /* for tools of models: scripts cannot use it, and nothing written about them tells of it */
};

struct shape {
    const char *name, *doc;
    const struct field *fields;
    const struct shape *base;               /* its fields belong to this shape too; NULL: none */
    const char *shorthand;                  /* the field that a bare text or number stands for; NULL: none */
    json_t *(*from_text)(const char *text); /* instead of `shorthand`, when more than one field comes of a text */
    bool open;                              /* any other member is fine, with any value */
    shape_checker *check;                   /* what fields alone cannot say; NULL: nothing */
};

/* Checks a value; `path` leads to it. A text with "{{" passes where a number or choice belongs: it is checked again
 * when its value is known. */
int shape_check(const struct shape *shape, const json_t *value, const char *path, struct error *e);

/* Numbers and truths that came out of templates where a text belongs become that text: returns the value, or a new one
 * in its place. `value` is stolen. */
json_t *shape_make_texts(const struct shape *shape, json_t *value);

/* The value with every shorthand written out; it must have passed the check. The caller's reference. */
json_t *shape_expand(const struct shape *shape, const json_t *value);

/* Calls `visit` for every object in an expanded value that has a member which is `model_only`; `path` leads to it.
 * Steps inside are not looked into. Stops at the first failure. */
typedef int shape_visitor(void *user, json_t *object, const char *path, struct error *e);
int shape_visit(const struct shape *shape, json_t *value, const char *path, shape_visitor *visit, void *user,
                struct error *e);

/* Markdown: a table row per field. */
void shape_print(const struct shape *shape, struct text *out);

/* "; did you mean X?" for the nearest of the names that `next` lists (NULL ends), or "". `text` has room for 96. */
const char *shape_suggest(const char *wrong, const char *(*next)(const void *list, size_t i), const void *list,
                          char text[96]);
const struct field *shape_field(const struct shape *shape, const char *name);
