#include "browsers/keeper/method_policy.h"
#include "base/json.h"
#include "base/memory.h"
#include "browsers/keeper/method_table.h"
#include <errno.h>
#include <string.h>

static const struct method_row {
    const char *pattern;
    enum method_action action;
    int (*check)(json_t *params, struct error *e);
    const char *why;
} rows[] = {
#define X(pattern, action, check, why) {pattern, METHOD_##action, check, why},
    METHOD_TABLE(X)
#undef X
};

/* "Domain.*" matches every method of the domain. Exact rows stand before it. */
static bool matches(const char *pattern, const char *method) {
    size_t length = strlen(pattern);
    return pattern[length - 1] == '*' ? !strncmp(pattern, method, length - 1) : !strcmp(pattern, method);
}

static const struct method_row *find_row(const char *method) {
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++)
        if (matches(rows[i].pattern, method))
            return &rows[i];
    return NULL;
}

static int run_check(const struct method_row *row, struct cdp_span raw, char **ret_params, struct error *e) {
    cleanup_json json_t *params = NULL;
    int result = json_parse(raw.data ? raw.data : "{}", raw.data ? raw.length : 2, "params", &params, e);
    if (result == 0 && !json_is_object(params))
        result = error_set(e, EINVAL, ERROR_BAD_INPUT, "params are not an object");
    if (result == 0)
        result = row->check(params, e);
    if (result == 0)
        *ret_params = json_print(params);
    return result;
}

int method_judge(const char *method, struct cdp_span params, struct method_verdict *ret_verdict, struct error *e) {
    const struct method_row *row = find_row(method);
    if (!row)
        return error_set(e, EPERM, ERROR_FORBIDDEN, "'%s' is not among the methods that Replinet allows", method);
    if (row->action == METHOD_DENY)
        return error_set(e, EPERM, ERROR_FORBIDDEN, "Replinet does not allow '%s': %s", method, row->why);
    char *replaced = NULL;
    int result = row->action == METHOD_CHECK ? run_check(row, params, &replaced, e) : 0;
    if (result < 0) {
        error_prefix(e, "Replinet does not allow this '%s'", method);
        return result;
    }
    *ret_verdict = (struct method_verdict){row->action == METHOD_LOCAL ? METHOD_LOCAL : METHOD_ALLOW, replaced};
    return 0;
}
