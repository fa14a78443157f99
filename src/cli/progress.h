/* Progress on standard error: one line per thing done and, on a terminal only, a live line for what is being done.
 *
 * Text may come from web pages: control characters are replaced, so a page cannot drive the terminal. A thread of its
 * own keeps the live line moving; all functions may be called from any thread. */
#pragma once

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#define PROGRESS_TEXT_MAX 512

struct progress {
    bool live;     /* a terminal */
    bool finished; /* the thread should end */
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    char text[PROGRESS_TEXT_MAX]; /* what is being done; empty: nothing is shown */
    int64_t since;
};

void progress_start(struct progress *progress);
void progress_stop(struct progress *progress);

/* Shows what is being done, until the next line or `progress_doing(progress, "")`. */
void progress_doing(struct progress *progress, const char *text);

/* Writes a line: a mark ("✓", "✗", "·"), the text, and the duration when it is not negative. */
void progress_line(struct progress *progress, const char *mark, const char *text, int64_t duration_ms);
