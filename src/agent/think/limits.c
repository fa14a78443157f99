/* The limits of one run: answers, working time, tokens, money. */
#include "agent/think/mind.h"
#include "base/clock.h"
#include "base/memory.h"
#include <errno.h>

/* A run without any limit of its own still ends. */
#define TURNS_MAX 500

/* Answers that it has given; the calls of the last one may still be carried out. */
static int64_t answers(const struct mind *mind) {
    return mind->turn - 1;
}
static int64_t seconds(const struct mind *mind) {
    return (clock_monotonic_ms() - mind->began - (mind->run->paused_ms - mind->paused_before)) / 1000;
}
static int64_t tokens(const struct mind *mind) {
    return mind->spent.input_tokens + mind->spent.output_tokens;
}
static int64_t cost(const struct mind *mind) {
    return mind->spent.cost_micro;
}

int limits_check(struct mind *mind, struct error *e) {
    const struct agent_model *model = mind->model;
    const struct {
        const char *what, *setting;
        int64_t most, now;
    } rows[] = {
        {"answers of the model", "steps", model->max_steps > 0 ? model->max_steps : TURNS_MAX, answers(mind)},
        {"seconds", "seconds", model->max_seconds, seconds(mind)},
        {"tokens", "tokens", model->max_tokens, tokens(mind)},
        {"micro-units of money", "cost_micro", model->max_cost_micro, cost(mind)},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        if (rows[i].most <= 0 || rows[i].now < rows[i].most)
            continue;
        error_set(e, EDQUOT, ERROR_LIMIT, "this run reached its limit of %lld %s (used: %lld)", (long long)rows[i].most,
                  rows[i].what, (long long)rows[i].now);
        error_hint(e, "It is limits.%s of the preset, or the role's own", rows[i].setting);
        return -EDQUOT;
    }
    return 0;
}
