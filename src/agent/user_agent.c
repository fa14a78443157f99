#include "agent/user_agent.h"
#include "base/memory.h"
#include <string.h>

/* Systems by what stands in a user agent; the first that fits. Chromium freezes these versions in its own. */
static const struct system {
    const char *part, *hint, *version, *platform;
    bool phone;
} systems[] = {
    {"Android", "Android", "14.0.0", "Linux armv81", true},
    {"iPhone", "iOS", "17.0.0", "iPhone", true},
    {"iPad", "iOS", "17.0.0", "iPad", true},
    {"CrOS", "Chrome OS", "14541.0.0", "Linux x86_64", false},
    {"Windows", "Windows", "10.0.0", "Win32", false},
    {"Macintosh", "macOS", "14.0.0", "MacIntel", false},
    {"Linux", "Linux", "", "Linux x86_64", false},
};

static const struct system *system_of(const char *user_agent) {
    for (size_t i = 0; i < ARRAY_LENGTH(systems); i++)
        if (strstr(user_agent, systems[i].part))
            return &systems[i];
    return NULL;
}

/* Products of Chromium's kin by their token, the more special first. */
static const struct {
    const char *token, *brand;
} products[] = {
    {"Edg/", "Microsoft Edge"}, {"OPR/", "Opera"}, {"HeadlessChrome/", "HeadlessChrome"}, {"Chrome/", "Google Chrome"}};

static const char *version_after(const char *user_agent, const char *token, char version[32]) {
    const char *at = strstr(user_agent, token);
    size_t length = at ? strspn(at + strlen(token), "0123456789.") : 0;
    if (!length || length > 31)
        return NULL;
    memcpy(version, at + strlen(token), length);
    version[length] = '\0';
    return version;
}

static void add_brand(json_t *brands, json_t *full, const char *brand, const char *version) {
    size_t major = strcspn(version, ".");
    json_array_append_new(brands, json_pack("{s:s, s:s%}", "brand", brand, "version", version, major));
    json_array_append_new(full, json_pack("{s:s, s:s}", "brand", brand, "version", version));
}

/* Only Chromium's kin has client hints: with others nothing is sent. */
static json_t *metadata(const char *user_agent, bool mobile) {
    const struct system *system = system_of(user_agent);
    char version[32], chromium[32];
    if (!version_after(user_agent, "Chrome/", chromium))
        return NULL;
    json_t *brands = json_array(), *full = json_array();
    add_brand(brands, full, "Not?A_Brand", "24.0.0.0");
    add_brand(brands, full, "Chromium", chromium);
    for (size_t i = 0; i < ARRAY_LENGTH(products); i++)
        if (version_after(user_agent, products[i].token, version)) {
            add_brand(brands, full, products[i].brand, version);
            break;
        }
    bool phone = mobile || (system && system->phone && strstr(user_agent, "Mobile"));
    return json_pack("{s:o, s:o, s:s, s:s, s:s, s:s, s:s, s:b}", "brands", brands, "fullVersionList", full, "platform",
                     system ? system->hint : "Unknown", "platformVersion", system ? system->version : "",
                     "architecture", phone ? "" : "x86", "bitness", phone ? "" : "64", "model", "", "mobile", phone);
}

json_t *user_agent_override(const char *user_agent, const char *locale, bool mobile) {
    const struct system *system = system_of(user_agent);
    json_t *override =
        json_pack("{s:s, s:o*}", "userAgent", user_agent, "userAgentMetadata", metadata(user_agent, mobile));
    if (system)
        json_object_set_new(override, "platform", json_string(system->platform));
    size_t language = locale ? strcspn(locale, "-") : 0;
    cleanup_free char *languages = !locale            ? NULL
                                   : locale[language] ? memory_print("%s,%.*s", locale, (int)language, locale)
                                                      : memory_copy_text(locale);
    if (locale)
        json_object_set_new(override, "acceptLanguage", json_string(languages));
    return override;
}
