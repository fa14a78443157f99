/* Control groups of browsers on v1, hybrid (v1 with an empty v2 tree beside it) and v2 hosts.
 *
 * A browser's cgroup is BASE/replinet-INSTANCE/BROWSER_ID in every hierarchy that is used; BASE is the root on v1; on
 * v2 the folder that systemd delegated (Delegate=yes), else the root, too. crun puts the container into it
 * (cgroup-manager cgroupfs); limits, freezing, killing and reading go straight to its files, which takes microseconds.
 * Functions return 0 or -errno. One process, one thread; detection from anywhere. */
#pragma once

#include "base/error.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum cgroups_mode { CGROUPS_NONE, CGROUPS_V1, CGROUPS_HYBRID, CGROUPS_V2 };

/* Tests point this module at a tree of their own instead of /sys/fs/cgroup, and at a file in place of
 * /proc/self/cgroup. Before anything else; both texts must outlive it. */
void cgroups_set_places(const char *root, const char *own);

enum cgroups_mode cgroups_detect(void);
enum cgroups_mode cgroups_current(void); /* what cgroups_prepare found */
const char *cgroups_mode_name(enum cgroups_mode mode);
/* The first controller among those that are needed which the host lacks; NULL when all are there. */
const char *cgroups_missing_controller(enum cgroups_mode mode);

/* Makes this instance's parent cgroup and, on v2, lets controllers through to it (moving this process into a leaf).
 * `instance` is a short name that is unique on the machine. On a hybrid host the caller's mount namespace must be
 * private already: the v2 tree is hidden in it, because crun refuses such a host. */
int cgroups_prepare(const char *instance, struct error *e);
/* Removes the parent cgroup; harmless while browsers exist. */
void cgroups_finish(void);

/* What crun is given as cgroupsPath (free()). */
char *cgroup_oci_path(const char *id);
int cgroup_make(const char *id, struct error *e);
int cgroup_open_memory(const char *id); /* directory fd of the (memory) cgroup, or -errno */

int cgroup_set_memory(const char *id, uint64_t bytes); /* swap off; -EBUSY when more is in use */
int cgroup_set_cpu(const char *id, uint32_t millis);   /* 1000 is one core, 0 lifts the quota */
int cgroup_set_pids(const char *id, int64_t most);
int cgroup_freeze(const char *id, bool frozen);
/* SIGKILL to every member. They die only once thawed. Returns the number of members there were. */
int cgroup_kill(const char *id);

struct cgroup_usage {
    uint64_t memory_bytes, memory_limit_bytes, cpu_us, oom_kills;
    uint32_t pids;
};
int cgroup_read(const char *id, struct cgroup_usage *ret_usage);

/* -EBUSY while members are still on their way out; 0 also when there was none. */
int cgroup_remove(const char *id);

/* Calls `each` for the id of every browser cgroup of this instance that exists in any hierarchy. */
void cgroups_list(void (*each)(const char *id, void *context), void *context);
