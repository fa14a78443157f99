#include "cli/supervisor.h"
#include "base/clock.h"
#include "base/config.h"
#include "base/log.h"
#include "base/memory.h"
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#define PROBE_MS     20
#define CHILDREN_MAX 16

static const char where_to_look[] = "the log above, or its own in STATE_DIR/log, says why";

static void child_reset(struct supervisor_child *child) {
    child->pidfd = -1;
    child->pid = 0;
    child->ready = child->was_ready = false;
    child->failures = 0;
    child->started = child->next_start = 0;
    child->backoff_ms = SUPERVISOR_BACKOFF_LEAST_MS;
}

/* Doubles the wait until the next start, unless the child lived long enough to count as steady. */
static void child_plan_restart(struct supervisor_child *child, int64_t now) {
    if (now - child->started >= SUPERVISOR_STEADY_MS)
        child->backoff_ms = SUPERVISOR_BACKOFF_LEAST_MS;
    child->failures += !child->was_ready;
    child->next_start = now + child->backoff_ms;
    child->backoff_ms *= 2;
    if (child->backoff_ms > SUPERVISOR_BACKOFF_MOST_MS)
        child->backoff_ms = SUPERVISOR_BACKOFF_MOST_MS;
}

static void child_start(struct supervisor_child *child, int64_t now) {
    struct error e;
    child->started = now;
    child->ready = false;
    int r = child->prepare ? child->prepare(child->user, &e) : 0;
    if (!r)
        r = child->start(child->user, &child->pid, &child->pidfd, &e);
    if (r < 0) {
        log_failure(&e, "cannot start a process", LOG_TEXT("replinet.process", child->name));
        child_plan_restart(child, now);
    } else {
        log_debug("started", LOG_TEXT("replinet.process", child->name), LOG_INT("process.child.pid", child->pid));
    }
}

/* Reaps the child and plans its restart. */
static void child_ended(struct supervisor_child *child, int64_t now) {
    int status = 0;
    char text[48];
    process_wait(child->pidfd, now, &status);
    close(take_fd(child->pidfd));
    child->ready = false;
    child_plan_restart(child, now);
    log_warn("a process ended and is started again", LOG_TEXT("replinet.process", child->name),
             LOG_TEXT("replinet.ended", process_describe_status(status, text)),
             LOG_INT("replinet.again_ms", child->next_start - now));
}

/* Moves the first child that needs it on; children after one that was never ready wait for it. */
static int children_advance(struct supervisor_child *children, size_t count, int64_t began, bool *ret_all_ready,
                            struct error *e) {
    int64_t now = clock_monotonic_ms();
    bool all = true;
    for (size_t i = 0; i < count; i++) {
        struct supervisor_child *child = &children[i];
        if (child->pidfd < 0 && now >= child->next_start)
            child_start(child, now);
        if (child->pidfd >= 0 && !child->ready && (!child->is_ready || child->is_ready(child->user))) {
            child->ready = true;
            log_debug("ready", LOG_TEXT("replinet.process", child->name),
                      LOG_INT("event.duration_ms", now - child->started));
        }
        if (child->ready && !child->was_ready) {
            int r = child->when_ready ? child->when_ready(child->user, e) : 0;
            if (r < 0)
                return r;
            child->was_ready = true;
        }
        all &= child->ready;
        if (child->failures >= SUPERVISOR_FIRST_TRIES)
            return error_set(e, ECANCELED, ERROR_UNAVAILABLE, "%s ended %d times before it was ready; %s", child->name,
                             child->failures, where_to_look);
        if (!child->was_ready && now - began > child->ready_ms)
            return error_set(e, ETIMEDOUT, ERROR_UNAVAILABLE, "%s was not ready within %lld s; %s", child->name,
                             (long long)(child->ready_ms / 1000), where_to_look);
        if (!child->was_ready)
            break;
    }
    *ret_all_ready = all;
    return 0;
}

/* How long poll may sleep: a short time while something starts, else until the next restart. */
static int next_wake(const struct supervisor_child *children, size_t count) {
    int64_t now = clock_monotonic_ms(), wake = INT64_MAX;
    for (size_t i = 0; i < count; i++) {
        const struct supervisor_child *child = &children[i];
        int64_t at = child->pidfd < 0 ? child->next_start : child->ready ? INT64_MAX : now + PROBE_MS;
        if (at < wake)
            wake = at;
        if (!child->was_ready)
            break;
    }
    return wake == INT64_MAX ? -1 : clock_remaining_ms(wake);
}

/* Waits for a signal or a death. Returns the signal's number, 0 without one. */
static int children_wait(struct supervisor_child *children, size_t count, int signals) {
    struct pollfd fds[CHILDREN_MAX + 1] = {{.fd = signals, .events = POLLIN}};
    for (size_t i = 0; i < count; i++)
        fds[i + 1] = (struct pollfd){.fd = children[i].pidfd, .events = POLLIN};
    if (poll(fds, count + 1, next_wake(children, count)) <= 0)
        return 0;
    for (size_t i = 0; i < count; i++)
        if (children[i].pidfd >= 0 && fds[i + 1].revents)
            child_ended(&children[i], clock_monotonic_ms());
    struct signalfd_siginfo info;
    if (!fds[0].revents || read(signals, &info, sizeof info) != sizeof info)
        return 0;
    return (int)info.ssi_signo;
}

/* Stops one child; a further signal to us cuts its grace short. */
static void child_stop(struct supervisor_child *child, int signals, bool *hurry) {
    if (child->pidfd < 0)
        return;
    int64_t deadline = clock_deadline(child->stop_ms);
    process_signal(child->pidfd, child->stop_signal ? child->stop_signal : SIGTERM);
    struct pollfd fds[] = {{.fd = child->pidfd, .events = POLLIN}, {.fd = signals, .events = POLLIN}};
    while (!*hurry && clock_remaining_ms(deadline) > 0) {
        if (poll(fds, 2, clock_remaining_ms(deadline)) > 0 && fds[0].revents)
            break;
        struct signalfd_siginfo info;
        *hurry |= fds[1].revents && read(signals, &info, sizeof info) == sizeof info;
    }
    if (process_wait(child->pidfd, 0, NULL) == -ETIMEDOUT) {
        log_warn("a process did not stop in time and is killed", LOG_TEXT("replinet.process", child->name));
        process_signal(child->pidfd, SIGKILL);
        process_wait(child->pidfd, INT64_MAX, NULL);
    }
    close(take_fd(child->pidfd));
    log_debug("stopped", LOG_TEXT("replinet.process", child->name));
}

int supervisor_run(struct supervisor_child *children, size_t count, void (*all_ready)(void *user), void *user,
                   struct error *e) {
    sigset_t set, before;
    if (count > CHILDREN_MAX)
        return error_set(e, EINVAL, ERROR_INTERNAL, "too many processes for one supervisor");
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGHUP); /* the terminal is gone */
    sigprocmask(SIG_BLOCK, &set, &before);
    cleanup_close int signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    if (signals < 0)
        return error_errno(e, errno, ERROR_INTERNAL, "cannot receive signals");
    for (size_t i = 0; i < count; i++)
        child_reset(&children[i]);
    int64_t began = clock_monotonic_ms();
    bool told = false, hurry = false;
    int r = 0, received = 0;
    while (!r && !received) {
        bool all = false;
        r = children_advance(children, count, began, &all, e);
        if (all && !told && all_ready)
            all_ready(user);
        told |= all;
        if (!r)
            received = children_wait(children, count, signals);
    }
    if (received)
        log_info("stopping", LOG_TEXT("replinet.signal", sigabbrev_np(received)));
    while (count > 0)
        child_stop(&children[--count], signals, &hurry);
    sigprocmask(SIG_SETMASK, &before, NULL);
    return r;
}

int supervisor_spawn_command(const char *command, const char *user_name, char reader, pid_t *ret_pid, int *ret_pidfd,
                             struct error *e) {
    struct process_user user;
    int r = user_name ? process_find_user(user_name, &user, e) : 0;
    if (r < 0)
        return r;
    cleanup_free char **environment = config_environment(reader);
    char name[] = "replinet", *copy = memory_copy_text(command);
    char *arguments[] = {name, copy, NULL};
    struct process_spec spec = {
        .arguments = arguments,
        .environment = environment,
        .user = user_name ? &user : NULL,
        .death_signal = SIGTERM,
        .new_session = true,
        .stdin_fd = -1,
        .stdout_fd = -1,
        .stderr_fd = -1,
    };
    r = process_spawn(&spec, ret_pid, ret_pidfd, e);
    free(copy);
    return r;
}
