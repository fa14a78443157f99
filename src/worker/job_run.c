/* The job of kind `run`: a thread, from taken to its end. */
#include "agent/credential.h"
#include "base/log.h"
#include "base/memory.h"
#include "domain/agent_values.h"
#include "domain/artifacts.h"
#include "domain/credentials.h"
#include "domain/feed.h"
#include "domain/jobs.h"
#include "worker/job_internal.h"
#include "worker/profile.h"
#include "worker/run_model.h"
#include <errno.h>
#include <sodium.h>
#include <string.h>

struct run {
    struct job_context *job;
    struct run_sink_database sink;
    json_t *facts, *lease; /* facts: of jobs_begin_run */
    json_t *credentials;   /* opened; NULL: nothing in this run may use any */
    struct ticket_key key;
    struct door door;
    struct profile profile;
    struct run_model model;
};

static void forget_credentials(struct run *run) {
    credentials_wipe(run->credentials);
    json_decref(take_pointer(run->credentials));
}

static void run_done(struct run *run) {
    json_decref(run->facts);
    json_decref(run->sink.kept);
    json_decref(run->lease);
    forget_credentials(run);
    profile_close(&run->profile);
    run_model_done(&run->model);
    sodium_memzero(&run->key, sizeof run->key);
}

static json_t *member(const struct run *run, const char *object, const char *name) {
    json_t *value = json_object_get(json_object_get(run->facts, object), name);
    return json_is_null(value) ? NULL : value;
}

/* Ends the thread. What cannot be written is the worker's to write. */
static int finish(struct run *run, const struct run_end *end, struct error *e) {
    int r = JOB_PATIENTLY(jobs_finish_run(&run->job->db, &run->job->fence, end, e));
    cleanup_free char *channel = memory_print(REDIS_CHANNEL_THREAD "%s", run->sink.thread_id);
    if (!r) {
        redis_publish(&run->job->redis, channel, "ended", NULL);
        feed_announce(&run->job->redis, run->sink.owner_id);
    }
    return r;
}

static int fail(struct run *run, const char *reason, const struct error *why, struct error *e) {
    cleanup_free char *text = *why->hint ? memory_print("%s. %s", why->text, why->hint) : memory_copy_text(why->text);
    return finish(run, &(struct run_end){.status = "error", .reason = reason, .error_message = text}, e);
}

/* Back to the queue, or the end: jobs_lose knows. */
static int give_back(struct run *run, const char *reason, const char *text, struct error *e) {
    struct job_loss loss;
    bool lost;
    return JOB_PATIENTLY(
        jobs_lose(&run->job->db, run->job->fence.job_id, run->job->fence.attempt, reason, text, &loss, &lost, e));
}

/* The agent may have got another input_schema since the thread was asked for. */
static int take_inputs(struct run *run, struct error *why) {
    json_t *inputs = NULL;
    int r = agent_check_inputs(json_object_get(run->facts, "agent"), json_object_get(run->facts, "inputs"), &inputs,
                               NULL, why);
    return r < 0 ? r : json_object_set_new(run->facts, "inputs", inputs);
}

/* Only what may use them gets them. */
static int open_credentials(struct run *run, const json_t *script, struct error *why) {
    if (!run->model.is_open && !credentials_used_by(script))
        return 0;
    return credentials_open(&run->job->db, json_text_or(run->facts, "agent_id", ""), &run->credentials, why);
}

/* Everything that can be wrong before a browser is asked for. */
static int prepare(struct run *run, struct error *why) {
    const char *model = json_string_value(member(run, "preset", "ai_model"));
    json_t *script = member(run, "agent", "script");
    if (!json_is_object(json_object_get(run->facts, "agent")) || !model)
        return error_set(why, ENOENT, ERROR_NOT_FOUND, "the agent of this thread is gone");
    if (!strcmp(model, "script") && !script)
        return error_set(why, EINVAL, ERROR_BAD_INPUT, "the agent has no script");
    run->sink.ai_model = model;
    int r = script ? agent_check_script(script, why) : 0;
    if (!r)
        r = run_model_open(&run->job->db, run->facts, &run->model, why);
    if (!r)
        r = take_inputs(run, why);
    if (!r)
        r = artifacts_check_disk(why);
    if (!r)
        r = run_lease_make(run->facts, member(run, "agent", "browser_config"), &run->lease, why);
    if (!r && json_bool_or(run->lease, "profile", false))
        r = profile_open(&run->profile, json_text_or(run->facts, "agent_id", ""), why);
    if (!r)
        r = open_credentials(run, script, why);
    return r < 0 ? r : door_open(&run->key, &run->door, why);
}

/* What another attempt may not meet. ERROR_CONFLICT: the browser ended before the run had connected to it. */
static bool may_come_later(const struct run *run, const struct agent_outcome *outcome) {
    static const enum error_code passing[] = {ERROR_CAPACITY, ERROR_UNAVAILABLE,   ERROR_CLOSED,     ERROR_TIMEOUT,
                                              ERROR_CONFLICT, ERROR_BROWSER_CRASH, ERROR_BROWSER_OOM};
    bool found = false;
    for (size_t i = 0; i < ARRAY_LENGTH(passing); i++)
        found |= outcome->error.code == passing[i];
    return found && !run->sink.acted;
}

static int end_stopped(struct run *run, const struct run_end *end, struct error *e) {
    bool requested = false;
    int r = JOB_PATIENTLY(jobs_is_stop_requested(&run->job->db, &run->job->fence, &requested, e));
    if (r < 0)
        return r;
    return requested ? finish(run, end, e) : give_back(run, "shutdown", "The worker was shut down.", e);
}

static int end_as(struct run *run, const struct agent_outcome *outcome, struct error *e) {
    static const char *const statuses[] = {
        [AGENT_COMPLETED] = "completed", [AGENT_FAILED] = "error", [AGENT_STOPPED] = "stopped"};
    cleanup_json json_t *usage = agent_usage(outcome);
    const char *text = outcome->status == AGENT_FAILED ? outcome->error.text : "";
    struct run_end end = {.status = statuses[outcome->status],
                          .reason = outcome->reason,
                          .error_message = text,
                          .results = outcome->results,
                          .usage = usage,
                          .execution_ms = outcome->execution_ms};
    if (outcome->status == AGENT_STOPPED)
        return end_stopped(run, &end, e);
    if (outcome->status == AGENT_FAILED && may_come_later(run, outcome))
        return give_back(run, outcome->reason, outcome->error.text, e);
    return finish(run, &end, e);
}

/* The run is done either way: its events tell what was mended, and whether that was kept. */
static void save_mended(struct run *run, const struct agent_sink *sink, const struct agent_outcome *outcome) {
    bool saved = false;
    struct error why = {0}, ignored, *e = &why; /* JOB_PATIENTLY tells it */
    if (outcome->status != AGENT_COMPLETED || !outcome->mended)
        return;
    int r = JOB_PATIENTLY(jobs_save_script(&run->job->db, &run->job->fence, outcome->mended, &saved, e));
    if (r < 0)
        log_warning(e, "the mended script was not saved", LOG_TEXT("thread", run->sink.thread_id));
    sink->event(sink->user, saved ? LOG_INFO : LOG_WARN, "note",
                saved   ? "The mended script is the agent's now"
                : r < 0 ? "The mended script could not be saved"
                        : "The mended script was not saved: the agent's script was changed meanwhile",
                NULL, &ignored);
}

static int carry_out(struct run *run, struct error *e) {
    cleanup_free char *lease_id = run_lease_id(run->sink.thread_id, run->job->fence.attempt);
    struct agent_sink sink = run_sink_database_of(&run->sink);
    struct agent_outcome outcome = {0};
    run->door.interrupt_fd = run->job->interrupt_fd;
    struct agent_profile profile = profile_for_run(&run->profile);
    struct agent_options options = {.door = &run->door,
                                    .profile = run->profile.path ? &profile : NULL,
                                    .lease_id = lease_id,
                                    .lease = run->lease,
                                    .script = member(run, "agent", "script"),
                                    .inputs = json_object_get(run->facts, "inputs"),
                                    .browser_config = member(run, "agent", "browser_config"),
                                    .credentials = run->credentials,
                                    .result_schema = member(run, "agent", "result_schema"),
                                    .model = run_model_options(&run->model),
                                    .task = json_text_or(run->facts, "task", NULL),
                                    .timeout_ms = json_int_or(run->lease, "timeout_ms", 0),
                                    .interrupt_fd = run->job->interrupt_fd};
    int r = agent_run(&options, &sink, &outcome, e);
    forget_credentials(run);
    if (!r)
        r = run_sink_database_flush(&run->sink, e);
    if (!r)
        save_mended(run, &sink, &outcome);
    if (!r)
        r = end_as(run, &outcome, e);
    agent_outcome_done(&outcome);
    return r;
}

int job_handle_RUN(struct job_context *context, struct error *e) {
    __attribute__((cleanup(run_done))) struct run run = {
        .job = context, .sink = {.job = context}, .profile = PROFILE_NONE};
    struct error why = {0};
    int r = JOB_PATIENTLY(jobs_begin_run(&context->db, &context->fence, &run.facts, e));
    if (r < 0)
        return r;
    snprintf(run.sink.thread_id, UUID_TEXT_SIZE, "%s", json_text_or(run.facts, "thread_id", ""));
    snprintf(run.sink.owner_id, UUID_TEXT_SIZE, "%s", json_text_or(run.facts, "owner_id", ""));
    feed_announce(&context->redis, run.sink.owner_id);
    if (json_bool_or(run.facts, "stop_requested", false))
        return finish(&run, &(struct run_end){.status = "stopped", .reason = "stopped", .error_message = ""}, e);
    if (prepare(&run, &why) < 0)
        return fail(&run, error_name(why.code), &why, e);
    return carry_out(&run, e);
}
