/* JSON Schema: the part of draft 2020-12 that people use, to check what goes into an agent and what comes out.
 *
 * schema_check says whether a schema is one (when an agent is saved, not when it runs); schema_validate then compares a
 * value with it and lists everything that is wrong. It stands in base because agents (domain), scripts (agent), the
 * commands and the API all ask it. The keywords are the table in schema_table.h.
 *
 * Limits. $ref leads to "#", "#/$defs/NAME" or "#/definitions/NAME" of the same schema. Patterns are PCRE2 (UTF-8,
 * ECMAScript's \uXXXX; \d and \w are ASCII), their backtracking and time are bounded, and a text over 64 KiB is not
 * compared with one. Depth, work and the number of problems are bounded; whoever reaches a bound is told so. A schema
 * that passed schema_check never makes schema_validate run without end. Pure; any thread. */
#pragma once

#include "base/json.h"
#include "base/text.h"

#define SCHEMA_DEPTH_MAX    64
#define SCHEMA_PROBLEMS_MAX 100

/* `what` names the schema in errors ("input_schema"). Unknown keywords are errors: nothing is silently not checked. */
int schema_check(const json_t *schema, const char *what, struct error *e);

/* 0, or -EINVAL with everything that is wrong in `ret_problems` (the caller's; may be NULL): a list of
 * {"loc": [root, "member", 0, ...], "msg", "type"} as FastAPI has it. `root` begins every loc ("inputs"). */
int schema_validate(const json_t *schema, const json_t *value, const char *root, json_t **ret_problems,
                    struct error *e);

/* Puts `default` of the schema's properties where a member is missing, in `value` itself, as deep as it goes. */
void schema_fill(const json_t *schema, json_t *value);

/* A row of a table has texts only: members that the schema wants as numbers, truths, lists or objects become such when
 * their text reads as one, and empty texts of such members go. In `value` itself, its own members only. */
void schema_read_texts(const json_t *schema, json_t *value);

/* "inputs.age must be a whole number; ..." as far as it fits into an error. */
void schema_describe(const json_t *problems, struct text *out);
