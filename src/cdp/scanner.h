/* The CDP message scanner: finds the top-level members of one JSON message without building a tree.
 *
 * A message is checked once, strictly: UTF-8, no NUL byte, well-formed JSON to its last byte, nesting at most
 * CDP_SCAN_DEPTH_MAX, each of id, sessionId, method, params, result, error at most once at the top level (keys are
 * decoded first: Chromium accepts escaped ones), id an integer in [0, 2^31). Spans point into the caller's buffer,
 * which must outlive the struct; nothing is allocated. Any thread. */
#pragma once

#include "base/error.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CDP_SCAN_DEPTH_MAX 512
#define CDP_METHOD_MAX     128
#define CDP_SESSION_ID_MAX 128

struct cdp_span {
    const char *data; /* raw JSON text of the value, NULL when the member is missing */
    size_t length;
};

struct cdp_envelope {
    bool has_id;
    int64_t id;
    char method[CDP_METHOD_MAX];         /* decoded; empty when missing */
    char session_id[CDP_SESSION_ID_MAX]; /* decoded; empty when missing */
    struct cdp_span params, result, error;
};

/* -EINVAL with a reason and the offset of the offending byte (bad UTF-8: without an offset). */
int cdp_scan(const char *message, size_t length, struct cdp_envelope *ret_envelope, struct error *e);

/* As cdp_scan for text that Chromium wrote: finds the same members but does not verify the insides of params, result
 * and error beyond finding their ends, so a 10 MB screenshot is passed once by memchr-like code. */
int cdp_scan_trusted(const char *message, size_t length, struct cdp_envelope *ret_envelope, struct error *e);

/* The raw value of a member of a raw object that Chromium wrote; -ENOENT. The first of two equal keys counts. */
int cdp_span_get(struct cdp_span object, const char *key, struct cdp_span *ret_value);

/* A string member of a raw object ("sessionId" in the params of Target.attachedToTarget), decoded into `value`.
 * -ENOENT when it is missing or no string, -E2BIG when it does not fit, -EINVAL when it cannot be decoded (lone
 * surrogate, U+0000). */
int cdp_span_get_string(struct cdp_span object, const char *key, char *value, size_t room);
