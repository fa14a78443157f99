#include "domain/roles.h"
#include <string.h>

static const char *const names[ROLE_COUNT] = {
#define X(id, name, runs) name,
    ROLE_TABLE(X)
#undef X
};

const char *role_name(enum role role) {
    return names[role < ROLE_COUNT ? role : ROLE_GUEST];
}

enum role role_from_name(const char *name) {
    for (int i = 0; i < ROLE_COUNT; i++)
        if (!strcmp(names[i], name))
            return (enum role)i;
    return ROLE_GUEST;
}

const char *roles_run_limits(void) {
    return "{\"\":0"
#define X(id, name, runs) ",\"" name "\":" #runs
        ROLE_TABLE(X)
#undef X
            "}";
}
