/* One try of a call: a request over HTTP and its answer, whole or as a stream. Internal to agent/llm; one thread. */
#pragma once

#include "agent/llm/failure.h"
#include "agent/llm/protocol.h"

struct llm_try {
    const struct llm_settings *settings;
    const struct llm_request *request;
    struct llm_session *session; /* never NULL here */
    const struct llm_protocol *protocol;
    int64_t deadline;           /* of this try */
    struct llm_reading reading; /* set up by the caller, who reads it after success */
    struct llm_failure failure; /* what the provider said, when it failed */
};

/* 0: `reading` holds the whole answer. -EAGAIN: it may go well the next time; -ENOTSUP: a quirk was noted in the
 * session, so it will be asked differently; else final. */
int llm_try_once(struct llm_try *attempt, struct error *e);

/* Waits while serving and hearing interrupts: 0, -ECANCELED, or what `serve` returned. */
int llm_pause(const struct llm_request *request, int64_t pause_ms, struct error *e);
