#include "api/origins.h"
#include "base/config.h"
#include "base/memory.h"
#include "base/public_url.h"
#include "base/text.h"
#include "net/host.h"
#include <errno.h>
#include <string.h>
#include <strings.h>

/* scheme://host[:port], as browsers write origins; no path, no wildcard. */
static bool is_origin(const char *text) {
    const char *host = text_starts_with(text, "https://")  ? text + 8
                       : text_starts_with(text, "http://") ? text + 7
                                                           : "";
    struct host parsed;
    unsigned port;
    return !host_parse(host, strlen(host), &parsed) || !host_parse_with_port(host, strlen(host), &parsed, &port);
}

int origins_check(struct error *e) {
    cleanup_free char *list = memory_copy_text(config_text(CONFIG_CORS_ORIGINS));
    char *save = NULL;
    for (char *item = strtok_r(list, ", ", &save); item; item = strtok_r(NULL, ", ", &save))
        if (!is_origin(item)) {
            error_set(e, EINVAL, ERROR_BAD_CONFIG, "CORS_ORIGINS: \"%s\" is not an origin", item);
            error_hint(e, "write scheme://host or scheme://host:port, without a path; * is not taken");
            return -EINVAL;
        }
    return 0;
}

static bool is_listed(const char *list, const char *origin) {
    size_t length = strlen(origin);
    for (const char *at = list + strspn(list, ", "); *at; at += strspn(at, ", ")) {
        size_t item = strcspn(at, ", ");
        if (item == length && !strncasecmp(at, origin, length))
            return true;
        at += item;
    }
    return false;
}

bool origin_is_allowed(const char *origin) {
    return is_listed(config_text(CONFIG_CORS_ORIGINS), origin);
}

bool origin_is_ours(const char *origin, const char *host) {
    cleanup_free char *own = public_url();
    const char *behind = strstr(origin, "://");
    return origin_is_allowed(origin) || !strcasecmp(origin, own) || (host && behind && !strcasecmp(behind + 3, host));
}
