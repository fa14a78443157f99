/* A person takes the browser over (Replinet.control, browsers/protocol/keeper_protocol.h): the run waits before its
 * next step, its clocks stand still, and a step that failed meanwhile is tried again afterwards. One thread. */
#pragma once

#include "agent/action.h"

/* The event's params. */
void takeover_event(struct run *run, const json_t *params);

/* Waits while a person has the browser in hand; a stop ends that too. ret_waited may be NULL. */
int takeover_wait(struct run *run, bool *ret_waited, struct error *e);
