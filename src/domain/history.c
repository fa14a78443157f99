#include "domain/history.h"
#include "base/uuid.h"
#include <errno.h>

int history_check(const struct history_span *span, struct error *e) {
    if (span->limit < 1 || span->limit > HISTORY_LIMIT_MAX)
        return error_set(e, EINVAL, ERROR_BAD_INPUT, "limit must be from 1 to %d", HISTORY_LIMIT_MAX);
    if (span->cursor && !uuid_is_valid(span->cursor))
        return error_set(e, EINVAL, ERROR_BAD_INPUT, "\"%s\" is no cursor; take next_cursor of an answer",
                         span->cursor);
    return 0;
}
