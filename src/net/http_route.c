/* Finds a request's route: the target is split into path and query, segments are compared with the table's patterns. */
#include "net/http_internal.h"
#include <errno.h>
#include <string.h>

static int hex_value(char c) {
    return c >= '0' && c <= '9' ? c - '0' : (c | 32) >= 'a' && (c | 32) <= 'f' ? (c | 32) - 'a' + 10 : -1;
}

int http_percent_decode(char *text, bool plus_is_space, size_t *ret_length) {
    char *out = text;
    for (char *in = text; *in; in++) {
        char c = *in;
        if (c == '%') {
            int high = hex_value(in[1]), low = high < 0 ? -1 : hex_value(in[2]);
            if (low < 0 || !(high | low))
                return -EINVAL;
            c = (char)(high << 4 | low);
            in += 2;
        } else if (c == '+' && plus_is_space)
            c = ' ';
        *out++ = c;
    }
    *out = '\0';
    if (!text_is_utf8(text, (size_t)(out - text)))
        return -EINVAL;
    if (ret_length)
        *ret_length = (size_t)(out - text);
    return 0;
}

/* The next segment of "/a/b": its start; *ret_length up to the next slash or the end. NULL when there is none. */
static const char *next_segment(const char **at, size_t *ret_length) {
    if (**at != '/')
        return NULL;
    const char *start = *at + 1;
    *ret_length = strcspn(start, "/");
    *at = start + *ret_length;
    return start;
}

static bool segment_matches(struct http_request *request, const char *pattern, size_t pattern_length, const char *raw,
                            size_t raw_length, struct http_parameter *parameters, size_t *count) {
    if (*pattern != '{' && !memchr(raw, '%', raw_length)) /* most of them, without a copy */
        return raw_length == pattern_length && !memcmp(raw, pattern, pattern_length);
    char *segment = arena_copy_bytes(&request->arena, raw, raw_length);
    if (http_percent_decode(segment, false, NULL) < 0)
        return false;
    if (*pattern != '{')
        return strlen(segment) == pattern_length && !memcmp(segment, pattern, pattern_length);
    if (!*segment || *count == HTTP_PARAMETERS_MAX)
        return false;
    parameters[(*count)++] = (struct http_parameter){pattern + 1, pattern_length - 2, segment};
    return true;
}

static bool route_matches(struct http_request *request, const struct http_route *route) {
    struct http_parameter parameters[HTTP_PARAMETERS_MAX];
    size_t count = 0, pattern_length, raw_length;
    const char *pattern_at = route->pattern, *path_at = request->path;
    for (;;) {
        const char *pattern = next_segment(&pattern_at, &pattern_length);
        const char *raw = next_segment(&path_at, &raw_length);
        if (!pattern || !raw) {
            if (pattern || raw || *path_at)
                return false;
            memcpy(request->parameters, parameters, count * sizeof *parameters);
            request->parameter_count = count;
            return true;
        }
        if (!segment_matches(request, pattern, pattern_length, raw, raw_length, parameters, &count))
            return false;
    }
}

static void split_target(struct http_request *request) {
    char *target = arena_copy_text(&request->arena, request->head.data);
    char *scheme = strstr(target, "://"); /* absolute form: "GET http://host/path" */
    if (*target != '/' && scheme)
        target = scheme + 3 + strcspn(scheme + 3, "/?");
    target[strcspn(target, "#")] = '\0';
    char *question = strchr(target, '?');
    if (question)
        *question++ = '\0';
    request->path = *target ? target : arena_copy_text(&request->arena, "/");
    request->query = question;
}

static bool method_fits(const struct http_request *request, const struct http_route *route) {
    return !strcmp(request->method, route->method) || (request->head_only && !strcmp(route->method, "GET"));
}

int http_request_resolve(struct http_request *request, struct error *e) {
    cleanup_text struct text allow = {0};
    split_target(request);
    request->resolved = true;
    for (const struct http_route *route = request->server->options.routes; route->method; route++) {
        if (!route_matches(request, route))
            continue;
        if (method_fits(request, route)) {
            request->route = route;
            return 0;
        }
        text_print(&allow, "%s%s", allow.length ? ", " : "", route->method);
    }
    if (!allow.length)
        return error_set(e, ENOENT, ERROR_NOT_FOUND, "there is nothing at this path");
    request->refusal_allow = arena_copy_text(&request->arena, allow.data);
    error_set(e, ENOTSUP, ERROR_METHOD_NOT_ALLOWED, "this path does not take %s", request->method);
    error_hint(e, "it takes %s", allow.data);
    return -ENOTSUP;
}
