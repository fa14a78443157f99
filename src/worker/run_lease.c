/* The lease that a thread's browser is asked for with. */
#include "agent/browser_config.h"
#include "base/config.h"
#include "base/memory.h"
#include "worker/job_internal.h"

char *run_lease_id(const char *thread_id, int attempt) {
    return memory_print("%s-%d", thread_id, attempt);
}

int run_lease_make(const char *thread_id, const char *user_id, const json_t *browser_config, json_t **ret_lease,
                   struct error *e) {
    cleanup_json json_t *lease = json_pack("{s:s, s:s, s:I}", "thread_id", thread_id, "user_id", user_id, "timeout_ms",
                                           (json_int_t)config_int(CONFIG_BROWSER_TIMEOUT) * 1000);
    int r = browser_config_to_lease(browser_config, lease, e);
    if (!r)
        *ret_lease = take_pointer(lease);
    return r;
}
