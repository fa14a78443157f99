/* /health/ready: whether this process and what it needs work together; each with its latency. */
#include "api/api_internal.h"
#include "api/route_table.h"
#include "base/clock.h"
#include "base/config.h"
#include "base/instance.h"
#include "cdp/door_client.h"
#include "domain/job_kinds.h"
#include "domain/jobs.h"
#include <errno.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

static const struct statement PING = {"ready_ping", "SELECT 1"};

static int check_postgres(struct api_call *call, json_t *check, struct error *e) {
    return postgres_query(call->db, &PING, NULL, e);
}

static int check_redis(struct api_call *call, json_t *check, struct error *e) {
    return redis_ping(call->redis, e);
}

static int check_engine(struct api_call *call, json_t *check, struct error *e) {
    struct ticket_key key;
    struct door door;
    int r = door_open(&key, &door, e);
    cleanup_close int fd = r < 0 ? r : door_connect(&door, e);
    sodium_memzero(&key, sizeof key);
    return fd < 0 ? fd : 0;
}

static int check_disk(struct api_call *call, json_t *check, struct error *e) {
    struct statvfs status;
    if (statvfs(config_text(CONFIG_STATE_DIR), &status))
        return error_errno(e, errno, ERROR_STORAGE, "cannot look at STATE_DIR");
    int64_t free_mb = (int64_t)(status.f_bavail * (status.f_frsize >> 10) >> 10);
    json_object_set_new(check, "free_mb", json_integer(free_mb));
    return free_mb < config_int(CONFIG_DISK_MIN_FREE_MB)
               ? error_set(e, ENOSPC, ERROR_STORAGE, "less than DISK_MIN_FREE_MB is free")
               : 0;
}

static int check_queue(struct api_call *call, json_t *check, struct error *e) {
    struct queue_state state = {0};
    int64_t depth = 0;
    double oldest = 0;
    int r = 0;
    for (int lane = 0; !r && lane < JOB_LANE_COUNT; lane++) {
        r = jobs_measure(call->db, (enum job_lane)lane, &state, e);
        depth += state.depth;
        oldest = state.oldest_age > oldest ? state.oldest_age : oldest;
    }
    json_object_set_new(check, "depth", json_integer(depth));
    json_object_set_new(check, "oldest_age_s", json_real(oldest));
    return r;
}

static const struct {
    const char *name;
    int (*run)(struct api_call *call, json_t *check, struct error *e);
    bool vital;
} checks[] = {
    {"postgres", check_postgres, true}, {"redis", check_redis, false}, {"engine", check_engine, false},
    {"disk", check_disk, false},        {"queue", check_queue, false},
};

/* Addresses and paths in an error's text are the log's, not everybody's. */
static int run_check(struct api_call *call, size_t which, json_t *all) {
    struct error e;
    int64_t began = clock_monotonic_ms();
    json_t *check = json_object();
    int r = checks[which].run(call, check, &e);
    json_object_set_new(check, "status", json_string(r < 0 ? "down" : "ok"));
    json_object_set_new(check, "latency_ms", json_integer(clock_monotonic_ms() - began));
    if (r < 0)
        json_object_set_new(check, "code", json_string(error_name(e.code)));
    json_object_set_new(all, checks[which].name, check);
    return r;
}

static int get_ready(struct api_call *call, struct error *e) {
    cleanup_json json_t *all = json_object();
    const char *status = "ok";
    for (size_t i = 0; i < ARRAY_LENGTH(checks); i++) {
        int r = run_check(call, i, all);
        if (r < 0 && (checks[i].vital || !strcmp(status, "down")))
            status = "down";
        else if (r < 0)
            status = "degraded";
    }
    cleanup_json json_t *answer =
        json_pack("{s:s, s:s, s:O}", "status", status, "version", REPLINET_VERSION, "checks", all);
    call_answer_json(call, answer);
    call_status(call, strcmp(status, "down") ? 200 : 503);
    call_header(call, "Cache-Control", "no-store");
    return 0;
}

static const struct schema_field check_fields[] = {
    {"status", SCHEMA_TEXT, SCHEMA_REQUIRED, .choices = SCHEMA_CHOICES("ok", "down"), .doc = "Whether it works."},
    {"latency_ms", SCHEMA_INT, SCHEMA_REQUIRED, .least = 0, .most = 1e9, .doc = "How long the look took."},
    {"code", SCHEMA_TEXT, .doc = "What kind of failure."},
    {"free_mb", SCHEMA_INT, .least = 0, .most = 9e15, .doc = "Of the disk."},
    {"depth", SCHEMA_INT, .least = 0, .most = 9e15, .doc = "Jobs that are due."},
    {"oldest_age_s", SCHEMA_REAL, .doc = "How long the oldest of them has been due."},
    {NULL},
};
static const struct schema check_schema = {"Check", check_fields, .doc = "One thing that is needed."};
#define CHECK(name, doc_text)                                                                                          \
    { name, SCHEMA_OBJECT, SCHEMA_REQUIRED, .object = &check_schema, .doc = doc_text }
static const struct schema_field checks_fields[] = {
    CHECK("postgres", "Everything that is kept."),  CHECK("redis", "Messages; without it all goes on, more slowly."),
    CHECK("engine", "The door to browsers."),       CHECK("disk", "Where files are kept."),
    CHECK("queue", "Jobs that wait for a worker."), {NULL},
};
static const struct schema checks_schema = {"Checks", checks_fields, .doc = "What is needed."};
static const struct schema_field ready_fields[] = {
    {"status", SCHEMA_TEXT, SCHEMA_REQUIRED, .choices = SCHEMA_CHOICES("ok", "degraded", "down"),
     .doc = "down: nothing works; degraded: something is missing."},
    {"version", SCHEMA_TEXT, SCHEMA_REQUIRED, .doc = "Of Replinet."},
    {"checks", SCHEMA_OBJECT, SCHEMA_REQUIRED, .object = &checks_schema, .doc = "Each thing that is needed."},
    {NULL},
};
static const struct schema ready_schema = {"Ready", ready_fields, .doc = "Whether all this works together."};

const struct api_route ready_routes[] = {
    {"GET", "//health/ready", get_ready, .lane = LANE_SLOW, .access = ACCESS_PUBLIC, .rate = RATE_READ,
     .answer = &ready_schema, .tag = "health", .summary = "Whether everything that is needed works"},
    {NULL},
};
