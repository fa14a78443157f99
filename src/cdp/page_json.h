/* JSON whose strings a page wrote. JavaScript strings may hold NUL and lone surrogates, which Chromium passes on as
 * escapes and jansson refuses; here each becomes U+FFFD, so a page's odd text cannot fail a run. Any thread. */
#pragma once

#include "base/json.h"
#include "cdp/scanner.h"

/* Parses a raw value; `what` names it in the error (ERROR_PROTOCOL, -EPROTO). */
int page_json_parse(struct cdp_span raw, const char *what, json_t **ret_json, struct error *e);
