#include "domain/browser_limits.h"
#include "base/config.h"
#include "base/memory.h"
#include <errno.h>

/* A member, how much of it one unit of the quota is, and the default: that of a row of the configuration, times
 * `scale`. A default within the limits is the engine's to apply, unless `always` says that it is written down. */
static const struct {
    const char *name;
    enum quota quota;
    double unit;
    enum config_id initial;
    double scale;
    bool whole, always;
} members[] = {
    {"memory_mb", QUOTA_BROWSER_MEMORY_MB, 1, CONFIG_BROWSER_MEMORY_MB, 1, true, false},
    {"cpus", QUOTA_BROWSER_CPU_PERCENT, 0.01, CONFIG_BROWSER_CPUS, 1, false, false},
    {"timeout_ms", QUOTA_THREAD_MINUTES, 60000, CONFIG_BROWSER_TIMEOUT, 1000, true, true},
};

static double most_of(enum role role, size_t i) {
    return (double)quota_limit(role, members[i].quota) * members[i].unit;
}

static int refuse(enum role role, size_t i, double given, const char *path, struct error *e) {
    error_set(e, EDQUOT, ERROR_QUOTA, "%s%s is %.10g: a %s may have at most %lld %s", path, members[i].name, given,
              role_name(role), (long long)quota_limit(role, members[i].quota), quota_noun(members[i].quota));
    error_hint(e, "ask for less; an administrator may raise the role or its limit \"%s\" (QUOTAS)",
               quota_name(members[i].quota));
    return -EDQUOT;
}

int browser_limits_check(enum role role, const json_t *wanted, const char *path, struct error *e) {
    for (size_t i = 0; i < ARRAY_LENGTH(members); i++) {
        double given = json_number_value(json_object_get(wanted, members[i].name));
        if (given > most_of(role, i))
            return refuse(role, i, given, path, e);
    }
    return 0;
}

static void fill(size_t i, double initial, double most, json_t *lease) {
    bool fits = initial <= most;
    double value = fits ? initial : most;
    if (!json_is_number(json_object_get(lease, members[i].name)) && (!fits || members[i].always))
        json_object_set_new(lease, members[i].name,
                            members[i].whole ? json_integer((json_int_t)value) : json_real(value));
}

int browser_limits_apply(enum role role, json_t *lease, const char *path, struct error *e) {
    int r = browser_limits_check(role, lease, path, e);
    for (size_t i = 0; !r && i < ARRAY_LENGTH(members); i++) {
        double initial = config_real(members[i].initial) * members[i].scale, most = most_of(role, i);
        if (most <= 0)
            r = refuse(role, i, initial, path, e);
        else
            fill(i, initial, most, lease);
    }
    return r;
}
