/* Metrics: the rows of metrics_table.h, kept per process, printed in Prometheus' text format. Any thread. */
#pragma once

#include "base/metrics_table.h"
#include "base/text.h"

enum metric {
#define X(id, type, name, help, label) METRIC_##id,
    METRICS_TABLE(X)
#undef X
        METRIC_COUNT
};

/* `label` is the value of the row's label, a string constant from a fixed list; NULL for rows without one. At most 16
 * different values are kept per row; further ones count as "other". */
void metrics_add(enum metric metric, const char *label, double amount); /* counter, gauge */
void metrics_set(enum metric metric, const char *label, double value);  /* gauge */
void metrics_observe(enum metric metric, double seconds);               /* histogram */

/* What this process uses, as the exposition shows it. */
struct process_usage {
    long memory_bytes;
    int descriptors;
};
struct process_usage process_own_usage(void);

/* Appends the exposition, process_resident_memory_bytes and process_open_fds included. */
void metrics_print(struct text *out);
