/* Blobs in a folder: a draft beside it, fsync, rename, fsync of the folder. */
#include "base/instance.h"
#include "base/io.h"
#include "base/uuid.h"
#include "store/blob_internal.h"
#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FOLDER_MODE 02770 /* whoever of the data group comes later may add files */
#define FILE_MODE   0640
#define DEPTH_MAX   4

static int local_open(struct blob_store *store, const char *folder, struct error *e) {
    store->root = instance_state_path("%s", folder);
    return 0;
}

static void local_close(struct blob_store *store) {}

/* The folders between root and file. */
static int make_folders(const struct blob_store *store, char *path, struct error *e) {
    for (char *slash = strchr(path + strlen(store->root), '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        int r = mkdir(path, 0700) ? -errno : chmod(path, FOLDER_MODE) ? -errno : 0;
        if (r < 0 && r != -EEXIST)
            return error_errno(e, -r, ERROR_STORAGE, "cannot make the folder %s", path);
        *slash = '/';
    }
    return 0;
}

static int write_draft(const char *draft, const struct blob_source *source) {
    cleanup_close int fd = open(draft, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, FILE_MODE);
    cleanup_free char *piece = memory_alloc(BLOB_PIECE);
    if (fd < 0)
        return -errno;
    for (int64_t at = 0; at < source->length;) {
        ssize_t n = blob_source_read(source, at, piece, BLOB_PIECE);
        int r = n <= 0 ? (n ? (int)n : -EIO) : io_write_full(fd, piece, (size_t)n);
        if (r < 0)
            return r;
        at += n;
    }
    return fsync(fd) ? -errno : 0;
}

static int sync_folder_of(char *path) {
    *strrchr(path, '/') = '\0';
    cleanup_close int folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return folder < 0 || fsync(folder) ? -errno : 0;
}

static int local_put(struct blob_store *store, const char *key, const struct blob_source *source, struct error *e) {
    char id[UUID_TEXT_SIZE];
    cleanup_free char *path = memory_print("%s/%s", store->root, key);
    cleanup_free char *draft = memory_print("%s.%s" BLOB_DRAFT, path, uuid_make(id));
    int r = make_folders(store, path, e);
    if (r < 0)
        return r;
    r = write_draft(draft, source);
    if (!r && rename(draft, path))
        r = -errno;
    if (!r)
        r = sync_folder_of(path);
    if (r < 0) {
        unlink(draft);
        return error_errno(e, -r, ERROR_STORAGE, "cannot write %s/%s", store->root, key);
    }
    return 0;
}

static int local_get(struct blob_store *store, const char *key, int64_t offset, int64_t length,
                     const struct blob_sink *sink, struct error *e) {
    cleanup_free char *path = memory_print("%s/%s", store->root, key);
    cleanup_free char *piece = memory_alloc(BLOB_PIECE);
    cleanup_close int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return errno == ENOENT ? blob_missing(key, e) : error_errno(e, errno, ERROR_STORAGE, "cannot open %s", path);
    for (int64_t done = 0; done < length;) {
        size_t room = length - done < (int64_t)BLOB_PIECE ? (size_t)(length - done) : BLOB_PIECE;
        ssize_t n = io_pread_full(fd, piece, room, offset + done);
        if (n <= 0)
            return error_errno(e, n ? (int)-n : EIO, ERROR_STORAGE, "cannot read %s", path);
        int r = sink->write(sink->user, piece, (size_t)n);
        if (r < 0)
            return error_errno(e, -r, ERROR_STORAGE, "cannot pass on %s", path);
        done += n;
    }
    return 0;
}

static int local_look(struct blob_store *store, const char *key, int64_t *ret_size, struct error *e) {
    cleanup_free char *path = memory_print("%s/%s", store->root, key);
    struct stat status;
    if (lstat(path, &status) || !S_ISREG(status.st_mode))
        return errno == ENOENT ? blob_missing(key, e) : error_errno(e, errno, ERROR_STORAGE, "cannot look at %s", path);
    *ret_size = status.st_size;
    return 0;
}

static int local_remove(struct blob_store *store, const char *key, struct error *e) {
    cleanup_free char *path = memory_print("%s/%s", store->root, key);
    return unlink(path) && errno != ENOENT ? error_errno(e, errno, ERROR_STORAGE, "cannot remove %s", path) : 0;
}

struct walk {
    size_t skip; /* of a path, to its key */
    int (*found)(void *user, const struct blob_found *found);
    void *user;
};

static int walk_folder(const struct walk *walk, const char *path, int depth, struct error *e);

static int walk_entry(const struct walk *walk, const char *path, int depth, struct error *e) {
    struct stat status;
    if (lstat(path, &status))
        return errno == ENOENT ? 0 : error_errno(e, errno, ERROR_STORAGE, "cannot look at %s", path);
    if (S_ISDIR(status.st_mode))
        return depth < DEPTH_MAX ? walk_folder(walk, path, depth + 1, e) : 0;
    struct blob_found found = {
        .key = path + walk->skip,
        .size = status.st_size,
        .changed_us = status.st_mtim.tv_sec * 1000000 + status.st_mtim.tv_nsec / 1000,
    };
    int r = S_ISREG(status.st_mode) ? walk->found(walk->user, &found) : 0;
    return r < 0 ? error_errno(e, -r, ERROR_INTERNAL, "stopped at %s", path) : 0;
}

static int walk_folder(const struct walk *walk, const char *path, int depth, struct error *e) {
    cleanup_dir DIR *folder = opendir(path);
    struct dirent *entry;
    int r = 0;
    if (!folder)
        return errno == ENOENT ? 0 : error_errno(e, errno, ERROR_STORAGE, "cannot list %s", path);
    while (!r && (entry = readdir(folder))) {
        cleanup_free char *inner = memory_print("%s/%s", path, entry->d_name);
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            r = walk_entry(walk, inner, depth, e);
    }
    return r;
}

static int local_list(struct blob_store *store, int (*found)(void *user, const struct blob_found *found), void *user,
                      struct error *e) {
    struct walk walk = {.skip = strlen(store->root) + 1, .found = found, .user = user};
    return walk_folder(&walk, store->root, 0, e);
}

const struct blob_backend blob_local = {local_open, local_close,  local_put, local_get,
                                        local_look, local_remove, local_list};
