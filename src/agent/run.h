/* One run in one browser, of a script, a model, or both: leases it, carries the steps out, reports each, gives the
 * browser back.
 *
 * It knows neither database nor terminal: what happens goes to a sink, so a thread's job, `replinet run` and tests use
 * the same code. Blocking, one thread, one run at a time per process (a job is a process). */
#pragma once

#include "base/error.h"
#include "base/json.h"
#include "base/log.h"
#include "base/text.h"
#include "cdp/door_client.h"

/* What the model used since this was last told to the sink. */
struct agent_spending {
    int64_t calls, input_tokens, output_tokens, cached_tokens, cost_micro;
};

/* Where a run's events and files go. Functions return 0 or -errno; a failure ends the run (ERROR_FENCED: at once,
 * silently). `data` is borrowed. */
struct agent_sink {
    void *user;
    /* kinds: run.started, run.finished, browser.leased, browser.ended, step.started, step.finished, step.failed,
     * egress.refused, egress.allowed (level debug), artifact.refused, page.dialog, page.console (level debug),
     * download.finished, control.taken, control.returned, person.acted, note, model.observed, model.answered,
     * model.retried, model.shortened, model.note, model.called, model.warned, script.mended, question.asked,
     * question.answered, question.expired */
    int (*event)(void *user, enum log_level level, const char *kind, const char *message, const json_t *data,
                 struct error *e);
    /* Writes what `event` kept back for a moment, when that is over. ret_again: when it will be for what is kept now
     * (monotonic ms; INT64_MAX: nothing is). Called before every wait for the browser. NULL: nothing is kept back. */
    int (*settle)(void *user, int64_t *ret_again, struct error *e);
    /* Stores a file; `kind` screenshot | download | other. `ret_id` has room for a UUID text. ERROR_QUOTA does not end
     * the run: there is no room for the file, which the text says. */
    int (*artifact)(void *user, const char *kind, const char *name, const char *media_type, const void *data,
                    size_t length, char ret_id[37], struct error *e);
    /* Reads a file that was stored as an artifact: appends its bytes, gives its name (free()). ERROR_NOT_FOUND. */
    int (*read_artifact)(void *user, const char *id, struct text *data, char **ret_name, struct error *e);
    /* The thread has a browser now (status running); called once. */
    int (*running)(void *user, const char *browser_id, struct error *e);
    /* The run waits for a person (status waiting): why ("control"); NULL: it goes on. */
    int (*waiting)(void *user, const char *reason, struct error *e);
    /* Before each call of the model and at the end of the run: writes down what was used since the last time and says
     * whether the run may go on. -EAGAIN, ERROR_PAUSED: an administrator paused all models, ask again each second;
     * -EDQUOT, ERROR_LIMIT: a limit of the user, role or instance, which the text names. NULL: no limits. */
    int (*spend)(void *user, const struct agent_spending *spent, struct error *e);
    /* Asks a person: writes the question down, tells who is to know, the thread waits with its kind as the reason.
     * {"kind": question | approval | captcha | code | blocked, "text", "choices"?, "fields"?, "call"?,
     * "screenshot"? (artifact id), "deadline_ms"}. NULL: nobody can be asked. */
    int (*ask)(void *user, const json_t *question, char ret_id[37], struct error *e);
    /* Whether it was answered; polled. `ret_answer` is the caller's, NULL while there is none: {"text"?, "approved"?,
     * "values"?, "by", "handled"?}. The thread goes on when there is one. */
    int (*answer)(void *user, const char *id, json_t **ret_answer, struct error *e);
    /* The run goes on without an answer: `why` expired | handled | stopped. */
    int (*withdraw)(void *user, const char *id, const char *why, struct error *e);
};

/* The browser's profile: what it begins with, and who takes what it leaves. */
struct agent_profile {
    int fd; /* a packed profile, -1: begin with an empty one */
    /* After the browser was released. Returns what is to be said about it ("": nothing). */
    const char *(*released)(void *user, const struct door *door, const char *browser_id);
    void *user;
};

/* A model that works in the browser after the script, if there is one, or for the steps of one that is mended.
 * Everything is borrowed. */
struct llm_settings; /* agent/llm/llm.h */
struct agent_model {
    const struct llm_settings *llm;
    const char *system_prompt; /* the preset's; NULL or "": none */
    const char *instructions;  /* the agent's personal_instructions; NULL or "": none */
    /* Limits of this run; 0: none. Steps are answers of the model, seconds those it worked, not those it waited for
     * people. */
    int64_t max_steps, max_seconds, max_tokens, max_cost_micro;
    int64_t calls_per_turn;    /* most actions taken from one answer; 0: the default */
    int64_t observation_bytes; /* most of an observation's text; 0: the default */
    int64_t question_ms;       /* how long a person has to answer; 0: the default */
    const json_t *approvals;   /* [{"action"?, "text"?, "url"?, "ask": bool}]; NULL: the default rules alone */
    bool vision;               /* pictures of the page are sent as well */
};

struct agent_options {
    const struct door *door;
    const char *lease_id;                /* idempotency key of the lease: thread id + attempt */
    json_t *lease;                       /* borrowed: lease object, limits and egress rules included */
    const json_t *script;                /* borrowed: {"steps":[...], "scripts": {...}} or the bare list; NULL: none */
    const json_t *browser_config;        /* borrowed or NULL; see agent/browser_config.h */
    const json_t *inputs;                /* borrowed or NULL: values for {{inputs.name}} */
    const json_t *result_schema;         /* borrowed or NULL: what a completed run's results must fit */
    int64_t timeout_ms;                  /* of the whole run; <= 0: the lease's */
    int interrupt_fd;                    /* readable: stop; -1: none */
    const char *download_name_prefix;    /* NULL: none */
    const struct agent_profile *profile; /* NULL: none; else the lease has "profile": true */
    const struct agent_model *model;     /* NULL: the script alone */
    const char *task;                    /* what the model shall do, in plain words; NULL: its instructions alone */
    const json_t *credentials;           /* borrowed or NULL: what may be filled in; the shape of credentials_open */
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
    int64_t turns;               /* answers of the model */
    struct agent_spending spent; /* in the whole run */
    json_t *mended;              /* the caller's: the script with the steps that were mended; NULL: none was */
};

/* Checks a script without running it: every wrong step is named by its path ("steps[3].then[0].click"). */
int agent_check_script(const json_t *script, struct error *e);

/* Runs it. Always fills `ret_outcome` (agent_outcome_done frees its results); returns -errno only when the sink failed.
 */
int agent_run(const struct agent_options *options, const struct agent_sink *sink, struct agent_outcome *ret_outcome,
              struct error *e);
void agent_outcome_done(struct agent_outcome *outcome);

/* thread.usage: {"steps"}, and with a model "turns", tokens and "cost_micro". The caller's. */
json_t *agent_usage(const struct agent_outcome *outcome);
