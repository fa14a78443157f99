/* JSON trees (jansson) with scope cleanup and reading helpers that name what is wrong. Any thread, one tree at a time.
 */
#pragma once

#include "base/error.h"
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

void cleanup_json_value(json_t **json);
/* json_t *name = NULL; also to own an argument that is not used otherwise, hence `unused` */
#define cleanup_json __attribute__((cleanup(cleanup_json_value), unused))

/* Parses strictly (no duplicate keys, no NUL escapes in strings); `what` names the text in the error. */
int json_parse(const char *data, size_t length, const char *what, json_t **ret_json, struct error *e);
int json_parse_file(const char *path, size_t limit, json_t **ret_json, struct error *e);

/* For jansson's dump functions: a price stays 49.9; 17 digits, the default, would show it as 49.899999999999999. */
#define JSON_READABLE_REALS JSON_REAL_PRECISION(15)

/* Compact text of a tree (free()). */
char *json_print(const json_t *json);

/* Reading members; the fallback is returned when the member is missing, null or of another kind. */
const char *json_text_or(const json_t *object, const char *key, const char *fallback);
int64_t json_int_or(const json_t *object, const char *key, int64_t fallback);
bool json_bool_or(const json_t *object, const char *key, bool fallback);
double json_real_or(const json_t *object, const char *key, double fallback);
