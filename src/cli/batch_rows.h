/* The rows of a batch: objects of inputs, from a CSV file with a header line or a JSON list of objects. */
#pragma once

#include "base/json.h"

#define BATCH_FILE_MAX ((size_t)64 << 20)
#define BATCH_ROWS_MAX 100000

/* By the file's name: .json is JSON, everything else CSV. */
bool batch_is_json(const char *file);

/* A JSON array of objects with at least one row. Every value of a CSV is a text. */
int batch_read_rows(const char *file, json_t **ret_rows, struct error *e);

/* Every row against the agent's input_schema, before the first thread starts; texts of a CSV become what the schema
 * wants. The error names rows by their numbers. */
int batch_check_rows(const char *file, const json_t *agent, json_t *rows, struct error *e);
