#include "browsers/launcher/profile.h"
#include "base/config.h"
#include "base/instance.h"
#include "base/memory.h"
#include "base/process.h"
#include "browsers/protocol/launcher_protocol.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define TRANSFER_NAME (strrchr(LAUNCHER_TRANSFER_PATH, '/') + 1)

static const struct {
    int status;
    const char *text;
} statuses[] = {
#define X(id, number, text) {number, text},
    PROFILE_CHILD_TABLE(X)
#undef X
};

const char *profile_describe_status(int wait_status) {
    for (size_t i = 0; i < ARRAY_LENGTH(statuses); i++)
        if (WIFEXITED(wait_status) && WEXITSTATUS(wait_status) == statuses[i].status)
            return statuses[i].text;
    return "the process that does it crashed";
}

char *profile_home(const char *id) {
    return instance_run_path("homes/%s", id);
}

/* The container's root could make the folder as well, but then it would not be the user's own. */
static int make_transfer(int home, const struct ids *ids) {
    if (mkdirat(home, TRANSFER_NAME, 0700) || fchownat(home, TRANSFER_NAME, ids->user, ids->user, AT_SYMLINK_NOFOLLOW))
        return -errno;
    return 0;
}

int profile_make_home(const char *id, const struct ids *ids, uint64_t bytes, struct error *e) {
    cleanup_free char *path = profile_home(id);
    cleanup_free char *options = memory_print("mode=0700,size=%llu,nr_inodes=65536,uid=%u,gid=%u",
                                              (unsigned long long)bytes, ids->user, ids->user);
    if (mkdir(path, 0700) || mount("tmpfs", path, "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, options))
        return error_errno(e, errno, ERROR_INTERNAL, "cannot make the browser's home %s", path);
    cleanup_close int home = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    int r = home < 0 ? -errno : make_transfer(home, ids);
    return r < 0 ? error_errno(e, -r, ERROR_INTERNAL, "cannot fill the browser's home %s", path) : 0;
}

int profile_remove_home(const char *id) {
    cleanup_free char *path = profile_home(id);
    umount2(path, MNT_DETACH);
    return rmdir(path) && errno != ENOENT ? -errno : 0;
}

int profile_spawn_child(const char *id, const struct ids *ids, const char *verb, int archive, pid_t *ret_pid,
                        struct error *e) {
    struct process_user user = {.uid = ids->user, .gid = ids->user};
    cleanup_free char *path = profile_home(id);
    cleanup_close int home = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (home < 0)
        return error_errno(e, errno, ERROR_INTERNAL, "cannot open the browser's home %s", path);
    char *arguments[] = {"replinet", "profile", (char *)verb, NULL};
    cleanup_free char **environment = config_environment('K');
    const int passed[] = {home, archive};
    struct process_spec spec = {.arguments = arguments,
                                .environment = environment,
                                .user = &user,
                                .death_signal = SIGKILL,
                                .stdin_fd = -1,
                                .stdout_fd = -1,
                                .stderr_fd = -1,
                                .fds = passed,
                                .fd_count = ARRAY_LENGTH(passed)};
    return process_spawn(&spec, ret_pid, NULL, e);
}

int profile_make_archive(void) {
    int fd = memfd_create("profile", MFD_CLOEXEC);
    return fd < 0 ? -errno : fd;
}
