/* Resources: files of threads, and those that the session's own browser left. */
#include "base/memory.h"
#include "domain/artifacts.h"
#include "domain/threads.h"
#include "mcp/browser.h"
#include "mcp/mcp_internal.h"
#include <errno.h>
#include <string.h>

#define ARTIFACTS   "replinet://artifacts/"
#define THREADS     "replinet://threads/"
#define SESSION     "replinet://session/"
#define PAGE_SIZE   100
#define BYTES_MAX   ((size_t)16 << 20)
#define CURSOR_LAST 1000000

json_t *mcp_resources_templates(void) {
    return json_pack("{s:[{s:s, s:s, s:s, s:s}, {s:s, s:s, s:s, s:s}]}", "resourceTemplates", "uriTemplate",
                     ARTIFACTS "{id}", "name", "artifact", "title", "File of a thread", "description",
                     "A screenshot, a download or another file that a thread left.", "uriTemplate", THREADS "{id}",
                     "name", "thread", "title", "Thread", "description", "A run of an agent, with its results.");
}

static json_t *resource_of(const json_t *artifact) {
    cleanup_free char *uri = memory_print(ARTIFACTS "%s", json_text_or(artifact, "id", ""));
    return json_pack("{s:s, s:s, s:s, s:O?}", "uri", uri, "name", json_text_or(artifact, "name", ""), "mimeType",
                     json_text_or(artifact, "media_type", "application/octet-stream"), "size",
                     json_object_get(artifact, "size"));
}

json_t *mcp_resources_list(struct mcp_session *session, const json_t *params, struct error *e) {
    cleanup_free char *text = NULL, *next = NULL;
    cleanup_json json_t *page = NULL;
    int64_t number = 1;
    const char *cursor = json_text_or(params, "cursor", "1");
    if (text_parse_int(cursor, 1, CURSOR_LAST, &number))
        return error_set(e, EINVAL, ERROR_BAD_INPUT, "there is no such cursor"), NULL;
    if (!mcp_may(session, PERMISSION_THREADS_READ, MCP_READ))
        return json_pack("{s:o}", "resources", mcp_browser_files(session));
    struct list_query query = {.page = {(int)number, PAGE_SIZE}};
    if (artifacts_page(&session->db, &session->caller, &query, &(struct artifact_filter){0}, &text, e) < 0 ||
        json_parse(text, strlen(text), "the files", &page, e) < 0)
        return NULL;
    json_t *list = number == 1 ? mcp_browser_files(session) : json_array();
    const json_t *items = json_object_get(page, "items");
    for (size_t i = 0; i < json_array_size(items); i++)
        json_array_append_new(list, resource_of(json_array_get(items, i)));
    if (number < json_int_or(page, "pages", 0))
        next = memory_print("%lld", (long long)number + 1);
    return json_pack("{s:o, s:s*}", "resources", list, "nextCursor", next);
}

static int append(void *user, const void *data, size_t length) {
    text_append(user, data, length);
    return 0;
}

/* Text as text, everything else as base64. */
static json_t *contents(const char *uri, const char *media_type, const struct text *data) {
    cleanup_text struct text encoded = {0};
    bool words = text_starts_with(media_type, "text/") || !strcmp(media_type, "application/json");
    json_t *text = words ? json_stringn(data->data ? data->data : "", data->length) : NULL;
    if (!text)
        text_append_base64(&encoded, data->data, data->length);
    return json_pack("{s:[{s:s, s:s, s:o}]}", "contents", "uri", uri, "mimeType", media_type, text ? "text" : "blob",
                     text ? text : json_string(encoded.data ? encoded.data : ""));
}

static json_t *read_artifact(struct mcp_session *session, const char *uri, const char *id, struct error *e) {
    cleanup_free char *answer = NULL;
    cleanup_json json_t *artifact = NULL;
    cleanup_text struct text data = {0};
    struct blob_sink sink = {append, &data};
    if (artifacts_get(&session->db, &session->caller, id, &answer, e) < 0 ||
        json_parse(answer, strlen(answer), "the file", &artifact, e) < 0)
        return NULL;
    if (json_int_or(artifact, "size", 0) > (int64_t)BYTES_MAX)
        return error_set(e, EFBIG, ERROR_TOO_LARGE, "the file has more than %zu MB: get it over HTTP", BYTES_MAX >> 20),
               NULL;
    if (artifacts_read(&session->db, &session->caller, id, 0, 0, &sink, e) < 0)
        return NULL;
    return contents(uri, json_text_or(artifact, "media_type", "application/octet-stream"), &data);
}

static json_t *read_thread(struct mcp_session *session, const char *uri, const char *id, struct error *e) {
    char *answer = NULL;
    if (threads_get(&session->db, &session->caller, id, &answer, e) < 0)
        return NULL;
    cleanup_text struct text data = {.data = answer, .length = strlen(answer)};
    return contents(uri, "application/json", &data);
}

json_t *mcp_resources_read(struct mcp_session *session, const json_t *params, struct error *e) {
    const char *uri = json_text_or(params, "uri", "");
    struct text file = {0};
    const char *media_type = NULL;
    if (text_starts_with(uri, SESSION) && mcp_browser_file(session, uri + strlen(SESSION), &file, &media_type))
        return contents(uri, media_type, &file);
    bool may = mcp_may(session, PERMISSION_THREADS_READ, MCP_READ);
    if (may && text_starts_with(uri, ARTIFACTS))
        return read_artifact(session, uri, uri + strlen(ARTIFACTS), e);
    if (may && text_starts_with(uri, THREADS))
        return read_thread(session, uri, uri + strlen(THREADS), e);
    return error_set(e, ENOENT, ERROR_NOT_FOUND, "there is no resource %.200s", uri), NULL;
}
