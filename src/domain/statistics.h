/* Numbers for people: what the dashboard shows. Results are the JSON that clients get (free()). */
#pragma once

#include "domain/roles.h"
#include "store/postgres.h"

#define STATISTICS_DAYS_MAX 90

/* {"threads":{"by_status":{},"today","total","success_rate"},"series":[{"date","completed","error","stopped"}...],
 * "durations":{"p50_ms","p95_ms"},"agents":{"total","active"},"recent":[...],"top_agents":[...]} of the last `days`
 * days (1 to STATISTICS_DAYS_MAX, in UTC). `all`: everybody's, for administrators. */
int statistics_dashboard(struct postgres *db, const struct caller *caller, bool all, int days, char **ret_json,
                         struct error *e);
