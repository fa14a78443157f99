#include "browsers/launcher/rootfs.h"
#include "base/io.h"
#include "base/memory.h"
#include "base/text.h"
#include "browsers/launcher/libraries.h"
#include "browsers/launcher/rootfs_table.h"
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#define EMPTY_FILE "/.empty"

enum row_kind { ROW_BIND, ROW_FOLDER, ROW_FILE };

static const struct {
    enum row_kind kind;
    const char *path, *content;
} rows[] = {
#define BIND(path)         {ROW_BIND, path, NULL},
#define FOLDER(path)       {ROW_FOLDER, path, NULL},
#define OWN(path, content) {ROW_FILE, path, content},
    ROOTFS_TABLE(BIND, FOLDER, OWN)
#undef BIND
#undef FOLDER
#undef OWN
};

static int make_parent(const char *path, struct error *e) {
    cleanup_free char *copy = memory_copy_text(path);
    return io_make_dirs(dirname(copy), 0755, e);
}

static int make_file(const char *path, const char *content, struct error *e) {
    int r = make_parent(path, e);
    if (r < 0)
        return r;
    cleanup_close int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
    r = fd < 0 ? -errno : io_write_full(fd, content, strlen(content));
    return r < 0 ? error_errno(e, -r, ERROR_STORAGE, "cannot write %s", path) : 0;
}

static int bind_over(const char *source, const char *target, struct error *e) {
    if (mount(source, target, NULL, MS_BIND, NULL))
        return error_errno(e, errno, ERROR_INTERNAL, "cannot bind %s to %s", source, target);
    return 0;
}

/* nftw has no context argument; the tree is built once, by one thread. */
static const char *cover_root;
static struct error *cover_error;

static int cover_if_dangerous(const char *path, const struct stat *st, int kind, struct FTW *ftw) {
    bool special = !S_ISREG(st->st_mode) && !S_ISDIR(st->st_mode) && !S_ISLNK(st->st_mode);
    bool raises = S_ISREG(st->st_mode) && (st->st_mode & (S_ISUID | S_ISGID));
    if (!special && !raises)
        return 0;
    cleanup_free char *empty = memory_print("%s" EMPTY_FILE, cover_root);
    return bind_over(empty, path, cover_error) < 0 ? -1 : 0;
}

static int cover_dangerous(const char *root, const char *folder, struct error *e) {
    cover_root = root;
    cover_error = e;
    return nftw(folder, cover_if_dangerous, 32, FTW_PHYS | FTW_MOUNT) ? -EIO : 0;
}

/* A file or folder of the host at the same place of the tree. */
static int bind_host(const char *root, const char *path, struct error *e) {
    cleanup_free char *target = memory_print("%s%s", root, path);
    struct stat st;
    if (stat(path, &st))
        return 0;
    if (S_ISREG(st.st_mode) && (st.st_mode & (S_ISUID | S_ISGID)))
        return 0;
    int r = S_ISDIR(st.st_mode) ? io_make_dirs(target, 0755, e) : make_file(target, "", e);
    if (!r)
        r = bind_over(path, target, e);
    return !r && S_ISDIR(st.st_mode) ? cover_dangerous(root, target, e) : r;
}

static int add_rows(const char *root, struct error *e) {
    int r = 0;
    for (size_t i = 0; !r && i < ARRAY_LENGTH(rows); i++) {
        cleanup_free char *target = memory_print("%s%s", root, rows[i].path);
        r = rows[i].kind == ROW_BIND     ? bind_host(root, rows[i].path, e)
            : rows[i].kind == ROW_FOLDER ? io_make_dirs(target, 0755, e)
                                         : make_file(target, rows[i].content, e);
    }
    return r;
}

/* Where the host's /lib is a link into /usr (merged /usr), so is the tree's. */
static int add_links(const char *root, struct error *e) {
    static const char *const names[] = {"/lib", "/lib64"};
    for (size_t i = 0; i < ARRAY_LENGTH(names); i++) {
        char target[64];
        cleanup_free char *link = memory_print("%s%s", root, names[i]);
        ssize_t n = readlink(names[i], target, sizeof target - 1);
        if (n <= 0)
            continue;
        target[n] = '\0';
        if (symlink(target, link))
            return error_errno(e, errno, ERROR_STORAGE, "cannot make %s", link);
    }
    return 0;
}

/* Chromium's own folder is bound whole, so it must be one: never /usr/bin. */
static int add_chromium(const char *root, const char *program, struct error *e) {
    cleanup_free char *copy = memory_copy_text(program), *marker = NULL;
    const char *folder = dirname(copy);
    marker = memory_print("%s/icudtl.dat", folder);
    if (access(marker, R_OK)) {
        error_set(e, ENOENT, ERROR_BAD_CONFIG, "%s is not Chromium's own folder: it has no icudtl.dat", folder);
        error_hint(e, "CHROMIUM_PATH must name the binary itself, on Debian /usr/lib/chromium/chromium");
        return -ENOENT;
    }
    return bind_host(root, folder, e);
}

static int add_libraries(const char *root, const char *program, struct error *e) {
    cleanup_libraries struct libraries libraries = {0};
    int r = libraries_find(program, &libraries, e);
    cleanup_free char *copy = memory_copy_text(program);
    cleanup_free char *own = memory_print("%s/", dirname(copy));
    for (size_t i = 0; !r && i < libraries.count; i++)
        if (!text_starts_with(libraries.paths[i], own))
            r = bind_host(root, libraries.paths[i], e);
    return r;
}

static int seal(const char *root, struct error *e) {
    struct mount_attr attributes = {.attr_set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV,
                                    .propagation = MS_PRIVATE};
    if (mount_setattr(AT_FDCWD, root, AT_RECURSIVE, &attributes, sizeof attributes))
        return error_errno(e, errno, ERROR_INTERNAL, "cannot make %s read-only", root);
    return 0;
}

static int fill(const char *root, const char *program, struct error *e) {
    cleanup_free char *empty = memory_print("%s" EMPTY_FILE, root);
    int r = make_file(empty, "", e);
    if (!r && chmod(empty, 0))
        r = error_errno(e, errno, ERROR_STORAGE, "cannot protect %s", empty);
    if (!r)
        r = add_links(root, e);
    if (!r)
        r = add_chromium(root, program, e);
    if (!r)
        r = add_libraries(root, program, e);
    if (!r)
        r = add_rows(root, e);
    return r ? r : seal(root, e);
}

int rootfs_build(const char *folder, const char *chromium, char **ret_program, struct error *e) {
    cleanup_free char *program = realpath(chromium, NULL);
    if (!program) {
        error_errno(e, errno, ERROR_BAD_CONFIG, "cannot find Chromium at %s", chromium);
        error_hint(e, "install it (apt-get install chromium) or set CHROMIUM_PATH");
        return -ENOENT;
    }
    int r = io_make_dirs(folder, 0755, e);
    if (r < 0)
        return r;
    if (mount("replinet", folder, "tmpfs", MS_NOSUID | MS_NODEV, "size=4m,mode=0755"))
        return error_errno(e, errno, ERROR_INTERNAL, "cannot mount a tmpfs on %s", folder);
    r = fill(folder, program, e);
    if (r < 0) {
        umount2(folder, MNT_DETACH);
        return r;
    }
    *ret_program = take_pointer(program);
    return 0;
}
