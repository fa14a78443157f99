/* The check functions of method_table.h. */
#include "base/memory.h"
#include "browsers/keeper/method_policy.h"
#include "browsers/protocol/launcher_protocol.h"
#include <ctype.h>
#include <errno.h>
#include <string.h>

/* The scheme as Chromium reads it: without spaces and control characters before it and without tabs and newlines
 * within, in lower case. Cut when too long to be one of ours. `ret_rest` is what follows the colon; false: no scheme,
 * which Chromium refuses by itself. */
static bool read_scheme(const char *url, char *scheme, size_t room, const char **ret_rest) {
    size_t length = 0;
    while (*url && (unsigned char)*url <= ' ')
        url++;
    for (; *url && *url != ':'; url++)
        if (!strchr("\t\r\n", *url) && length + 1 < room)
            scheme[length++] = (char)tolower((unsigned char)*url);
    scheme[length] = '\0';
    *ret_rest = *url ? url + 1 : url;
    return *url != '\0';
}

/* about:version and its like are names of Chromium's own pages. */
static bool is_harmless_about(const char *rest) {
    static const char *const names[] = {"blank", "srcdoc"};
    for (size_t i = 0; i < ARRAY_LENGTH(names); i++) {
        size_t length = strlen(names[i]);
        if (!strncasecmp(rest, names[i], length) && strchr("?#", rest[length]))
            return true;
    }
    return false;
}

static bool is_one_of(const char *name, const char *const *names, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (!strcmp(name, names[i]))
            return true;
    return false;
}

bool method_url_is_allowed(const char *url) {
    static const char *const plain[] = {"http", "https", "data", "javascript"};
    static const char *const inner[] = {"http", "https"};
    char scheme[16];
    const char *rest;
    if (!read_scheme(url, scheme, sizeof(scheme), &rest))
        return true;
    if (!strcmp(scheme, "about"))
        return is_harmless_about(rest);
    if (!strcmp(scheme, "blob")) { /* blob:null/ID, or the URL of its origin */
        return !read_scheme(rest, scheme, sizeof(scheme), &rest) || is_one_of(scheme, inner, ARRAY_LENGTH(inner));
    }
    return is_one_of(scheme, plain, ARRAY_LENGTH(plain));
}

/* A page whose load failed shows chrome-error://chromewebdata/, which has no rights. */
bool method_target_is_allowed(const char *url) {
    char scheme[16];
    const char *rest;
    return method_url_is_allowed(url) ||
           (read_scheme(url, scheme, sizeof(scheme), &rest) && !strcmp(scheme, "chrome-error"));
}

int check_url(json_t *params, struct error *e) {
    const char *url = json_string_value(json_object_get(params, "url"));
    if (!url || method_url_is_allowed(url))
        return 0;
    return error_set(e, EPERM, ERROR_FORBIDDEN, "only web pages (http, https, data, blob, about:blank), not %.100s",
                     url);
}

bool method_path_is_allowed(const char *path) {
    static const char folder[] = LAUNCHER_TRANSFER_PATH "/";
    if (strncmp(path, folder, strlen(folder)) || strlen(path) == strlen(folder))
        return false;
    for (const char *part = path; (part = strchr(part, '/')); part++) {
        size_t length = strcspn(part + 1, "/");
        if ((length == 1 && part[1] == '.') || (length == 2 && part[1] == '.' && part[2] == '.'))
            return false;
    }
    return true;
}

static int check_file_list(const json_t *files, struct error *e) {
    size_t i;
    json_t *file;
    if (files && !json_is_array(files))
        return error_set(e, EINVAL, ERROR_BAD_INPUT, "files is not a list");
    json_array_foreach (files, i, file) {
        const char *path = json_string_value(file);
        if (!path || !method_path_is_allowed(path))
            return error_set(e, EPERM, ERROR_FORBIDDEN, "files come from " LAUNCHER_TRANSFER_PATH ", not from %.100s",
                             path ? path : "no path");
    }
    return 0;
}

int check_files(json_t *params, struct error *e) {
    return check_file_list(json_object_get(params, "files"), e);
}

int check_drag_files(json_t *params, struct error *e) {
    return check_file_list(json_object_get(json_object_get(params, "data"), "files"), e);
}

int check_download_behavior(json_t *params, struct error *e) {
    if (json_object_get(params, "downloadPath"))
        json_object_set_new(params, "downloadPath", json_string(LAUNCHER_TRANSFER_PATH));
    return 0;
}

int check_browser_context(json_t *params, struct error *e) {
    json_object_del(params, "proxyServer");
    json_object_del(params, "proxyBypassList");
    json_object_del(params, "originsWithUniversalNetworkAccess");
    return 0;
}

int check_flatten(json_t *params, struct error *e) {
    if (json_is_true(json_object_get(params, "flatten")))
        return 0;
    return error_set(e, EINVAL, ERROR_BAD_INPUT, "flatten must be true");
}

int check_auto_attach(json_t *params, struct error *e) {
    return json_is_true(json_object_get(params, "autoAttach")) ? check_flatten(params, e) : 0;
}
