#include "cli/progress.h"
#include "base/clock.h"
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#define FRAME_MS     100
#define CLEAR_LINE   "\r\x1b[K"
#define COLUMNS      80
#define ROOM_BESIDES 16 /* spinner, spaces, seconds */

static const char *const frames[] = {"⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"};

/* Copies at most `columns` characters; control characters (C0, DEL, C1 in UTF-8) become a space. */
static void copy_harmless(char *to, size_t room, const char *from, int columns) {
    size_t n = 0;
    for (const unsigned char *p = (const unsigned char *)from; *p && n + 5 < room; p++) {
        bool continuation = (*p & 0xC0) == 0x80;
        if (!continuation && !columns--)
            break;
        if (*p == 0xC2 && p[1] >= 0x80 && p[1] < 0xA0)
            to[n++] = ' ', p++;
        else
            to[n++] = (char)(*p < 0x20 || *p == 0x7F ? ' ' : *p);
    }
    to[n] = '\0';
}

static int columns(void) {
    struct winsize size;
    return !ioctl(STDERR_FILENO, TIOCGWINSZ, &size) && size.ws_col > ROOM_BESIDES ? size.ws_col : COLUMNS;
}

static void draw(const struct progress *progress, unsigned frame) {
    char text[PROGRESS_TEXT_MAX];
    copy_harmless(text, sizeof text, progress->text, columns() - ROOM_BESIDES);
    fprintf(stderr, CLEAR_LINE "%s %s  %.1f s", frames[frame % (sizeof frames / sizeof frames[0])], text,
            (double)(clock_monotonic_ms() - progress->since) / 1000);
    fflush(stderr);
}

static void *animate(void *user) {
    struct progress *progress = user;
    pthread_mutex_lock(&progress->lock);
    for (unsigned frame = 0; !progress->finished; frame++) {
        struct timespec until;
        if (*progress->text)
            draw(progress, frame);
        clock_gettime(CLOCK_REALTIME, &until);
        until.tv_nsec += FRAME_MS * 1000000L;
        until.tv_sec += until.tv_nsec / 1000000000;
        until.tv_nsec %= 1000000000;
        pthread_cond_timedwait(&progress->wake, &progress->lock, &until);
    }
    pthread_mutex_unlock(&progress->lock);
    return NULL;
}

void progress_start(struct progress *progress) {
    *progress = (struct progress){0};
    pthread_mutex_init(&progress->lock, NULL);
    pthread_cond_init(&progress->wake, NULL);
    progress->live = isatty(STDERR_FILENO) && !pthread_create(&progress->thread, NULL, animate, progress);
}

void progress_stop(struct progress *progress) {
    progress_doing(progress, "");
    if (progress->live) {
        pthread_mutex_lock(&progress->lock);
        progress->finished = true;
        pthread_cond_signal(&progress->wake);
        pthread_mutex_unlock(&progress->lock);
        pthread_join(progress->thread, NULL);
    }
    pthread_cond_destroy(&progress->wake);
    pthread_mutex_destroy(&progress->lock);
}

void progress_doing(struct progress *progress, const char *text) {
    pthread_mutex_lock(&progress->lock);
    snprintf(progress->text, sizeof progress->text, "%s", text);
    progress->since = clock_monotonic_ms();
    if (progress->live && !*text) {
        fputs(CLEAR_LINE, stderr);
        fflush(stderr);
    }
    pthread_cond_signal(&progress->wake);
    pthread_mutex_unlock(&progress->lock);
}

void progress_line(struct progress *progress, const char *mark, const char *text, int64_t duration_ms) {
    char harmless[2048];
    copy_harmless(harmless, sizeof harmless, text, sizeof harmless);
    pthread_mutex_lock(&progress->lock);
    fputs(progress->live ? CLEAR_LINE : "", stderr);
    if (duration_ms >= 0)
        fprintf(stderr, "%s %s  (%lld ms)\n", mark, harmless, (long long)duration_ms);
    else
        fprintf(stderr, "%s %s\n", mark, harmless);
    pthread_mutex_unlock(&progress->lock);
}
