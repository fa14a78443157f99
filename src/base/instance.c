#include "base/instance.h"
#include "base/config.h"
#include "base/memory.h"
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <sys/file.h>

static char *path_under(enum config_id base, const char *format, va_list args) {
    char *rest = NULL;
    if (vasprintf(&rest, format, args) < 0)
        rest = memory_copy_text("");
    char *path = memory_print("%s/%s", config_text(base), rest);
    __builtin_free(rest);
    return path;
}

char *instance_run_path(const char *format, ...) {
    va_list args;
    va_start(args, format);
    char *path = path_under(CONFIG_RUN_DIR, format, args);
    va_end(args);
    return path;
}

char *instance_state_path(const char *format, ...) {
    va_list args;
    va_start(args, format);
    char *path = path_under(CONFIG_STATE_DIR, format, args);
    va_end(args);
    return path;
}

int instance_lock(const char *path, struct error *e) {
    cleanup_close int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return error_errno(e, errno, ERROR_STORAGE, "cannot open %s", path);
    if (flock(fd, LOCK_EX | LOCK_NB))
        return error_set(e, EBUSY, ERROR_CONFLICT, "another process holds %s", path);
    return take_fd(fd);
}
