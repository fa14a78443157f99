/* The lease that a thread's browser is asked for with. */
#include "agent/browser_config.h"
#include "base/config.h"
#include "base/memory.h"
#include "domain/browser_limits.h"
#include "worker/job_internal.h"

#define MS_PER_MINUTE 60000

char *run_lease_id(const char *thread_id, int attempt) {
    return memory_print("%s-%d", thread_id, attempt);
}

int run_lease_make(const json_t *facts, const json_t *browser_config, json_t **ret_lease, struct error *e) {
    enum role role = role_from_name(json_text_or(facts, "owner_role", ""));
    cleanup_json json_t *lease = json_pack("{s:s, s:s, s:I}", "thread_id", json_text_or(facts, "thread_id", ""),
                                           "user_id", json_text_or(facts, "owner_id", ""), "wait_ms",
                                           (json_int_t)config_int(CONFIG_BROWSER_WAIT_MINUTES) * MS_PER_MINUTE);
    int r = browser_config_to_lease(browser_config, lease, e);
    if (!r)
        r = browser_limits_apply(role, lease, "browser_config.", e);
    if (!r)
        *ret_lease = take_pointer(lease);
    return r;
}
