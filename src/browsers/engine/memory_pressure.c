#include "browsers/engine/memory_pressure.h"
#include "base/io.h"
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

/* Share of the last ten seconds in which some process waited for memory. Above it a new Chromium would only make the
 * others slower: seen as browsers that miss their pings with MemAvailable still looking fine. */
#define STALLED_PERCENT_MOST 30.0

static int64_t available_mb(void) {
    char text[4096];
    long long kb;
    if (io_read_at(AT_FDCWD, "/proc/meminfo", text, sizeof text) < 0)
        return INT64_MAX;
    const char *line = strstr(text, "MemAvailable:");
    return line && sscanf(line, "MemAvailable: %lld", &kb) == 1 ? kb / 1024 : INT64_MAX;
}

static double stalled_percent(void) {
    char text[512];
    double percent;
    if (io_read_at(AT_FDCWD, "/proc/pressure/memory", text, sizeof text) < 0)
        return 0; /* a kernel without PSI */
    return sscanf(text, "some avg10=%lf", &percent) == 1 ? percent : 0;
}

const char *memory_pressure_objection(int64_t least_free_mb) {
    if (available_mb() < least_free_mb)
        return "less memory is free than POOL_MIN_FREE_MB";
    if (stalled_percent() > STALLED_PERCENT_MOST)
        return "the machine is short of memory (pressure stall)";
    return NULL;
}
