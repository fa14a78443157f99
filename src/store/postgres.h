/* PostgreSQL: one connection, made when first used, made anew when it was lost.
 *
 * A connection belongs to one thread. Statements are constants (name and text), prepared by name when a connection
 * first meets them. Every call has a deadline (options.timeout_ms; the server gets it as statement_timeout too). A call
 * on a lost connection connects again, once per call and within the same deadline; a statement that may have reached
 * the server is never sent twice: the caller gets ERROR_UNAVAILABLE and knows whether it may repeat. SQLSTATEs become
 * error codes by the table in postgres_error.c. Results and transactions end with their scope. */
#pragma once

#include "base/error.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct pg_conn;
struct pg_result;

struct postgres_options {
    const char *url;     /* NULL: DATABASE_URL, else the private server's socket in RUN_DIR/postgres */
    const char *purpose; /* application_name, "worker" */
    int timeout_ms;      /* per call; 0: 10 s */
};

struct postgres {
    char *url, *purpose;
    int timeout_ms;
    struct pg_conn *connection;        /* NULL: not connected */
    const struct statement **prepared; /* on this connection */
    size_t prepared_count, prepared_room;
    bool in_transaction;
};

struct statement {
    const char *name; /* unique in the program */
    const char *text; /* parameters $1...; all are sent as text, so cast them where PostgreSQL cannot tell */
};

/* Only notes where to connect; the first call does it. */
void postgres_prepare(const struct postgres_options *options, struct postgres *ret_db);
/* Connects; fails with a hint what to start when nothing answers. */
int postgres_open(const struct postgres_options *options, struct postgres *ret_db, struct error *e);
void postgres_close(struct postgres *db);                         /* accepts a zeroed struct */
#define cleanup_postgres __attribute__((cleanup(postgres_close))) /* struct postgres name = {0}; */

/* Forgets the connection; the next call makes a new one. */
void postgres_drop(struct postgres *db);

/* Runs a statement; the result (NULL allowed) is the caller's. */
int postgres_run(struct postgres *db, const struct statement *statement, const char *const *values, size_t count,
                 struct pg_result **ret_result, struct error *e);
/* Runs several statements without parameters (migrations, SET). */
int postgres_script(struct postgres *db, const char *text, struct error *e);
/* Exactly one value of one row as text (free()); no row or NULL: -ENOENT, ERROR_NOT_FOUND "no such object". */
int postgres_run_value(struct postgres *db, const struct statement *statement, const char *const *values, size_t count,
                       char **ret_value, struct error *e);

#define SQL_VALUES(...)                                                                                                \
    (const char *const[]) {                                                                                            \
        __VA_ARGS__ __VA_OPT__(, ) NULL                                                                                \
    }
#define SQL_COUNT(...) (sizeof(SQL_VALUES(__VA_ARGS__)) / sizeof(char *) - 1)
#define postgres_query(db, statement, ret_result, e, ...)                                                              \
    postgres_run(db, statement, SQL_VALUES(__VA_ARGS__), SQL_COUNT(__VA_ARGS__), ret_result, e)
#define postgres_value(db, statement, ret_value, e, ...)                                                               \
    postgres_run_value(db, statement, SQL_VALUES(__VA_ARGS__), SQL_COUNT(__VA_ARGS__), ret_value, e)

/* A number or truth as a parameter; the text lives as long as the enclosing block. */
#define SQL_INT(value)  sql_int((char[24]){0}, (int64_t)(value))
#define SQL_BOOL(value) ((value) ? "true" : "false")
const char *sql_int(char text[24], int64_t value);

int result_rows(const struct pg_result *result);
const char *result_text(const struct pg_result *result, int row, int column); /* NULL for SQL's NULL */
int64_t result_int(const struct pg_result *result, int row, int column);      /* 0 for NULL */
bool result_bool(const struct pg_result *result, int row, int column);
void cleanup_result_value(struct pg_result **result);
#define cleanup_result __attribute__((cleanup(cleanup_result_value))) /* struct pg_result *name = NULL; */

/* A transaction that is rolled back at the end of the scope unless postgres_commit was called. Begun within another one
 * it is a part of that: only the outer one commits, and who sees the inner part fail must let the outer one fail. */
struct transaction {
    struct postgres *db; /* NULL: none open, or a part of another one */
};
int postgres_begin(struct postgres *db, struct transaction *ret_transaction, struct error *e);
int postgres_commit(struct transaction *transaction, struct error *e);
void postgres_rollback(struct transaction *transaction);
#define cleanup_transaction __attribute__((cleanup(postgres_rollback))) /* struct transaction name = {0}; */
