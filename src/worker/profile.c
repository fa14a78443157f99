#include "worker/profile.h"
#include "base/config.h"
#include "base/instance.h"
#include "base/memory.h"
#include "base/seal.h"
#include "base/uuid.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <unistd.h>

static int lock(struct profile *profile, struct error *e) {
    cleanup_free char *path = memory_print("%s.lock", profile->path);
    cleanup_close int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return error_errno(e, errno, ERROR_STORAGE, "cannot open %s", path);
    if (!flock(fd, LOCK_EX | LOCK_NB))
        profile->lock = take_fd(fd);
    else if (errno != EWOULDBLOCK)
        return error_errno(e, errno, ERROR_STORAGE, "cannot lock %s", path);
    return 0;
}

/* Unsealed whole before a byte of it goes to a browser. */
static int unseal(struct profile *profile, struct error *e) {
    cleanup_close int sealed = open(profile->path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (sealed < 0 && errno == ENOENT)
        return 0;
    cleanup_close int memory = sealed < 0 ? -1 : memfd_create("profile", MFD_CLOEXEC);
    if (memory < 0)
        return error_errno(e, errno, ERROR_STORAGE, "cannot open %s", profile->path);
    int r = seal_open(sealed, memory, config_text(CONFIG_SECRET_KEY), SEAL_PROFILE, profile->agent_id, e);
    if (r < 0) {
        error_prefix(e, "the agent's browser profile cannot be used");
        error_hint(e, "Restore %s from a backup, or remove it to begin with an empty profile", profile->path);
        return r;
    }
    profile->fd = take_fd(memory);
    return 0;
}

int profile_open(struct profile *ret_profile, const char *agent_id, struct error *e) {
    if (!uuid_is_valid(agent_id))
        return error_set(e, EINVAL, ERROR_INTERNAL, "the agent's id is no UUID");
    *ret_profile = PROFILE_NONE;
    ret_profile->path = instance_state_path("profiles/%s", agent_id);
    ret_profile->agent_id = memory_copy_text(agent_id);
    int r = lock(ret_profile, e);
    return r < 0 ? r : unseal(ret_profile, e);
}

static int seal_piece(void *user, const void *data, size_t length) {
    return seal_write(user, data, length);
}

static int write_sealed(const struct profile *profile, int fd, const struct door *door, const char *browser_id,
                        struct error *e) {
    struct seal_writer *writer = memory_alloc(sizeof *writer);
    int r = seal_begin(writer, fd, config_text(CONFIG_SECRET_KEY), SEAL_PROFILE, profile->agent_id, e);
    if (!r)
        r = door_read_profile(door, browser_id, seal_piece, writer, e);
    if (!r)
        r = seal_end(writer);
    if (!r && fsync(fd))
        r = error_errno(e, errno, ERROR_STORAGE, "cannot write %s", profile->path);
    sodium_memzero(writer, sizeof *writer);
    free(writer);
    return r;
}

static void sync_folder(void) {
    cleanup_free char *path = instance_state_path("profiles");
    cleanup_close int folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder >= 0)
        fsync(folder);
}

/* Beside it, then in its place: whatever happens on the way, the one before stays whole. */
static int save(const struct profile *profile, const struct door *door, const char *browser_id, struct error *e) {
    cleanup_free char *draft = memory_print("%s.new", profile->path);
    cleanup_close int fd = open(draft, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return error_errno(e, errno, ERROR_STORAGE, "cannot write %s", draft);
    int r = write_sealed(profile, fd, door, browser_id, e);
    if (!r && rename(draft, profile->path))
        r = error_errno(e, errno, ERROR_STORAGE, "cannot replace %s", profile->path);
    if (r < 0)
        unlink(draft);
    else
        sync_folder();
    return r;
}

static const char *released(void *user, const struct door *door, const char *browser_id) {
    struct profile *profile = user;
    struct error e = {0};
    if (profile->lock < 0)
        return "The browser's profile was not kept: another thread of this agent was using it";
    int r = save(profile, door, browser_id, &e);
    if (r < 0)
        log_warning(&e, "a profile was not kept", LOG_BROWSER(browser_id));
    return !r             ? "The browser's profile was kept for the agent's next thread"
           : r == -ENOENT ? "The browser's profile was not kept: it did not end well; the one before stays"
                          : "The browser's profile was not kept: it could not be stored; the one before stays";
}

struct agent_profile profile_for_run(struct profile *profile) {
    return (struct agent_profile){.fd = profile->fd, .released = released, .user = profile};
}

void profile_close(struct profile *profile) {
    cleanup_close_value(&profile->fd);
    cleanup_close_value(&profile->lock);
    free(profile->path);
    free(profile->agent_id);
    *profile = PROFILE_NONE;
}
