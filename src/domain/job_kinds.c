#include "domain/job_kinds.h"
#include <string.h>

const struct job_lane_row job_lanes[JOB_LANE_COUNT] = {
#define X(id, name, places, together, whose, doc) {name, doc, CONFIG_##places, together, JOB_OWNER_##whose},
    JOB_LANE_TABLE(X)
#undef X
};

const struct job_kind_row job_kinds[JOB_KIND_COUNT] = {
#define X(id, name, lane, attempts, backoff_ms, limit_s, payload, repeat, priority, every_s, doc)                      \
    {name, doc, JOB_LANE_##lane, attempts, backoff_ms, limit_s, payload, repeat, priority, every_s},
    JOB_KIND_TABLE(X)
#undef X
};

enum job_kind job_kind_from_name(const char *name) {
    for (int i = 0; i < JOB_KIND_COUNT; i++)
        if (!strcmp(job_kinds[i].name, name))
            return (enum job_kind)i;
    return JOB_KIND_COUNT;
}
