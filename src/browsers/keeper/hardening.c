#include "browsers/keeper/hardening.h"
#include "base/config.h"
#include "base/io.h"
#include "base/memory.h"
#include "browsers/protocol/keeper_protocol.h"
#include <errno.h>
#include <malloc.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#define DESCRIPTORS_BASE 64

static int limit(int resource, rlim_t most, struct error *e) {
    struct rlimit now;
    if (getrlimit(resource, &now) == 0 && now.rlim_max < most)
        most = now.rlim_max;
    if (setrlimit(resource, &(struct rlimit){most, most}) < 0)
        return error_errno(e, errno, ERROR_INTERNAL, "cannot limit the keeper's resources");
    return 0;
}

/* The gate needs two per connection and one per name that is looked up; clients one each. */
static rlim_t descriptors(void) {
    return DESCRIPTORS_BASE + 3 * (rlim_t)config_int(CONFIG_EGRESS_MAX_CONNECTIONS) + 64;
}

static int close_others(struct error *e) {
    for (int fd = KEEPER_FD_TO_BROWSER; fd <= KEEPER_FD_MEMORY; fd++) {
        int result = io_set_cloexec(fd, true);
        if (result < 0)
            return error_errno(e, -result, ERROR_INTERNAL, "descriptor %d is missing (see keeper_protocol.h)", fd);
    }
    close_range(KEEPER_FD_MEMORY + 1, ~0u, 0);
    return 0;
}

int hardening_apply(struct error *e) {
    mallopt(M_ARENA_MAX, 1);
    mallopt(M_TRIM_THRESHOLD, 256 * 1024);
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
        return error_errno(e, errno, ERROR_INTERNAL, "cannot harden the keeper");
    int result = close_others(e);
    if (result == 0)
        result = limit(RLIMIT_CORE, 0, e);
    if (result == 0)
        result = limit(RLIMIT_NPROC, 16, e);
    return result < 0 ? result : limit(RLIMIT_NOFILE, descriptors(), e);
}
