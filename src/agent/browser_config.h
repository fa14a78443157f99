/* browser_config: how an agent's browser is to be. One table of members (shape_browser_config) gives the check, its
 * messages and docs/browser_config.md. Any thread. */
#pragma once

#include "agent/shape.h"

extern const struct shape shape_browser_config;

/* When an agent is saved, and again when it runs. A member that is null counts as missing. */
int browser_config_check(const json_t *config, struct error *e);

/* The upstream proxy as a lease wants it: {"kind", "host", "port", ...}, null when there is none. */
int browser_config_upstream(const json_t *config, json_t **ret_upstream, struct error *e);

/* Puts limits, egress rules and profile into a lease (browsers/protocol/keeper_protocol.h); checks the config. */
int browser_config_to_lease(const json_t *config, json_t *lease, struct error *e);

/* docs/browser_config.md. */
void browser_config_print(struct text *out);

/* JSON Schema (2020-12), for editors: what the table says. json_decref */
json_t *browser_config_schema(void);
