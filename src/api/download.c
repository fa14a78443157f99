#include "api/download.h"
#include "api/api_internal.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PIECE ((size_t)64 * 1024)

struct download *download_new(void) {
    struct download *download = memory_alloc(sizeof *download);
    download->fd = -1;
    download->policy = "default-src 'none'; sandbox";
    return download;
}

int download_open(struct download *download, struct error *e) {
    download->fd = open(P_tmpdir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    return download->fd < 0 ? error_errno(e, errno, ERROR_STORAGE, "cannot make a file in " P_tmpdir) : 0;
}

void download_free(struct download *download) {
    if (download->fd >= 0)
        close(download->fd);
    free(download);
}

/* Sending, on the loop: the file was written a moment ago and lies in the page cache. */

static void pump(void *user) {
    struct download *download = user;
    static char piece[PIECE];
    size_t queued = 0;
    while (!download->gone && download->sent < download->length && queued < HTTP_STREAM_HIGH) {
        int64_t left = download->length - download->sent;
        ssize_t n = pread(download->fd, piece, left < (int64_t)PIECE ? (size_t)left : PIECE, download->sent);
        if (n <= 0)
            break; /* the stream ends short, which the client notices */
        queued = http_stream_write(download->request, piece, (size_t)n);
        download->sent += n;
    }
    if (queued >= HTTP_STREAM_HIGH && !download->gone && download->sent < download->length) {
        http_stream_on_drain(download->request, pump, download);
        return;
    }
    http_stream_end(download->request);
    download_free(download);
}

static void client_left(void *user) {
    struct download *download = user;
    download->gone = true;
    pump(download);
}

static void add_headers(struct http_request *request, const struct download *download) {
    char range[80];
    if (*download->etag) {
        http_add_header(request, "ETag", download->etag);
        http_add_header(request, "Accept-Ranges", "bytes");
    }
    http_add_header(request, "Cache-Control", *download->etag ? "private, max-age=31536000, immutable" : "no-store");
    http_add_header(request, "Content-Disposition", download->disposition);
    http_add_header(request, "Content-Security-Policy", download->policy);
    if (download->status == 206)
        snprintf(range, sizeof range, "bytes %lld-%lld/%lld", (long long)download->from,
                 (long long)(download->from + download->length - 1), (long long)download->size);
    else
        snprintf(range, sizeof range, "bytes */%lld", (long long)download->size);
    if (download->status == 206 || download->status == 416)
        http_add_header(request, "Content-Range", range);
}

void download_send(struct api *api, struct http_request *request, struct api_call *call) {
    struct download *download = call->user;
    add_headers(request, download);
    if (!download->length) {
        http_respond(request, download->status, download->status == 200 ? download->media_type : NULL, "", 0);
        download_free(download);
    } else {
        download->request = request;
        http_stream_begin(request, download->status, download->media_type, download->length);
        http_on_close(request, client_left, download);
        pump(download);
    }
    api_call_free(call);
}
