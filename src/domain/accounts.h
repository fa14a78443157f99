/* Accounts as their owners see them: signing up, passwords, the own profile, one-time links. Password hashes are made
 * by the caller (they take long); tokens come as digests in hexadecimal. Results are the JSON that clients get
 * (free()). */
#pragma once

#include "base/error.h"
#include "base/json.h"
#include "domain/roles.h"
#include "store/postgres.h"
#include <stdbool.h>

#define ACCOUNT_HASH_SIZE  160
#define ACCOUNT_EMAIL_SIZE 1024 /* 254 characters */

struct account {
    char id[UUID_TEXT_SIZE];
    enum role role;
    bool is_active;
    char email[ACCOUNT_EMAIL_SIZE], language[8]; /* "ru", "en"; "": not chosen */
    char password_hash[ACCOUNT_HASH_SIZE];       /* "": cannot sign in with a password */
};

/* Makes a user; ERROR_CONFLICT when the address is taken. */
int accounts_create(struct postgres *db, const char *email, const char *name, enum role role, const char *hash,
                    struct account *ret_account, struct error *e);
/* ERROR_NOT_FOUND when there is none. */
int accounts_find(struct postgres *db, const char *email, struct account *ret_account, struct error *e);
int accounts_get(struct postgres *db, const char *id, struct account *ret_account, struct error *e);
int accounts_json(struct postgres *db, const char *id, char **ret_json, struct error *e);

/* Sets the password and ends the sessions but `keep` ("": all of them). */
int accounts_set_password(struct postgres *db, const char *id, const char *hash, const char *keep, struct error *e);

/* The own profile: the user's JSON and "usage", how much of each quota is used. */
int accounts_me(struct postgres *db, const struct caller *caller, char **ret_json, struct error *e);
/* name, email, settings (members replace those of the same name). `revision` 0: any. */
int accounts_change(struct postgres *db, const struct caller *caller, int64_t revision, const json_t *body,
                    char **ret_json, struct error *e);

/* One-time links. A new one of a purpose ends the older ones of its user (reset) or of everybody (claim). */
enum link_purpose { LINK_RESET, LINK_CLAIM };
int accounts_make_link(struct postgres *db, enum link_purpose purpose, const char *user_id, char **ret_url,
                       struct error *e);
#define LINK_RESET_SECONDS 3600
#define LINK_CLAIM_SECONDS (7 * 86400)
/* `digest`: of the link's token. Uses it up; ret_user_id "" for a claim. ERROR_NOT_FOUND when it is none, was used or
 * has expired. */
int accounts_use_link(struct postgres *db, enum link_purpose purpose, const char *digest,
                      char ret_user_id[UUID_TEXT_SIZE], struct error *e);

/* Whether an administrator could sign in. */
int accounts_have_administrator(struct postgres *db, bool *ret_have, struct error *e);
