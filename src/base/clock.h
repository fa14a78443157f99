/* Time. Durations are milliseconds in int64_t; wall time is microseconds since 1970 UTC. Any thread. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define CLOCK_TEXT_SIZE 32

int64_t clock_monotonic_ms(void); /* CLOCK_MONOTONIC: never jumps; for deadlines and durations */
int64_t clock_wall_us(void);      /* CLOCK_REALTIME: may jump; for timestamps only */

/* RFC 3339 UTC with milliseconds, "2026-11-23T11:44:16.123Z". Returns `text`. */
char *clock_format(int64_t wall_us, char text[CLOCK_TEXT_SIZE]);

/* Reads what clock_format writes; -EINVAL for anything else. */
int clock_parse(const char *text, int64_t *ret_wall_us);

/* Reads any RFC 3339 time of the years 1 to 9999: seconds' fractions of any length, an offset instead of Z. */
int clock_parse_any(const char *text, int64_t *ret_wall_us);

/* A deadline `after_ms` from now on the monotonic clock; < 0 means none (INT64_MAX). */
int64_t clock_deadline(int64_t after_ms);

/* Milliseconds left until a deadline, 0 when past, capped to INT32_MAX: fit for poll(). */
int clock_remaining_ms(int64_t deadline);

void clock_sleep_ms(int64_t ms);
