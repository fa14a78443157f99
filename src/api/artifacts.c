/* Artifacts: files of threads, whole or in ranges. A lane fetches the bytes into an unnamed file, wherever they are
 * kept; the loop sends them as fast as the client takes them. */
#include "domain/artifacts.h"
#include "api/api_internal.h"
#include "api/route_table.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PIECE ((size_t)64 * 1024)

/* Schemas. */

static const struct schema_field artifact_fields[] = {
    {"id", SCHEMA_ID, SCHEMA_REQUIRED, .doc = "UUIDv7."},
    {"thread_id", SCHEMA_ID, SCHEMA_REQUIRED, .doc = "The thread that made it."},
    {"owner_id", SCHEMA_ID, SCHEMA_REQUIRED, .doc = "Whose it is."},
    {"kind", SCHEMA_TEXT, SCHEMA_REQUIRED, .choices = SCHEMA_CHOICES("screenshot", "download", "other"),
     .doc = "Where it came from."},
    {"name", SCHEMA_TEXT, SCHEMA_REQUIRED, .most = 255, .doc = "What it is called."},
    {"media_type", SCHEMA_TEXT, SCHEMA_REQUIRED, .most = 255, .doc = "What it says it is."},
    {"size", SCHEMA_INT, SCHEMA_REQUIRED, .least = 0, .most = 9e15, .doc = "Bytes."},
    {"sha256", SCHEMA_TEXT, SCHEMA_REQUIRED, .doc = "Of its bytes; its ETag."},
    {"url", SCHEMA_TEXT, SCHEMA_REQUIRED, .doc = "Where its bytes are."},
    {"created_at", SCHEMA_TIME, SCHEMA_REQUIRED, .doc = "When it was made."},
    {NULL},
};
static const struct schema artifact_schema = {"Artifact", artifact_fields, .doc = "A file of a thread."};

/* What is to be sent. */
struct download {
    int fd;
    int64_t from, length, size; /* length 0: nothing but the head */
    int status;
    char etag[BLOB_SHA256_HEX + 2];
    const char *media_type, *disposition; /* of the call's arena */
    struct http_request *request;
    int64_t sent;
    bool gone;
};

/* One range, as RFC 9110 has it; what is none is answered whole. -ERANGE: it lies outside. */
static int read_range(const char *header, struct download *download) {
    long long first, last = download->size - 1;
    int used = 0;
    if (!header || strncmp(header, "bytes=", 6) || strchr(header, ','))
        return 0;
    const char *spec = header + 6;
    if (sscanf(spec, "-%lld%n", &last, &used) == 1 && !spec[used] && last >= 0) {
        first = last >= download->size ? 0 : download->size - last;
        last = download->size - 1;
    } else if (sscanf(spec, "%lld-%n", &first, &used) != 1 || !used || first < 0 ||
               (spec[used] && (sscanf(spec + used, "%lld", &last) != 1 || last < first)))
        return 0;
    last = last >= download->size ? download->size - 1 : last;
    if (first > last)
        return -ERANGE;
    download->from = first;
    download->length = last - first + 1;
    download->status = 206;
    return 0;
}

/* Pictures that we made are shown; all else is for saving, and never run in our origin. */
static const char *type_for(const json_t *artifact, bool *ret_shown) {
    static const char *const pictures[] = {"image/png", "image/jpeg", "image/webp"};
    const char *type = json_text_or(artifact, "media_type", "");
    for (size_t i = 0; i < ARRAY_LENGTH(pictures); i++)
        if (!strcmp(pictures[i], type)) {
            *ret_shown = true;
            return pictures[i];
        }
    *ret_shown = false;
    return "application/octet-stream";
}

/* RFC 6266: every byte that is no plain letter is percent-encoded. */
static const char *disposition_for(struct arena *arena, const char *name, bool shown) {
    static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
    cleanup_text struct text text = {0};
    text_print(&text, "%s; filename*=UTF-8''", shown ? "inline" : "attachment");
    for (const char *at = name; *at; at++)
        text_print(&text, strchr(plain, *at) ? "%c" : "%%%02X", (unsigned char)*at);
    return arena_copy_text(arena, text.data);
}

static void free_download(struct download *download) {
    if (download->fd >= 0)
        close(download->fd);
    free(download);
}

static int fetch(struct api_call *call, struct download *download, struct error *e) {
    download->fd = open(P_tmpdir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (download->fd < 0)
        return error_errno(e, errno, ERROR_STORAGE, "cannot make a file in " P_tmpdir);
    struct blob_sink sink = blob_sink_to_fd(&download->fd);
    bool whole = download->length == download->size;
    return artifacts_read(call->db, &call->who.caller, call_parameter(call, "id"), download->from,
                          whole ? 0 : download->length, &sink, e);
}

static int prepare(struct api_call *call, const json_t *artifact, struct download *download, struct error *e) {
    bool shown;
    download->size = download->length = json_int_or(artifact, "size", 0);
    download->status = 200;
    download->media_type = type_for(artifact, &shown);
    download->disposition = disposition_for(&call->arena, json_text_or(artifact, "name", "file"), shown);
    snprintf(download->etag, sizeof download->etag, "\"%s\"", json_text_or(artifact, "sha256", ""));
    if (call->if_none_match && strstr(call->if_none_match, download->etag)) {
        download->status = 304;
        download->length = 0;
    } else if (read_range(call->range, download) < 0) {
        download->status = 416;
        download->length = 0;
    }
    return download->length ? fetch(call, download, e) : 0;
}

static int get_artifact(struct api_call *call, struct error *e) {
    cleanup_free char *text = NULL;
    cleanup_json json_t *artifact = NULL;
    int r = artifacts_get(call->db, &call->who.caller, call_parameter(call, "id"), &text, e);
    if (!r)
        r = json_parse(text, strlen(text), "the artifact", &artifact, e);
    if (r < 0)
        return r;
    struct download *download = memory_alloc(sizeof *download);
    download->fd = -1;
    r = prepare(call, artifact, download, e);
    if (r < 0)
        free_download(download);
    else
        call->user = download;
    return r;
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
    free_download(download);
}

static void client_left(void *user) {
    struct download *download = user;
    download->gone = true;
    pump(download);
}

static void add_headers(struct http_request *request, const struct download *download) {
    char range[80];
    http_add_header(request, "ETag", download->etag);
    http_add_header(request, "Accept-Ranges", "bytes");
    http_add_header(request, "Cache-Control", "private, max-age=31536000, immutable");
    http_add_header(request, "Content-Disposition", download->disposition);
    http_add_header(request, "Content-Security-Policy", "default-src 'none'; sandbox");
    if (download->status == 206)
        snprintf(range, sizeof range, "bytes %lld-%lld/%lld", (long long)download->from,
                 (long long)(download->from + download->length - 1), (long long)download->size);
    else
        snprintf(range, sizeof range, "bytes */%lld", (long long)download->size);
    if (download->status == 206 || download->status == 416)
        http_add_header(request, "Content-Range", range);
}

static void send_artifact(struct api *api, struct http_request *request, struct api_call *call) {
    struct download *download = call->user;
    add_headers(request, download);
    if (!download->length) {
        http_respond(request, download->status, download->status == 200 ? download->media_type : NULL, "", 0);
        free_download(download);
    } else {
        download->request = request;
        http_stream_begin(request, download->status, download->media_type, download->length);
        http_on_close(request, client_left, download);
        pump(download);
    }
    api_call_free(call);
}

static int list_artifacts(struct api_call *call, struct error *e) {
    char *json = NULL;
    int r = artifacts_list(call->db, &call->who.caller, call_parameter(call, "id"), &json, e);
    return call_done(call, r, json);
}

#define READS .permission = PERMISSION_THREADS_READ, .scope = SCOPE_READ, .tag = "threads"

const struct api_route artifacts_routes[] = {
    {"GET", "/threads/{id}/artifacts", list_artifacts, READS, .lane = LANE_DATABASE, .answer = &artifact_schema,
     .form = FORM_ITEMS, .summary = "Files of a thread"},
    {"GET", "/artifacts/{id}", get_artifact, READS, .park = send_artifact, .lane = LANE_SLOW, .form = FORM_NOTHING,
     .status = 200, .summary = "The bytes of a file, whole or a range"},
    {NULL},
};
