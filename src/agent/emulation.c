#include "agent/emulation.h"
#include "agent/user_agent.h"
#include "base/clock.h"
#include "base/memory.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define COMMANDS_MAX 16
#define ACCURACY     10.0

/* One CDP command. */
struct command {
    const char *method, *member; /* member of browser_config that it is for */
    json_t *params;
    bool page_only;
};

struct emulation {
    struct cdp_client *client;
    struct command commands[COMMANDS_MAX];
    size_t count;
};

static void add(struct emulation *emulation, const char *member, const char *method, json_t *params, bool page_only) {
    emulation->commands[emulation->count++] = (struct command){method, member, params, page_only};
}

static void add_viewport(struct emulation *emulation, const json_t *config) {
    const json_t *viewport = json_object_get(config, "viewport");
    bool mobile = json_bool_or(viewport, "mobile", false), touch = json_bool_or(viewport, "touch", mobile);
    if (!json_is_object(viewport))
        return;
    json_int_t width = json_int_or(viewport, "width", 0), height = json_int_or(viewport, "height", 0);
    add(emulation, "viewport", "Emulation.setDeviceMetricsOverride",
        json_pack("{s:I, s:I, s:I, s:I, s:f, s:b}", "width", width, "height", height, "screenWidth", width,
                  "screenHeight", height, "deviceScaleFactor", json_real_or(viewport, "device_scale_factor", 1),
                  "mobile", mobile),
        true);
    if (touch)
        add(emulation, "viewport", "Emulation.setTouchEmulationEnabled",
            json_pack("{s:b, s:i}", "enabled", 1, "maxTouchPoints", 5), false);
}

static void add_identity(struct emulation *emulation, const json_t *config, const char *own) {
    const char *agent = json_text_or(config, "user_agent", NULL), *locale = json_text_or(config, "locale", NULL);
    const json_t *viewport = json_object_get(config, "viewport");
    bool mobile = json_bool_or(viewport, "mobile", false);
    if (!agent && !locale && !mobile)
        return;
    add(emulation, agent ? "user_agent" : "locale", "Emulation.setUserAgentOverride",
        user_agent_override(agent ? agent : own, locale, mobile), false);
}

static void add_place(struct emulation *emulation, const json_t *config) {
    const json_t *place = json_object_get(config, "geolocation");
    const char *locale = json_text_or(config, "locale", NULL), *zone = json_text_or(config, "timezone", NULL);
    if (locale)
        add(emulation, "locale", "Emulation.setLocaleOverride", json_pack("{s:s}", "locale", locale), false);
    if (zone)
        add(emulation, "timezone", "Emulation.setTimezoneOverride", json_pack("{s:s}", "timezoneId", zone), false);
    if (json_is_object(place))
        add(emulation, "geolocation", "Emulation.setGeolocationOverride",
            json_pack("{s:f, s:f, s:f}", "latitude", json_real_or(place, "latitude", 0), "longitude",
                      json_real_or(place, "longitude", 0), "accuracy", json_real_or(place, "accuracy", ACCURACY)),
            true);
}

static void add_looks(struct emulation *emulation, const json_t *config) {
    const char *scheme = json_text_or(config, "color_scheme", NULL);
    if (scheme)
        add(emulation, "color_scheme", "Emulation.setEmulatedMedia",
            json_pack("{s:[{s:s, s:s}]}", "features", "name", "prefers-color-scheme", "value", scheme), false);
}

/* Headers go out only while the domain is enabled; its buffers are not needed. */
static void add_headers(struct emulation *emulation, const json_t *config) {
    json_t *headers = json_object_get(config, "headers");
    if (!json_object_size(headers))
        return;
    add(emulation, "headers", "Network.enable",
        json_pack("{s:i, s:i}", "maxTotalBufferSize", 0, "maxResourceBufferSize", 0), false);
    add(emulation, "headers", "Network.setExtraHTTPHeaders", json_pack("{s:O}", "headers", headers), false);
}

static const struct {
    const char *name, *type;
} resources[] = {
    {"image", "Image"},
    {"media", "Media"},
    {"font", "Font"},
    {"stylesheet", "Stylesheet"},
    {"script", "Script"},
    {"texttrack", "TextTrack"},
    {"xhr", "XHR"},
    {"fetch", "Fetch"},
    {"ping", "Ping"},
    {"manifest", "Manifest"},
    {"eventsource", "EventSource"},
    {"other", "Other"},
};

static void add_blocked(struct emulation *emulation, const json_t *config) {
    const json_t *kinds = json_object_get(config, "blocked_resources");
    json_t *patterns = json_array();
    for (size_t i = 0; i < json_array_size(kinds); i++)
        for (size_t j = 0; j < ARRAY_LENGTH(resources); j++)
            if (!strcmp(resources[j].name, json_string_value(json_array_get(kinds, i))))
                json_array_append_new(patterns,
                                      json_pack("{s:s, s:s}", "urlPattern", "*", "resourceType", resources[j].type));
    if (json_array_size(patterns))
        add(emulation, "blocked_resources", "Fetch.enable", json_pack("{s:O}", "patterns", patterns), false);
    json_decref(patterns);
}

static int grant(struct emulation *emulation, const json_t *config, int64_t deadline, struct error *e) {
    if (!json_is_object(json_object_get(config, "geolocation")))
        return 0;
    return cdp_call(emulation->client, NULL, "Browser.grantPermissions",
                    json_pack("{s:[s]}", "permissions", "geolocation"), clock_remaining_ms(deadline), NULL, e);
}

int emulation_make(const json_t *config, struct cdp_client *client, int64_t deadline, struct emulation **ret_emulation,
                   struct error *e) {
    cleanup_json json_t *version = NULL;
    int r = cdp_call(client, NULL, "Browser.getVersion", NULL, clock_remaining_ms(deadline), &version, e);
    if (r < 0)
        return r;
    struct emulation *emulation = memory_alloc(sizeof *emulation);
    emulation->client = client;
    add_viewport(emulation, config);
    add_identity(emulation, config, json_text_or(version, "userAgent", ""));
    add_place(emulation, config);
    add_looks(emulation, config);
    add_headers(emulation, config);
    add_blocked(emulation, config);
    r = grant(emulation, config, deadline, e);
    if (r < 0 || !emulation->count) {
        emulation_free(emulation);
        return r;
    }
    *ret_emulation = emulation;
    return 0;
}

void emulation_free(struct emulation *emulation) {
    for (size_t i = 0; emulation && i < emulation->count; i++)
        json_decref(emulation->commands[i].params);
    free(emulation);
}

void emulation_tell(const struct emulation *emulation, const char *session_id, const char *type) {
    bool page = !strcmp(type, "page");
    for (size_t i = 0; emulation && i < emulation->count; i++) {
        const struct command *command = &emulation->commands[i];
        if (page || !command->page_only)
            cdp_send(emulation->client, session_id, command->method, json_incref(command->params), NULL);
    }
}

int emulation_tell_now(const struct emulation *emulation, const char *session_id, int64_t deadline, struct error *e) {
    struct cdp_request requests[COMMANDS_MAX] = {0};
    size_t count = emulation ? emulation->count : 0;
    for (size_t i = 0; i < count; i++)
        requests[i] = (struct cdp_request){.session_id = session_id,
                                           .method = emulation->commands[i].method,
                                           .params = json_incref(emulation->commands[i].params)};
    int r = count ? cdp_call_many(emulation->client, requests, count, clock_remaining_ms(deadline), e) : 0;
    for (size_t i = 0; i < count; i++) {
        json_decref(requests[i].result);
        if (requests[i].error.code == ERROR_BROWSER)
            r = error_set(e, EINVAL, ERROR_BAD_INPUT, "the browser refuses browser_config.%s: %.200s",
                          emulation->commands[i].member, requests[i].error.text);
    }
    return r;
}

bool emulation_event(const struct emulation *emulation, const char *session_id, const char *method,
                     const json_t *params) {
    if (!emulation || strcmp(method, "Fetch.requestPaused"))
        return false;
    cdp_send(
        emulation->client, session_id, "Fetch.failRequest",
        json_pack("{s:s, s:s}", "requestId", json_text_or(params, "requestId", ""), "errorReason", "BlockedByClient"),
        NULL);
    return true;
}
