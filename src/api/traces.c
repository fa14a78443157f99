/* A thread's trace as one file to keep or pass on. */
#include "api/download.h"
#include "api/route_table.h"
#include "api/trace.h"
#include <sys/stat.h>

static int write_file(struct api_call *call, struct download *download, struct error *e) {
    struct blob_sink sink = blob_sink_to_fd(&download->fd);
    struct stat status;
    int r = download_open(download, e);
    if (!r)
        r = trace_write(call->db, &call->who.caller, call_parameter(call, "id"), &sink, e);
    if (r < 0)
        return r;
    fstat(download->fd, &status);
    download->size = download->length = status.st_size;
    return 0;
}

static int get_trace(struct api_call *call, struct error *e) {
    struct download *download = download_new();
    int r = write_file(call, download, e);
    if (r < 0) {
        download_free(download);
        return r;
    }
    download->status = 200;
    download->media_type = "text/html; charset=utf-8";
    download->policy = TRACE_POLICY "; sandbox";
    download->disposition =
        arena_print(&call->arena, "attachment; filename=\"thread-%s.html\"", call_parameter(call, "id"));
    call->user = download;
    return 0;
}

const struct api_route traces_routes[] = {
    {"GET", "/threads/{id}/trace.html", get_trace, .park = download_send, .lane = LANE_SLOW,
     .permission = PERMISSION_THREADS_READ, .scope = SCOPE_READ, .form = FORM_NOTHING, .status = 200, .tag = "threads",
     .summary = "A whole run as one HTML file"},
    {NULL},
};
