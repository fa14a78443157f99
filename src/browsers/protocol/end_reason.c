#include "browsers/protocol/end_reason.h"
#include <string.h>
#include <sys/wait.h>

static const struct {
    const char *name, *text;
} rows[END_REASON_COUNT] = {
#define X(id, name, doc) {name, doc},
    END_REASON_TABLE(X)
#undef X
};

const char *end_reason_name(enum end_reason reason) {
    return rows[reason < END_REASON_COUNT ? reason : END_REASON_NONE].name;
}

const char *end_reason_text(enum end_reason reason) {
    return rows[reason < END_REASON_COUNT ? reason : END_REASON_NONE].text;
}

enum end_reason end_reason_from_name(const char *name) {
    for (int i = 0; i < END_REASON_COUNT; i++)
        if (!strcmp(rows[i].name, name))
            return (enum end_reason)i;
    return END_REASON_NONE;
}

enum end_reason end_reason_from_status(int wait_status) {
    int reason = WIFEXITED(wait_status) ? WEXITSTATUS(wait_status) - END_REASON_EXIT_BASE : -1;
    return reason > END_REASON_NONE && reason < END_REASON_COUNT ? (enum end_reason)reason : END_REASON_KEEPER_CRASH;
}
