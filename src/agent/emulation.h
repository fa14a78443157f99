/* browser_config in a running browser: what each page, frame and worker is told before its own script runs.
 *
 * Made once per run; owned by it, one thread. */
#pragma once

#include "base/json.h"
#include "cdp/client.h"

struct emulation;

/* `config` passed browser_config_check; NULL or {}: nothing is to be told (*ret_emulation is NULL then, and every
 * function takes it). Asks the browser who it is and grants permissions. */
int emulation_make(const json_t *config, struct cdp_client *client, int64_t deadline, struct emulation **ret_emulation,
                   struct error *e);
void emulation_free(struct emulation *emulation);

/* Tells a new target (type: page, iframe, worker, shared_worker, service_worker) without waiting for its answers. */
void emulation_tell(const struct emulation *emulation, const char *session_id, const char *type);
/* Tells a page and waits: what Chromium refuses is an error that names the member. */
int emulation_tell_now(const struct emulation *emulation, const char *session_id, int64_t deadline, struct error *e);

/* Takes an event that belongs here: a request of a blocked kind. */
bool emulation_event(const struct emulation *emulation, const char *session_id, const char *method,
                     const json_t *params);
