/* Carrying actions out. A handler gets one step, does it, and says in `data` what it did. One thread. */
#pragma once

#include "agent/emulation.h"
#include "agent/fill_secret.h"
#include "agent/mask.h"
#include "agent/page.h"
#include "agent/redact.h"
#include "agent/run.h"
#include "agent/shape.h"
#include "agent/tabs.h"

/* A step of a script that a model carries out in the script's place (think/mend.h). */
struct mending {
    const struct step *step;
    const struct action *action;
    json_t *replay; /* of the model's last call of that action; NULL: none, or no script can say it */
    bool acted;     /* there was one */
};

/* What a person does while the browser is in their hands; replay/record.c's own. */
struct recording {
    bool on;       /* it is listened to */
    json_t *acts;  /* heard and not told yet, oldest first; NULL: none */
    char tab[129]; /* where the last one was told of; "": none was */
    bool secret;   /* they have filled a field that holds one */
    bool flooded;  /* more came than a person can do: said once */
    int64_t told;  /* how many were */
};

/* A run while it goes on; the steps of a script share it. */
struct run {
    const struct agent_options *options;
    const struct agent_sink *sink;
    struct cdp_client *client;
    struct tabs *tabs;
    struct emulation *emulation; /* NULL: nothing is emulated */
    struct page *page;           /* the current tab's, borrowed from tabs */
    struct dialogs dialogs;
    struct observer *observer;      /* what a model has seen (observe/observation.h), borrowed; NULL without one */
    const struct page *pictureless; /* a page that gave no picture of its document number pictureless_commits */
    int64_t pictureless_commits;
    struct redactor *redactor; /* NULL: the run has no credentials */
    struct used_codes codes;   /* of authenticators */
    struct masks masks;        /* what pictures must not show */
    json_t *uploads;           /* {name: digest} of the files that the browser was given */
    const char *browser_id;
    json_t *values;            /* {"inputs", "results", "vars", "loop"}: what templates see */
    json_t *results;           /* borrowed from values */
    json_t *problems;          /* of the results, when they do not fit; NULL */
    int64_t deadline;          /* of the whole run */
    int64_t limit;             /* of the innermost step that holds steps; the run's deadline outside */
    int64_t steps_done;        /* carried out, those in loops counted each time */
    bool thinking;             /* the model is at work */
    int64_t clicked_at;        /* tabs seen before its last call when that was a click; -1: it was none */
    bool mends;                /* the script is: options->script is this run's own (script_mends) */
    int64_t mended;            /* steps with new targets */
    struct mending *mending;   /* NULL: none now */
    int64_t turns, thought_ms; /* of the model so far */
    struct agent_spending spent;
    bool stopping;  /* a stop step was met: the script ends here */
    int depth;      /* scripts called within each other */
    int sink_error; /* < 0: the sink refused; the run ends */
    struct error sink_problem;
    bool held;                  /* a person has the browser in hand */
    char held_by[128];          /* who */
    int64_t takeovers;          /* how often that began */
    struct recording recording; /* what they do (replay/record.h) */
    int64_t paused_ms;          /* how long the run has waited for people so far */
    int64_t refusals;           /* reported and not */
    char refused_host[256];     /* the last host that the egress gate refused, "" for none */
    char refused_text[400];
};

struct step {
    struct run *run;
    const char *path;   /* "steps[3].repeat.steps[0]" */
    const json_t *step; /* as written */
    json_t *arguments;  /* of the action: templates and shorthands expanded */
    json_t *data;       /* members for the step's event */
    int64_t deadline;
    json_t *replay; /* the same as a step of a script (replay/describe.h), NULL: there is none */
    bool gives_up;  /* an element that is missing for a while is not waited for: the model is asked */
    bool literal;   /* a call of a model: no templates; a failure is told to the model and ends nothing */
};

typedef int action_handler(struct step *step, struct error *e);

struct action {
    const char *name;
    action_handler *handler;
    const struct shape *shape;
    const char *doc;
};

extern const struct action action_rows[];
extern const size_t action_count;
bool action_holds_steps(const struct action *action);
const struct action *action_find(const char *name);

/* Runs a list of steps; `path` leads to it. Stops at the first that fails and is not optional. */
int step_run_list(struct run *run, const json_t *steps, const char *path, struct error *e);

/* Carries out a step that is a call of a model, {"click": {...}, "timeout_ms"}. ret_data (the caller's, in every case):
 * what its event says of it. */
int step_run_call(struct run *run, const json_t *step, const char *path, json_t **ret_data, struct error *e);

/* Whether an error is one of the world around the steps: the run cannot go on. */
bool run_ends_with(const struct run *run, const struct error *e);

/* Keeps a value as a result (stolen); -E2BIG when it is too large. */
int run_result(struct step *step, const char *name, json_t *value, struct error *e);

/* Steps that hold steps: what {{loop}} means inside, and the time they have. loop_enter's object is borrowed. */
struct loop_scope {
    json_t *outer;
    int64_t limit, paused_ms; /* of the run, before */
};
json_t *loop_enter(struct step *step, struct loop_scope *scope);
void loop_leave(struct step *step, struct loop_scope *scope);

/* By when a step must be done: its timeout_ms (NULL or none: STEP_TIMEOUT_SECONDS), within the limit around it. */
int64_t step_deadline(const struct run *run, const json_t *step);

/* What a person calls the step: its name, or "Click button \"Sign in\"". free() */
char *step_title(const json_t *step, const char *action, const json_t *arguments);

/* Reports an event to the sink; a refusal is kept in the run and ends it. `data` is stolen and may be NULL. */
int run_event(struct run *run, enum log_level level, const char *kind, const char *message, json_t *data,
              struct error *e);
/* As run_event; but ERROR_QUOTA does not end the run: an event has said that the file was not kept. */
int run_artifact(struct run *run, const char *kind, const char *name, const char *media_type, const void *data,
                 size_t length, char ret_id[37], struct error *e);

/* Opens an address in the current tab, as `goto` does. */
int run_goto(struct step *step, const char *url, struct error *e);

/* Takes a picture of the view without what is secret in it: the answer of Page.captureScreenshot. `parameters` is
 * stolen. */
int picture_capture(struct run *run, json_t *parameters, int64_t deadline, json_t **ret_answer, struct error *e);

/* Stores a picture of the view, what is secret covered. 0 or -errno; `ret_id` is the artifact's. */
int picture_take(struct run *run, const char *name, json_t *parameters, const char *media_type, int64_t deadline,
                 char ret_id[37], struct error *e);
