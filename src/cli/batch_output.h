/* The results of a batch, in the order of its rows: a JSON list, or a CSV whose columns are row, thread_id, status,
 * reason, error, execution_ms, then inputs.NAME and results.NAME for every name that occurs. */
#pragma once

#include "base/text.h"
#include "cli/batch_run.h"

/* Names with commas between, as the CSV shall have them: an object with a member per name. */
int batch_pick_columns(const char *columns, json_t **ret_names, struct error *e);
/* `columns` NULL: all. */
void batch_write_csv(const struct batch *batch, const json_t *columns, struct text *out);
void batch_write_json(const struct batch *batch, struct text *out);
