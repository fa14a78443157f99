/* Keeps secrets out of every text that leaves a run: events, logs, results, files of text, errors, what a model is
 * told.
 *
 * A secret is found as it is and as pages write it elsewhere: percent-encoded, with HTML entities, with backslashes; a
 * text that was cut off within a secret loses the part of it, too. What is shorter than 4 bytes is no secret that could
 * be told from other text. One thread; owned by the run, which wipes it with redactor_free. */
#pragma once

#include "base/error.h"
#include "base/json.h"
#include "base/text.h"

#define REDACTED           "[secret]"
#define REDACT_LEAST_BYTES 4

struct redactor;

struct redactor *redactor_make(void);
void redactor_free(struct redactor *redactor); /* NULL is fine */

/* Copies a secret; `until` (clock_monotonic_ms; INT64_MAX: for ever) is when it is one no more. */
void redactor_add(struct redactor *redactor, const char *secret, int64_t until);

/* Each of these takes NULL for a redactor that knows nothing. */

/* Whether there was anything to replace; only then is the replacement in `ret_text`. */
bool redactor_text(const struct redactor *redactor, const char *text, size_t length, struct text *ret_text);
/* The value, or a copy without secrets; the caller's reference. NULL gives NULL. */
json_t *redactor_json(const struct redactor *redactor, const json_t *value);
void redactor_error(const struct redactor *redactor, struct error *e);
