#include "store/postgres.h"
#include "base/clock.h"
#include "base/config.h"
#include "base/instance.h"
#include "base/memory.h"
#include "base/metrics.h"
#include "store/postgres_internal.h"
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TIMEOUT_MS_DEFAULT 10000

static char *default_url(void) {
    if (*config_text(CONFIG_DATABASE_URL))
        return memory_copy_text(config_text(CONFIG_DATABASE_URL));
    cleanup_free char *directory = instance_run_path("postgres");
    return memory_print("host=%s dbname=replinet user=replinet", directory);
}

static void ignore_notice(void *user, const PGresult *result) {}

static PGconn *start_connection(const struct postgres *db) {
    cleanup_free char *options =
        memory_print("-c statement_timeout=%d -c lock_timeout=%d -c timezone=UTC "
                     "-c idle_in_transaction_session_timeout=60000 -c default_transaction_isolation=read\\ committed",
                     db->timeout_ms, db->timeout_ms);
    const char *names[] = {"dbname",           "application_name", "client_encoding",
                           "options",          "keepalives_idle",  "keepalives_interval",
                           "keepalives_count", "tcp_user_timeout", NULL};
    const char *values[] = {db->url, db->purpose, "UTF8", options, "10", "5", "3", "20000", NULL};
    return PQconnectStartParams(names, values, 1);
}

void postgres_drop(struct postgres *db) {
    PQfinish(db->connection);
    db->connection = NULL;
    db->prepared_count = 0;
    db->in_transaction = false;
}

static int connect_within(struct postgres *db, int64_t deadline, struct error *e) {
    PGconn *connection = start_connection(db);
    if (!connection)
        return error_set(e, ENOMEM, ERROR_INTERNAL, "libpq has no memory");
    int r = postgres_connect_wait(connection, deadline);
    if (r < 0) {
        r = r == -ETIMEDOUT ? error_set(e, ETIMEDOUT, ERROR_UNAVAILABLE, "the database does not answer within %d ms",
                                        db->timeout_ms)
                            : postgres_connection_error(connection, e);
        PQfinish(connection);
        return r;
    }
    PQsetnonblocking(connection, 1);
    PQsetNoticeReceiver(connection, ignore_notice, NULL);
    db->connection = connection;
    return 0;
}

void postgres_prepare(const struct postgres_options *options, struct postgres *ret_db) {
    *ret_db = (struct postgres){
        .url = options->url ? memory_copy_text(options->url) : default_url(),
        .purpose = memory_print("replinet %s", options->purpose),
        .timeout_ms = options->timeout_ms ? options->timeout_ms : TIMEOUT_MS_DEFAULT,
    };
}

int postgres_open(const struct postgres_options *options, struct postgres *ret_db, struct error *e) {
    cleanup_postgres struct postgres db;
    postgres_prepare(options, &db);
    int r = connect_within(&db, clock_deadline(db.timeout_ms), e);
    if (r < 0)
        return r;
    *ret_db = db;
    db = (struct postgres){0};
    return 0;
}

void postgres_close(struct postgres *db) {
    postgres_drop(db);
    free(db->url);
    free(db->purpose);
    free(db->prepared);
    *db = (struct postgres){0};
}

/* A connection that the server closed meanwhile is noticed before anything is sent on it. A server that shuts down says
 * so first, which libpq takes for a notice; the end comes with the read after that. */
static bool is_alive(PGconn *connection) {
    struct pollfd arrived = {.fd = PQsocket(connection), .events = POLLIN};
    while (PQstatus(connection) == CONNECTION_OK && poll(&arrived, 1, 0) > 0)
        if (!PQconsumeInput(connection))
            return false;
    return PQstatus(connection) == CONNECTION_OK;
}

static int ensure_connected(struct postgres *db, int64_t deadline, struct error *e) {
    if (db->connection) {
        if (is_alive(db->connection))
            return 0;
        bool in_transaction = db->in_transaction;
        postgres_drop(db);
        if (in_transaction)
            return error_set(e, ECONNRESET, ERROR_UNAVAILABLE, "the database connection was lost within a transaction");
    }
    return connect_within(db, deadline, e);
}

/* Waits for the answer to what was sent. After a lost connection or a passed deadline the connection is dropped: what
 * it would answer next belongs to nobody. */
static int receive(struct postgres *db, int64_t deadline, PGresult **ret_result, struct error *e) {
    PGconn *connection = db->connection;
    PGresult *result = NULL;
    int r = postgres_result_wait(connection, deadline, &result);
    if (r == -ETIMEDOUT)
        error_set(e, ETIMEDOUT, ERROR_TIMEOUT, "the database did not answer within %d ms", db->timeout_ms);
    else if (r < 0 || !result)
        r = error_set(e, ECONNRESET, ERROR_UNAVAILABLE, "the database connection was lost: %s",
                      PQerrorMessage(connection));
    else if (PQresultStatus(result) != PGRES_COMMAND_OK && PQresultStatus(result) != PGRES_TUPLES_OK)
        r = postgres_result_error(result, e);
    if (r == -ETIMEDOUT || r == -ECONNRESET || PQstatus(connection) != CONNECTION_OK)
        postgres_drop(db);
    if (r < 0) {
        PQclear(result);
        return r;
    }
    *ret_result = result;
    return 0;
}

static int lost_while_sending(struct postgres *db, struct error *e) {
    error_set(e, ECONNRESET, ERROR_UNAVAILABLE, "cannot send to the database: %s", PQerrorMessage(db->connection));
    postgres_drop(db);
    return -ECONNRESET;
}

static int prepare(struct postgres *db, const struct statement *statement, int64_t deadline, struct error *e) {
    for (size_t i = 0; i < db->prepared_count; i++)
        if (db->prepared[i] == statement)
            return 0;
    cleanup_result struct pg_result *result = NULL;
    if (!PQsendPrepare(db->connection, statement->name, statement->text, 0, NULL))
        return lost_while_sending(db, e);
    int r = receive(db, deadline, &result, e);
    if (r < 0) {
        error_prefix(e, "statement %s", statement->name);
        return r;
    }
    if (db->prepared_count == db->prepared_room) {
        db->prepared_room = db->prepared_room ? db->prepared_room * 2 : 16;
        db->prepared = memory_resize(db->prepared, db->prepared_room * sizeof(const struct statement *));
    }
    db->prepared[db->prepared_count++] = statement;
    return 0;
}

int postgres_run(struct postgres *db, const struct statement *statement, const char *const *values, size_t count,
                 struct pg_result **ret_result, struct error *e) {
    int64_t deadline = clock_deadline(db->timeout_ms + 1000); /* the server's own limit speaks first */
    int r = ensure_connected(db, deadline, e);
    if (!r)
        r = prepare(db, statement, deadline, e);
    if (r < 0)
        return r;
    if (!PQsendQueryPrepared(db->connection, statement->name, (int)count, values, NULL, NULL, 0))
        return lost_while_sending(db, e);
    cleanup_result struct pg_result *result = NULL;
    int64_t began = clock_wall_us();
    r = receive(db, deadline, &result, e);
    metrics_observe(METRIC_DATABASE_TIME, (double)(clock_wall_us() - began) / 1e6);
    if (!r && ret_result)
        *ret_result = take_pointer(result);
    return r;
}

int postgres_script(struct postgres *db, const char *text, struct error *e) {
    int64_t deadline = clock_deadline(db->timeout_ms + 1000);
    cleanup_result struct pg_result *result = NULL;
    int r = ensure_connected(db, deadline, e);
    if (r < 0)
        return r;
    if (!PQsendQuery(db->connection, text))
        return lost_while_sending(db, e);
    return receive(db, deadline, &result, e);
}

int postgres_run_value(struct postgres *db, const struct statement *statement, const char *const *values, size_t count,
                       char **ret_value, struct error *e) {
    cleanup_result struct pg_result *result = NULL;
    int r = postgres_run(db, statement, values, count, &result, e);
    if (r < 0)
        return r;
    if (!result_rows(result) || !result_text(result, 0, 0))
        return error_set(e, ENOENT, ERROR_NOT_FOUND, "there is no such object");
    *ret_value = memory_copy_text(result_text(result, 0, 0));
    return 0;
}

const char *sql_int(char text[24], int64_t value) {
    snprintf(text, 24, "%lld", (long long)value);
    return text;
}

int result_rows(const struct pg_result *result) {
    return PQntuples(result);
}

const char *result_text(const struct pg_result *result, int row, int column) {
    return PQgetisnull(result, row, column) ? NULL : PQgetvalue(result, row, column);
}

int64_t result_int(const struct pg_result *result, int row, int column) {
    return strtoll(PQgetvalue(result, row, column), NULL, 10);
}

bool result_bool(const struct pg_result *result, int row, int column) {
    return *PQgetvalue(result, row, column) == 't';
}

void cleanup_result_value(struct pg_result **result) {
    PQclear(*result);
}

int postgres_begin(struct postgres *db, struct transaction *ret_transaction, struct error *e) {
    if (db->in_transaction) {
        ret_transaction->db = NULL;
        return 0;
    }
    int r = postgres_script(db, "BEGIN", e);
    if (r < 0)
        return r;
    db->in_transaction = true;
    ret_transaction->db = db;
    return 0;
}

int postgres_commit(struct transaction *transaction, struct error *e) {
    struct postgres *db = take_pointer(transaction->db);
    if (!db) /* within another one, which decides */
        return 0;
    int r = postgres_script(db, "COMMIT", e);
    db->in_transaction = false;
    return r;
}

void postgres_rollback(struct transaction *transaction) {
    if (!transaction->db)
        return;
    struct postgres *db = take_pointer(transaction->db);
    if (db->connection && postgres_script(db, "ROLLBACK", NULL) < 0)
        postgres_drop(db);
    db->in_transaction = false;
}
