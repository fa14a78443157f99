/* What a run keeps from one call to the next. Internal to agent/llm. */
#pragma once

#include "agent/llm/llm.h"
#include <curl/curl.h>

struct llm_session {
    CURL *easy;
    CURLM *multi;    /* holds the connections */
    unsigned quirks; /* enum llm_quirk */
};
