/* How many tokens a conversation takes, before a provider has counted them: an upper estimate by bytes and script.
 *
 * Models cut text differently, so these are guesses on the safe side: about 3.2 bytes of ASCII a token (English prose
 * has 4 to 4.5, JSON and page text about 3.3), one token for two letters of Cyrillic or Greek, more than one for each
 * CJK character. Pure; any thread. */
#pragma once

#include "agent/llm/llm.h"

int64_t llm_tokens_of_text(const char *text, size_t length);
int64_t llm_tokens_of_message(const json_t *message);
int64_t llm_tokens_of_request(const struct llm_request *request); /* messages, tools and schema */

/* Room for a request: what the model's context holds less its answer; INT64_MAX when the context is not known. */
int64_t llm_room(const struct llm_settings *settings);
