/* The protocols of providers: how a request is written and how its answer is read. Internal to agent/llm.
 *
 * Pure: no network, no clock; a protocol is a row of functions over a reading. Any thread. */
#pragma once

#include "agent/llm/reading.h"

/* What a server turned out not to understand (refusal.c); left out from then on. */
enum llm_quirk {
    LLM_QUIRK_NO_STREAM = 1,
    LLM_QUIRK_NO_STREAM_OPTIONS = 2,
    LLM_QUIRK_NO_RESPONSE_FORMAT = 4, /* the schema goes into a message */
    LLM_QUIRK_OTHER_MAX_TOKENS = 8,   /* max_completion_tokens where max_tokens is usual, and the other way round */
    LLM_QUIRK_NO_TEMPERATURE = 16,
    LLM_QUIRK_NO_TOOL_CHOICE = 32,
    LLM_QUIRK_NO_CACHE_CONTROL = 64,
};

struct llm_protocol {
    const char *name, *path; /* after the base URL, which may end with /v1 or not */
    bool base_has_version;   /* the base URL includes /v1; else it is part of `path` */
    /* Headers besides Content-Type: "Name: value" lines, one per call of `add`. */
    void (*headers)(const struct llm_settings *settings, void (*add)(void *user, const char *line), void *user);
    /* The body; the caller's. -EINVAL, ERROR_BAD_INPUT. */
    int (*write)(const struct llm_settings *settings, const struct llm_request *request, unsigned quirks,
                 json_t **ret_body, struct error *e);
    /* One event of a stream. */
    int (*read_event)(struct llm_reading *reading, const char *name, const json_t *data, struct error *e);
    /* A whole answer in one piece. */
    int (*read_whole)(struct llm_reading *reading, const json_t *body, struct error *e);
    /* The answer to response_schema, when it does not come as text; NULL: it was not given. */
    json_t *(*structure)(const struct llm_reading *reading);
    /* What must be sent back with the assistant's message; NULL: nothing. */
    json_t *(*opaque)(const struct llm_reading *reading);
};

extern const struct llm_protocol llm_openai, llm_anthropic;
const struct llm_protocol *llm_protocol_of(enum llm_kind kind);

/* Reads a stream's event, or (name NULL) a whole body. An error of the provider inside it is taken to `failure`
 * (failure.h) with -EREMOTEIO; what cannot be read is -EPROTO, ERROR_MODEL_PROTOCOL. */
struct llm_failure;
int llm_protocol_read(const struct llm_protocol *protocol, struct llm_reading *reading, const char *name,
                      const char *data, size_t length, struct llm_failure *failure, struct error *e);

/* What the reading holds as the answer; usage is estimated when there is none. */
void llm_protocol_answer(const struct llm_protocol *protocol, struct llm_reading *reading, struct llm_answer *answer);

/* The image of a part or result as {"media_type", "data"}, NULL when there is none or it is not of that form. */
const json_t *llm_image_of(const json_t *object);
/* Nothing that a provider takes for text; in its place stands LLM_NO_TEXT. */
bool llm_is_blank(const char *text);
#define LLM_NO_TEXT    "(empty)"
#define LLM_NO_PICTURE "(A picture is left out here: this model cannot see pictures.)"

/* opaque is {"kind": "openai", ...}: only given back to the protocol that it came from. */
const json_t *llm_opaque_of(const json_t *message, const struct llm_protocol *protocol);
