#include "base/io.h"
#include "base/memory.h"
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define MESSAGE_FDS_MAX 8

ssize_t io_read_full(int fd, void *data, size_t length) {
    size_t done = 0;
    while (done < length) {
        ssize_t n = read(fd, (char *)data + done, length - done);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -errno;
        if (!n)
            break;
        done += (size_t)n;
    }
    return (ssize_t)done;
}

ssize_t io_pread_full(int fd, void *data, size_t length, off_t offset) {
    size_t done = 0;
    while (done < length) {
        ssize_t n = pread(fd, (char *)data + done, length - done, offset + (off_t)done);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -errno;
        if (!n)
            break;
        done += (size_t)n;
    }
    return (ssize_t)done;
}

int io_write_full(int fd, const void *data, size_t length) {
    size_t done = 0;
    while (done < length) {
        ssize_t n = write(fd, (const char *)data + done, length - done);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -errno;
        done += (size_t)n;
    }
    return 0;
}

int io_read_all(int fd, const char *what, size_t limit, char **ret_data, size_t *ret_length, struct error *e) {
    size_t room = 4096, length = 0;
    cleanup_free char *data = memory_alloc(room + 1);
    for (;;) {
        ssize_t n = io_read_full(fd, data + length, room - length);
        if (n < 0)
            return error_errno(e, (int)-n, ERROR_STORAGE, "cannot read %s", what);
        length += (size_t)n;
        if (length > limit)
            return error_set(e, EFBIG, ERROR_TOO_LARGE, "%s is over %zu bytes", what, limit);
        if (length < room)
            break;
        room *= 2;
        data = memory_resize(data, room + 1);
    }
    data[length] = '\0';
    if (ret_length)
        *ret_length = length;
    *ret_data = take_pointer(data);
    return 0;
}

int io_read_file(const char *path, size_t limit, char **ret_data, size_t *ret_length, struct error *e) {
    cleanup_close int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return error_errno(e, errno, errno == ENOENT ? ERROR_NOT_FOUND : ERROR_STORAGE, "cannot open %s", path);
    return io_read_all(fd, path, limit, ret_data, ret_length, e);
}

int io_read_at(int dir, const char *name, char *data, size_t room) {
    cleanup_close int fd = openat(dir, name, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    ssize_t n = io_read_full(fd, data, room - 1);
    if (n < 0)
        return (int)n;
    while (n > 0 && data[n - 1] == '\n')
        n--;
    data[n] = '\0';
    return 0;
}

static int write_and_sync(const char *path, mode_t mode, const void *data, size_t length) {
    cleanup_close int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, mode);
    if (fd < 0 || fchmod(fd, mode))
        return -errno;
    int r = io_write_full(fd, data, length);
    return r < 0 ? r : fsync(fd) ? -errno : 0;
}

int io_write_file(const char *path, mode_t mode, const void *data, size_t length, struct error *e) {
    cleanup_free char *temporary = memory_print("%s.new.%d", path, getpid());
    int r = write_and_sync(temporary, mode, data, length);
    if (!r && rename(temporary, path))
        r = -errno;
    if (r < 0) {
        unlink(temporary);
        return error_errno(e, -r, ERROR_STORAGE, "cannot write %s", path);
    }
    return 0;
}

int io_write_at(int dir, const char *name, const char *string) {
    cleanup_close int fd = openat(dir, name, O_WRONLY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    return io_write_full(fd, string, strlen(string));
}

int io_make_dirs(const char *path, mode_t mode, struct error *e) {
    cleanup_free char *copy = memory_copy_text(path);
    for (char *p = copy + 1; *p; p++)
        if (*p == '/') {
            *p = '\0';
            mkdir(copy, 0755);
            *p = '/';
        }
    if (mkdir(copy, mode) && errno != EEXIST)
        return error_errno(e, errno, ERROR_STORAGE, "cannot make the folder %s", path);
    struct stat st;
    if (stat(copy, &st) || !S_ISDIR(st.st_mode))
        return error_set(e, ENOTDIR, ERROR_STORAGE, "%s is not a folder", path);
    return 0;
}

static int remove_entry(const char *path, const struct stat *st, int kind, struct FTW *ftw) {
    return remove(path) && errno != ENOENT ? -1 : 0;
}

int io_remove_tree(const char *path) {
    if (nftw(path, remove_entry, 32, FTW_DEPTH | FTW_PHYS | FTW_MOUNT) && errno != ENOENT)
        return -errno;
    return 0;
}

int io_set_nonblocking(int fd, bool on) {
    int flags = fcntl(fd, F_GETFL);
    return flags < 0 || fcntl(fd, F_SETFL, on ? flags | O_NONBLOCK : flags & ~O_NONBLOCK) ? -errno : 0;
}

int io_set_cloexec(int fd, bool on) {
    return fcntl(fd, F_SETFD, on ? FD_CLOEXEC : 0) ? -errno : 0;
}

static int unix_address(const char *path, struct sockaddr_un *address, struct error *e) {
    *address = (struct sockaddr_un){.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof address->sun_path)
        return error_set(e, ENAMETOOLONG, ERROR_BAD_CONFIG, "the socket path %s is longer than %zu bytes", path,
                         sizeof address->sun_path - 1);
    snprintf(address->sun_path, sizeof address->sun_path, "%s", path);
    return 0;
}

int io_unix_listen(const char *path, int type, mode_t mode, uid_t owner, gid_t group, struct error *e) {
    struct sockaddr_un address;
    int r = unix_address(path, &address, e);
    if (r < 0)
        return r;
    cleanup_close int fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);
    unlink(path);
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof address) || chmod(path, mode) ||
        chown(path, owner, group) || listen(fd, 64))
        return error_errno(e, errno, ERROR_INTERNAL, "cannot listen on %s", path);
    return take_fd(fd);
}

int io_unix_connect(const char *path, int type, struct error *e) {
    struct sockaddr_un address;
    int r = unix_address(path, &address, e);
    if (r < 0)
        return r;
    cleanup_close int fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);
    if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address))
        return error_errno(e, errno, ERROR_UNAVAILABLE, "cannot connect to %s", path);
    return take_fd(fd);
}

int io_unix_peer(int fd, uid_t *ret_uid, pid_t *ret_pid) {
    struct ucred peer;
    socklen_t length = sizeof peer;
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &length))
        return -errno;
    *ret_uid = peer.uid;
    if (ret_pid)
        *ret_pid = peer.pid;
    return 0;
}

ssize_t io_send_message(int fd, const void *data, size_t length, const int *fds, size_t fd_count) {
    struct iovec part = {.iov_base = (void *)data, .iov_len = length};
    union {
        struct cmsghdr align;
        char room[CMSG_SPACE(sizeof(int) * MESSAGE_FDS_MAX)];
    } control = {0};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    if (fd_count > MESSAGE_FDS_MAX)
        return -EINVAL;
    if (fd_count) {
        message.msg_control = control.room;
        message.msg_controllen = CMSG_SPACE(sizeof(int) * fd_count);
        struct cmsghdr *header = CMSG_FIRSTHDR(&message);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(sizeof(int) * fd_count);
        memcpy(CMSG_DATA(header), fds, sizeof(int) * fd_count);
    }
    ssize_t n;
    do
        n = sendmsg(fd, &message, MSG_NOSIGNAL);
    while (n < 0 && errno == EINTR);
    return n < 0 ? -errno : n;
}

static size_t take_received_fds(struct msghdr *message, int *fds, size_t room, bool keep) {
    size_t count = 0;
    for (struct cmsghdr *header = CMSG_FIRSTHDR(message); header; header = CMSG_NXTHDR(message, header)) {
        if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS)
            continue;
        size_t n = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (size_t i = 0; i < n; i++) {
            int fd;
            memcpy(&fd, CMSG_DATA(header) + i * sizeof(int), sizeof fd);
            if (keep && count < room)
                fds[count++] = fd;
            else
                close(fd);
        }
    }
    return count;
}

ssize_t io_receive_message(int fd, void *data, size_t room, int *fds, size_t *fd_count) {
    struct iovec part = {.iov_base = data, .iov_len = room};
    union {
        struct cmsghdr align;
        char room[CMSG_SPACE(sizeof(int) * MESSAGE_FDS_MAX)];
    } control;
    struct msghdr message = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = control.room, .msg_controllen = sizeof control.room};
    ssize_t n;
    do
        n = recvmsg(fd, &message, MSG_CMSG_CLOEXEC);
    while (n < 0 && errno == EINTR);
    if (n < 0)
        return -errno;
    bool whole = !(message.msg_flags & MSG_TRUNC);
    size_t count = take_received_fds(&message, fds, fd_count ? *fd_count : 0, whole);
    if (fd_count)
        *fd_count = count;
    return whole ? n : -EMSGSIZE;
}
