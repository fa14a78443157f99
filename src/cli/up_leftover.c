#include "cli/up_leftover.h"
#include "base/clock.h"
#include "base/io.h"
#include "base/memory.h"
#include "base/process.h"
#include "base/text.h"
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define PID_FILE_MAX 4096
#define WAIT_MS      10000

/* As a pidfd; -1 when there is none. */
static int find_leftover(const char *pid_file, const char *folder) {
    cleanup_free char *text = NULL;
    char link[64], place[PATH_MAX], real[PATH_MAX];
    int64_t pid;
    if (io_read_file(pid_file, PID_FILE_MAX, &text, NULL, NULL) < 0)
        return -1;
    text[strcspn(text, "\n")] = '\0';
    if (text_parse_int(text, 1, INT_MAX, &pid))
        return -1;
    cleanup_close int pidfd = (int)syscall(SYS_pidfd_open, (pid_t)pid, 0);
    snprintf(link, sizeof link, "/proc/%d/cwd", (int)pid);
    ssize_t length = pidfd < 0 ? -1 : readlink(link, place, sizeof place - 1);
    if (length < 0 || !realpath(folder, real))
        return -1;
    place[length] = '\0';
    return strcmp(place, real) ? -1 : take_fd(pidfd);
}

/* It is nobody's child that we could wait for. */
static bool wait_gone(int pidfd) {
    int64_t deadline = clock_deadline(WAIT_MS);
    bool gone;
    while (!(gone = process_signal(pidfd, 0) == -ESRCH) && clock_remaining_ms(deadline) > 0)
        clock_sleep_ms(20);
    return gone;
}

void up_stop_leftover(const char *pid_file, const char *folder, int polite, int firm) {
    cleanup_close int pidfd = find_leftover(pid_file, folder);
    if (pidfd < 0)
        return;
    process_signal(pidfd, polite);
    if (wait_gone(pidfd))
        return;
    process_signal(pidfd, firm);
    wait_gone(pidfd);
}
