/* One run of a script in one browser: leases it, carries the steps out, reports each, gives the browser back.
 *
 * It knows neither database nor terminal: what happens goes to a sink, so a thread's job, `replinet run` and tests use
 * the same code. Blocking, one thread, one run at a time per process (a job is a process). */
#pragma once

#include "base/error.h"
#include "base/json.h"
#include "base/log.h"
#include "base/text.h"
#include "cdp/door_client.h"

/* Where a run's events and files go. Functions return 0 or -errno; a failure ends the run (ERROR_FENCED: at once,
 * silently). `data` is borrowed. */
struct agent_sink {
    void *user;
    /* kinds: run.started, run.finished, browser.leased, browser.ended, step.started, step.finished, step.failed,
     * egress.refused, egress.allowed (level debug), page.dialog, page.console (level debug), download.finished,
     * control.taken, control.returned, note */
    int (*event)(void *user, enum log_level level, const char *kind, const char *message, const json_t *data,
                 struct error *e);
    /* Writes what `event` kept back for a moment, when that is over. ret_again: when it will be for what is kept now
     * (monotonic ms; INT64_MAX: nothing is). Called before every wait for the browser. NULL: nothing is kept back. */
    int (*settle)(void *user, int64_t *ret_again, struct error *e);
    /* Stores a file; `kind` screenshot | download | other. `ret_id` has room for a UUID text. */
    int (*artifact)(void *user, const char *kind, const char *name, const char *media_type, const void *data,
                    size_t length, char ret_id[37], struct error *e);
    /* Reads a file that was stored as an artifact: appends its bytes, gives its name (free()). ERROR_NOT_FOUND. */
    int (*read_artifact)(void *user, const char *id, struct text *data, char **ret_name, struct error *e);
    /* The thread has a browser now (status running); called once. */
    int (*running)(void *user, const char *browser_id, struct error *e);
    /* The run waits for a person (status waiting): why ("control"); NULL: it goes on. */
    int (*waiting)(void *user, const char *reason, struct error *e);
};

/* The browser's profile: what it begins with, and who takes what it leaves. */
struct agent_profile {
    int fd; /* a packed profile, -1: begin with an empty one */
    /* After the browser was released. Returns what is to be said about it ("": nothing). */
    const char *(*released)(void *user, const struct door *door, const char *browser_id);
    void *user;
};

struct agent_options {
    const struct door *door;
    const char *lease_id;                /* idempotency key of the lease: thread id + attempt */
    json_t *lease;                       /* borrowed: lease object, limits and egress rules included */
    const json_t *script;                /* borrowed: {"steps":[...], "scripts": {...}} or the bare list */
    const json_t *browser_config;        /* borrowed or NULL; see agent/browser_config.h */
    const json_t *inputs;                /* borrowed or NULL: values for {{inputs.name}} */
    const json_t *result_schema;         /* borrowed or NULL: what a completed run's results must fit */
    int64_t timeout_ms;                  /* of the whole run; <= 0: the lease's */
    int interrupt_fd;                    /* readable: stop; -1: none */
    const char *download_name_prefix;    /* NULL: none */
    const struct agent_profile *profile; /* NULL: none; else the lease has "profile": true */
};

enum agent_status { AGENT_COMPLETED, AGENT_FAILED, AGENT_STOPPED };

struct agent_outcome {
    enum agent_status status;
    char reason[32]; /* "" when completed; step_failed, timeout, result_invalid, stopped, oom, crash, capacity, ... */
    struct error error;  /* why, when not completed */
    json_t *results;     /* the caller's: object of everything extracted so far, also when the run failed */
    char browser_id[37]; /* "" when none was leased */
    int64_t steps_done;
    int64_t execution_ms;
};

/* Checks a script without running it: every wrong step is named by its path ("steps[3].then[0].click"). */
int agent_check_script(const json_t *script, struct error *e);

/* Runs it. Always fills `ret_outcome` (agent_outcome_done frees its results); returns -errno only when the sink failed.
 */
int agent_run(const struct agent_options *options, const struct agent_sink *sink, struct agent_outcome *ret_outcome,
              struct error *e);
void agent_outcome_done(struct agent_outcome *outcome);
