#include "base/clock.h"
#include <errno.h>
#include <stdio.h>
#include <time.h>

int64_t clock_monotonic_ms(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

int64_t clock_wall_us(void) {
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

char *clock_format(int64_t wall_us, char text[CLOCK_TEXT_SIZE]) {
    time_t seconds = (time_t)(wall_us / 1000000);
    struct tm tm;
    gmtime_r(&seconds, &tm);
    size_t n = strftime(text, CLOCK_TEXT_SIZE, "%Y-%m-%dT%H:%M:%S", &tm);
    snprintf(text + n, CLOCK_TEXT_SIZE - n, ".%03dZ", (int)(wall_us / 1000 % 1000));
    return text;
}

int clock_parse(const char *text, int64_t *ret_wall_us) {
    struct tm tm = {0};
    int ms, used = 0;
    const char *rest = strptime(text, "%Y-%m-%dT%H:%M:%S", &tm);
    if (!rest || sscanf(rest, ".%3dZ%n", &ms, &used) != 1 || used != 5 || rest[used] || ms < 0)
        return -EINVAL;
    *ret_wall_us = (int64_t)timegm(&tm) * 1000000 + (int64_t)ms * 1000;
    return 0;
}

/* Microseconds of ".123456789"; the digits behind the sixth are dropped. */
static const char *parse_fraction(const char *at, int64_t *ret_us) {
    int64_t unit = 100000, us = 0;
    if (*at != '.')
        return at;
    const char *start = ++at;
    for (; *at >= '0' && *at <= '9'; at++, unit /= 10)
        us += (*at - '0') * unit;
    *ret_us = us;
    return at > start ? at : NULL;
}

/* "Z" or "+02:00", to the end of the text. */
static int parse_offset(const char *at, int64_t *ret_seconds) {
    int hours, minutes, used = 0;
    if ((*at == 'Z' || *at == 'z') && !at[1])
        return 0;
    if ((*at != '+' && *at != '-') || sscanf(at + 1, "%2d:%2d%n", &hours, &minutes, &used) != 2 || used != 5 || at[6] ||
        hours < 0 || hours > 23 || minutes < 0 || minutes > 59)
        return -EINVAL;
    *ret_seconds = (hours * 3600 + minutes * 60) * (*at == '-' ? -1 : 1);
    return 0;
}

int clock_parse_any(const char *text, int64_t *ret_wall_us) {
    struct tm tm = {0};
    int used = 0;
    int64_t us = 0, offset = 0;
    char t;
    if (sscanf(text, "%4d-%2d-%2d%c%2d:%2d:%2d%n", &tm.tm_year, &tm.tm_mon, &tm.tm_mday, &t, &tm.tm_hour, &tm.tm_min,
               &tm.tm_sec, &used) != 7 ||
        used != 19 || (t != 'T' && t != 't' && t != ' '))
        return -EINVAL;
    static const int days[] = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    if (tm.tm_year < 1 || tm.tm_mon < 1 || tm.tm_mon > 12 || tm.tm_mday < 1 || tm.tm_mday > days[tm.tm_mon - 1] ||
        tm.tm_hour < 0 || tm.tm_hour > 23 || tm.tm_min < 0 || tm.tm_min > 59 || tm.tm_sec < 0 || tm.tm_sec > 60)
        return -EINVAL;
    const char *rest = parse_fraction(text + used, &us);
    if (!rest || parse_offset(rest, &offset))
        return -EINVAL;
    tm.tm_year -= 1900;
    tm.tm_mon--;
    *ret_wall_us = ((int64_t)timegm(&tm) - offset) * 1000000 + us;
    return 0;
}

int64_t clock_deadline(int64_t after_ms) {
    return after_ms < 0 ? INT64_MAX : clock_monotonic_ms() + after_ms;
}

int clock_remaining_ms(int64_t deadline) {
    if (deadline == INT64_MAX)
        return INT32_MAX;
    int64_t left = deadline - clock_monotonic_ms();
    return left <= 0 ? 0 : left > INT32_MAX ? INT32_MAX : (int)left;
}

void clock_sleep_ms(int64_t ms) {
    struct timespec t = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
    while (nanosleep(&t, &t))
        ;
}
