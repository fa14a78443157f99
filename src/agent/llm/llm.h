/* A model is asked: one call to a provider, in words that do not depend on its protocol.
 *
 * The conversation is a JSON array of
 *     {"role": "system", "text"}
 *     {"role": "user", "parts": [{"text"} | {"image": {"media_type", "data" (base64)}}]}
 *     {"role": "assistant", "text", "calls": [{"id", "name", "arguments": {}}], "opaque": what the provider wants back}
 *     {"role": "tool", "results": [{"id", "text", "error": bool, "image"?: {"media_type", "data"}}]}
 * and tools are [{"name", "description", "schema": JSON Schema}]. llm_answer_message makes the assistant's message.
 *
 * llm_ask blocks until the answer is whole, the deadline passes or the caller stops it; it retries by itself what may
 * pass (failure.c). It neither logs nor keeps anything but what `session` holds; the key appears in no error.
 * Any thread; a session belongs to one thread at a time. */
#pragma once

#include "base/error.h"
#include "base/json.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LLM_ANSWER_MAX ((size_t)1 << 20) /* bytes of text, thoughts and arguments in one answer */

enum llm_kind { LLM_OPENAI /* chat completions */, LLM_ANTHROPIC /* messages */ };

/* Money is integer micro-units (of whatever currency the administrator counts in) per million tokens. */
struct llm_price {
    int64_t input, output;
    int64_t cached; /* input read from the provider's cache; < 0: as input */
};

/* Which model, where, under which key. provider.h reads it from configuration and database;
 * llm_settings_done frees the texts. */
struct llm_settings {
    enum llm_kind kind;
    char *provider; /* its name here: "openai" */
    char *base_url;
    char *api_key;    /* NULL or "": none is sent */
    char *key_origin; /* where a person sets it, for hints: "OPENAI_API_KEY"; NULL: nowhere that is known */
    char *model;
    json_t *extra;          /* members put into each request as they are, or NULL */
    double temperature;     /* < 0: the provider's default */
    int64_t max_tokens;     /* of an answer; <= 0: the provider's default */
    int64_t context_tokens; /* of a request and its answer; <= 0: not known */
    bool vision;            /* else pictures are left out, and the model is told so */
    int64_t timeout_ms;     /* of one try; <= 0: LLM_TIMEOUT_MS */
    int64_t retry_pause_ms; /* the first pause between tries, doubled each time; <= 0: LLM_RETRY_PAUSE_MS */
    struct llm_price price;
};

#define LLM_TIMEOUT_MS     180000 /* a long answer of a slow model; a local server may load the model first */
#define LLM_RETRY_PAUSE_MS 500

void llm_settings_done(struct llm_settings *settings);
#define cleanup_llm_settings __attribute__((cleanup(llm_settings_done))) /* struct llm_settings name = {0}; */

/* What is kept from one call to the next of a run: the connection, and what the server does not understand.
 * Optional: without one each call connects anew. */
struct llm_session;
struct llm_session *llm_session_new(void);
void llm_session_free(struct llm_session *session);

struct llm_request {
    const json_t *messages;
    const json_t *tools;           /* NULL or empty: none */
    const char *tool_choice;       /* "auto" (NULL), "required", "none", or the name of a tool */
    const json_t *response_schema; /* the answer shall be JSON of this schema (then no tools); NULL: free text */
    size_t stable_messages;        /* so many leading messages are sent unchanged next time: what may be cached */
    int64_t deadline;              /* monotonic ms; of all tries together; 0: none */
    int interrupt_fd;              /* readable: stop at once (ERROR_CANCELLED); -1: none */
    /* Called when extra_fd is readable and at least every 100 ms, also in pauses; -errno (with its error) ends the
     * call. NULL: nothing is served. */
    int extra_fd; /* -1: none */
    int (*serve)(void *user, struct error *e);
    /* Text as it comes; NULL: what came before is thrown away, another try begins. Thoughts do not come here. */
    void (*delta)(void *user, const char *text, size_t length);
    /* Try number `attempt` failed of `why`; the next one is in `pause_ms`. */
    void (*retried)(void *user, int attempt, const struct error *why, int64_t pause_ms);
    void *user;                  /* of all three */
    struct llm_session *session; /* or NULL */
};

struct llm_usage {
    int64_t input_tokens; /* all of the request, what came from the cache included */
    int64_t output_tokens;
    int64_t cached_tokens;  /* of input_tokens: read from the provider's cache */
    int64_t written_tokens; /* of input_tokens: put into Anthropic's cache, 1.25 times as dear */
    bool estimated;         /* the server gave no numbers: counted by length */
};

enum llm_finish { LLM_FINISH_STOP, LLM_FINISH_CALLS, LLM_FINISH_LENGTH /* cut at max_tokens */ };

struct llm_answer {
    char *text;        /* never NULL */
    json_t *calls;     /* array; arguments that are no JSON object: "arguments": null, "malformed": what was sent */
    json_t *opaque;    /* for the assistant's message, or NULL */
    json_t *structure; /* the answer to response_schema: any JSON, not yet compared with it; NULL: it is no JSON */
    enum llm_finish finish;
    struct llm_usage usage;
    int64_t cost_micro; /* rounded up; 0 when no price is known */
    int attempts;
    int64_t first_token_ms, duration_ms; /* from the call; duration includes pauses and failed tries */
};

void llm_answer_done(struct llm_answer *answer);
#define cleanup_llm_answer __attribute__((cleanup(llm_answer_done))) /* struct llm_answer name = {0}; */

/* -errno with one of: ERROR_MODEL_AUTH, _RATE, _CONTEXT, _REFUSED, _MISSING, _UNAVAILABLE, _PROTOCOL, ERROR_TIMEOUT
 * (-ETIMEDOUT), ERROR_CANCELLED (-ECANCELED), ERROR_BAD_INPUT (-EINVAL: a message of no known form), or what `serve`
 * returned. `ret_answer` is set on success only; the caller frees it. */
int llm_ask(const struct llm_settings *settings, const struct llm_request *request, struct llm_answer *ret_answer,
            struct error *e);

/* The assistant's message for the conversation; the caller's. */
json_t *llm_answer_message(const struct llm_answer *answer);

int64_t llm_cost_micro(const struct llm_price *price, const struct llm_usage *usage); /* rounded up */

/* "openai" or "anthropic"; -EINVAL names both. */
int llm_kind_parse(const char *name, enum llm_kind *ret_kind, struct error *e);
const char *llm_kind_name(enum llm_kind kind);
