/* What people do with threads beside starting and stopping them: answer their questions, keep their trace or their
 * script. */
#pragma once

#include "cli/session.h"

int thread_questions(struct cli_session *session, const char *thread_id, bool json, struct error *e);
/* `answer` as questions_answer (domain/questions.h) takes it. */
int thread_answer(struct cli_session *session, const char *thread_id, const char *question_id, const json_t *answer,
                  bool json, struct error *e);
/* The trace into a file, whole or not at all; `path` NULL: to standard output. */
int thread_export(struct cli_session *session, const char *thread_id, const char *path, struct error *e);
/* What its model or a person did, as a script; on standard error what of it is not in the script. */
struct thread_script_order {
    const char *parameters;    /* JSON, what becomes {{inputs.name}}; NULL: nothing */
    const char *preset, *name; /* of an agent that has the script, for `agent create`; preset NULL: the script alone */
    bool whole;                /* the answer of the API instead */
};
int thread_script(struct cli_session *session, const char *thread_id, const struct thread_script_order *order,
                  struct error *e);
