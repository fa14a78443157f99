/* The log: one JSON object per line on standard error, with the field names of the Elastic Common Schema.
 *
 * Entry points log, libraries return errors. Every line is one write(), so processes may share a pipe. Text that comes
 * from outside is escaped. On a terminal (LOG_FORMAT=auto) lines are for people instead. Any thread. */
#pragma once

#include "base/error.h"
#include <stdbool.h>
#include <stdint.h>

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };

struct log_field {
    const char *name; /* ECS name, or "replinet.thing.what"; NULL ends the list */
    const char *text; /* NULL: use `number` */
    int64_t number;
};

#define LOG_TEXT(name, value) ((struct log_field){(name), (value) ? (value) : "", 0})
#define LOG_INT(name, value)  ((struct log_field){(name), NULL, (int64_t)(value)})

#define LOG_BROWSER(id) LOG_TEXT("replinet.browser.id", id)
#define LOG_THREAD(id)  LOG_TEXT("replinet.thread.id", id)

/* `service` is the process's name ("engine"); kept by pointer. The level and format come from LOG_LEVEL, LOG_FORMAT. */
void log_start(const char *service, enum log_level level, const char *format);

void log_write(enum log_level level, const struct error *error, const char *message, const struct log_field *fields);

#define LOG_FIELDS(...)         ((const struct log_field[]){__VA_ARGS__ __VA_OPT__(, ){NULL, NULL, 0}})
#define log_debug(message, ...) log_write(LOG_DEBUG, NULL, message, LOG_FIELDS(__VA_ARGS__))
#define log_info(message, ...)  log_write(LOG_INFO, NULL, message, LOG_FIELDS(__VA_ARGS__))
#define log_warn(message, ...)  log_write(LOG_WARN, NULL, message, LOG_FIELDS(__VA_ARGS__))
/* `error` may be NULL. */
#define log_failure(error, message, ...) log_write(LOG_ERROR, error, message, LOG_FIELDS(__VA_ARGS__))
#define log_warning(error, message, ...) log_write(LOG_WARN, error, message, LOG_FIELDS(__VA_ARGS__))
