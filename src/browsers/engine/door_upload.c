/* PUT /browsers/{id}/files/{name}: a new file in the browser's transfer folder, which the launcher makes. The body is
 * written piece by piece; the client is held back meanwhile. What is not finished is removed again. */
#include "base/config.h"
#include "base/memory.h"
#include "browsers/engine/door.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CALL_MS  10000
#define MEGABYTE (1024 * 1024)

struct upload {
    struct http_request *request;
    struct pool *pool;
    struct launcher_request file; /* names browser and file */
    int fd;
    int64_t size;
    uv_fs_t write;
    const char *data; /* of the piece that is being written */
    size_t left;
    bool busy; /* with the launcher or a write: whoever ends that goes on */
    bool gone; /* the client */
    struct error failure;
};

static void upload_free(struct upload *upload) {
    if (upload->fd >= 0)
        close(upload->fd);
    free(upload);
}

static void answer_failure(struct upload *upload) {
    if (upload->gone)
        http_respond(upload->request, 499, NULL, "", 0);
    else
        http_respond_error(upload->request, &upload->failure);
    upload_free(upload);
}

static void on_removed(void *user, const struct launcher_reply *reply, int fd) {
    answer_failure(user);
}

/* Answered only after the name is free again, for a client that tries again. */
static void fail(struct upload *upload) {
    struct launcher_request removal = upload->file;
    removal.operation = LAUNCHER_REMOVE_FILE;
    upload->busy = true;
    launcher_link_call(upload->pool->launcher, &removal, CALL_MS, on_removed, upload);
}

static int64_t most_bytes(void) {
    return config_int(CONFIG_TRANSFER_MAX_MB) * MEGABYTE;
}

static void too_large(struct error *e) {
    error_set(e, EFBIG, ERROR_TOO_LARGE, "the file is over %lld MB", (long long)config_int(CONFIG_TRANSFER_MAX_MB));
    error_hint(e, "TRANSFER_MAX_MB sets how much one browser may be given and may download");
}

static void write_more(struct upload *upload);

static void on_written(uv_fs_t *write) {
    struct upload *upload = write->data;
    ssize_t n = write->result;
    uv_fs_req_cleanup(write);
    upload->busy = false;
    if (n <= 0)
        error_errno(&upload->failure, n ? (int)-n : EIO, ERROR_STORAGE,
                    "the file cannot be written to the browser's transfer folder");
    if (n <= 0 || upload->gone) {
        fail(upload);
        return;
    }
    upload->data += n;
    upload->left -= (size_t)n;
    upload->size += n;
    if (upload->left)
        write_more(upload);
    else
        http_body_resume(upload->request);
}

static void write_more(struct upload *upload) {
    uv_buf_t buffer = uv_buf_init((char *)upload->data, (unsigned)upload->left);
    upload->busy = true;
    upload->write.data = upload;
    uv_fs_write(upload->pool->loop, &upload->write, upload->fd, &buffer, 1, upload->size, on_written);
}

static void on_piece(void *user, const void *data, size_t length) {
    struct upload *upload = user;
    http_body_pause(upload->request);
    if (upload->size + (int64_t)length > most_bytes()) {
        too_large(&upload->failure);
        fail(upload);
        return;
    }
    upload->data = data;
    upload->left = length;
    write_more(upload);
}

static void on_end(void *user) {
    struct upload *upload = user;
    const struct browser *browser = pool_find(upload->pool, upload->file.browser_id);
    if (!browser || browser->state != BROWSER_LEASED) {
        error_set(&upload->failure, EBUSY, ERROR_CONFLICT, "the browser ended meanwhile");
        answer_failure(upload);
        return;
    }
    cleanup_json json_t *file = json_pack("{s:s, s:I}", "name", upload->file.file, "size", (json_int_t)upload->size);
    http_respond_json(upload->request, 201, file);
    upload_free(upload);
}

static void on_client_gone(void *user) {
    struct upload *upload = user;
    upload->gone = true;
    if (!upload->busy)
        fail(upload);
}

static const struct {
    int err;
    enum error_code code;
    const char *text;
} refusals[] = {
    {EEXIST, ERROR_CONFLICT, "the browser's transfer folder has a file of this name already"},
    {ENOENT, ERROR_CONFLICT, "the browser has ended and its files are gone"},
    {EBUSY, ERROR_CONFLICT, "the browser is starting or ending"},
    {ENAMETOOLONG, ERROR_BAD_INPUT, "the name is too long"},
    {ENOSPC, ERROR_STORAGE, "the browser's transfer folder is full"},
};

static void explain_refusal(const struct launcher_reply *reply, struct error *e) {
    error_set(e, EIO, ERROR_UNAVAILABLE, "the file cannot be made: %s", reply->text);
    for (size_t i = 0; i < ARRAY_LENGTH(refusals); i++)
        if (refusals[i].err == -reply->status)
            error_set(e, refusals[i].err, refusals[i].code, "%s", refusals[i].text);
}

static void on_created(void *user, const struct launcher_reply *reply, int fd) {
    struct upload *upload = user;
    upload->busy = false;
    upload->fd = fd;
    if (fd < 0) {
        explain_refusal(reply, &upload->failure);
        answer_failure(upload);
    } else if (upload->gone)
        fail(upload);
    else
        http_body_resume(upload->request);
}

static void start(struct upload *upload) {
    struct launcher_request creation = upload->file;
    creation.operation = LAUNCHER_CREATE_FILE;
    http_body_take(upload->request, on_piece, on_end, upload);
    http_body_pause(upload->request);
    http_on_close(upload->request, on_client_gone, upload);
    upload->busy = true;
    launcher_link_call(upload->pool->launcher, &creation, CALL_MS, on_created, upload);
}

void door_put_file(struct http_request *request, void *user) {
    struct door *door = user;
    struct launcher_request file = {0};
    struct error e;
    const struct browser *browser = door_find_file(door, request, &file);
    if (!browser)
        return;
    if (browser->state != BROWSER_LEASED) {
        door_refuse(request, ERROR_CONFLICT, "the browser is not leased", "");
        return;
    }
    if (http_body_announced(request) > most_bytes()) {
        too_large(&e);
        http_respond_error(request, &e);
        return;
    }
    struct upload *upload = memory_alloc(sizeof *upload);
    *upload = (struct upload){.request = request, .pool = door->pool, .file = file, .fd = -1};
    start(upload);
}
