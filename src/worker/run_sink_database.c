/* Where a thread's run sends what happens: events and files to the database, under its fence, and a word to whoever
 * listens on Redis. */
#include "base/clock.h"
#include "base/memory.h"
#include "domain/artifacts.h"
#include "domain/feed.h"
#include "worker/job_internal.h"
#include "worker/lease_page.h"
#include <stdio.h>
#include <string.h>

#define KEEP_MS   40 /* what nobody who watches notices */
#define KEEP_MOST 250

static void announce(struct run_sink_database *sink, int64_t seq) {
    cleanup_free char *channel = memory_print(REDIS_CHANNEL_THREAD "%s", sink->thread_id);
    redis_publish(&sink->job->redis, channel, SQL_INT(seq), NULL);
}

/* `acts`: a step is among them, which acts when they are down: from then on nobody repeats the run. */
static int write_kept(struct run_sink_database *sink, bool acts, struct error *e) {
    int64_t seq = 0;
    if (!sink->kept)
        return 0;
    int r =
        JOB_PATIENTLY(jobs_write_events(&sink->job->db, &sink->job->fence, sink->kept, acts && !sink->acted, &seq, e));
    if (r < 0)
        return r;
    json_decref(take_pointer(sink->kept));
    sink->acted |= acts;
    announce(sink, seq);
    return 0;
}

static void keep(struct run_sink_database *sink, enum log_level level, const char *kind, const char *message,
                 const json_t *data) {
    static const char *const levels[] = {"debug", "info", "warn", "error"};
    char time[CLOCK_TEXT_SIZE];
    if (!sink->kept) {
        sink->kept = json_array();
        sink->kept_until = clock_deadline(KEEP_MS);
    }
    json_array_append_new(sink->kept,
                          json_pack("{s:s, s:s, s:s, s:s, s:O?}", "time", clock_format(clock_wall_us(), time), "kind",
                                    kind, "level", levels[level], "message", message, "data", data));
}

static bool may_wait(const struct run_sink_database *sink) {
    return json_array_size(sink->kept) < KEEP_MOST && clock_monotonic_ms() < sink->kept_until;
}

/* What a page says by the thousand is kept back for a moment and written together; everything else is down when this
 * returns, and what was kept before it. */
static int on_event(void *user, enum log_level level, const char *kind, const char *message, const json_t *data,
                    struct error *e) {
    struct run_sink_database *sink = user;
    keep(sink, level, kind, message, data);
    if (level == LOG_DEBUG && may_wait(sink))
        return 0;
    return write_kept(sink, !strcmp(kind, "step.started"), e);
}

static int on_settle(void *user, int64_t *ret_again, struct error *e) {
    struct run_sink_database *sink = user;
    int r = sink->kept && !may_wait(sink) ? write_kept(sink, false, e) : 0;
    if (!r)
        *ret_again = sink->kept ? sink->kept_until : INT64_MAX;
    return r;
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
    int r = write_kept(sink, false, e);
    if (!r)
        r = JOB_PATIENTLY(artifacts_store(&sink->job->db, &sink->job->fence, id, &artifact, e));
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
    int r = write_kept(sink, false, e);
    if (!r)
        r = JOB_PATIENTLY(jobs_mark_waiting(&sink->job->db, &sink->job->fence, reason, e));
    if (!r)
        lease_page_tell_waiting(reason != NULL);
    return r;
}

struct agent_sink run_sink_database_of(struct run_sink_database *state) {
    return (struct agent_sink){.user = state,
                               .event = on_event,
                               .settle = on_settle,
                               .artifact = on_artifact,
                               .read_artifact = read_artifact,
                               .running = on_running,
                               .waiting = on_waiting,
                               .spend = run_sink_spend,
                               .ask = run_sink_ask,
                               .answer = run_sink_answer,
                               .withdraw = run_sink_withdraw};
}

int run_sink_database_flush(struct run_sink_database *state, struct error *e) {
    return write_kept(state, false, e);
}
