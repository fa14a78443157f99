/* GET /browsers/{id}/files/{name}: streams a file of the browser's transfer folder, which the launcher opens. */
#include "base/memory.h"
#include "browsers/engine/door.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define OPEN_MS     10000
#define PIECE_BYTES (64 * 1024)

struct file_answer {
    struct http_request *request;
    uv_loop_t *loop;
    int fd;
    int64_t offset, left;
    uv_fs_t read;
    bool reading, gone;
    char piece[PIECE_BYTES];
};

static void read_more(struct file_answer *answer);

static void finish(struct file_answer *answer) {
    http_stream_end(answer->request);
    close(answer->fd);
    free(answer);
}

static void on_read(uv_fs_t *read) {
    struct file_answer *answer = read->data;
    ssize_t n = read->result;
    uv_fs_req_cleanup(read);
    answer->reading = false;
    if (answer->gone || n <= 0) { /* an early end shows as a short answer, which closes the connection */
        finish(answer);
        return;
    }
    answer->offset += n;
    answer->left -= n;
    size_t queued = http_stream_write(answer->request, answer->piece, (size_t)n);
    if (!answer->left)
        finish(answer);
    else if (queued <= HTTP_STREAM_HIGH)
        read_more(answer);
}

static void read_more(struct file_answer *answer) {
    uv_buf_t buffer = uv_buf_init(answer->piece, PIECE_BYTES);
    if (answer->left < PIECE_BYTES)
        buffer.len = (size_t)answer->left;
    answer->reading = true;
    answer->read.data = answer;
    uv_fs_read(answer->loop, &answer->read, answer->fd, &buffer, 1, answer->offset, on_read);
}

static void on_drain(void *user) {
    struct file_answer *answer = user;
    if (!answer->reading)
        read_more(answer);
}

static void on_client_gone(void *user) {
    struct file_answer *answer = user;
    answer->gone = true;
    if (!answer->reading)
        finish(answer);
}

void door_stream_file(struct http_request *request, uv_loop_t *loop, int fd, int64_t size) {
    struct file_answer *answer = memory_alloc(sizeof *answer);
    answer->request = request;
    answer->loop = loop;
    answer->fd = fd;
    answer->left = size;
    http_on_close(request, on_client_gone, answer);
    http_stream_on_drain(request, on_drain, answer);
    http_stream_begin(request, 200, "application/octet-stream", size);
    if (!size || !strcmp(http_method(request), "HEAD"))
        finish(answer);
    else
        read_more(answer);
}

struct open_wait {
    struct http_request *request;
    uv_loop_t *loop;
};

static void refuse_file(struct http_request *request, int status, const char *text) {
    struct error e;
    bool missing = status == -ENOENT || status == -ELOOP || status == -EXDEV || status == -EACCES || status == -ENOTDIR;
    error_set(&e, EIO, missing ? ERROR_NOT_FOUND : ERROR_UNAVAILABLE, "the file cannot be opened: %s",
              missing ? "there is no such regular file in the browser's transfer folder" : text);
    http_respond_error(request, &e);
}

static void on_opened(void *user, const struct launcher_reply *reply, int fd) {
    cleanup_free struct open_wait *wait = user;
    cleanup_close int owned = fd;
    struct stat st;
    if (reply->status < 0 || owned < 0)
        refuse_file(wait->request, reply->status, reply->text);
    else if (fstat(owned, &st) || !S_ISREG(st.st_mode))
        refuse_file(wait->request, -ENOENT, "");
    else
        door_stream_file(wait->request, wait->loop, take_fd(owned), st.st_size);
}

struct browser *door_find_file(struct door *door, struct http_request *request, struct launcher_request *call) {
    const char *name = http_parameter(request, "name");
    struct browser *browser = door_find_browser(door, request);
    if (!browser)
        return NULL;
    if (strlen(name) >= sizeof call->file || strchr(name, '/') || !strcmp(name, ".") || !strcmp(name, ".."))
        door_refuse(request, ERROR_BAD_INPUT, "this is not the name of a file in the transfer folder", "");
    else if (browser->state == BROWSER_ENDED)
        door_refuse(request, ERROR_CONFLICT, "the browser has ended and its files are gone", "");
    else {
        snprintf(call->file, sizeof call->file, "%s", name);
        memcpy(call->browser_id, browser->id, sizeof call->browser_id);
        return browser;
    }
    return NULL;
}

void door_get_file(struct http_request *request, void *user) {
    struct door *door = user;
    struct launcher_request open = {.operation = LAUNCHER_OPEN_FILE};
    if (!door_find_file(door, request, &open))
        return;
    struct open_wait *wait = memory_alloc(sizeof *wait);
    *wait = (struct open_wait){request, door->pool->loop};
    launcher_link_call(door->pool->launcher, &open, OPEN_MS, on_opened, wait);
}
