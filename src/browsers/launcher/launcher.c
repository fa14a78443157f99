#include "browsers/launcher/launcher.h"
#include "base/config.h"
#include "base/instance.h"
#include "base/io.h"
#include "base/log.h"
#include "base/memory.h"
#include "browsers/launcher/browser.h"
#include "browsers/launcher/cgroups.h"
#include "browsers/launcher/connection.h"
#include "browsers/launcher/ids.h"
#include "browsers/launcher/loop.h"
#include "browsers/launcher/operations.h"
#include "browsers/launcher/rootfs.h"
#include "browsers/launcher/sweep.h"
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static struct {
    struct loop_source signals;
    struct browsers_setup setup;
    char *rootfs, *program;
    int lock;
    bool stopping;
} launcher = {.signals.fd = -1, .lock = -1};

static int check_machine(struct error *e) {
    if (geteuid()) {
        error_set(e, EPERM, ERROR_FORBIDDEN, "the launcher must run as root");
        error_hint(e, "it makes namespaces and cgroups; the processes that face anybody are not root");
        return -EPERM;
    }
    int r = process_find_user(INSTANCE_USER_ENGINE, &launcher.setup.engine, e);
    if (!r && access(config_text(CONFIG_CRUN_PATH), X_OK)) {
        r = error_errno(e, errno, ERROR_BAD_CONFIG, "cannot run %s", config_text(CONFIG_CRUN_PATH));
        error_hint(e, "install it (apt-get install crun) or set CRUN_PATH");
    }
    return r;
}

static int make_folders(struct error *e) {
    static const struct {
        const char *name;
        mode_t mode;
    } folders[] = {{"browsers", 0700}, {"crun", 0700}, {"keepers", 0711}, {"homes", 0711}};
    int r = io_make_dirs(config_text(CONFIG_RUN_DIR), 0755, e);
    for (size_t i = 0; !r && i < ARRAY_LENGTH(folders); i++) {
        cleanup_free char *path = instance_run_path("%s", folders[i].name);
        r = io_make_dirs(path, folders[i].mode, e);
    }
    return r;
}

static int take_lock(struct error *e) {
    cleanup_free char *path = instance_run_path("launcher.lock");
    launcher.lock = instance_lock(path, e);
    return launcher.lock < 0 ? launcher.lock : 0;
}

/* Mounts made from here on are seen by nobody else and end with this process. */
static int leave_mount_namespace(struct error *e) {
    if (unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL))
        return error_errno(e, errno, ERROR_INTERNAL, "cannot make a private mount namespace");
    return 0;
}

/* A name for this instance that is unique on the machine: two instances never share a cgroup. Those in containers may
 * all have the same RUN_DIR, but each has a volume of its own for its state; started again with it, it finds what one
 * that was killed has left. */
static void name_instance(char name[17]) {
    cleanup_free char *real = realpath(config_text(CONFIG_RUN_DIR), NULL);
    struct stat volume = {0};
    stat(config_text(CONFIG_STATE_DIR), &volume);
    cleanup_free char *path = memory_print("%s %llx %llx", real ? real : config_text(CONFIG_RUN_DIR),
                                           (unsigned long long)volume.st_dev, (unsigned long long)volume.st_ino);
    unsigned char hash[crypto_generichash_BYTES];
    crypto_generichash(hash, sizeof hash, (const unsigned char *)path, strlen(path), NULL, 0);
    sodium_bin2hex(name, 17, hash, 8);
}

static int prepare(struct error *e) {
    char instance[17];
    int r = check_machine(e);
    if (!r)
        r = make_folders(e);
    if (!r)
        r = take_lock(e);
    if (!r)
        r = leave_mount_namespace(e);
    if (r < 0)
        return r;
    name_instance(instance);
    prctl(PR_SET_CHILD_SUBREAPER, 1); /* the container's parent, crun, ends at once */
    r = cgroups_prepare(instance, e);
    if (r < 0)
        return r;
    int swept = sweep_run();
    if (swept)
        log_warn("an earlier launcher ended without cleaning up", LOG_INT("replinet.browsers", swept));
    r = ids_claim_range(e);
    launcher.rootfs = instance_run_path("rootfs");
    if (!r)
        r = rootfs_build(launcher.rootfs, config_text(CONFIG_CHROMIUM_PATH), &launcher.program, e);
    return r;
}

static void reap_children(void) {
    int status;
    for (pid_t pid; (pid = waitpid(-1, &status, WNOHANG)) > 0;)
        browsers_child_ended(pid, status);
}

static void read_signals(void *owner) {
    struct signalfd_siginfo info;
    if (read(launcher.signals.fd, &info, sizeof info) != sizeof info)
        return;
    if (info.ssi_signo == SIGCHLD)
        reap_children();
    else
        launcher.stopping = true;
}

static int watch_signals(struct error *e) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGCHLD);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigprocmask(SIG_BLOCK, &set, NULL);
    int fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    int r = fd < 0 ? -errno : loop_add(&launcher.signals, fd, read_signals, NULL);
    return r < 0 ? error_errno(e, -r, ERROR_INTERNAL, "cannot watch signals") : 0;
}

static int serve(struct error *e) {
    static const struct connection_handlers handlers = {operations_handle, browsers_forget_serials};
    cleanup_free char *path = instance_run_path("launcher.sock");
    launcher.setup.rootfs = launcher.rootfs;
    launcher.setup.program = launcher.program;
    browsers_start(&launcher.setup);
    int r = loop_open();
    r = r < 0 ? error_errno(e, -r, ERROR_INTERNAL, "cannot make an event loop") : watch_signals(e);
    if (!r)
        r = connection_listen(path, &launcher.setup.engine, &handlers, e);
    if (r < 0)
        return r;
    log_info("launcher is ready", LOG_TEXT("replinet.cgroups", cgroups_mode_name(cgroups_current())));
    while (!launcher.stopping || browsers_count()) {
        if (launcher.stopping)
            browsers_end_all(END_REASON_SHUTDOWN);
        r = loop_turn(browsers_tick());
        if (r < 0)
            return error_errno(e, -r, ERROR_INTERNAL, "the event loop failed");
    }
    return 0;
}

static void finish(void) {
    connection_close();
    if (launcher.signals.fd >= 0)
        close(launcher.signals.fd);
    loop_close();
    if (launcher.program) {
        umount2(launcher.rootfs, MNT_DETACH);
        cgroups_finish();
    }
    free(launcher.rootfs);
    free(launcher.program);
    if (launcher.lock >= 0)
        close(launcher.lock);
}

int launcher_command(int count, char **arguments) {
    struct error e = {0};
    int r = prepare(&e);
    if (!r)
        r = serve(&e);
    if (r < 0)
        log_failure(&e, "the launcher cannot go on");
    finish();
    return r < 0 ? 1 : 0;
}
