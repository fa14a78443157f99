/* Files, descriptors and message sockets. Functions return 0 (or a count) or -errno. Any thread. */
#pragma once

#include "base/error.h"
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* Whole reads and writes; interrupted calls go on. io_read_full returns the bytes read, fewer only at the end. */
ssize_t io_read_full(int fd, void *data, size_t length);
ssize_t io_pread_full(int fd, void *data, size_t length, off_t offset);
int io_write_full(int fd, const void *data, size_t length);

/* Reads a whole file of at most `limit` bytes into a NUL-terminated block (free()); -EFBIG past the limit. */
int io_read_file(const char *path, size_t limit, char **ret_data, size_t *ret_length, struct error *e);
/* As above from a descriptor until its end; `what` names it in errors. */
int io_read_all(int fd, const char *what, size_t limit, char **ret_data, size_t *ret_length, struct error *e);
/* As io_read_file for a small pseudo-file (proc, cgroup) under a directory fd; the trailing newline is cut. */
int io_read_at(int dir, const char *name, char *data, size_t room);
/* Writes a file whole or not at all: a temporary file beside it, fsync, rename. */
int io_write_file(const char *path, mode_t mode, const void *data, size_t length, struct error *e);
/* Writes a short string to an existing pseudo-file. */
int io_write_at(int dir, const char *name, const char *string);

int io_make_dirs(const char *path, mode_t mode, struct error *e); /* as mkdir -p */
int io_remove_tree(const char *path);                             /* as rm -rf on one file system; 0 when absent */
int io_set_nonblocking(int fd, bool on);
int io_set_cloexec(int fd, bool on);

/* Unix sockets that keep message boundaries (SOCK_SEQPACKET), and descriptors that travel over them. */
int io_unix_listen(const char *path, int type, mode_t mode, uid_t owner, gid_t group, struct error *e); /* -> fd */
int io_unix_connect(const char *path, int type, struct error *e);                                       /* -> fd */
/* The peer's user id, or -errno. */
int io_unix_peer(int fd, uid_t *ret_uid, pid_t *ret_pid);
/* One message with up to 8 descriptors. Returns bytes sent or -errno (-EAGAIN when non-blocking). */
ssize_t io_send_message(int fd, const void *data, size_t length, const int *fds, size_t fd_count);
/* One message; received descriptors are close-on-exec and owned by the caller. Returns bytes, 0 at the end, -errno;
 * -EMSGSIZE when it did not fit (its descriptors are closed). `fds` has room for *fd_count, which is set to the number.
 */
ssize_t io_receive_message(int fd, void *data, size_t room, int *fds, size_t *fd_count);
