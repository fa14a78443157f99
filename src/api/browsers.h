/* What live.c and browsers.c share. On a lane. */
#pragma once

#include "api/api.h"
#include "cdp/door_client.h"

/* A browser of the caller's own, or anybody's for administrators; ERROR_NOT_FOUND otherwise. ret_browser (the door's
 * object, the caller's) may be NULL. */
int api_find_browser(const struct api_call *call, const struct door *door, const char *id, json_t **ret_browser,
                     struct error *e);
