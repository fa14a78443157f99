#include "browsers/launcher/files.h"
#include "base/config.h"
#include "base/io.h"
#include "base/memory.h"
#include "browsers/protocol/launcher_protocol.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define STAT_FIELDS_BEFORE_START 19 /* from the state, field 3, to starttime, field 22 */

int files_write_quick(const char *path, const void *data, size_t length, struct error *e) {
    cleanup_close int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    int r = fd < 0 ? -errno : io_write_full(fd, data, length);
    return r < 0 ? error_errno(e, -r, ERROR_STORAGE, "cannot write %s", path) : 0;
}

int files_process_start(pid_t pid, uint64_t *ret_ticks) {
    char path[32], stat[1024];
    snprintf(path, sizeof path, "/proc/%d/stat", pid);
    if (io_read_at(AT_FDCWD, path, stat, sizeof stat) < 0)
        return -ESRCH;
    char *field = strrchr(stat, ')'); /* the name before it may hold anything */
    if (!field)
        return -ESRCH;
    field += 2;
    for (int i = 0; i < STAT_FIELDS_BEFORE_START && field; i++) {
        field = strchr(field, ' ');
        field = field ? field + 1 : NULL;
    }
    if (!field)
        return -ESRCH;
    *ret_ticks = strtoull(field, NULL, 10);
    return 0;
}

static int open_beneath(int dir, const char *path, uint64_t flags, uint64_t resolve) {
    struct open_how how = {.flags = flags | O_CLOEXEC,
                           .mode = flags & O_CREAT ? 0600 : 0,
                           .resolve = resolve | RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS};
    int fd = (int)syscall(SYS_openat2, dir, path, &how, sizeof how);
    return fd < 0 ? -errno : fd;
}

static bool is_plain_name(const char *name) {
    return *name && !strchr(name, '/') && strcmp(name, ".") && strcmp(name, "..");
}

/* The transfer folder of a browser, whatever the browser made of the paths that lead there. */
static int open_folder(pid_t container_pid, const char *name) {
    char path[32];
    if (!is_plain_name(name))
        return -EINVAL;
    snprintf(path, sizeof path, "/proc/%d/root", container_pid);
    cleanup_close int root = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (root < 0)
        return -errno;
    /* The folder is a mount of its own, so the browser cannot put something else in its place. */
    return open_beneath(root, &LAUNCHER_TRANSFER_PATH[1], O_PATH | O_DIRECTORY, 0);
}

int files_open_transfer(pid_t container_pid, const char *name) {
    struct stat st;
    cleanup_close int folder = open_folder(container_pid, name);
    if (folder < 0)
        return folder;
    /* O_NONBLOCK: opening a FIFO must not wait for its writer. */
    cleanup_close int fd = open_beneath(folder, name, O_RDONLY | O_NONBLOCK | O_NOCTTY, RESOLVE_NO_XDEV);
    if (fd < 0)
        return fd;
    if (fstat(fd, &st))
        return -errno;
    if (!S_ISREG(st.st_mode))
        return -EINVAL;
    /* A file with holes may claim any size, and somebody would read it all. */
    return st.st_size > (off_t)config_int(CONFIG_TRANSFER_MAX_MB) << 20 ? -EFBIG : take_fd(fd);
}

/* As the browser's user, for the length of one call: the file is its own (the container's user namespace knows no
 * other owner), and no right beyond that user's is used in its folder. */
static int create_as(uid_t owner, int folder, const char *name) {
    setfsgid(owner);
    setfsuid(owner);
    int fd = open_beneath(folder, name, O_WRONLY | O_CREAT | O_EXCL | O_NOCTTY, RESOLVE_NO_XDEV);
    setfsuid(0);
    setfsgid(0);
    return fd;
}

int files_create_transfer(pid_t container_pid, uid_t owner, const char *name) {
    cleanup_close int folder = open_folder(container_pid, name);
    return folder < 0 ? folder : create_as(owner, folder, name);
}

int files_remove_transfer(pid_t container_pid, const char *name) {
    cleanup_close int folder = open_folder(container_pid, name);
    if (folder < 0)
        return folder;
    return unlinkat(folder, name, 0) ? -errno : 0;
}
