/* Configuration: the rows of config_table.h, loaded once at start and read-only afterwards. Any thread after loading.
 */
#pragma once

#include "base/config_table.h"
#include "base/error.h"
#include <stdbool.h>
#include <stdint.h>

enum config_id {
#define X(name, kind, value, least, most, readers, doc) CONFIG_##name,
    CONFIG_TABLE(X)
#undef X
        CONFIG_COUNT
};

struct config_row {
    const char *name, *kind, *value /* the default */;
    double least, most;
    const char *readers, *doc;
};

extern const struct config_row config_rows[CONFIG_COUNT];

/* Loads defaults < `env_file` (NULL: none; a missing file is fine) < environment and validates everything. On failure
 * returns -EINVAL and gives each wrong value a line of its own in `*ret_complaints` (free()). Unknown names in the file
 * that look like ours are complaints too, so a misspelt name is noticed. */
int config_load(const char *env_file, char **ret_complaints);

const char *config_text(enum config_id id); /* never NULL; valid until the next config_set */
int64_t config_int(enum config_id id);
double config_real(enum config_id id);
bool config_bool(enum config_id id);

/* Sets a value the process made itself (a generated key, the private database's URL). Before other threads exist. */
int config_set(enum config_id id, const char *value, struct error *e);

/* Whether a process of this kind ('A' 'L' 'E' 'K' 'W') may know the value. */
bool config_is_for(enum config_id id, char reader);

/* The environment of a process of this kind: NULL-terminated "NAME=value" list in one block (free()). Holds the rows
 * that name it, PATH, LANG and TZ, the sanitizers' options, and nothing else. */
char **config_environment(char reader);

/* Sets up the log from LOG_LEVEL and LOG_FORMAT. */
void config_start_log(const char *service);
