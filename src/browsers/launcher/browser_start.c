#include "browsers/launcher/browser_start.h"
#include "base/config.h"
#include "base/instance.h"
#include "base/io.h"
#include "base/memory.h"
#include "base/text.h"
#include "browsers/launcher/cgroups.h"
#include "browsers/launcher/container.h"
#include "browsers/launcher/files.h"
#include "browsers/launcher/netns.h"
#include "browsers/launcher/profile.h"
#include "browsers/protocol/keeper_protocol.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define PID_FILE     "container.pid"
#define CDP_PIPE_MAX (1024 * 1024) /* screenshots and DOM snapshots pass in fewer turns */

/* Descriptors that exist only while a browser is being started. */
struct start_fds {
    int netns, gate, control, memory;
    int browser_reads, keeper_writes; /* CDP to Chromium */
    int keeper_reads, browser_writes; /* CDP from Chromium */
    int stdin_reads, stderr_writes;
};

static void start_fds_done(struct start_fds *fds) {
    int all[] = {fds->netns,         fds->gate,         fds->control,        fds->memory,      fds->browser_reads,
                 fds->keeper_writes, fds->keeper_reads, fds->browser_writes, fds->stdin_reads, fds->stderr_writes};
    for (size_t i = 0; i < ARRAY_LENGTH(all); i++)
        if (all[i] >= 0)
            close(all[i]);
}

char *browser_folder(const char *id) {
    return instance_run_path("browsers/%s", id);
}

char *browser_runtime_folder(const char *id) {
    return instance_run_path("crun/%s", id);
}

char *browser_socket(const char *id) {
    return instance_run_path("keepers/%s.sock", id);
}

static int make_pipe(int *ret_reading, int *ret_writing, struct error *e) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC))
        return error_errno(e, errno, ERROR_INTERNAL, "cannot make a pipe");
    *ret_reading = ends[0];
    *ret_writing = ends[1];
    return 0;
}

/* An input that has ended. Never the host's /dev/null for any of crun's standard descriptors: crun gives those to the
 * container's user, who could then close /dev/null to the whole machine. */
static int make_stdin(struct start_fds *fds, struct error *e) {
    cleanup_close int writing = -1;
    return make_pipe(&fds->stdin_reads, &writing, e);
}

/* Nobody reads this pipe until the end, so writing to it must fail, not wait, once it is full. */
static int make_messages_pipe(struct browser *browser, struct start_fds *fds, struct error *e) {
    int r = make_pipe(&browser->messages, &fds->stderr_writes, e);
    if (!r) {
        io_set_nonblocking(fds->stderr_writes, true);
        io_set_nonblocking(browser->messages, true);
    }
    return r;
}

static int make_cdp_pipes(struct start_fds *fds, struct error *e) {
    int r = make_pipe(&fds->browser_reads, &fds->keeper_writes, e);
    if (!r)
        r = make_pipe(&fds->keeper_reads, &fds->browser_writes, e);
    if (!r) { /* a smaller pipe works too */
        fcntl(fds->keeper_writes, F_SETPIPE_SZ, CDP_PIPE_MAX);
        fcntl(fds->keeper_reads, F_SETPIPE_SZ, CDP_PIPE_MAX);
    }
    return r;
}

static int make_memory_cgroup(struct browser *browser, struct start_fds *fds, struct error *e) {
    int r = cgroup_make(browser->id, e);
    if (r < 0)
        return r;
    fds->memory = cgroup_open_memory(browser->id);
    return fds->memory < 0 ? error_errno(e, -fds->memory, ERROR_INTERNAL, "cannot open the memory cgroup") : 0;
}

static int make_control_socket(struct browser *browser, const struct browsers_setup *setup, struct start_fds *fds,
                               struct error *e) {
    cleanup_free char *path = browser_socket(browser->id);
    fds->control = io_unix_listen(path, SOCK_SEQPACKET, 0600, setup->engine.uid, setup->engine.gid, e);
    return fds->control < 0 ? fds->control : 0;
}

static int write_bundle(struct browser *browser, const struct browsers_setup *setup,
                        const struct launcher_request *request, const struct start_fds *fds, struct error *e) {
    cleanup_free char *folder = browser_folder(browser->id);
    cleanup_free char *home = browser->profile ? profile_home(browser->id) : NULL;
    struct container_spec spec = {.id = browser->id,
                                  .rootfs = setup->rootfs,
                                  .program = setup->program,
                                  .locale = request->locale,
                                  .timezone = request->timezone,
                                  .home = home,
                                  .netns = fds->netns,
                                  .ids = browser->ids,
                                  .memory_bytes = request->memory_bytes};
    return container_write_bundle(folder, &spec, e);
}

/* The keeper's parent is this process, whose death ends it at once; with the pipe's end ends the browser. A session of
 * its own: it could push input into a terminal that it shared, and Ctrl-C would end it before its browser. */
static int spawn_keeper(struct browser *browser, const struct start_fds *fds, struct error *e) {
    struct process_user user = {.uid = browser->ids.keeper, .gid = browser->ids.keeper};
    char *arguments[] = {"replinet", "keeper", browser->id, NULL};
    cleanup_free char **environment = config_environment('K');
    const int passed[] = {fds->keeper_writes, fds->keeper_reads, fds->gate, fds->control, fds->memory};
    struct process_spec spec = {.arguments = arguments,
                                .environment = environment,
                                .user = &user,
                                .death_signal = SIGKILL,
                                .new_session = true,
                                .stdin_fd = -1,
                                .stdout_fd = -1,
                                .stderr_fd = -1,
                                .fds = passed,
                                .fd_count = ARRAY_LENGTH(passed)};
    _Static_assert(KEEPER_FD_TO_BROWSER == 3 && KEEPER_FD_FROM_BROWSER == 4 && KEEPER_FD_GATE == 5 &&
                       KEEPER_FD_CONTROL == 6 && KEEPER_FD_MEMORY == 7,
                   "the order of `passed`");
    return process_spawn(&spec, &browser->keeper.pid, NULL, e);
}

/* crun must not be killed halfway, not even by this process's death: its child would go on into the container. */
static int spawn_runtime(struct browser *browser, const struct start_fds *fds, struct error *e) {
    cleanup_free char *root = instance_run_path("crun"), *bundle = browser_folder(browser->id);
    cleanup_free char *pid_file = memory_print("%s/" PID_FILE, bundle);
    char *arguments[] = {"crun",
                         "--root",
                         root,
                         "--cgroup-manager=cgroupfs",
                         "run",
                         "--detach",
                         "--preserve-fds=2",
                         "--pid-file",
                         pid_file,
                         "--bundle",
                         bundle,
                         browser->id,
                         NULL};
    char *environment[] = {"PATH=/usr/sbin:/usr/bin:/sbin:/bin", NULL};
    const int passed[] = {fds->browser_reads, fds->browser_writes};
    struct process_spec spec = {.path = config_text(CONFIG_CRUN_PATH),
                                .arguments = arguments,
                                .environment = environment,
                                .stdin_fd = fds->stdin_reads,
                                .stdout_fd = fds->stderr_writes,
                                .stderr_fd = fds->stderr_writes,
                                .fds = passed,
                                .fd_count = ARRAY_LENGTH(passed)};
    return process_spawn(&spec, &browser->runtime.pid, NULL, e);
}

/* For the sweep of a later launcher: which processes are this browser's, named for good by their start time. */
static int record_process(const char *id, const char *name, pid_t pid, struct error *e) {
    uint64_t ticks = 0;
    if (files_process_start(pid, &ticks) < 0)
        return 0; /* it has ended already */
    cleanup_free char *folder = browser_folder(id);
    cleanup_free char *path = memory_print("%s/%s", folder, name);
    cleanup_free char *line = memory_print("%d %llu\n", pid, (unsigned long long)ticks);
    return files_write_quick(path, line, strlen(line), e);
}

int browser_start(struct browser *browser, const struct browsers_setup *setup, const struct launcher_request *request,
                  struct error *e) {
    __attribute__((cleanup(start_fds_done))) struct start_fds fds = {-1, -1, -1, -1, -1, -1, -1, -1, -1, -1};
    cleanup_free char *folder = browser_folder(browser->id);
    if (mkdir(folder, 0700))
        return error_errno(e, errno, ERROR_STORAGE, "cannot make the folder %s", folder);
    int r = netns_make(&fds.netns, &fds.gate, e);
    if (!r)
        r = make_memory_cgroup(browser, &fds, e);
    if (!r)
        r = make_control_socket(browser, setup, &fds, e);
    if (!r)
        r = make_cdp_pipes(&fds, e);
    if (!r)
        r = make_stdin(&fds, e);
    if (!r)
        r = make_messages_pipe(browser, &fds, e);
    if (!r)
        r = write_bundle(browser, setup, request, &fds, e);
    if (!r)
        r = spawn_runtime(browser, &fds, e);
    if (!r)
        r = spawn_keeper(browser, &fds, e);
    if (!r)
        r = record_process(browser->id, "runtime", browser->runtime.pid, e);
    if (!r)
        r = record_process(browser->id, "keeper", browser->keeper.pid, e);
    /* crun opens the namespace by its path in this process, so that descriptor outlives this function. */
    if (!r)
        browser->netns = take_fd(fds.netns);
    return r;
}

/* The container's parent is this process once crun is gone; if it is not, it has ended meanwhile. */
static bool is_child(pid_t pid) {
    char path[40], status[2048];
    snprintf(path, sizeof path, "/proc/%d/status", pid);
    if (io_read_at(AT_FDCWD, path, status, sizeof status) < 0)
        return false;
    const char *line = strstr(status, "\nPPid:");
    return line && atoi(line + strlen("\nPPid:")) == getpid();
}

int browser_adopt_container(struct browser *browser, struct error *e) {
    cleanup_free char *folder = browser_folder(browser->id);
    cleanup_free char *path = memory_print("%s/" PID_FILE, folder);
    char text[32];
    int64_t pid = 0;
    int r = io_read_at(AT_FDCWD, path, text, sizeof text);
    if (!r)
        r = text_parse_int(text, 2, INT32_MAX, &pid);
    if (r < 0)
        return error_errno(e, -r, ERROR_INTERNAL, "crun left no pid in %s", path);
    if (!is_child((pid_t)pid))
        return error_set(e, ECHILD, ERROR_BROWSER_CRASH, "Chromium ended at once");
    browser->container.pid = (pid_t)pid;
    return record_process(browser->id, "container", browser->container.pid, e);
}
