#include "base/uuid.h"
#include "base/clock.h"
#include <pthread.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

/* RFC 9562 section 6.2 method 3: the 12 bits after the version hold the fraction of the millisecond, kept rising. */
static uint64_t next_timestamp(void) {
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    static uint64_t last;
    uint64_t us = (uint64_t)clock_wall_us();
    uint64_t now = us / 1000 << 12 | us % 1000 * 4096 / 1000;
    pthread_mutex_lock(&lock);
    last = now > last ? now : last + 1;
    now = last;
    pthread_mutex_unlock(&lock);
    return now;
}

char *uuid_make(char text[UUID_TEXT_SIZE]) {
    uint64_t stamp = next_timestamp(), tail;
    randombytes_buf(&tail, sizeof tail);
    snprintf(text, UUID_TEXT_SIZE, "%08x-%04x-7%03x-%04x-%012llx", (unsigned)(stamp >> 28),
             (unsigned)(stamp >> 12 & 0xffff), (unsigned)(stamp & 0xfff), (unsigned)(0x8000 | (tail >> 48 & 0x3fff)),
             (unsigned long long)(tail & 0xffffffffffffULL));
    return text;
}

bool uuid_is_valid(const char *text) {
    for (int i = 0; i < 36; i++) {
        bool dash = i == 8 || i == 13 || i == 18 || i == 23;
        if (dash ? text[i] != '-' : !text[i] || !strchr("0123456789abcdef", text[i]))
            return false;
    }
    return !text[36];
}
