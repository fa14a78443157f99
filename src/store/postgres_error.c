/* SQLSTATE -> error code. The longest matching prefix wins; see PostgreSQL's appendix A for the classes. */
#include "base/memory.h"
#include "base/text.h"
#include "store/constraint_table.h"
#include "store/postgres_internal.h"
#include <errno.h>
#include <string.h>

static const struct {
    const char *prefix;
    int err;
    enum error_code code;
} states[] = {
    {"23505", EEXIST, ERROR_CONFLICT},     /* unique_violation */
    {"23503", ENOENT, ERROR_CONFLICT},     /* foreign_key_violation */
    {"23", EINVAL, ERROR_BAD_INPUT},       /* other integrity constraints: CHECK, NOT NULL */
    {"22", EINVAL, ERROR_BAD_INPUT},       /* data exceptions: not a uuid, out of range, NUL in text */
    {"40", EAGAIN, ERROR_UNAVAILABLE},     /* serialization failure, deadlock: rolled back, may be repeated */
    {"53100", ENOSPC, ERROR_STORAGE},      /* disk_full */
    {"53", EAGAIN, ERROR_UNAVAILABLE},     /* too many connections, out of memory */
    {"55P03", EAGAIN, ERROR_UNAVAILABLE},  /* lock_not_available */
    {"57014", ETIMEDOUT, ERROR_TIMEOUT},   /* query_canceled: statement_timeout */
    {"57", ECONNRESET, ERROR_UNAVAILABLE}, /* shutdown, crash of another backend */
    {"58", EIO, ERROR_STORAGE},            /* system error: I/O */
    {"08", ECONNRESET, ERROR_UNAVAILABLE},
    {"25006", EROFS, ERROR_UNAVAILABLE},  /* read-only transaction: a standby */
    {"28", EACCES, ERROR_BAD_CONFIG},     /* wrong password, no such role */
    {"3D000", ENOENT, ERROR_BAD_CONFIG},  /* no such database */
    {"42501", EACCES, ERROR_BAD_CONFIG},  /* insufficient privilege */
    {"42P01", ENOENT, ERROR_UNAVAILABLE}, /* undefined table: not migrated */
    {"42883", ENOENT, ERROR_UNAVAILABLE}, /* undefined function: likewise */
    {"42704", ENOENT, ERROR_UNAVAILABLE}, /* undefined type: likewise */
    {"RQ001", EDQUOT, ERROR_QUOTA},       /* our own: quota_take */
    {"RQ002", EBUSY, ERROR_CONFLICT},     /* keep_last_super_admin */
};

static const struct {
    const char *name, *text;
} constraints[] = {
#define X(name, text) {name, text},
    CONSTRAINT_TABLE(X)
#undef X
};

static const char *constraint_text(const char *name) {
    for (size_t i = 0; name && i < ARRAY_LENGTH(constraints); i++)
        if (!strcmp(constraints[i].name, name))
            return constraints[i].text;
    return NULL;
}

int postgres_result_error(const PGresult *result, struct error *e) {
    const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    const char *primary = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
    const char *hint = PQresultErrorField(result, PG_DIAG_MESSAGE_HINT);
    const char *constraint = constraint_text(PQresultErrorField(result, PG_DIAG_CONSTRAINT_NAME));
    if (!state) /* made by libpq: the connection broke */
        return error_set(e, ECONNRESET, ERROR_UNAVAILABLE, "the database connection was lost: %s",
                         PQresultErrorMessage(result));
    if (constraint)
        primary = constraint;
    for (size_t i = 0; i < ARRAY_LENGTH(states); i++)
        if (text_starts_with(state, states[i].prefix)) {
            error_set(e, states[i].err, states[i].code, "%s", primary ? primary : "the database refused this");
            if (text_starts_with(state, "42"))
                error_hint(e, "`replinet migrate` brings the database up to date");
            if (hint && states[i].code == ERROR_QUOTA)
                error_hint(e, "%s", hint);
            return -states[i].err;
        }
    return error_set(e, EIO, ERROR_INTERNAL, "the database answered %s: %s", state, primary ? primary : "no text");
}

int postgres_connection_error(const PGconn *connection, struct error *e) {
    cleanup_free char *text = memory_copy_text(PQerrorMessage(connection));
    for (char *p = text; *p; p++)
        if (*p == '\n' || *p == '\t')
            *p = p[1] ? ' ' : '\0';
    error_set(e, ECONNREFUSED, ERROR_UNAVAILABLE, "cannot reach the database: %s", text);
    error_hint(e, "start it with `replinet up`, or set DATABASE_URL to a PostgreSQL that runs");
    return -ECONNREFUSED;
}
