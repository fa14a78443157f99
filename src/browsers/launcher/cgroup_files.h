/* Files of a browser's cgroup, a row each: identifier, controller that has it on v1, its name on v1, its name on v2.
 * NULL: there is none. */
#pragma once

#include <stddef.h>

#define CGROUP_FILE_TABLE(X)                                                                                           \
    X(PROCESSES, "pids", "cgroup.procs", "cgroup.procs")                                                               \
    X(MEMORY_LIMIT, "memory", "memory.limit_in_bytes", "memory.max")                                                   \
    X(SWAP_LIMIT, "memory", "memory.memsw.limit_in_bytes", "memory.swap.max")                                          \
    X(MEMORY_USED, "memory", "memory.usage_in_bytes", "memory.current")                                                \
    X(MEMORY_DETAILS, "memory", "memory.stat", "memory.stat")                                                          \
    X(OOM, "memory", "memory.oom_control", "memory.events")                                                            \
    X(CPU_LIMIT, "cpu", "cpu.cfs_quota_us", "cpu.max")                                                                 \
    X(CPU_WEIGHT, "cpu", "cpu.shares", "cpu.weight")                                                                   \
    X(CPU_USED, "cpuacct", "cpuacct.usage", "cpu.stat")                                                                \
    X(PIDS_LIMIT, "pids", "pids.max", "pids.max")                                                                      \
    X(PIDS, "pids", "pids.current", "pids.current")                                                                    \
    X(FREEZE, "freezer", "freezer.state", "cgroup.freeze")                                                             \
    X(KILL, NULL, NULL, "cgroup.kill")

enum cgroup_file {
#define X(id, controller, v1, v2) CGROUP_##id,
    CGROUP_FILE_TABLE(X)
#undef X
        CGROUP_FILE_COUNT
};
