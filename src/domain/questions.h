/* Questions that runs ask people: asked under the job's fence, answered once, by whoever may stop the thread or holds
 * the question's link. Results are the JSON that clients get (free()).
 *
 * A link is "PUBLIC_URL/answer/TOKEN"; the token is the question's id under a MAC with a subkey of SECRET_KEY, so it is
 * kept nowhere. It is good for one answer, until the question's deadline, and ends with the question. */
#pragma once

#include "base/json.h"
#include "domain/jobs_fenced.h"
#include "domain/roles.h"
#include "store/postgres.h"

/* For the run. Each may be called again when its answer was lost; -ESTALE, ERROR_FENCED as in jobs_fenced.h. */

/* The question {"kind","text","choices"?,"fields"?,"call"?,"screenshot"?,"deadline_ms"}, under an id that the caller
 * made; the thread becomes "waiting" with the kind as its reason, and when mail is set up its owner is written to
 * (jobs_ring JOB_KIND_MAIL afterwards). */
int questions_ask(struct postgres *db, const struct job_fence *fence, const char *id, const json_t *question,
                  struct error *e);
/* The answer (the caller's), NULL while there is none. With one the thread is running again. */
int questions_poll(struct postgres *db, const struct job_fence *fence, const char *id, json_t **ret_answer,
                   struct error *e);
/* `why`: expired | handled | stopped. The thread is running again, unless it is to stop. */
int questions_withdraw(struct postgres *db, const struct job_fence *fence, const char *id, const char *why,
                       struct error *e);

/* For people. */

/* {"items":[...]}, the oldest first; with_links: open ones have their "link", which is for callers who
 * may answer. */
int questions_list(struct postgres *db, const struct caller *caller, const char *thread_id, bool with_links,
                   char **ret_json, struct error *e);
/* `answer`: {"text"?, "approved"?, "values"?, "handled"?}, as the kind asks for. ERROR_CONFLICT when it was answered
 * already, withdrawn, or its time is up. */
int questions_answer(struct postgres *db, const struct caller *caller, const char *thread_id, const char *id,
                     const json_t *answer, char **ret_json, struct error *e);

/* The same by the link's token; ERROR_NOT_FOUND once it is of no use any more. What is seen by link has no ids but the
 * screenshot's, and the owner, on whose behalf that is read. */
int questions_by_link(struct postgres *db, const char *token, char **ret_json, char **ret_screenshot,
                      struct caller *ret_owner, struct error *e);
int questions_answer_by_link(struct postgres *db, const char *token, const json_t *answer, char **ret_json,
                             char ret_owner[UUID_TEXT_SIZE], struct error *e);

/* free() */
int question_make_link(const char *id, char **ret_url, struct error *e);

/* For the letter: its text; ERROR_NOT_FOUND when it is not open any more. free() */
int questions_text(struct postgres *db, const char *id, char **ret_text, struct error *e);
