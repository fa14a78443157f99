/* Numbers for people. */
#include "domain/statistics.h"
#include "api/browser_counts.h"
#include "api/route_table.h"
#include <string.h>

static const struct schema_field query_fields[] = {
    {"days", SCHEMA_INT, .least = 1, .most = STATISTICS_DAYS_MAX, .initial = "30", .doc = "How far back."},
    {"all", SCHEMA_BOOL, .initial = "false", .doc = "Everybody's, for administrators."},
    {NULL},
};
static const struct schema query_schema = {"DashboardQuery", query_fields, .doc = "Which numbers."};

static const struct schema_field dashboard_fields[] = {
    {"days", SCHEMA_INT, SCHEMA_REQUIRED, .least = 1, .most = STATISTICS_DAYS_MAX, .doc = "How far back."},
    {"threads", SCHEMA_OBJECT, SCHEMA_REQUIRED,
     .doc = "by_status, today, total, and success_rate (null before the first end)."},
    {"series", SCHEMA_LIST, SCHEMA_REQUIRED, .items = SCHEMA_OBJECT, .most = STATISTICS_DAYS_MAX,
     .doc = "A day each: date, completed, error, stopped."},
    {"durations", SCHEMA_OBJECT, SCHEMA_REQUIRED, .doc = "p50_ms and p95_ms of completed threads."},
    {"models", SCHEMA_OBJECT, SCHEMA_REQUIRED,
     .doc = "tokens and cost_micro, and per day in series: date, tokens, cost_micro."},
    {"agents", SCHEMA_OBJECT, SCHEMA_REQUIRED, .doc = "total and active."},
    {"browsers", SCHEMA_OBJECT, SCHEMA_REQUIRED | SCHEMA_NULLABLE,
     .doc = "Of the instance: active (leased), warm, max; null while the engine does not answer."},
    {"recent", SCHEMA_LIST, SCHEMA_REQUIRED, .items = SCHEMA_OBJECT, .most = 10, .doc = "The newest threads."},
    {"top_agents", SCHEMA_LIST, SCHEMA_REQUIRED, .items = SCHEMA_OBJECT, .most = 5, .doc = "Those with most threads."},
    {NULL},
};
static const struct schema dashboard_schema = {"Dashboard", dashboard_fields, .doc = "What happened of late."};

static int dashboard(struct api_call *call, struct error *e) {
    cleanup_free char *text = NULL;
    cleanup_json json_t *numbers = NULL;
    int r = statistics_dashboard(call->db, &call->who.caller, json_bool_or(call->query, "all", false),
                                 (int)call_query_int(call, "days", 30), &text, e);
    if (!r)
        r = json_parse(text, strlen(text), "the numbers", &numbers, e);
    if (r < 0)
        return r;
    json_object_set_new(numbers, "browsers", browser_counts());
    call_answer_json(call, numbers);
    return 0;
}

const struct api_route statistics_routes[] = {
    {"GET", "/statistics/dashboard", dashboard, .lane = LANE_DATABASE, .permission = PERMISSION_STATISTICS_READ,
     .scope = SCOPE_READ, .query = &query_schema, .answer = &dashboard_schema, .tag = "statistics",
     .summary = "What happened of late"},
    {NULL},
};
