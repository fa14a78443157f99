/* Reads the memory cgroup of a browser: v1 (memory.failcnt, memory.oom_control) or v2 (memory.events,
 * memory.pressure), whichever the directory has. The loop's thread only. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct memory_counts {
    int64_t oom_kills; /* processes that the kernel killed for memory */
    int64_t at_limit;  /* how often an allocation met the limit */
    double stalled;    /* share of the last ten seconds in which everything waited for memory, percent; v2 only */
};

/* Members that cannot be read are 0; so a keeper without a cgroup sees no trouble. */
void memory_watch_read(int dir, struct memory_counts *ret_counts);
