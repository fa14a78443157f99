/* Profiles at the door: the body of POST /browsers, which a browser is started with, and GET /browsers/{id}/profile,
 * what it left. Both lie in memory (at most PROFILE_MAX_MB each), for the engine has no place for them on disk. */
#include "base/config.h"
#include "base/io.h"
#include "base/memory.h"
#include "browsers/engine/door.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define MEGABYTE    (1024 * 1024)
#define IGNORED_MAX 1024 /* of a body that means nothing, without a profile */

struct intake {
    struct http_request *request;
    struct door *door;
    json_t *claims;
    int fd; /* -1: nothing has come yet */
    int64_t size, most;
    bool wanted;
    void (*done)(struct door *door, struct http_request *request, json_t *claims, int profile);
};

static void intake_free(struct intake *intake) {
    json_decref(intake->claims);
    if (intake->fd >= 0)
        close(intake->fd);
    free(intake);
}

static void refuse(struct intake *intake, int err, enum error_code code, const char *text) {
    struct error e;
    error_set(&e, err, code, "%s", text);
    if (code == ERROR_TOO_LARGE)
        error_hint(&e, "PROFILE_MAX_MB (now %lld) sets how large a profile may be",
                   (long long)config_int(CONFIG_PROFILE_MAX_MB));
    http_respond_error(intake->request, &e);
    intake_free(intake);
}

static void on_piece(void *user, const void *data, size_t length) {
    struct intake *intake = user;
    intake->size += (int64_t)length;
    if (intake->size > intake->most) {
        refuse(intake, EFBIG, ERROR_TOO_LARGE, "the body is too large");
        return;
    }
    if (!intake->wanted)
        return;
    if (intake->fd < 0)
        intake->fd = memfd_create("profile", MFD_CLOEXEC);
    if (intake->fd < 0 || io_write_full(intake->fd, data, length) < 0)
        refuse(intake, ENOMEM, ERROR_UNAVAILABLE, "there is no memory for the profile");
}

static void on_end(void *user) {
    struct intake *intake = user;
    intake->done(intake->door, intake->request, take_pointer(intake->claims), take_fd(intake->fd));
    intake_free(intake);
}

static void on_client_gone(void *user) {
    struct intake *intake = user;
    http_respond(intake->request, 499, NULL, "", 0);
    intake_free(intake);
}

void door_take_profile(struct door *door, struct http_request *request, json_t *claims,
                       void (*done)(struct door *door, struct http_request *request, json_t *claims, int profile)) {
    struct intake *intake = memory_alloc(sizeof *intake);
    *intake = (struct intake){.request = request, .door = door, .claims = claims, .fd = -1, .done = done};
    intake->wanted = json_bool_or(json_object_get(claims, "lease"), "profile", false);
    intake->most = intake->wanted ? config_int(CONFIG_PROFILE_MAX_MB) * MEGABYTE : IGNORED_MAX;
    if (http_body_announced(request) > intake->most) {
        refuse(intake, EFBIG, ERROR_TOO_LARGE, "the body is too large");
        return;
    }
    http_body_take(request, on_piece, on_end, intake);
    http_on_close(request, on_client_gone, intake);
}

void door_get_profile(struct http_request *request, void *user) {
    struct door *door = user;
    struct browser *browser = door_find_browser(door, request);
    struct stat st;
    if (!browser)
        return;
    if (browser->state != BROWSER_ENDED) {
        door_refuse(request, ERROR_CONFLICT, "the browser has not ended", "release it first");
        return;
    }
    int fd = browser->profile_fd < 0 ? -1 : fcntl(browser->profile_fd, F_DUPFD_CLOEXEC, 3);
    if (fd < 0 || fstat(fd, &st))
        door_refuse(
            request, ERROR_NOT_FOUND, "the browser left no profile",
            "only one that was leased with a profile, released, and closed by itself leaves one, for two minutes");
    else
        door_stream_file(request, door->pool->loop, fd, st.st_size);
}
