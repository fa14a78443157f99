/* What a model is shown of the page: a text of bounded size with every element that can be used, each with a number
 * that stays the same while its document lives (docs/model.md, "What the model sees"). A target may then be {"element":
 * 12}.
 *
 * The observer holds what was seen so far: the owner of the run makes it, puts it into run->observer and frees it after
 * the run's last step. One thread. */
#pragma once

#include "agent/action.h"

struct observer;
struct observer *observer_make(void);
void observer_free(struct observer *observer); /* NULL is fine */

struct observe_options {
    size_t budget_bytes; /* of the text; at least OBSERVE_BUDGET_LEAST; 0: the default. The header comes in any case */
    bool screenshot, boxes; /* a picture of the view; with the numbers of the elements in it */
};
#define OBSERVE_BUDGET_LEAST   1000
#define OBSERVE_BUDGET_DEFAULT 24000

struct observation {
    char *text;
    char *title, *url;
    size_t elements, hidden; /* that can be used; of those, left out because the text was full */
    bool changed;            /* against the one before; the first one counts as changed */
    char hash[17];           /* of what is told, marks of news aside */
    unsigned char *image;    /* JPEG; NULL when none was asked for, or the page gives none */
    size_t image_length;
};

/* Looks at the current tab. -ETIMEDOUT, ERROR_TIMEOUT when the page does not answer. observation_done in any case. */
int observe_page(struct run *run, const struct observe_options *options, int64_t deadline,
                 struct observation *ret_observation, struct error *e);
void observation_drop_picture(struct observation *observation);
void observation_done(struct observation *observation);
#define cleanup_observation __attribute__((cleanup(observation_done))) /* struct observation name = {0}; */

/* The readable text of the page, or of one element: a line per paragraph, `# ` before headings, `- ` before items of
 * lists, table rows as `| cell | cell |`, frames in their places. */
struct observe_reading {
    int64_t element;          /* its number; 0: the page */
    size_t offset, max_bytes; /* of UTF-8; max_bytes 0: the default */
};
struct observed_text {
    char *text;         /* free() */
    size_t total, next; /* bytes of the whole; where the next part begins, 0: this was the last */
};
/* A part of a text. Parts of the same size that begin at multiples of it lie next to each other: a letter on a border
 * belongs to the part after it, which then has up to three bytes more. */
struct observed_text observed_part(const struct text *whole, size_t offset, size_t max_bytes);
int observe_text(struct run *run, const struct observe_reading *how, int64_t deadline, struct observed_text *ret_text,
                 struct error *e);

/* The line of an element as it was last told, without its number; "" when there is none. Borrowed. */
const char *observer_line(const struct observer *observer, int64_t number);

/* Puts in place of each {"element": n} of an action's arguments what the page knows the element by. ERROR_STEP for a
 * number that was never given, or whose document is gone. */
int observer_resolve(struct run *run, const struct shape *shape, json_t *arguments, struct error *e);
