/* A model's run while it goes on, and what the parts of the loop offer each other. Owned by think_run, one thread. */
#pragma once

#include "agent/observe/observation.h"
#include "agent/think/history.h"
#include "agent/think/think.h"
#include "agent/think/tool.h"

#define NONCE_SIZE 17

/* What was done on which page, for finding out that it goes round in circles. */
#define REPEATS_KEPT 24
struct repeats {
    struct {
        uint64_t page, calls;
    } rows[REPEATS_KEPT];
    size_t next;
    int nudges; /* said so far */
};

struct mind {
    struct run *run;
    const struct agent_model *model;
    struct llm_session *session;
    struct observer *observer;
    struct observation page; /* the last one */
    struct history history;
    struct repeats repeats;
    json_t *tools;
    json_t *notes;          /* list of texts */
    json_t *brought;        /* results that a script of the run brings as well, as they were then */
    char nonce[NONCE_SIZE]; /* what marks the page's text; no page knows it */
    struct text notice;     /* what the model is told beside its next observation */
    struct agent_spending spent, told;
    const char *mend_task; /* NULL: the run's own */
    int64_t last_turn;     /* 0: as many as the limits leave */
    int64_t turn, began, paused_before;
    int64_t observation_bytes; /* less after the provider said that it is too much */
    int64_t context_bytes;
    int silent;   /* answers without a call, in a row */
    int wrong;    /* calls that were none, in a row */
    int invalid;  /* results that did not fit */
    int hindered; /* times a person was asked about the page at `hindered_url` */
    char *hindered_url;
    bool done;
};

/* prompt.c */
void prompt_open(struct mind *mind);                           /* the first messages of the conversation */
char *prompt_fence(const struct mind *mind, const char *text); /* text of the page, marked as such; free() */
json_t *prompt_observation(struct mind *mind);                 /* the message that shows the page */

/* long_inputs.c: the inputs as the model is told them (the caller's), and those it names put into its call's arguments
 * (stolen, given back). */
json_t *inputs_shown(const struct mind *mind);
json_t *inputs_put_in(const struct mind *mind, const char *action, json_t *arguments);

/* calls.c: how much a tool may tell the model at once, in bytes. */
size_t calls_answer_room(const struct mind *mind);

/* ask.c: one call of the model. `request` has what is particular to it. */
int ask_model(struct mind *mind, struct llm_request *request, struct llm_answer *ret_answer, struct error *e);
/* Tells the sink what was used since the last time. */
int ask_settle(struct mind *mind, struct error *e);

/* limits.c: whether the run's own limits leave room for another turn. */
int limits_check(struct mind *mind, struct error *e);

/* judge.c: after an answer; may put a nudge into the notice. -EDEADLK, ERROR_STUCK when nothing else helps. */
int judge_calls(struct mind *mind, const json_t *calls, struct error *e);

/* people.c: asks a person and waits. `question` is stolen; its screenshot and deadline are added. ret_answer: the
 * caller's. -ETIME, ERROR_NO_ANSWER. -EOPNOTSUPP when nobody can be asked. */
int people_ask(struct mind *mind, json_t *question, json_t **ret_answer, struct error *e);
/* What a person answered, as words for the model; free(). */
char *people_words(const json_t *answer);

/* hindrance.c: pages that only a person gets past. */
int hindrance_meet(struct mind *mind, bool *ret_changed, struct error *e);

/* approval.c: whether the call may be carried out. `ret_declined` (free()): NULL when it may. */
int approval_ask(struct call *call, const json_t *step, char **ret_declined, struct error *e);
/* Checks an agent's rules. */

/* Waits until what was done shows in the page, for a little while. */
int mind_calm(struct mind *mind, struct error *e);
/* An empty tab, which gives no picture. */
bool mind_shows_nothing(const struct mind *mind);
int mind_event(struct mind *mind, enum log_level level, const char *kind, const char *message, json_t *data,
               struct error *e);
