/* Roles and their limits (role_table.h), and who calls. Constant; any thread. */
#pragma once

#include "base/uuid.h"
#include "domain/role_table.h"

enum role {
#define X(id, name, runs) ROLE_##id,
    ROLE_TABLE(X)
#undef X
        ROLE_COUNT
};

/* On whose behalf a statement runs. */
struct caller {
    char id[UUID_TEXT_SIZE];
    enum role role;
};

const char *role_name(enum role role);
enum role role_from_name(const char *name); /* ROLE_GUEST when unknown */

/* {"guest":1,...}: how many runs each role may have at once, as a parameter of jobs_take. */
const char *roles_run_limits(void);
