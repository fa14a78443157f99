/* What goes with a user agent so that a page sees one browser: client hints, platform, languages. Pure. */
#pragma once

#include "base/json.h"

/* The parameters of Emulation.setUserAgentOverride; `locale` may be NULL. */
json_t *user_agent_override(const char *user_agent, const char *locale, bool mobile);
