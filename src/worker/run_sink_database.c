/* Where a thread's run sends what happens: events and files to the database, under its fence, and a word to whoever
 * listens on Redis. */
#include "base/clock.h"
#include "base/memory.h"
#include "domain/artifacts.h"
#include "domain/feed.h"
#include "worker/job_internal.h"
#include <stdio.h>
#include <string.h>

static void announce(struct run_sink_database *sink, int64_t seq) {
    cleanup_free char *channel = memory_print(REDIS_CHANNEL_THREAD "%s", sink->thread_id);
    redis_publish(&sink->job->redis, channel, SQL_INT(seq), NULL);
}

/* A step is announced before it acts, so its event must be down first: from then on nobody repeats the run. */
static int on_event(void *user, enum log_level level, const char *kind, const char *message, const json_t *data,
                    struct error *e) {
    static const char *const levels[] = {"debug", "info", "warn", "error"};
    struct run_sink_database *sink = user;
    bool acts = !strcmp(kind, "step.started");
    char time[CLOCK_TEXT_SIZE];
    int64_t seq = 0;
    cleanup_json json_t *events = json_pack("[{s:s, s:s, s:s, s:s, s:O?}]", "time", clock_format(clock_wall_us(), time),
                                            "kind", kind, "level", levels[level], "message", message, "data", data);
    int r = JOB_PATIENTLY(jobs_write_events(&sink->job->db, &sink->job->fence, events, acts && !sink->acted, &seq, e));
    if (r < 0)
        return r;
    sink->acted |= acts;
    announce(sink, seq);
    return 0;
}

static int on_artifact(void *user, const char *kind, const char *name, const char *media_type, const void *data,
                       size_t length, char ret_id[37], struct error *e) {
    struct run_sink_database *sink = user;
    struct artifact artifact = {.owner_id = sink->owner_id,
                                .kind = kind,
                                .name = name,
                                .media_type = media_type,
                                .data = data,
                                .length = length};
    char id[UUID_TEXT_SIZE];
    uuid_make(id);
    int r = JOB_PATIENTLY(artifacts_store(&sink->job->db, &sink->job->fence, id, &artifact, e));
    if (!r)
        memcpy(ret_id, id, UUID_TEXT_SIZE);
    return r;
}

static int append(void *user, const void *data, size_t length) {
    text_append(user, data, length);
    return 0;
}

static int read_artifact(void *user, const char *id, struct text *data, char **ret_name, struct error *e) {
    struct run_sink_database *sink = user;
    struct caller caller = {.role = ROLE_FREE_USER}; /* the owner's own files, which each role may read */
    struct blob_sink to = {append, data};
    cleanup_free char *answer = NULL;
    cleanup_json json_t *artifact = NULL;
    snprintf(caller.id, sizeof caller.id, "%s", sink->owner_id);
    int r = JOB_PATIENTLY(artifacts_get(&sink->job->db, &caller, id, &answer, e));
    if (!r)
        r = json_parse(answer, strlen(answer), "the artifact", &artifact, e);
    if (!r)
        r = artifacts_read(&sink->job->db, &caller, id, 0, 0, &to, e);
    if (!r)
        *ret_name = memory_copy_text(json_text_or(artifact, "name", ""));
    return r;
}

static int on_running(void *user, const char *browser_id, struct error *e) {
    struct run_sink_database *sink = user;
    int r = JOB_PATIENTLY(jobs_mark_running(&sink->job->db, &sink->job->fence, browser_id, e));
    if (!r)
        feed_announce(&sink->job->redis, sink->owner_id);
    return r;
}

static int on_waiting(void *user, const char *reason, struct error *e) {
    struct run_sink_database *sink = user;
    return JOB_PATIENTLY(jobs_mark_waiting(&sink->job->db, &sink->job->fence, reason, e));
}

struct agent_sink run_sink_database_of(struct run_sink_database *state) {
    return (struct agent_sink){.user = state,
                               .event = on_event,
                               .artifact = on_artifact,
                               .read_artifact = read_artifact,
                               .running = on_running,
                               .waiting = on_waiting};
}
