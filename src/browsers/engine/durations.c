#include "browsers/engine/durations.h"
#include <stdlib.h>
#include <string.h>

void durations_add(struct durations *durations, int64_t ms) {
    durations->ms[durations->count++ % DURATIONS_KEPT] = ms > INT32_MAX ? INT32_MAX : (int32_t)ms;
}

static int compare(const void *a, const void *b) {
    int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;
    return (x > y) - (x < y);
}

int64_t durations_percentile(const struct durations *durations, double share) {
    int32_t sorted[DURATIONS_KEPT];
    size_t count = durations->count < DURATIONS_KEPT ? durations->count : DURATIONS_KEPT;
    if (!count)
        return 0;
    memcpy(sorted, durations->ms, count * sizeof *sorted);
    qsort(sorted, count, sizeof *sorted, compare);
    size_t at = (size_t)(share * (double)count);
    return sorted[at < count ? at : count - 1];
}
