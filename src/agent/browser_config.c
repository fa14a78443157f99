#include "agent/browser_config.h"
#include "base/memory.h"
#include <curl/curl.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ZONES         "/usr/share/zoneinfo"
#define HEADERS_MAX   50
#define HEADER_LENGTH 4000

static const struct shape shape_viewport = {
    .name = "viewport",
    .doc = "The size of pages. Windows that pages open have it too.",
    .fields =
        (const struct field[]){
            {"width", FIELD_INT, "in CSS pixels", .least = 1, .most = 10000, .required = true},
            {"height", FIELD_INT, "in CSS pixels", .least = 1, .most = 10000, .required = true},
            {"device_scale_factor", FIELD_NUMBER, "device pixels of a CSS pixel; default 1", .from = 0.1, .to = 10},
            {"mobile", FIELD_BOOL, "lay out as a phone does (meta viewport); client hints say mobile"},
            {"touch", FIELD_BOOL, "the screen can be touched; default: when mobile"},
            {NULL},
        },
};

static const struct shape shape_geolocation = {
    .name = "geolocation",
    .doc = "Where the browser says it is. Pages may ask for it without a question.",
    .fields =
        (const struct field[]){
            {"latitude", FIELD_NUMBER, "degrees north", .from = -90, .to = 90, .required = true},
            {"longitude", FIELD_NUMBER, "degrees east", .from = -180, .to = 180, .required = true},
            {"accuracy", FIELD_NUMBER, "metres; default 10", .from = 0.001, .to = 1000000},
            {NULL},
        },
};

static int check_proxy(const json_t *value, const char *path, struct error *e) {
    bool parts = json_object_get(value, "kind") && json_object_get(value, "host") && json_object_get(value, "port");
    if (!json_object_get(value, "url") == !parts)
        return error_set(e, EINVAL, ERROR_BAD_INPUT, "%s needs either url, or kind, host and port", path);
    return 0;
}

static const struct shape shape_proxy = {
    .name = "proxy",
    .doc = "A proxy between the egress gate and the web. Its address obeys the same rules as any other.",
    .shorthand = "url",
    .check = check_proxy,
    .fields =
        (const struct field[]){
            {"url", FIELD_TEXT, "socks5://user:password@host:port or http://host:port"},
            {"kind", FIELD_TEXT, "instead of a url", .choices = "socks5|http"},
            {"host", FIELD_TEXT, "its name or address"},
            {"port", FIELD_INT, "", .least = 1, .most = 65535},
            {"username", FIELD_TEXT, "when it asks for one"},
            {"password", FIELD_TEXT, "when it asks for one"},
            {NULL},
        },
};

static bool is_token(const char *name) {
    return *name && strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!#$%&'*+-.^_`|~") ==
                        strlen(name);
}

static bool is_printable(const char *text) {
    for (; *text; text++)
        if ((unsigned char)*text < ' ' || (unsigned char)*text > '~')
            return false;
    return true;
}

/* Those that belong to the connection, and those that have a member of their own. */
static const char *why_forbidden(const char *name) {
    static const struct {
        const char *name, *why;
    } forbidden[] = {
        {"host", "it belongs to the connection"},
        {"connection", "it belongs to the connection"},
        {"content-length", "it belongs to the connection"},
        {"transfer-encoding", "it belongs to the connection"},
        {"upgrade", "it belongs to the connection"},
        {"te", "it belongs to the connection"},
        {"trailer", "it belongs to the connection"},
        {"keep-alive", "it belongs to the connection"},
        {"cookie", "use the step cookies"},
        {"user-agent", "use user_agent"},
        {"accept-language", "use locale"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(forbidden); i++)
        if (!strcasecmp(forbidden[i].name, name))
            return forbidden[i].why;
    return !strncasecmp(name, "proxy-", 6) ? "it belongs to the connection" : NULL;
}

static int check_header(const char *name, const json_t *value, const char *path, struct error *e) {
    const char *why = why_forbidden(name);
    if (!is_token(name))
        return error_set(e, EINVAL, ERROR_BAD_INPUT, "%s: \"%.60s\" is no header's name", path, name);
    if (why)
        return error_set(e, EINVAL, ERROR_BAD_INPUT, "%s.%s cannot be set: %s", path, name, why);
    if (!json_is_string(value) || json_string_length(value) > HEADER_LENGTH || !is_printable(json_string_value(value)))
        return error_set(e, EINVAL, ERROR_BAD_INPUT, "%s.%s must be a text of at most %d ASCII letters", path, name,
                         HEADER_LENGTH);
    return 0;
}

static int check_headers(const json_t *value, const char *path, struct error *e) {
    const char *name;
    json_t *header;
    int r = 0;
    if (json_object_size(value) > HEADERS_MAX)
        return error_set(e, E2BIG, ERROR_BAD_INPUT, "%s has more than %d headers", path, HEADERS_MAX);
    json_object_foreach ((json_t *)value, name, header) {
        if (!r)
            r = check_header(name, header, path, e);
    }
    return r;
}

static const struct field no_fields[] = {{NULL}};
static const struct shape shape_headers = {
    .name = "headers",
    .doc = "An object: the value of each header, sent with every request of pages, frames and workers. Requests to "
           "domains that `allowed_domains` leaves out are refused by the gate, so that these get no header either.",
    .fields = no_fields,
    .open = true,
    .check = check_headers,
};

static int refuse(struct error *e, const char *path, const char *member, const char *wanted) {
    return error_set(e, EINVAL, ERROR_BAD_INPUT, "%s.%s must be %s", path, member, wanted);
}

static bool is_locale(const char *text) {
    size_t first = strspn(text, "abcdefghijklmnopqrstuvwxyz"), length = strlen(text);
    if (first < 2 || first > 3 || length > 35 || (text[first] && text[first] != '-') || text[length - 1] == '-')
        return false;
    return strspn(text + first, "-abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") == length - first &&
           !strstr(text, "--");
}

/* Chromium has the same zones as the machine's tzdata; without one it is asked when the agent runs. */
static bool is_timezone(const char *text) {
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_+-/";
    if (!*text || *text == '/' || strlen(text) > 64 || strspn(text, letters) != strlen(text))
        return false;
    cleanup_free char *file = memory_print(ZONES "/%s", text);
    return access(ZONES "/Europe", F_OK) || !access(file, F_OK);
}

static int check_config(const json_t *value, const char *path, struct error *e) {
    const char *agent = json_text_or(value, "user_agent", NULL);
    const char *locale = json_text_or(value, "locale", NULL), *zone = json_text_or(value, "timezone", NULL);
    cleanup_json json_t *upstream = NULL;
    if (agent && (!*agent || strlen(agent) > 1000 || !is_printable(agent)))
        return refuse(e, path, "user_agent", "a text of 1 to 1000 ASCII letters");
    if (locale && !is_locale(locale))
        return refuse(e, path, "locale", "a language such as de, de-DE or zh-Hans-CN");
    if (zone && !is_timezone(zone))
        return refuse(e, path, "timezone", "a time zone's name such as Europe/Berlin");
    return browser_config_upstream(value, &upstream, e);
}

const struct shape shape_browser_config = {
    .name = "browser_config",
    .check = check_config,
    .fields =
        (const struct field[]){
            {"viewport", FIELD_SHAPE, "the size of pages; default 1280 x 900", &shape_viewport},
            {"user_agent", FIELD_TEXT,
             "how the browser calls itself; client hints (Sec-CH-UA, navigator.userAgentData) and navigator.platform "
             "are made to fit it"},
            {"locale", FIELD_TEXT, "de-DE: Accept-Language, navigator.languages, and how Intl writes"},
            {"timezone", FIELD_TEXT, "Europe/Berlin: what Date and Intl go by"},
            {"geolocation", FIELD_SHAPE, "where the browser says it is", &shape_geolocation},
            {"color_scheme", FIELD_TEXT, "prefers-color-scheme", .choices = "light|dark"},
            {"headers", FIELD_SHAPE, "headers for every request", &shape_headers},
            {"blocked_resources", FIELD_TEXTS, "kinds of requests that are not made",
             .choices = "image|media|font|stylesheet|script|texttrack|xhr|fetch|eventsource|manifest|ping|other"},
            {"allowed_domains", FIELD_TEXTS, "only these and their subdomains are reached"},
            {"blocked_domains", FIELD_TEXTS, "these and their subdomains are not reached"},
            {"proxy", FIELD_SHAPE, "a proxy between the gate and the web", &shape_proxy},
            {"memory_mb", FIELD_INT, "the browser's memory, within the role's limit", .least = 256, .most = 65536},
            {"cpus", FIELD_NUMBER, "its share of processors", .from = 0.1, .to = 64},
            {"timeout_ms", FIELD_INT, "the longest a run may take", .least = 1000, .most = 86400000},
            {"idle_ms", FIELD_INT, "how long nothing may be asked of it", .least = 1000, .most = 86400000},
            {"queue_ms", FIELD_INT, "how long a run waits for a free browser", .least = 0, .most = 3600000},
            {"profile", FIELD_TEXT, "keep: the next thread begins where this one ended (cookies, storage)",
             .choices = "keep|none"},
            {NULL},
        },
};

static bool has_template(const json_t *value) {
    const char *key;
    json_t *member;
    if (json_is_string(value))
        return strstr(json_string_value(value), "{{");
    for (size_t i = 0; i < json_array_size(value); i++)
        if (has_template(json_array_get(value, i)))
            return true;
    json_object_foreach ((json_t *)value, key, member) {
        if (has_template(member))
            return true;
    }
    return false;
}

int browser_config_check(const json_t *config, struct error *e) {
    cleanup_json json_t *given = json_object();
    const char *key;
    json_t *member;
    if (config && !json_is_object(config))
        return error_set(e, EINVAL, ERROR_BAD_INPUT, "browser_config must be an object");
    if (has_template(config))
        return error_set(e, EINVAL, ERROR_BAD_INPUT, "browser_config has a {{: templates are for scripts");
    json_object_foreach ((json_t *)config, key, member) {
        if (!json_is_null(member))
            json_object_set(given, key, member);
    }
    return shape_check(&shape_browser_config, given, "browser_config", e);
}

static int url_part(CURLU *url, CURLUPart part, unsigned flags, json_t *upstream, const char *name) {
    char *text = NULL;
    CURLUcode code = curl_url_get(url, part, &text, flags);
    if (code != CURLUE_OK)
        return -ENOENT;
    json_object_set_new(upstream, name, json_string(text));
    curl_free(text);
    return 0;
}

static int upstream_of_url(const char *text, json_t **ret_upstream, struct error *e) {
    CURLU *url = curl_url();
    cleanup_json json_t *upstream = json_object();
    bool good = curl_url_set(url, CURLUPART_URL, text, CURLU_NON_SUPPORT_SCHEME) == CURLUE_OK &&
                !url_part(url, CURLUPART_SCHEME, 0, upstream, "kind") &&
                !url_part(url, CURLUPART_HOST, 0, upstream, "host") &&
                !url_part(url, CURLUPART_PORT, CURLU_DEFAULT_PORT, upstream, "port");
    url_part(url, CURLUPART_USER, CURLU_URLDECODE, upstream, "username");
    url_part(url, CURLUPART_PASSWORD, CURLU_URLDECODE, upstream, "password");
    curl_url_cleanup(url);
    const char *kind = json_text_or(upstream, "kind", "");
    if (!good || (strcmp(kind, "socks5") && strcmp(kind, "http")))
        return refuse(e, "browser_config", "proxy", "a URL like socks5://user:password@host:port or http://host:port");
    json_object_set_new(upstream, "port", json_integer(atoi(json_text_or(upstream, "port", "0"))));
    *ret_upstream = take_pointer(upstream);
    return 0;
}

int browser_config_upstream(const json_t *config, json_t **ret_upstream, struct error *e) {
    json_t *proxy = json_object_get(config, "proxy");
    const char *url = json_is_string(proxy) ? json_string_value(proxy) : json_text_or(proxy, "url", NULL);
    if (url)
        return upstream_of_url(url, ret_upstream, e);
    *ret_upstream = proxy ? json_incref(proxy) : json_null();
    return 0;
}

void browser_config_print(struct text *out) {
    static const struct shape *const parts[] = {&shape_viewport, &shape_geolocation, &shape_headers, &shape_proxy};
    text_append_string(
        out,
        "# browser_config\n\n"
        "How an agent's browser is to be. This page is made by `replinet script --browser-config`. It is checked when "
        "an agent is saved and again when it runs; `replinet run --browser-config JSON|@FILE` takes the same "
        "object.\n\n");
    shape_print(&shape_browser_config, out);
    for (size_t i = 0; i < ARRAY_LENGTH(parts); i++) {
        text_print(out, "## %s\n\n%s\n\n", parts[i]->name, parts[i]->doc);
        shape_print(parts[i], out);
    }
    text_append_string(
        out,
        "## What it reaches\n\n"
        "It holds in the first page, in windows and tabs that pages open, in iframes, also of other sites, and in "
        "workers, before the page's own script runs: each is stopped at its birth until it has been told. Where "
        "Chromium "
        "gives no way (seen with Chromium 156):\n\n"
        "* `navigator.platform` of workers stays the browser's own; so does `navigator.userAgent` of shared and "
        "service "
        "workers, although their requests carry the given one.\n"
        "* The file of a service worker is fetched with the browser's own User-Agent and Accept-Language and without "
        "`headers`; what the worker then asks for is as given.\n"
        "* The files of dedicated and shared workers carry no client hints, and `blocked_resources` does not hold them "
        "back; `allowed_domains` and `blocked_domains` do.\n"
        "* `viewport` is the page's: a frame of another site sees the browser's own screen and pixel ratio.\n"
        "* WebSockets are no kind of `blocked_resources`: use `blocked_domains`.\n\n");
}
