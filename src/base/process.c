#include "base/process.h"
#include "base/clock.h"
#include "base/io.h"
#include "base/memory.h"
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define FIRST_PASSED_FD 3
#define PASSED_FDS_MAX  24

int process_find_user(const char *name, struct process_user *ret_user, struct error *e) {
    struct passwd *entry = getpwnam(name);
    if (!entry) {
        error_set(e, ENOENT, ERROR_NOT_FOUND, "there is no user %s", name);
        error_hint(e, "`replinet doctor --mend` (or `./dev up`) makes the users that Replinet runs as");
        return -ENOENT;
    }
    struct process_user user = {.uid = entry->pw_uid, .gid = entry->pw_gid};
    int count = ARRAY_LENGTH(user.groups);
    getgrouplist(name, entry->pw_gid, user.groups, &count);
    user.group_count = (size_t)(count < 0 ? 0 : count);
    *ret_user = user;
    return 0;
}

int process_find_group(const char *name, gid_t *ret_gid, struct error *e) {
    struct group *entry = getgrnam(name);
    if (!entry) {
        error_set(e, ENOENT, ERROR_NOT_FOUND, "there is no group %s", name);
        error_hint(e, "`replinet doctor --mend` (or `./dev up`) makes the groups that Replinet needs");
        return -ENOENT;
    }
    *ret_gid = entry->gr_gid;
    return 0;
}

/* From here to child_run: the child between fork and exec; only async-signal-safe calls. */

static int child_place_fds(const struct process_spec *spec, int report) {
    int copies[PASSED_FDS_MAX + 4];
    int in = spec->stdin_fd >= 0 ? spec->stdin_fd : open("/dev/null", O_RDONLY);
    int out = spec->stdout_fd >= 0 ? spec->stdout_fd : open("/dev/null", O_WRONLY);
    int err = spec->stderr_fd >= 0 ? spec->stderr_fd : STDERR_FILENO;
    int base = FIRST_PASSED_FD + (int)spec->fd_count + 1;
    size_t total = spec->fd_count + 3;
    for (size_t i = 0; i < total; i++) {
        int fd = i == 0 ? in : i == 1 ? out : i == 2 ? err : spec->fds[i - 3];
        copies[i] = fcntl(fd, F_DUPFD, base); /* out of the way of the places they go to */
        if (copies[i] < 0)
            return -errno;
    }
    int report_copy = fcntl(report, F_DUPFD, base);
    for (size_t i = 0; i < total; i++)
        if (dup2(copies[i], (int)i) < 0)
            return -errno;
    int report_place = (int)total;
    if (dup2(report_copy, report_place) < 0 || fcntl(report_place, F_SETFD, FD_CLOEXEC))
        return -errno;
    syscall(SYS_close_range, (unsigned)report_place + 1, ~0U, 0);
    return report_place;
}

static int child_become(const struct process_spec *spec, pid_t parent) {
    if (spec->new_session && setsid() < 0)
        return -errno;
    if (spec->user &&
        (setgroups(spec->user->group_count, spec->user->groups) || setgid(spec->user->gid) || setuid(spec->user->uid)))
        return -errno;
    /* After setuid: changing credentials clears it. */
    if (spec->death_signal && prctl(PR_SET_PDEATHSIG, spec->death_signal))
        return -errno;
    if (spec->death_signal && getppid() != parent)
        _exit(1); /* the parent died before the prctl */
    return chdir(spec->directory ? spec->directory : "/") ? -errno : 0;
}

static void child_run(const struct process_spec *spec, int report, pid_t parent) {
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    signal(SIGPIPE, SIG_DFL);
    int place = child_place_fds(spec, report);
    int r = place < 0 ? place : child_become(spec, parent);
    if (!r) {
        execve(spec->path ? spec->path : "/proc/self/exe", spec->arguments, spec->environment);
        r = -errno;
    }
    io_write_full(place < 0 ? report : place, &r, sizeof r);
    _exit(127);
}

int process_spawn(const struct process_spec *spec, pid_t *ret_pid, int *ret_pidfd, struct error *e) {
    cleanup_close int reading = -1, writing = -1;
    int ends[2], failure = 0;
    if (spec->fd_count > PASSED_FDS_MAX)
        return error_set(e, EINVAL, ERROR_INTERNAL, "too many descriptors for one child");
    if (pipe2(ends, O_CLOEXEC))
        return error_errno(e, errno, ERROR_INTERNAL, "cannot start %s", spec->arguments[0]);
    reading = ends[0], writing = ends[1];
    pid_t parent = getpid(), pid = fork();
    if (pid < 0)
        return error_errno(e, errno, ERROR_INTERNAL, "cannot start %s", spec->arguments[0]);
    if (!pid)
        child_run(spec, writing, parent);
    close(take_fd(writing));
    if (io_read_full(reading, &failure, sizeof failure) == sizeof failure) {
        waitpid(pid, NULL, 0);
        return error_errno(e, -failure, ERROR_INTERNAL, "cannot start %s",
                           spec->path ? spec->path : spec->arguments[0]);
    }
    if (ret_pidfd) {
        int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
        if (pidfd < 0) {
            int err = errno;
            kill(pid, SIGKILL);
            waitpid(pid, NULL, 0);
            return error_errno(e, err, ERROR_INTERNAL, "cannot open a pidfd of %s", spec->arguments[0]);
        }
        *ret_pidfd = pidfd;
    }
    *ret_pid = pid;
    return 0;
}

int process_wait(int pidfd, int64_t deadline, int *ret_status) {
    struct pollfd poll_fd = {.fd = pidfd, .events = POLLIN};
    int n;
    do
        n = poll(&poll_fd, 1, deadline == INT64_MAX ? -1 : clock_remaining_ms(deadline));
    while (n < 0 && errno == EINTR);
    if (n <= 0)
        return n ? -errno : -ETIMEDOUT;
    siginfo_t info = {0};
    if (waitid(P_PIDFD, (id_t)pidfd, &info, WEXITED))
        return -errno;
    if (ret_status)
        *ret_status = info.si_code == CLD_EXITED ? info.si_status << 8 : info.si_status & 0x7f;
    return 0;
}

void process_stop(int pidfd, int64_t grace_ms) {
    process_signal(pidfd, SIGTERM);
    if (process_wait(pidfd, clock_deadline(grace_ms), NULL) == -ETIMEDOUT) {
        process_signal(pidfd, SIGKILL);
        process_wait(pidfd, clock_deadline(10000), NULL);
    }
}

int process_signal(int pidfd, int signal) {
    return syscall(SYS_pidfd_send_signal, pidfd, signal, NULL, 0) ? -errno : 0;
}

const char *process_describe_status(int status, char text[48]) {
    if (WIFEXITED(status))
        snprintf(text, 48, "exit %d", WEXITSTATUS(status));
    else
        snprintf(text, 48, "killed by SIG%s", sigabbrev_np(WTERMSIG(status)) ? sigabbrev_np(WTERMSIG(status)) : "?");
    return text;
}
