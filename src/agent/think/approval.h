/* Which actions of a model wait for a person's consent. The rules look at the element that would be hit, not at what
 * the model says it is. Pure; any thread. */
#pragma once

#include "base/json.h"

/* What an action would set off (page/consequence.js), and the rules of the agent [{"action"?, "text"?, "url"?, "ask"}]:
 * the first that fits decides, else the words that most pages use for what cannot be taken back. */
bool approval_needed(const char *action, const json_t *consequence, const char *url, const json_t *rules);
