/* libpq with deadlines: its blocking calls may wait for ever on a peer that went silent. */
#include "base/clock.h"
#include "store/postgres_internal.h"
#include <errno.h>
#include <poll.h>

static int wait_for(PGconn *connection, short events, int64_t deadline) {
    struct pollfd poll_fd = {.fd = PQsocket(connection), .events = events};
    int n;
    do
        n = poll(&poll_fd, 1, clock_remaining_ms(deadline));
    while (n < 0 && errno == EINTR);
    return n < 0 ? -errno : n ? 0 : -ETIMEDOUT;
}

int postgres_connect_wait(PGconn *connection, int64_t deadline) {
    if (PQstatus(connection) == CONNECTION_BAD)
        return -ECONNREFUSED;
    PostgresPollingStatusType state = PGRES_POLLING_WRITING;
    while (state != PGRES_POLLING_OK) {
        int r = wait_for(connection, state == PGRES_POLLING_READING ? POLLIN : POLLOUT, deadline);
        if (r < 0)
            return r;
        state = PQconnectPoll(connection);
        if (state == PGRES_POLLING_FAILED)
            return -ECONNREFUSED;
    }
    return 0;
}

static int flush_wait(PGconn *connection, int64_t deadline) {
    int left;
    while ((left = PQflush(connection)) > 0) {
        int r = wait_for(connection, POLLIN | POLLOUT, deadline);
        if (r < 0)
            return r;
        if (!PQconsumeInput(connection))
            return -EPIPE;
    }
    return left < 0 ? -EPIPE : 0;
}

int postgres_result_wait(PGconn *connection, int64_t deadline, PGresult **ret_result) {
    PGresult *last = NULL, *next;
    int r = flush_wait(connection, deadline);
    while (!r) {
        while (!r && PQisBusy(connection)) {
            r = wait_for(connection, POLLIN, deadline);
            if (!r && !PQconsumeInput(connection))
                r = -EPIPE;
        }
        if (r || !(next = PQgetResult(connection)))
            break;
        if (last && PQresultStatus(last) == PGRES_FATAL_ERROR) { /* the first failure of a script counts */
            PQclear(next);
            continue;
        }
        PQclear(last);
        last = next;
    }
    if (r < 0) {
        PQclear(last);
        return r;
    }
    *ret_result = last;
    return 0;
}
