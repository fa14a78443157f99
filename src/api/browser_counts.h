/* How many browsers the engine has, for the dashboard. Any lane's thread. */
#pragma once

#include "base/json.h"

/* {"active","warm","max"}, or null when the door does not answer. Asked anew every 2 seconds at most, by one thread at
 * a time, which waits up to half a second for it; the others take what was known before. json_decref. */
json_t *browser_counts(void);
