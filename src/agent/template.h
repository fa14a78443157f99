/* {{...}} in the texts of a script: {{inputs.name}}, {{results.name}} (also results.list.0.member), {{loop.index}}.
 * {{results.x?}} is null when there is no such value, {{'...'}} is the text between the quotes: {{'{{'}} writes {{.
 *
 * A text that is one template alone becomes the value itself (a number stays a number); inside a longer text the value
 * is printed. Any thread. */
#pragma once

#include "base/json.h"

/* Checks that every template in a text is closed and begins with a known word. */
int template_check(const char *text, const char *path, struct error *e);

/* A copy of `value` whose texts say of themselves what they are: every {{ in them is written as {{'{{'}}. The caller's.
 */
json_t *template_quote(const json_t *value);

/* A copy of `value` with every template replaced from `values` {"inputs","results","vars","loop"}. Members that hold
 * steps
 * ("steps", "then", ...), conditions asked again ("while", "until") and code ("script") stay as they are: they are
 * expanded when their turn comes. */
int template_expand(const json_t *value, const json_t *values, json_t **ret_value, struct error *e);
