#include "cdp/door_error.h"
#include "base/json.h"
#include "base/memory.h"
#include <errno.h>

/* For statuses without a code of ours (a proxy's page, say) and for the errno of each code. */
static const struct {
    enum error_code code;
    int http, err;
} rows[] = {
    {ERROR_BAD_INPUT, 422, EINVAL},
    {ERROR_BAD_INPUT, 400, EINVAL},
    {ERROR_UNAUTHENTICATED, 401, EACCES},
    {ERROR_FORBIDDEN, 403, EPERM},
    {ERROR_NOT_FOUND, 404, ENOENT},
    {ERROR_CONFLICT, 409, EBUSY},
    {ERROR_TOO_LARGE, 413, EMSGSIZE},
    {ERROR_CAPACITY, 429, EAGAIN},
    {ERROR_LIMIT, 0, EDQUOT},
    {ERROR_UNAVAILABLE, 503, ECONNREFUSED},
    {ERROR_TIMEOUT, 504, ETIMEDOUT},
    {ERROR_CANCELLED, 499, ECANCELED},
    {ERROR_CLOSED, 502, EPIPE},
    {ERROR_STORAGE, 507, ENOSPC},
    {ERROR_BROWSER_CRASH, 0, EIO},
    {ERROR_BROWSER_OOM, 0, ENOMEM},
};

static enum error_code code_of_status(int status) {
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++)
        if (rows[i].http == status)
            return rows[i].code;
    return ERROR_PROTOCOL;
}

static int errno_of_code(enum error_code code) {
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++)
        if (rows[i].code == code)
            return rows[i].err;
    return EPROTO;
}

int door_error_from_answer(int status, const char *body, size_t length, const char *what, struct error *e) {
    cleanup_json json_t *answer = NULL;
    if (json_parse(body ? body : "", body ? length : 0, "answer", &answer, NULL) < 0 || !json_is_object(answer)) {
        enum error_code code = code_of_status(status);
        return error_set(e, errno_of_code(code), code, "cannot %s: the door answered with status %d", what, status);
    }
    const char *name = json_text_or(answer, "code", NULL), *hint = json_text_or(answer, "hint", "");
    enum error_code code = name ? error_from_name(name) : code_of_status(status);
    if (code == ERROR_NONE)
        code = ERROR_PROTOCOL;
    error_set(e, 0, code, "cannot %s: %s", what, json_text_or(answer, "detail", "the door gave no reason"));
    if (*hint)
        error_hint(e, "%s", hint);
    return -errno_of_code(code);
}
