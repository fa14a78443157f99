/* Who a session or an API key belongs to, and whether it still counts. */
#pragma once

#include "base/error.h"
#include "domain/roles.h"
#include "store/postgres.h"
#include <stdbool.h>

struct signed_in {
    struct caller caller;
    char key_id[UUID_TEXT_SIZE]; /* "" for a session */
    char scopes[64];             /* of a key: "read write" */
};

/* ERROR_SESSION_REVOKED when the session was ended or its account deactivated. */
int principals_of_session(struct postgres *db, const char *session_id, struct signed_in *ret_who, struct error *e);
/* `digest` is hexadecimal. ERROR_UNAUTHENTICATED when there is no such key, or it has expired. Notes its use. */
int principals_of_key(struct postgres *db, const char *digest, struct signed_in *ret_who, struct error *e);
