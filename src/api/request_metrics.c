#include "api/request_metrics.h"
#include "api/api_internal.h"
#include <stdlib.h>

#define CLASSES 6 /* 1xx to 5xx, and 499: the client went away */
#define NAME    "replinet_api_request_seconds"

static const double bounds_ms[] = {1, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 10000};

struct series {
    uint64_t buckets[ARRAY_LENGTH(bounds_ms) + 1], count;
    int64_t sum_ms;
};

struct request_metrics {
    size_t count;
    struct row {
        const struct api_route *route; /* NULL: none fitted */
        struct series series[CLASSES];
    } rows[];
};

struct request_metrics *request_metrics_new(void) {
    size_t tables_count, count = 1;
    const struct api_route *const *tables = api_route_tables(&tables_count);
    for (size_t i = 0; i < tables_count; i++)
        for (const struct api_route *route = tables[i]; route->method; route++)
            count++;
    struct request_metrics *metrics = memory_alloc(sizeof *metrics + count * sizeof metrics->rows[0]);
    metrics->count = 1;
    for (size_t i = 0; i < tables_count; i++)
        for (const struct api_route *route = tables[i]; route->method; route++)
            metrics->rows[metrics->count++].route = route;
    return metrics;
}

void request_metrics_free(struct request_metrics *metrics) {
    free(metrics);
}

static struct row *find(struct request_metrics *metrics, const struct api_route *route) {
    for (size_t i = 1; route && i < metrics->count; i++)
        if (metrics->rows[i].route == route)
            return &metrics->rows[i];
    return &metrics->rows[0];
}

void request_metrics_note(struct request_metrics *metrics, const struct api_route *route, int status,
                          int64_t duration_ms) {
    size_t class = status == 499 ? CLASSES - 1 : status >= 100 && status < 600 ? (size_t)status / 100 - 1 : 4;
    struct series *series = &find(metrics, route)->series[class];
    size_t bucket = 0;
    while (bucket < ARRAY_LENGTH(bounds_ms) && (double)duration_ms > bounds_ms[bucket])
        bucket++;
    series->buckets[bucket]++;
    series->count++;
    series->sum_ms += duration_ms;
}

static void print_series(const struct series *series, const char *labels, struct text *out) {
    uint64_t total = 0;
    for (size_t i = 0; i < ARRAY_LENGTH(bounds_ms); i++) {
        total += series->buckets[i];
        text_print(out, NAME "_bucket{%s,le=\"%g\"} %llu\n", labels, bounds_ms[i] / 1000, (unsigned long long)total);
    }
    text_print(out, NAME "_bucket{%s,le=\"+Inf\"} %llu\n", labels, (unsigned long long)series->count);
    text_print(out, NAME "_sum{%s} %.3f\n", labels, (double)series->sum_ms / 1000);
    text_print(out, NAME "_count{%s} %llu\n", labels, (unsigned long long)series->count);
}

void request_metrics_print(const struct request_metrics *metrics, struct text *out) {
    static const char *const classes[CLASSES] = {"1xx", "2xx", "3xx", "4xx", "5xx", "gone"};
    text_append_string(out, "# HELP " NAME " Requests by route and status, from head to answer.\n# TYPE " NAME
                            " histogram\n");
    for (size_t i = 0; i < metrics->count; i++)
        for (size_t k = 0; k < CLASSES; k++) {
            const struct api_route *route = metrics->rows[i].route;
            const struct series *series = &metrics->rows[i].series[k];
            if (!series->count)
                continue;
            cleanup_free char *labels =
                memory_print("method=\"%s\",route=\"%s\",status=\"%s\"", route ? route->method : "",
                             route ? route->pattern : "none", classes[k]);
            print_series(series, labels, out);
        }
}
