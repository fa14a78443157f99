/* What models use, and who may use how much of them: tokens and money per day (UTC) of a user, money per day of the
 * instance (MODEL_COST_DAY), and the switch that pauses all models. Results are the JSON that clients get (free()). */
#pragma once

#include "base/json.h"
#include "domain/jobs_fenced.h"
#include "domain/roles.h"
#include "store/postgres.h"

/* What one run used since it was last told. */
struct model_spending {
    int64_t number; /* counts a run's spendings from 1, so that one that is told again counts once */
    int64_t calls, input_tokens, output_tokens, cached_tokens, cost_micro;
};

/* Writes it down for the thread of a held job, its user and its model ("provider/model"), and says whether the run may
 * go on: -EAGAIN, ERROR_PAUSED; -EDQUOT, ERROR_LIMIT, naming the limit. ERROR_FENCED as in jobs_fenced.h. May be called
 * again when its answer was lost. */
int model_usage_spend(struct postgres *db, const struct job_fence *fence, const char *ai_model,
                      const struct model_spending *spent, struct error *e);

/* {"days","today":{"tokens","tokens_limit","cost_micro","cost_limit"},"total","by_day","by_model","by_user"} of the
 * caller, or for administrators who ask of all users. */
#define MODEL_USAGE_DAYS_MAX 366
int model_usage_report(struct postgres *db, const struct caller *caller, bool all, int days, char **ret_json,
                       struct error *e);

/* {"paused","changed_at","changed_by"}. */
int model_pause_get(struct postgres *db, char **ret_json, struct error *e);
int model_pause_set(struct postgres *db, const struct caller *caller, bool paused, char **ret_json, struct error *e);
