#include "domain/disk.h"
#include "base/config.h"
#include "base/memory.h"
#include <errno.h>
#include <sys/statvfs.h>

/* Below STATE_DIR; what is not there is not used. */
static const char *const places[] = {"", "/artifacts", "/postgres"};

static int64_t free_bytes(const char *folder) {
    struct statvfs disk;
    return statvfs(folder, &disk) ? -errno : (int64_t)(disk.f_bavail * (uint64_t)disk.f_frsize);
}

static int check_one(const char *folder, struct error *e) {
    int64_t least_mb = config_int(CONFIG_DISK_MIN_FREE_MB), bytes = free_bytes(folder);
    if (bytes < 0)
        return error_errno(e, (int)-bytes, ERROR_STORAGE, "cannot look at the disk of %s", folder);
    if (bytes >> 20 >= least_mb)
        return 0;
    error_set(e, ENOSPC, ERROR_STORAGE, "only %lld MB are free on the disk of %s", (long long)(bytes >> 20), folder);
    error_hint(e, "Make room there, or lower DISK_MIN_FREE_MB (now %lld)", (long long)least_mb);
    return -ENOSPC;
}

int disk_check(struct error *e) {
    for (size_t i = 0; i < ARRAY_LENGTH(places); i++) {
        cleanup_free char *folder = memory_print("%s%s", config_text(CONFIG_STATE_DIR), places[i]);
        int r = i && free_bytes(folder) == -ENOENT ? 0 : check_one(folder, e);
        if (r < 0)
            return r;
    }
    return 0;
}

int64_t disk_least_free(void) {
    int64_t least = -1;
    for (size_t i = 0; i < ARRAY_LENGTH(places); i++) {
        cleanup_free char *folder = memory_print("%s%s", config_text(CONFIG_STATE_DIR), places[i]);
        int64_t bytes = free_bytes(folder);
        if (bytes >= 0 && (least < 0 || bytes < least))
            least = bytes;
    }
    return least;
}
