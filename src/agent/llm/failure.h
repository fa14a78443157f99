/* What a provider says when it refuses or fails: its class, whether it may pass, and how a person mends it.
 *
 * The rows are in failure.c. Nothing here shows the key: what a provider says is cleaned of it first. Any thread. */
#pragma once

#include "agent/llm/llm.h"

struct llm_failure {
    int status;             /* of HTTP; 0: none came */
    char type[64];          /* "rate_limit_error", "context_length_exceeded"; "" */
    char message[400];      /* in the provider's words */
    int64_t retry_after_ms; /* as the provider asks; < 0: it does not */
    int should_retry;       /* 1 yes, 0 no (x-should-retry); -1: it does not say */
};

/* Reads type and message out of an error's body, which may be any text. */
void llm_failure_read(struct llm_failure *failure, const char *body, size_t length);
/* The same from {"error": ...} that came inside of an answer. */
void llm_failure_read_json(struct llm_failure *failure, const json_t *body);

/* How often a failure of a class is tried again in one call. */
int llm_tries_of(enum error_code code);

/* The failure as an error: class, text, hint. Returns -errno; -EAGAIN when it may pass. */
int llm_failure_explain(const struct llm_failure *failure, const struct llm_settings *settings, struct error *e);

/* The server does not understand a part of the request: which quirk leaves it out; 0: it is something else. */
unsigned llm_failure_quirk(const struct llm_failure *failure);

/* Takes the key, and words that look like a part of it, out of a text. */
void llm_redact(char *text, const char *key);
