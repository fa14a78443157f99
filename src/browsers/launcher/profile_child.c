/* `replinet profile pack|unpack`: a browser's profile as a tar of known files, compressed with zstd.
 *
 * Started by the launcher as the browser's own user, with the browser's home and the archive as its only descriptors.
 * What it reads was written by a browser, so it may be anything: this process has no right beyond that browser's files
 * (Landlock, where the kernel has it), no secret, and limits of its own. An archive that holds more than plain files
 * and folders at known places is refused whole. */
#include "base/config.h"
#include "base/memory.h"
#include "browsers/launcher/profile.h"
#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <linux/openat2.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define FD_HOME     3
#define FD_ARCHIVE  4
#define MEGABYTE    (1024 * 1024)
#define MEMORY_MOST (512L * MEGABYTE)
#define CPU_SECONDS 20
#define FILES_MOST  20000
#define DEPTH_MOST  12
#define PATH_MOST   1024
#define PIECE       (64 * 1024)
#define FOLDER      "profile" /* beneath the home; Chromium's --user-data-dir */

/* What is kept: cookies, local storage, IndexedDB. Everything else is a cache, or settings that a hijacked browser
 * could use to stay. */
static const char *const kept[] = {
    "Default/Cookies",       "Default/Cookies-journal", "Default/Network/Cookies", "Default/Network/Cookies-journal",
    "Default/Local Storage", "Default/IndexedDB",       "Default/WebStorage",
};

struct work {
    struct archive *archive;
    int folder; /* of the profile */
    int64_t bytes_left;
    int files_left;
};

static int harden(void) {
    static const struct {
        int resource;
        rlim_t most;
    } limits[] = {{RLIMIT_CORE, 0}, {RLIMIT_NPROC, 0}, {RLIMIT_NOFILE, 64}, {RLIMIT_CPU, CPU_SECONDS}};
    for (size_t i = 0; i < ARRAY_LENGTH(limits); i++)
        if (setrlimit(limits[i].resource, &(struct rlimit){limits[i].most, limits[i].most}))
            return -errno;
    rlim_t bytes = (rlim_t)config_int(CONFIG_PROFILE_MAX_MB) * MEGABYTE;
    setrlimit(RLIMIT_FSIZE, &(struct rlimit){bytes, bytes});
#ifndef __SANITIZE_ADDRESS__ /* which maps terabytes */
    setrlimit(RLIMIT_AS, &(struct rlimit){MEMORY_MOST, MEMORY_MOST});
#endif
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0))
        return -errno;
    return 0;
}

/* Nothing of the file system but the home can be reached from here on; a kernel without Landlock still has the user. */
static void confine(void) {
    struct landlock_ruleset_attr rules = {
        .handled_access_fs = LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_READ_FILE |
                             LANDLOCK_ACCESS_FS_READ_DIR | LANDLOCK_ACCESS_FS_REMOVE_DIR |
                             LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_MAKE_CHAR |
                             LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_SOCK |
                             LANDLOCK_ACCESS_FS_MAKE_FIFO | LANDLOCK_ACCESS_FS_MAKE_BLOCK |
                             LANDLOCK_ACCESS_FS_MAKE_SYM};
    struct landlock_path_beneath_attr home = {
        .parent_fd = FD_HOME,
        .allowed_access = LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR |
                          LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_MAKE_REG};
    cleanup_close int ruleset = (int)syscall(SYS_landlock_create_ruleset, &rules, sizeof rules, 0);
    if (ruleset >= 0 && !syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &home, 0))
        syscall(SYS_landlock_restrict_self, ruleset, 0);
}

static int open_at(int folder, const char *path, uint64_t flags) {
    uint64_t careful = flags & O_PATH ? 0 : O_NOCTTY | O_NONBLOCK; /* no waiting for a FIFO's writer */
    struct open_how how = {.flags = flags | O_CLOEXEC | careful,
                           .mode = flags & O_CREAT ? 0600 : 0,
                           .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV};
    int fd = (int)syscall(SYS_openat2, folder, path, &how, sizeof how);
    return fd < 0 ? -errno : fd;
}

/* Counts what comes; PROFILE_CHILD_TOO_LARGE once it is too much. */
static int take(struct work *work, int64_t bytes) {
    work->bytes_left -= bytes;
    return work->bytes_left < 0 || work->files_left < 0 ? PROFILE_CHILD_TOO_LARGE : 0;
}

/* --- packing --- */

/* Exactly `size` bytes, as the header says, whatever the file has become. */
static int pack_content(struct work *work, int fd, int64_t size) {
    static char piece[PIECE];
    while (size > 0) {
        size_t most = size < PIECE ? (size_t)size : PIECE;
        ssize_t n = read(fd, piece, most);
        if (n <= 0)
            return 0; /* libarchive fills up with zeros */
        if (archive_write_data(work->archive, piece, (size_t)n) < 0)
            return PROFILE_CHILD_TOO_LARGE; /* the file may not grow further (RLIMIT_FSIZE) */
        size -= n;
    }
    return 0;
}

static int pack_header(struct work *work, const char *path, mode_t type, int64_t size) {
    struct archive_entry *entry = archive_entry_new();
    archive_entry_set_pathname(entry, path);
    archive_entry_set_filetype(entry, type);
    archive_entry_set_perm(entry, type == AE_IFDIR ? 0700 : 0600);
    archive_entry_set_size(entry, size);
    int r = archive_write_header(work->archive, entry);
    archive_entry_free(entry);
    return r == ARCHIVE_OK ? 0 : PROFILE_CHILD_FAILED;
}

static int pack_file(struct work *work, const char *path, int64_t size) {
    cleanup_close int fd = open_at(work->folder, path, O_RDONLY);
    int r = fd < 0 ? PROFILE_CHILD_FAILED : take(work, size);
    if (!r)
        r = pack_header(work, path, AE_IFREG, size);
    return r ? r : pack_content(work, fd, size);
}

static int pack_path(struct work *work, const char *path, int depth);

static int pack_folder(struct work *work, const char *path, int depth) {
    cleanup_close int fd = open_at(work->folder, path, O_RDONLY | O_DIRECTORY);
    cleanup_dir DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    if (!dir)
        return PROFILE_CHILD_FAILED;
    fd = -1; /* the stream's now */
    int r = pack_header(work, path, AE_IFDIR, 0);
    for (struct dirent *entry; !r && (entry = readdir(dir));) {
        cleanup_free char *inner = memory_print("%s/%s", path, entry->d_name);
        if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, ".."))
            r = pack_path(work, inner, depth + 1);
    }
    return r;
}

/* Links, sockets and the like are left out, and so is what is not there. */
static int pack_path(struct work *work, const char *path, int depth) {
    struct stat st;
    cleanup_close int fd = open_at(work->folder, path, O_PATH | O_NOFOLLOW);
    if (fd < 0 || fstat(fd, &st) || depth > DEPTH_MOST || strlen(path) > PATH_MOST)
        return 0;
    work->files_left--;
    return S_ISDIR(st.st_mode)   ? pack_folder(work, path, depth)
           : S_ISREG(st.st_mode) ? pack_file(work, path, st.st_size)
                                 : 0;
}

static int pack(struct work *work) {
    work->archive = archive_write_new();
    archive_write_set_format_pax_restricted(work->archive);
    archive_write_add_filter_zstd(work->archive);
    int r = archive_write_open_fd(work->archive, FD_ARCHIVE) == ARCHIVE_OK ? 0 : PROFILE_CHILD_FAILED;
    for (size_t i = 0; !r && i < ARRAY_LENGTH(kept); i++)
        r = pack_path(work, kept[i], 0);
    if (archive_write_close(work->archive) != ARCHIVE_OK && !r)
        r = PROFILE_CHILD_TOO_LARGE;
    archive_write_free(work->archive);
    return r;
}

/* --- unpacking --- */

static bool is_kept(const char *path) {
    for (size_t i = 0; i < ARRAY_LENGTH(kept); i++) {
        size_t length = strlen(kept[i]);
        if (!strncmp(path, kept[i], length) && (!path[length] || path[length] == '/'))
            return true;
    }
    return false;
}

/* Every part is a name: not empty, not "." or "..". */
static bool is_plain(const char *path) {
    int depth = 0;
    size_t length;
    for (;; path += length + 1) {
        length = strcspn(path, "/");
        bool dots = (length == 1 && path[0] == '.') || (length == 2 && path[0] == '.' && path[1] == '.');
        if (!length || length > NAME_MAX || dots || ++depth > DEPTH_MOST + 2)
            return false;
        if (!path[length])
            return true;
    }
}

/* All folders above the last part; `whole` makes that one too. */
static int make_folders(struct work *work, const char *path, bool whole) {
    cleanup_close int folder = dup(work->folder);
    for (const char *at = path; *at;) {
        size_t length = strcspn(at, "/");
        if (!at[length] && !whole)
            return 0;
        cleanup_free char *name = memory_copy_bytes(at, length);
        if (mkdirat(folder, name, 0700) && errno != EEXIST)
            return PROFILE_CHILD_FAILED;
        int inner = open_at(folder, name, O_RDONLY | O_DIRECTORY);
        if (inner < 0)
            return PROFILE_CHILD_REFUSED;
        close(folder);
        folder = inner;
        at += length + (at[length] == '/');
    }
    return 0;
}

static int unpack_content(struct work *work, int fd) {
    static char piece[PIECE];
    ssize_t n;
    while ((n = archive_read_data(work->archive, piece, sizeof piece)) > 0) {
        int r = take(work, n);
        if (r)
            return r;
        for (ssize_t at = 0, written; at < n; at += written) {
            written = write(fd, piece + at, (size_t)(n - at));
            if (written <= 0)
                return PROFILE_CHILD_FAILED;
        }
    }
    return n < 0 ? PROFILE_CHILD_REFUSED : 0;
}

static int unpack_file(struct work *work, const char *path) {
    int r = make_folders(work, path, false);
    if (r)
        return r;
    cleanup_close int fd = open_at(work->folder, path, O_WRONLY | O_CREAT | O_EXCL);
    return fd < 0 ? PROFILE_CHILD_REFUSED : unpack_content(work, fd);
}

static int unpack_entry(struct work *work, struct archive_entry *entry) {
    cleanup_free char *path = memory_copy_text(archive_entry_pathname(entry));
    size_t length = path ? strlen(path) : 0;
    mode_t type = archive_entry_filetype(entry);
    if (length && path[length - 1] == '/' && type == AE_IFDIR)
        path[--length] = '\0';
    bool known = length && length <= PATH_MOST && is_plain(path) && is_kept(path);
    if (!known || archive_entry_hardlink(entry) || (type != AE_IFREG && type != AE_IFDIR))
        return PROFILE_CHILD_REFUSED;
    work->files_left--;
    int r = take(work, 0);
    return r ? r : type == AE_IFDIR ? make_folders(work, path, true) : unpack_file(work, path);
}

static int unpack(struct work *work) {
    struct archive_entry *entry;
    work->archive = archive_read_new();
    archive_read_support_filter_zstd(work->archive);
    archive_read_support_format_tar(work->archive);
    lseek(FD_ARCHIVE, 0, SEEK_SET); /* shared with whoever wrote it */
    int got = archive_read_open_fd(work->archive, FD_ARCHIVE, PIECE);
    int r = got == ARCHIVE_OK ? 0 : PROFILE_CHILD_REFUSED;
    while (!r && (got = archive_read_next_header(work->archive, &entry)) == ARCHIVE_OK)
        r = unpack_entry(work, entry);
    if (!r && got != ARCHIVE_EOF)
        r = PROFILE_CHILD_REFUSED;
    archive_read_free(work->archive);
    return r;
}

int profile_command(int count, char **arguments) {
    bool packs = count == 2 && !strcmp(arguments[1], "pack"), unpacks = count == 2 && !strcmp(arguments[1], "unpack");
    if (!packs && !unpacks) {
        fprintf(stderr, "usage: replinet profile pack|unpack (started by the launcher)\n");
        return 2;
    }
    close_range(FD_ARCHIVE + 1, ~0U, 0);
    umask(0077);
    if (harden() < 0)
        return PROFILE_CHILD_FAILED;
    confine();
    if (unpacks && mkdirat(FD_HOME, FOLDER, 0700) && errno != EEXIST)
        return PROFILE_CHILD_FAILED;
    cleanup_close int folder = open_at(FD_HOME, FOLDER, O_RDONLY | O_DIRECTORY);
    if (folder < 0)
        return PROFILE_CHILD_FAILED;
    struct work work = {
        .folder = folder, .bytes_left = config_int(CONFIG_PROFILE_MAX_MB) * MEGABYTE, .files_left = FILES_MOST};
    /* What runs at exit (a sanitizer's leak check, say) would need rights that are given up. */
    _exit(packs ? pack(&work) : unpack(&work));
}
