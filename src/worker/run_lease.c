/* browser_config -> lease. */
#include "base/config.h"
#include "base/memory.h"
#include "worker/job_internal.h"
#include <curl/curl.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Limits that an agent may set: the member's name is the same in the lease. */
static const struct {
    const char *name;
    double least, most;
    bool whole;
} limits[] = {
    {"memory_mb", 256, 65536, true},   {"cpus", 0.1, 64, false},       {"timeout_ms", 1000, 86400000, true},
    {"idle_ms", 1000, 86400000, true}, {"queue_ms", 0, 3600000, true},
};

static int refuse(struct error *e, const char *member, const char *wanted) {
    return error_set(e, EINVAL, ERROR_BAD_INPUT, "the agent's browser_config.%s must be %s", member, wanted);
}

static int copy_limits(const json_t *config, json_t *lease, struct error *e) {
    for (size_t i = 0; i < ARRAY_LENGTH(limits); i++) {
        json_t *value = json_object_get(config, limits[i].name);
        if (!value || json_is_null(value))
            continue;
        cleanup_free char *wanted =
            memory_print("a %snumber from %g to %g", limits[i].whole ? "whole " : "", limits[i].least, limits[i].most);
        if (!(limits[i].whole ? json_is_integer(value) : json_is_number(value)) ||
            json_number_value(value) < limits[i].least || json_number_value(value) > limits[i].most)
            return refuse(e, limits[i].name, wanted);
        json_object_set(lease, limits[i].name, value);
    }
    return 0;
}

static int copy_domains(const json_t *config, const char *name, json_t *egress, struct error *e) {
    json_t *list = json_object_get(config, name), *item;
    size_t i;
    if (!list || json_is_null(list))
        return json_object_set_new(egress, name, json_array());
    if (!json_is_array(list))
        return refuse(e, name, "a list of domains");
    json_array_foreach (list, i, item) {
        if (!json_is_string(item))
            return refuse(e, name, "a list of domains");
    }
    return json_object_set(egress, name, list);
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
    static const char *const wanted = "a URL like socks5://user:password@host:port or http://host:port";
    CURLU *url = curl_url();
    json_t *upstream = json_object();
    bool good = curl_url_set(url, CURLUPART_URL, text, CURLU_NON_SUPPORT_SCHEME) == CURLUE_OK &&
                !url_part(url, CURLUPART_SCHEME, 0, upstream, "kind") &&
                !url_part(url, CURLUPART_HOST, 0, upstream, "host") &&
                !url_part(url, CURLUPART_PORT, CURLU_DEFAULT_PORT, upstream, "port");
    url_part(url, CURLUPART_USER, CURLU_URLDECODE, upstream, "username");
    url_part(url, CURLUPART_PASSWORD, CURLU_URLDECODE, upstream, "password");
    curl_url_cleanup(url);
    const char *kind = json_text_or(upstream, "kind", "");
    if (!good || (strcmp(kind, "socks5") && strcmp(kind, "http"))) {
        json_decref(upstream);
        return refuse(e, "proxy", wanted);
    }
    json_object_set_new(upstream, "port", json_integer(atoi(json_text_or(upstream, "port", "0"))));
    *ret_upstream = upstream;
    return 0;
}

static int add_upstream(const json_t *config, json_t *egress, struct error *e) {
    json_t *proxy = json_object_get(config, "proxy"), *upstream = NULL;
    if (!proxy || json_is_null(proxy))
        return json_object_set_new(egress, "upstream", json_null());
    if (json_is_object(proxy))
        return json_object_set(egress, "upstream", proxy);
    if (!json_is_string(proxy))
        return refuse(e, "proxy", "a URL or an object");
    int r = upstream_of_url(json_string_value(proxy), &upstream, e);
    return r < 0 ? r : json_object_set_new(egress, "upstream", upstream);
}

/* "profile": "keep" lets the agent's threads begin where the last one ended. */
static int copy_profile(const json_t *config, json_t *lease, struct error *e) {
    json_t *value = json_object_get(config, "profile");
    const char *text = json_string_value(value);
    if (!value || json_is_null(value) || (text && !strcmp(text, "none")))
        return 0;
    if (!text || strcmp(text, "keep"))
        return refuse(e, "profile", "\"keep\" or \"none\"");
    return json_object_set_new(lease, "profile", json_true());
}

int run_lease_make(const char *thread_id, const char *user_id, const json_t *browser_config, json_t **ret_lease,
                   struct error *e) {
    json_t *egress = json_object();
    cleanup_json json_t *lease =
        json_pack("{s:s, s:s, s:I, s:o}", "thread_id", thread_id, "user_id", user_id, "timeout_ms",
                  (json_int_t)config_int(CONFIG_BROWSER_TIMEOUT) * 1000, "egress", egress);
    int r = copy_limits(browser_config, lease, e);
    if (!r)
        r = copy_domains(browser_config, "allowed_domains", egress, e);
    if (!r)
        r = copy_domains(browser_config, "blocked_domains", egress, e);
    if (!r)
        r = add_upstream(browser_config, egress, e);
    if (!r)
        r = copy_profile(browser_config, lease, e);
    if (!r)
        *ret_lease = take_pointer(lease);
    return r;
}
