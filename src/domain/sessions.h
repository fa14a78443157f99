/* Sessions: what a person signed in with one browser. Refresh tokens are known by their digests (hexadecimal) only;
 * each works once. Results are the JSON that clients get (free()). */
#pragma once

#include "base/error.h"
#include "domain/roles.h"
#include "store/postgres.h"

struct session {
    char id[UUID_TEXT_SIZE];
    struct caller user;
};

int sessions_open(struct postgres *db, const char *user_id, const char *address, const char *user_agent,
                  const char *digest, int64_t days, struct session *ret_session, struct error *e);
/* A token that was used may be used again for so long by the browser that signed in: the answer was lost, or two of its
 * tabs asked at once. */
#define SESSIONS_GRACE "10 seconds"

/* Takes `used` for `fresh`. ERROR_SESSION_REVOKED when the session has ended; also when the token was used before, but
 * for the grace: then somebody has a copy, so the session ends (ret_session tells whose it was; its id is "" when the
 * token is unknown). `user_agent`: of the client that asks. */
int sessions_refresh(struct postgres *db, const char *used, const char *fresh, const char *user_agent, int64_t days,
                     struct session *ret_session, struct error *e);
/* Ends the session that a refresh token belongs to; an unknown one is no failure. ret_user_id "" then. */
int sessions_end_by_token(struct postgres *db, const char *digest, char ret_user_id[UUID_TEXT_SIZE], struct error *e);
/* Ends one of the caller's sessions; ERROR_NOT_FOUND. */
int sessions_end(struct postgres *db, const struct caller *caller, const char *id, struct error *e);
/* Ends all of the caller's sessions. */
int sessions_end_all(struct postgres *db, const struct caller *caller, struct error *e);
/* {"items":[...]}, those that have not ended; `current` is the caller's own session's id. */
int sessions_list(struct postgres *db, const struct caller *caller, const char *current, char **ret_json,
                  struct error *e);
