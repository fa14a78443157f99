#include "browsers/engine/others_metrics.h"
#include "base/memory.h"
#include "base/metrics.h"

#define REPORT_EVERY_MS   5000
#define REPORT_TIMEOUT_MS 5000

/* Members of a keeper's status: the place among browser->counted, the row, its label. */
static const struct {
    const char *member;
    enum metric metric;
    const char *label;
} counters[BROWSER_COUNTERS] = {
    {"cdp_from_clients", METRIC_CDP_MESSAGES, "clients"},
    {"cdp_from_browser", METRIC_CDP_MESSAGES, "browser"},
    {"cdp_refused", METRIC_CDP_REFUSED, NULL},
    {"connections", METRIC_GATE_CONNECTIONS, "allowed"},
    {"refused", METRIC_GATE_CONNECTIONS, "refused"},
    {"failed", METRIC_GATE_CONNECTIONS, "failed"},
    {"bytes_up", METRIC_GATE_BYTES, "up"},
    {"bytes_down", METRIC_GATE_BYTES, "down"},
    {"live_frames", METRIC_LIVE_FRAMES, NULL},
};

/* A keeper is no more to be trusted than its browser: what falls or is none counts as nothing. */
void others_metrics_of_keeper(struct browser *browser, const json_t *status) {
    for (size_t i = 0; i < ARRAY_LENGTH(counters); i++) {
        int64_t now = json_int_or(status, counters[i].member, browser->counted[i]);
        if (now < browser->counted[i])
            continue;
        metrics_add(counters[i].metric, counters[i].label, (double)(now - browser->counted[i]));
        browser->counted[i] = now;
    }
}

static void on_report(void *user, const struct launcher_reply *reply, int fd) {
    static const char *const names[] = {
#define X(id, name, doc) [LAUNCHER_##id] = name,
        LAUNCHER_OPERATION_TABLE(X)
#undef X
    };
    if (reply->status < 0)
        return;
    for (size_t i = LAUNCHER_NONE + 1; i < LAUNCHER_OPERATION_COUNT; i++)
        metrics_set(METRIC_LAUNCHER_OPERATIONS, names[i], (double)reply->operations[i]);
    metrics_set(METRIC_LAUNCHER_FAILED, NULL, (double)reply->failed);
    metrics_set(METRIC_LAUNCHER_BROWSERS, NULL, (double)reply->browsers);
    metrics_set(METRIC_LAUNCHER_MEMORY, NULL, (double)reply->memory_bytes);
    metrics_set(METRIC_LAUNCHER_FDS, NULL, (double)reply->descriptors);
}

void others_metrics_tick(struct pool *pool, int64_t now) {
    struct launcher_request request = {.operation = LAUNCHER_REPORT};
    size_t keepers = 0;
    for (const struct browser *browser = pool->browsers; browser; browser = browser->next)
        keepers += browser->keeper != NULL;
    metrics_set(METRIC_KEEPERS, NULL, (double)keepers);
    metrics_set(METRIC_LAUNCHER_UP, NULL, launcher_link_is_up(pool->launcher));
    if (now < pool->report_due || !launcher_link_is_up(pool->launcher))
        return;
    pool->report_due = now + REPORT_EVERY_MS;
    launcher_link_call(pool->launcher, &request, REPORT_TIMEOUT_MS, on_report, pool);
}
