/* What the files of the PostgreSQL client share. */
#pragma once

#include "base/error.h"
#include <libpq-fe.h>
#include <stdint.h>

/* Starts a connection and waits until it is made or refused. */
int postgres_connect_wait(PGconn *connection, int64_t deadline);
/* Sends what is left and waits for the last result of a command. 0 and the result (or NULL), -ETIMEDOUT, -EPIPE. */
int postgres_result_wait(PGconn *connection, int64_t deadline, PGresult **ret_result);

/* Fills `e` from a failed result; returns -errno. */
int postgres_result_error(const PGresult *result, struct error *e);
/* Fills `e` from a connection that could not be made or was lost. */
int postgres_connection_error(const PGconn *connection, struct error *e);
