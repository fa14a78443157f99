/* Artifacts: files of threads, whole or in ranges. A lane fetches the bytes into an unnamed file, wherever they are
 * kept; the loop sends them as fast as the client takes them. */
#include "domain/artifacts.h"
#include "api/api_internal.h"
#include "api/download.h"
#include "api/route_table.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

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

static int fetch(struct api_call *call, struct download *download, struct error *e) {
    int r = download_open(download, e);
    if (r < 0)
        return r;
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
    struct download *download = download_new();
    r = prepare(call, artifact, download, e);
    if (r < 0)
        download_free(download);
    else
        call->user = download;
    return r;
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
    {"GET", "/artifacts/{id}", get_artifact, READS, .park = download_send, .lane = LANE_SLOW, .form = FORM_NOTHING,
     .status = 200, .summary = "The bytes of a file, whole or a range"},
    {NULL},
};
