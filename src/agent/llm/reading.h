/* An answer while it comes in, whichever protocol brings it: its parts, its end, its usage. Internal to agent/llm.
 *
 * A part is a run of text, a thought, a call of a tool, or a block that is only handed back. Parts of a stream are
 * found again by their index. llm_reading_done frees; one thread. */
#pragma once

#include "agent/llm/llm.h"
#include "base/text.h"

#define LLM_PARTS_MAX  256
#define LLM_TOKENS_MAX 1000000000000 /* a count beyond is no count; products with prices stay in range */

enum llm_part_kind { LLM_PART_TEXT, LLM_PART_THOUGHT, LLM_PART_CALL, LLM_PART_OTHER };

struct llm_part {
    enum llm_part_kind kind;
    int64_t index; /* the provider's number; -1: it gave none */
    char *id, *name;
    struct text content;   /* text, thought, or arguments as JSON text */
    struct text signature; /* of a thought */
    json_t *raw;           /* members to be handed back with it (Anthropic's block, OpenAI's extra_content) */
};

struct llm_reading {
    struct llm_part *parts;
    size_t count, bytes;
    json_t *details; /* OpenRouter's reasoning_details, handed back */
    enum llm_finish finish;
    bool whole;   /* the provider said that this is all */
    bool refused; /* by the provider's policy */
    struct llm_usage usage;
    bool has_usage;
    double reported_cost; /* of the server, in its currency; < 0: none */
    int64_t first_token;  /* monotonic ms; 0: nothing yet */
    const struct llm_request *request;
    struct text held; /* text not yet passed to delta: it may begin a thought */
    enum { LLM_DELTA_BEGIN, LLM_DELTA_THOUGHT, LLM_DELTA_TEXT } delta_state;
};

void llm_reading_begin(struct llm_reading *reading, const struct llm_request *request);
void llm_reading_done(struct llm_reading *reading);

/* The part of that number, made when it is new; NULL when there are too many (ERROR_MODEL_PROTOCOL). */
struct llm_part *llm_reading_part(struct llm_reading *reading, enum llm_part_kind kind, int64_t index, struct error *e);
struct llm_part *llm_reading_new_part(struct llm_reading *reading, enum llm_part_kind kind, int64_t index,
                                      struct error *e);

/* Adds to `into` (a text of the part); text also goes to the request's delta. -EMSGSIZE past LLM_ANSWER_MAX. */
int llm_reading_add(struct llm_reading *reading, struct llm_part *part, struct text *into, const char *data,
                    size_t length, struct error *e);

/* The parts as an answer (text, calls, structure, finish, usage); opaque is the protocol's affair. */
void llm_reading_answer(struct llm_reading *reading, struct llm_answer *answer);

/* A count of tokens as a provider gives it: within 0 and LLM_TOKENS_MAX; `fallback` when it gives none. */
int64_t llm_reading_count(const json_t *usage, const char *key, int64_t fallback);

/* Cuts a leading <think>...</think> off, also one whose opening the server kept to itself. Returns where the answer
 * begins. */
const char *llm_skip_thoughts(const char *text);
