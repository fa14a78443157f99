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
