/* What a command that works on the database begins with: the connection, and the person it acts as. Whoever may run it
 * (root, or a Replinet user) acts as the instance's local administrator. */
#pragma once

#include "base/json.h"
#include "domain/audit.h"
#include "domain/roles.h"
#include "store/postgres.h"
#include "store/redis.h"

struct cli_session {
    struct postgres db;
    struct redis redis;
    struct caller caller;
};

int session_open(struct cli_session *ret_session, struct error *e);
void session_close(struct cli_session *session);
#define cleanup_session __attribute__((cleanup(session_close))) /* struct cli_session name = {0}; */

/* Notes a change (domain/audit.h) that the caller makes here; within its transaction. */
int session_audit(struct cli_session *session, const struct audit_change *change, struct error *e);

/* A JSON object from a file, or from standard input for "-". */
int session_read_object(const char *file, json_t **ret_object, struct error *e);

/* Prints JSON that the database gave, indented, on standard output. */
void session_print(const char *json);
