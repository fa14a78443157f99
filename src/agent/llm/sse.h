/* Server-sent events (text/event-stream), fed in pieces of any size. One thread at a time; sse_done frees. */
#pragma once

#include "base/error.h"
#include "base/text.h"

#define SSE_EVENT_MAX ((size_t)4 << 20) /* of one event: an argument or a thought that comes whole */

/* Gets one event. `data` is its lines joined by \n, NUL-terminated; -errno ends the feeding. */
typedef int sse_event(void *user, const char *name, const char *data, size_t length, struct error *e);

struct sse {
    sse_event *event;
    void *user;
    struct text line, data;
    char name[64];
    bool has_data, after_cr, begun;
};

/* 0, what the event function returned, or -EMSGSIZE (ERROR_MODEL_PROTOCOL). */
int sse_feed(struct sse *sse, const char *bytes, size_t length, struct error *e);
/* The stream has ended: an event that lacks only its empty line is given. */
int sse_end(struct sse *sse, struct error *e);
void sse_done(struct sse *sse);
