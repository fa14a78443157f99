/* Holds what a client sent against a schema and names everything that is wrong with it, in FastAPI's words:
 * [{"loc":["body","name"],"msg":"Field required","type":"missing"}, ...]. Any thread. */
#pragma once

#include "api/schema.h"

/* Where wrong fields are collected; `detail` stays NULL while nothing is wrong. */
struct complaints {
    json_t *detail;
};
void complaints_done(struct complaints *complaints);
#define cleanup_complaints __attribute__((cleanup(complaints_done))) /* struct complaints name = {0}; */

#define COMPLAINTS_MAX 50

/* `loc` is an array like ["body","name"] (borrowed). */
void complain(struct complaints *complaints, const json_t *loc, const char *type, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* Parses the body's bytes and checks them. The object, with defaults filled in, is the caller's; NULL when something
 * was wrong. */
json_t *schema_check_body(const struct schema *schema, const char *data, size_t length, struct complaints *complaints);

/* The same for a query as it was sent ("a=1&b=2"): members have the kinds of their fields. */
json_t *schema_check_query(const struct schema *schema, const char *query, struct complaints *complaints);

/* An object that somebody has parsed already. */
void schema_check_object(const struct schema *schema, json_t *object, json_t *loc, struct complaints *complaints);
