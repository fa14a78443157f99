/* The rows of job_kind_table.h as data. Constant; any thread. */
#pragma once

#include "base/config.h"
#include "domain/job_kind_table.h"
#include <stdbool.h>
#include <stddef.h>

enum job_owner { JOB_OWNER_ROLE, JOB_OWNER_USER, JOB_OWNER_SYSTEM };

struct job_lane_row {
    const char *name, *doc;
    enum config_id places;
    size_t together; /* jobs that one process is given */
    enum job_owner whose;
};
extern const struct job_lane_row job_lanes[JOB_LANE_COUNT];

struct job_kind_row {
    const char *name, *doc;
    enum job_lane lane;
    int attempts, backoff_ms, limit_s;
    size_t payload_max;
    bool repeat_after_acting;
    int priority, every_s;
};
extern const struct job_kind_row job_kinds[JOB_KIND_COUNT];

/* JOB_KIND_COUNT: there is none of this name (an older or newer binary may have written it). */
enum job_kind job_kind_from_name(const char *name);
