/* browser_config -> the lease of a browser. */
#include "agent/browser_config.h"
#include "base/memory.h"
#include <string.h>

/* Members that a lease has by the same name. */
static const char *const limits[] = {"memory_mb", "cpus", "timeout_ms", "idle_ms", "queue_ms"};

static void copy_limits(const json_t *config, json_t *lease) {
    for (size_t i = 0; i < ARRAY_LENGTH(limits); i++) {
        json_t *value = json_object_get(config, limits[i]);
        if (value && !json_is_null(value))
            json_object_set(lease, limits[i], value);
    }
}

static void copy_domains(const json_t *config, const char *name, json_t *egress) {
    json_t *list = json_object_get(config, name);
    json_object_set_new(egress, name, json_is_array(list) ? json_incref(list) : json_array());
}

int browser_config_to_lease(const json_t *config, json_t *lease, struct error *e) {
    json_t *upstream = NULL, *egress = json_object();
    int r = browser_config_check(config, e);
    json_object_set_new(lease, "egress", egress);
    if (!r)
        r = browser_config_upstream(config, &upstream, e);
    if (r < 0)
        return r;
    copy_limits(config, lease);
    copy_domains(config, "allowed_domains", egress);
    copy_domains(config, "blocked_domains", egress);
    json_object_set_new(egress, "upstream", upstream);
    /* The agent's threads begin where the last one ended. */
    if (!strcmp(json_text_or(config, "profile", "none"), "keep"))
        json_object_set_new(lease, "profile", json_true());
    return 0;
}
