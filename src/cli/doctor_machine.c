/* Checks of `replinet doctor` that ask the kernel. */
#include "base/clock.h"
#include "base/config.h"
#include "base/io.h"
#include "base/memory.h"
#include "base/text.h"
#include "browsers/launcher/cgroups.h"
#include "cli/doctor_table.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <sys/timex.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#define MEGABYTE      (1ULL << 20)
#define DISK_LEAST_MB 512
#define DISK_WARN_MB  4096
#define YEAR_2025     1735689600LL /* Unix seconds: before this program was written */

#define FOUND(...) snprintf(finding->text, sizeof finding->text, __VA_ARGS__)

enum doctor_verdict doctor_root(struct doctor_finding *finding) {
    FOUND("running as user id %d", (int)geteuid());
    return geteuid() ? DOCTOR_FAIL : DOCTOR_OK;
}

enum doctor_verdict doctor_kernel(struct doctor_finding *finding) {
    struct utsname name;
    uname(&name);
    cleanup_close int pidfd = (int)syscall(SYS_pidfd_open, getpid(), 0);
    struct open_how how = {.flags = O_PATH | O_CLOEXEC, .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS};
    cleanup_close int root = open("/", O_PATH | O_CLOEXEC);
    cleanup_close int opened = (int)syscall(SYS_openat2, root, "proc", &how, sizeof how);
    FOUND("%s %s on %s%s%s", name.sysname, name.release, name.machine, pidfd < 0 ? ", no pidfd_open" : "",
          opened < 0 ? ", no openat2" : "");
    return pidfd < 0 || opened < 0 ? DOCTOR_FAIL : DOCTOR_OK;
}

/* In a child, because a process cannot leave a namespace. As nobody: that is how Chromium does it. */
static int try_user_namespace(void) {
    pid_t pid = fork();
    if (!pid) {
        if (!geteuid() && (setgid(65534) || setuid(65534)))
            _exit(errno);
        _exit(unshare(CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET) ? errno : 0);
    }
    int status = 0;
    if (pid < 0 || waitpid(pid, &status, 0) < 0)
        return errno;
    return WIFEXITED(status) ? WEXITSTATUS(status) : EIO;
}

enum doctor_verdict doctor_user_namespaces(struct doctor_finding *finding) {
    char most[32] = "?";
    io_read_at(AT_FDCWD, "/proc/sys/user/max_user_namespaces", most, sizeof most);
    int err = try_user_namespace();
    if (err)
        FOUND("an ordinary user cannot make one: %s (user.max_user_namespaces is %s)", strerror(err), most);
    else
        FOUND("an ordinary user can make them (at most %s)", most);
    return err ? DOCTOR_FAIL : DOCTOR_OK;
}

enum doctor_verdict doctor_seccomp(struct doctor_finding *finding) {
    /* Asking for a filter without giving one: EFAULT when the kernel has filters, EINVAL when not. */
    bool has = prctl(PR_SET_SECCOMP, 2 /* SECCOMP_MODE_FILTER */, NULL, 0, 0) && errno == EFAULT;
    FOUND(has ? "filters are there" : "the kernel has no filters");
    return has ? DOCTOR_OK : DOCTOR_FAIL;
}

enum doctor_verdict doctor_cgroups(struct doctor_finding *finding) {
    enum cgroups_mode mode = cgroups_detect();
    const char *missing = mode == CGROUPS_NONE ? NULL : cgroups_missing_controller(mode);
    FOUND("%s%s%s", cgroups_mode_name(mode), missing ? ", without the controller " : "", missing ? missing : "");
    return mode == CGROUPS_NONE || missing ? DOCTOR_FAIL : DOCTOR_OK;
}

enum doctor_verdict doctor_memory(struct doctor_finding *finding) {
    struct sysinfo info;
    sysinfo(&info);
    uint64_t total = (uint64_t)info.totalram * info.mem_unit / MEGABYTE;
    int64_t browser = config_int(CONFIG_BROWSER_MEMORY_MB), least = config_int(CONFIG_POOL_MIN_FREE_MB);
    int64_t fit = ((int64_t)total - least) / browser;
    FOUND("%llu MB, %ld cores; room for %lld browsers that use all of their %lld MB", (unsigned long long)total,
          sysconf(_SC_NPROCESSORS_ONLN), (long long)(fit < 0 ? 0 : fit), (long long)browser);
    return fit < 1 ? DOCTOR_FAIL : fit < config_int(CONFIG_MAX_BROWSERS) / 2 ? DOCTOR_WARN : DOCTOR_OK;
}

enum doctor_verdict doctor_disk(struct doctor_finding *finding) {
    cleanup_free char *path = memory_copy_text(config_text(CONFIG_STATE_DIR));
    while (*path && access(path, F_OK)) /* the nearest folder that exists */
        *strrchr(path, '/') = '\0';
    struct statvfs fs;
    if (statvfs(*path ? path : "/", &fs)) {
        FOUND("cannot ask %s: %s", path, strerror(errno));
        return DOCTOR_FAIL;
    }
    uint64_t free_mb = (uint64_t)fs.f_bavail * fs.f_frsize / MEGABYTE;
    FOUND("%llu MB free at %s", (unsigned long long)free_mb, *path ? path : "/");
    return free_mb < DISK_LEAST_MB ? DOCTOR_FAIL : free_mb < DISK_WARN_MB ? DOCTOR_WARN : DOCTOR_OK;
}

enum doctor_verdict doctor_clock(struct doctor_finding *finding) {
    char now[CLOCK_TEXT_SIZE];
    struct timex state = {0};
    bool unsynchronised = adjtimex(&state) == TIME_ERROR || state.status & STA_UNSYNC;
    bool past = clock_wall_us() / 1000000 < YEAR_2025;
    FOUND("%s%s", clock_format(clock_wall_us(), now), unsynchronised ? ", not kept right by NTP" : "");
    return past ? DOCTOR_FAIL : unsynchronised ? DOCTOR_WARN : DOCTOR_OK;
}
