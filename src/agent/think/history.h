/* The conversation of a run, and what of it still fits: the opening (rules, task) and the last turns are always there,
 * observations before them shrink to a line, then long answers of tools to their beginning, then whole turns to a line
 * per call, of which the oldest go, and at the very end the observation before the last. Pure; one thread. */
#pragma once

#include "base/json.h"
#include "base/text.h"
#include <stddef.h>
#include <stdint.h>

struct turn {
    json_t *observed;            /* the message with the whole observation */
    char *line;                  /* the observation in a line */
    json_t *assistant, *results; /* results: of the tools; NULL until they are there, or none was called */
    char *nudge;                 /* what the model was told in place of results; NULL */
};

struct history {
    json_t *opening; /* the first messages; never dropped */
    struct turn *turns;
    size_t count;
    const char *begin, *end; /* what stands around texts of pages; borrowed */
};

void history_done(struct history *history);

/* A new turn begins with an observation: the message (stolen), and what stays of it later. */
void history_observe(struct history *history, json_t *message, const char *line);
void history_observe_again(struct history *history, json_t *message); /* in place of the last one; stolen */
void history_answer(struct history *history, json_t *assistant, json_t *results, const char *nudge); /* stolen */

/* The messages of the next call: at most `budget` bytes of text as far as the opening and the last turn allow.
 * ret_stable: how many of the first will come again unchanged. The caller's. */
json_t *history_messages(const struct history *history, size_t budget, size_t *ret_stable);

/* A text of at most so many bytes as it is, a longer one cut at a character and said to be; a mark that was open is
 * closed. */
void history_append_beginning(const struct history *history, struct text *out, const char *text, size_t most);

/* What messages count for: bytes of text, and so many for each picture. */
size_t history_size(const json_t *messages);
