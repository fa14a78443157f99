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
/* What its model did, as a script; `parameters` (or NULL): JSON, what becomes {{inputs.name}}. */
int thread_script(struct cli_session *session, const char *thread_id, const char *parameters, struct error *e);
