#include "cli/up_folders.h"
#include "base/config.h"
#include "base/instance.h"
#include "base/io.h"
#include "base/memory.h"
#include "base/process.h"
#include "base/ticket.h"
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SECRET_BYTES     32
#define SECRET_FILE_MAX  4096
#define RUN_DIR_MAX      58 /* leaves room for /keepers/UUID.sock in sockaddr_un */
#define OTHERS_MAY_ENTER 0001

static const struct {
    enum config_id base;
    const char *name; /* empty: the base itself */
    mode_t mode;
    const char *user, *group;
} folders[] = {
    {CONFIG_STATE_DIR, "", 0755, "", ""},
    {CONFIG_STATE_DIR, "secret", 0700, "", ""},
    {CONFIG_STATE_DIR, "artifacts", 02770, INSTANCE_USER_WORKER, INSTANCE_GROUP_DATA},
    {CONFIG_STATE_DIR, "archive", 02770, INSTANCE_USER_WORKER, INSTANCE_GROUP_DATA},
    {CONFIG_STATE_DIR, "profiles", 0700, INSTANCE_USER_WORKER, INSTANCE_USER_WORKER},
    {CONFIG_STATE_DIR, "log", 0755, "", ""},
    {CONFIG_STATE_DIR, "log/postgres", 0700, INSTANCE_USER_POSTGRES, INSTANCE_USER_POSTGRES},
    {CONFIG_STATE_DIR, "log/redis", 0700, INSTANCE_USER_REDIS, INSTANCE_USER_REDIS},
    {CONFIG_STATE_DIR, "redis", 0700, INSTANCE_USER_REDIS, INSTANCE_USER_REDIS},
    {CONFIG_RUN_DIR, "", 0755, "", ""},
    {CONFIG_RUN_DIR, "keepers", 0711, "", ""},
    {CONFIG_RUN_DIR, "browsers", 0700, "", ""},
    {CONFIG_RUN_DIR, "mcp", 0700, INSTANCE_USER_API, ""},
    {CONFIG_RUN_DIR, "postgres", 0750, INSTANCE_USER_POSTGRES, INSTANCE_GROUP_DATA},
    {CONFIG_RUN_DIR, "redis", 0750, INSTANCE_USER_REDIS, INSTANCE_GROUP_REDIS},
};

int up_make_folder(const char *path, mode_t mode, const char *user, const char *group, struct error *e) {
    struct process_user owner = {0};
    gid_t gid = 0;
    int r = *user ? process_find_user(user, &owner, e) : 0;
    if (!r && *group)
        r = process_find_group(group, &gid, e);
    if (r < 0)
        return r;
    if (mkdir(path, 0700) && errno != EEXIST)
        return error_errno(e, errno, ERROR_STORAGE, "cannot make the folder %s", path);
    cleanup_close int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return error_errno(e, errno, ERROR_STORAGE, "cannot open the folder %s", path);
    if (fchown(fd, owner.uid, gid) || fchmod(fd, mode))
        return error_errno(e, errno, ERROR_STORAGE, "cannot set owner and mode of %s", path);
    return 0;
}

int up_make_folders(struct error *e) {
    for (size_t i = 0; i < ARRAY_LENGTH(folders); i++) {
        const char *base = config_text(folders[i].base);
        cleanup_free char *path = memory_print("%s%s%s", base, *folders[i].name ? "/" : "", folders[i].name);
        int r = *folders[i].name ? 0 : io_make_dirs(base, 0755, e);
        if (!r)
            r = up_make_folder(path, folders[i].mode, folders[i].user, folders[i].group, e);
        if (r < 0)
            return r;
    }
    return 0;
}

/* Every existing folder above must let other users pass. */
static int check_passable(const char *name, const char *place, struct error *e) {
    cleanup_free char *path = memory_copy_text(place);
    for (char *slash = strrchr(path, '/'); slash && slash != path; slash = strrchr(path, '/')) {
        *slash = '\0';
        struct stat status;
        if (stat(path, &status) || (status.st_mode & OTHERS_MAY_ENTER))
            continue;
        error_set(e, EACCES, ERROR_BAD_CONFIG, "%s=%s lies in %s, which other users may not enter", name, place, path);
        error_hint(e, "Services run as users of their own; choose a place such as /var/lib or /run, or chmod o+x %s",
                   path);
        return -EACCES;
    }
    return 0;
}

int up_check_places(struct error *e) {
    const char *run = config_text(CONFIG_RUN_DIR);
    if (strlen(run) > RUN_DIR_MAX)
        return error_set(e, ENAMETOOLONG, ERROR_BAD_CONFIG,
                         "RUN_DIR=%s is longer than the %d bytes that leave room for sockets in it", run, RUN_DIR_MAX);
    int r = check_passable("STATE_DIR", config_text(CONFIG_STATE_DIR), e);
    return r < 0 ? r : check_passable("RUN_DIR", run, e);
}

static int make_secret(const char *path, struct error *e) {
    unsigned char secret[SECRET_BYTES];
    char hex[SECRET_BYTES * 2 + 1];
    randombytes_buf(secret, sizeof secret);
    sodium_bin2hex(hex, sizeof hex, secret, sizeof secret);
    int r = io_write_file(path, 0600, hex, sizeof hex - 1, e);
    sodium_memzero(secret, sizeof secret);
    sodium_memzero(hex, sizeof hex);
    return r;
}

/* Owner and mode are put right at each start: a restored backup may have lost them. */
static int read_secret(struct error *e) {
    cleanup_free char *path = instance_state_path("secret/secret_key"), *secret = NULL;
    int r = access(path, F_OK) && errno == ENOENT ? make_secret(path, e) : 0;
    if (!r)
        r = io_read_file(path, SECRET_FILE_MAX, &secret, NULL, e);
    if (r < 0 || !secret)
        return r;
    if (chown(path, 0, 0) || chmod(path, 0600))
        return error_errno(e, errno, ERROR_STORAGE, "cannot set owner and mode of %s", path);
    secret[strcspn(secret, "\r\n")] = '\0';
    r = config_set(CONFIG_SECRET_KEY, secret, e);
    sodium_memzero(secret, strlen(secret));
    if (r < 0)
        error_prefix(e, "%s", path);
    return r;
}

int up_load_secret(struct error *e) {
    struct ticket_key key;
    int r = *config_text(CONFIG_SECRET_KEY) ? 0 : read_secret(e);
    if (!r)
        r = ticket_derive_key(config_text(CONFIG_SECRET_KEY), &key, e);
    if (!r)
        r = config_set(CONFIG_TICKET_PUBLIC_KEY, key.public_hex, e);
    sodium_memzero(&key, sizeof key);
    return r;
}
