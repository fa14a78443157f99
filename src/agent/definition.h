/* What an agent is made of, checked when it is saved: its script, its schemas, its browser_config. Any thread. */
#pragma once

#include "base/json.h"

/* `body` as a client sends it to create or replace an agent. Everything that would fail when it runs, and can be known
 * before, is an error here that names the member. Members of other kinds (its name, its preset) are the domain's. */
int agent_check_definition(const json_t *body, struct error *e);
