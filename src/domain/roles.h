/* Roles, what each may do (permission_table.h) and have (quota_table.h), and who calls. Any thread once quotas_load has
 * run, which every process that writes does at its start. */
#pragma once

#include "base/error.h"
#include "base/json.h"
#include "base/uuid.h"
#include "domain/permission_table.h"
#include "domain/quota_table.h"
#include "domain/role_table.h"

enum role {
#define X(id, name) ROLE_##id,
    ROLE_TABLE(X)
#undef X
        ROLE_COUNT
};

enum permission {
#define X(id, name, least, doc) PERMISSION_##id,
    PERMISSION_TABLE(X)
#undef X
        PERMISSION_COUNT
};

enum quota {
#define X(id, name, ...) QUOTA_##id,
    QUOTA_TABLE(X)
#undef X
        QUOTA_COUNT
};

/* On whose behalf a statement runs. */
struct caller {
    char id[UUID_TEXT_SIZE];
    enum role role;
};

const char *role_name(enum role role);
enum role role_from_name(const char *name); /* ROLE_GUEST when unknown */
bool role_is_name(const char *name);

bool permission_allows(enum role role, enum permission permission);
const char *permission_name(enum permission permission);
enum role permission_least_role(enum permission permission);
json_t *permissions_of(enum role role); /* ["presets.read",...]; json_decref */

/* Takes over QUOTAS ({"free_user":{"presets":5},...}) from the configuration; -EINVAL, naming what is wrong in it. */
int quotas_load(struct error *e);
int64_t quota_limit(enum role role, enum quota quota);
const char *quota_name(enum quota quota);
const char *quota_noun(enum quota quota); /* what is counted: ends "may have at most N ..." */

/* {"guest":1,...}: a limit by role, as a parameter of statements that look the role up by themselves (free()). */
char *quota_limits(enum quota quota);
