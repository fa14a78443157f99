/* The last few hundred durations of one kind, for percentiles. One thread. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define DURATIONS_KEPT 256

struct durations {
    int32_t ms[DURATIONS_KEPT];
    size_t count; /* ever added */
};

void durations_add(struct durations *durations, int64_t ms);
/* 0 to 1; 0 ms while there are none. */
int64_t durations_percentile(const struct durations *durations, double share);
