/* A browser that somebody works in call by call: an MCP client, whose model thinks elsewhere. The tools are those that
 * models of our own have (think/tool_table.h), the page is told as they are told it.
 *
 * One thread; owned by who opened it. `options` and `sink` are borrowed and must outlive the hands; the script and the
 * model of the options are not looked at. Errors of the world around the calls (the browser ended, the stop) leave the
 * hands good for nothing but hands_close. */
#pragma once

#include "agent/observe/observation.h"
#include "agent/think/tool.h"

struct hands;

/* Leases a browser and connects to it. */
int hands_open(const struct agent_options *options, const struct agent_sink *sink, struct hands **ret_hands,
               struct error *e);
/* Gives it back; NULL is fine. */
void hands_close(struct hands *hands);

/* Whether a tool is an action that hands can carry out. */
bool hands_have(const struct tool *tool);

/* Carries a call out and waits a little until what it did shows. ret_data (the caller's, NULL on failure): what was
 * done: "element", "chosen", "artifact" ... */
int hands_act(struct hands *hands, const struct tool *tool, const json_t *arguments, json_t **ret_data,
              struct error *e);
/* The page as models are shown it (observation_done), and a part of its readable text (free its text). */
int hands_look(struct hands *hands, const struct observe_options *options, struct observation *ret_observation,
               struct error *e);
int hands_read(struct hands *hands, const struct observe_reading *how, struct observed_text *ret_text, struct error *e);

/* Hears what the browser has said meanwhile. -errno when it is there no more. */
int hands_listen(struct hands *hands, struct error *e);
/* Whether an error means that there is no browser any more. */
bool hands_are_lost(const struct hands *hands, const struct error *e);
