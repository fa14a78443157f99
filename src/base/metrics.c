#include "base/metrics.h"
#include "base/memory.h"
#include <dirent.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum metric_type { GAUGE, COUNTER, HISTOGRAM };

#define LABEL_VALUES_MAX 16
#define LABEL_VALUE_SIZE 32

static const struct {
    enum metric_type type;
    const char *name, *help, *label;
} rows[METRIC_COUNT] = {
#define X(id, type, name, help, label) {type, name, help, label},
    METRICS_TABLE(X)
#undef X
};

static const double bounds[] = {0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct series {
    size_t count;
    char labels[LABEL_VALUES_MAX][LABEL_VALUE_SIZE];
    double values[LABEL_VALUES_MAX];
} series[METRIC_COUNT];
static struct histogram {
    unsigned long buckets[ARRAY_LENGTH(bounds) + 1], count;
    double sum;
} histograms[METRIC_COUNT];

static double *find_value(enum metric metric, const char *label) {
    struct series *s = &series[metric];
    const char *wanted = label ? label : "";
    for (size_t i = 0; i < s->count; i++)
        if (!strcmp(s->labels[i], wanted))
            return &s->values[i];
    if (s->count == LABEL_VALUES_MAX)
        return &s->values[LABEL_VALUES_MAX - 1];
    if (s->count == LABEL_VALUES_MAX - 1)
        wanted = "other";
    snprintf(s->labels[s->count], LABEL_VALUE_SIZE, "%s", wanted);
    return &s->values[s->count++];
}

void metrics_add(enum metric metric, const char *label, double amount) {
    pthread_mutex_lock(&lock);
    *find_value(metric, label) += amount;
    pthread_mutex_unlock(&lock);
}

void metrics_set(enum metric metric, const char *label, double value) {
    pthread_mutex_lock(&lock);
    *find_value(metric, label) = value;
    pthread_mutex_unlock(&lock);
}

void metrics_observe(enum metric metric, double seconds) {
    size_t bucket = 0;
    while (bucket < ARRAY_LENGTH(bounds) && seconds > bounds[bucket])
        bucket++;
    pthread_mutex_lock(&lock);
    histograms[metric].buckets[bucket]++;
    histograms[metric].count++;
    histograms[metric].sum += seconds;
    pthread_mutex_unlock(&lock);
}

static void print_histogram(struct text *out, const char *name, const struct histogram *h) {
    unsigned long total = 0;
    for (size_t i = 0; i < ARRAY_LENGTH(bounds); i++) {
        total += h->buckets[i];
        text_print(out, "%s_bucket{le=\"%g\"} %lu\n", name, bounds[i], total);
    }
    text_print(out, "%s_bucket{le=\"+Inf\"} %lu\n%s_sum %.6f\n%s_count %lu\n", name, h->count, name, h->sum, name,
               h->count);
}

static void print_series(struct text *out, enum metric metric) {
    for (size_t i = 0; i < series[metric].count; i++) {
        text_append_string(out, rows[metric].name);
        if (rows[metric].label) {
            text_print(out, "{%s=", rows[metric].label);
            text_append_json(out, series[metric].labels[i], strlen(series[metric].labels[i]));
            text_append_char(out, '}');
        }
        text_print(out, " %.15g\n", series[metric].values[i]);
    }
}

struct process_usage process_own_usage(void) {
    long pages = 0;
    FILE *statm = fopen("/proc/self/statm", "re");
    if (statm) {
        if (fscanf(statm, "%*d %ld", &pages) != 1)
            pages = 0;
        fclose(statm);
    }
    int fds = 0;
    cleanup_dir DIR *dir = opendir("/proc/self/fd");
    while (dir && readdir(dir))
        fds++;
    return (struct process_usage){pages * sysconf(_SC_PAGESIZE), fds > 3 ? fds - 3 : 0};
}

static void print_process(struct text *out) {
    struct process_usage usage = process_own_usage();
    text_print(out,
               "# TYPE process_resident_memory_bytes gauge\nprocess_resident_memory_bytes %ld\n"
               "# TYPE process_open_fds gauge\nprocess_open_fds %d\n",
               usage.memory_bytes, usage.descriptors);
}

void metrics_print(struct text *out) {
    static const char *const type_names[] = {"gauge", "counter", "histogram"};
    pthread_mutex_lock(&lock);
    for (int i = 0; i < METRIC_COUNT; i++) {
        if (!series[i].count && !histograms[i].count)
            continue;
        text_print(out, "# HELP %s %s\n# TYPE %s %s\n", rows[i].name, rows[i].help, rows[i].name,
                   type_names[rows[i].type]);
        if (rows[i].type == HISTOGRAM)
            print_histogram(out, rows[i].name, &histograms[i]);
        else
            print_series(out, (enum metric)i);
    }
    pthread_mutex_unlock(&lock);
    print_process(out);
}
