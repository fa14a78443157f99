/* Answers: what a call came to, put into the server's words. On the loop. */
#include "api/api_internal.h"
#include "base/json_scan.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/text.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>

/* What the domain finds wrong begins with its place, as in "browser_config.viewport.width must ...": that as a loc,
 * when the body has such a member. */
static json_t *place_of(const json_t *body, const char *text) {
    static const char ends[] = ".[]: ";
    cleanup_free char *first = memory_print("%.*s", (int)strcspn(text, ends), text);
    json_t *loc = json_pack("[s]", "body");
    if (!json_object_get(body, first))
        return loc;
    while (*text && *text != ' ' && *text != ':') {
        size_t length = strcspn(text, ends);
        int64_t index;
        cleanup_free char *part = memory_print("%.*s", (int)length, text);
        if (text[length] == ']' && text_parse_int(part, 0, INT32_MAX, &index) == 0)
            json_array_append_new(loc, json_integer(index));
        else if (length)
            json_array_append_new(loc, json_string(part));
        text += length + (text[length] == '.' || text[length] == '[' || text[length] == ']');
    }
    return loc;
}

/* FastAPI's shape: a list of what is wrong and where. */
static void answer_complaints(struct api_call *call, struct http_request *request) {
    const struct error *e = &call->inside->error;
    cleanup_json json_t *detail = take_pointer(call->inside->complaints);
    if (!detail)
        detail =
            json_pack("[{s:o, s:s, s:s}]", "loc", place_of(call->body, e->text), "msg", e->text, "type", "value_error");
    cleanup_json json_t *answer = json_pack("{s:O?, s:s, s:s, s:s}", "detail", detail, "code", error_name(e->code),
                                            "hint", e->hint, "request_id", http_request_id(request));
    if (answer)
        http_respond_json(request, 422, answer);
    else
        http_respond_error(request, e);
}

/* What failed inside is for the log; the client gets its request's id to ask about. */
static void answer_internal(struct api_call *call, struct http_request *request) {
    struct error shown;
    log_failure(&call->inside->error, "a request failed", LOG_TEXT("http.request.method", call->method),
                LOG_TEXT("url.path", call->path), LOG_TEXT("http.request.id", call->request_id),
                LOG_TEXT("user.id", call->who.caller.id));
    error_set(&shown, EIO, call->inside->error.code, "%s",
              call->inside->error.code == ERROR_UNAVAILABLE ? "a service that this needs does not answer"
                                                            : "something failed inside Replinet");
    error_hint(&shown, "%s",
               call->inside->error.code == ERROR_UNAVAILABLE
                   ? "try again in a moment"
                   : "an administrator finds it in the log by the request_id");
    if (shown.code == ERROR_UNAVAILABLE)
        http_add_header(request, "Retry-After", "2");
    http_respond_error(request, &shown);
}

static void answer_failure(struct api_call *call, struct http_request *request) {
    enum error_code code = call->inside->error.code;
    if (code == ERROR_BAD_INPUT)
        answer_complaints(call, request);
    else if (code == ERROR_INTERNAL || code == ERROR_UNAVAILABLE || code == ERROR_BAD_CONFIG)
        answer_internal(call, request);
    else
        http_respond_error(request, &call->inside->error);
}

static void add_headers(struct api_call *call, struct http_request *request) {
    char *save = NULL, *headers = call->answer_headers.data;
    for (char *line = headers ? strtok_r(headers, "\n", &save) : NULL; line; line = strtok_r(NULL, "\n", &save)) {
        char *colon = strstr(line, ": ");
        if (!colon)
            continue;
        *colon = '\0';
        http_add_header(request, line, colon + 2);
    }
    if (call->inside->replayed)
        http_add_header(request, "Idempotency-Replayed", "true");
}

/* Whether one of the listed ETags is this revision. */
static bool is_known(const char *list, const char *tag) {
    const char *found = list ? strstr(list, tag) : NULL;
    return found || (list && !strcmp(list, "*"));
}

/* True: answered with 304. */
static bool answer_by_etag(struct api_call *call, struct http_request *request) {
    int64_t revision;
    char tag[32];
    if (call->route->form != FORM_OBJECT || !call->answer ||
        !json_scan_int(call->answer, call->answer_length, "revision", &revision))
        return false;
    snprintf(tag, sizeof tag, "\"%lld\"", (long long)revision);
    http_add_header(request, "ETag", tag);
    if (strcmp(call->route->method, "GET") || !is_known(call->if_none_match, tag))
        return false;
    http_respond(request, 304, NULL, "", 0);
    return true;
}

void api_answer(struct api_call *call, struct http_request *request) {
    add_headers(call, request);
    if (call->inside->result < 0) {
        answer_failure(call, request);
        return;
    }
    if (answer_by_etag(call, request))
        return;
    bool empty = call->route->form == FORM_NOTHING && !call->answer;
    http_respond(request, call->status, empty ? NULL : call->answer_type, empty ? "" : call->answer,
                 empty ? 0 : call->answer_length);
}
