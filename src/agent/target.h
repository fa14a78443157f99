/* Finding the element that a target means, and waiting until it can be acted on. One thread. */
#pragma once

#include "agent/action.h"
#include "agent/input.h"

/* An element that can be acted on: where to click in the page's viewport, in which session it lives. */
struct aimed {
    double x, y;
    size_t session;
    bool done; /* nothing is to be done: the library said so */
};

/* Waits until the target is there, visible, still, uncovered and what `needs` says ("enabled", space separated).
 * Fills the step's data with what was found; on failure with what was looked for, the state it stayed in and the
 * nearest candidates. */
int target_aim(struct step *step, const json_t *target, const char *needs, struct aimed *ret_aimed, struct error *e);

/* The same with another function of the library: replinet[function](target, more, obstacles). `more` is stolen. */
int target_aim_as(struct step *step, const json_t *target, const char *function, json_t *more, struct aimed *ret_aimed,
                  struct error *e);

/* Clicks what the target means, aimed at by `function` (as for target_aim_as; it must arm the guard). When the page
 * moved between aim and press, nothing of the click reaches it and the aim is taken again. */
int target_click(struct step *step, const json_t *target, const char *function, json_t *more,
                 const struct input_click *how, struct aimed *ret_aimed, struct error *e);
/* The same for a plain click with the left button on what is enabled. */
int target_click_plainly(struct step *step, const json_t *target, struct error *e);

/* Calls replinet[function](target, ...more) in the session that has the target until its state is ready. `more` is
 * stolen. ret_session may be NULL. */
int target_call(struct step *step, const json_t *target, const char *function, json_t *more, size_t *ret_session,
                json_t **ret_answer, struct error *e);

/* Carries a reading out: in the first session that has what it asks for. */
int target_extract(struct step *step, const json_t *reading, json_t **ret_value, struct error *e);

/* Asks a condition once. `ret_seen` says what was found instead (free()); NULL when it holds. */
int condition_ask(struct step *step, const json_t *condition, bool *ret_holds, char **ret_seen, struct error *e);

/* Asks a condition as the page is now, until the page gives an answer: that of the step's member `key` (its templates
 * are not replaced yet), or of its arguments themselves (NULL). */
int condition_decide(struct step *step, const char *key, bool *ret_holds, struct error *e);

/* The object with `within` and `frame` as they are for each session (an array, a copy each), or NULL when the object is
 * right for all. Also for a reading, with its list or table. */
int target_scope(struct step *step, const json_t *object, json_t **ret_objects, struct error *e);
int target_scope_reading(struct step *step, const json_t *reading, json_t **ret_readings, struct error *e);

/* How many visible elements fit, over all frames. */
int condition_count(struct step *step, const json_t *target, int64_t *ret_count, struct error *e);

/* Lets time pass while events are served; 0, or why the run must stop. */
int step_pause(struct step *step, int64_t ms, struct error *e);

/* "button "Sign in" within text "Cart"", for messages. free() */
char *target_describe(const json_t *target);
