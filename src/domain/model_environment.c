#include "domain/model_environment.h"
#include "base/config.h"
#include "base/memory.h"
#include "base/text.h"
#include "domain/fields.h"
#include "domain/model_values.h"
#include <errno.h>
#include <string.h>

#define NAME_MAX_LENGTH 40

static const struct {
    const char *kind, *base_url;
    enum config_id key, url; /* of the provider that is called as its kind */
} kinds[] = {
    {"openai", "https://api.openai.com/v1", CONFIG_OPENAI_API_KEY, CONFIG_OPENAI_BASE_URL},
    {"anthropic", "https://api.anthropic.com", CONFIG_ANTHROPIC_API_KEY, CONFIG_ANTHROPIC_BASE_URL},
};

bool model_kind_is_known(const char *kind) {
    return *model_kind_base_url(kind);
}

const char *model_kind_base_url(const char *kind) {
    for (size_t i = 0; i < ARRAY_LENGTH(kinds); i++)
        if (!strcmp(kinds[i].kind, kind))
            return kinds[i].base_url;
    return "";
}

static bool is_name(const char *name) {
    size_t length = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_-");
    return length && length <= NAME_MAX_LENGTH && !name[length];
}

static int check_members(const char *name, const json_t *provider, struct error *e) {
    static const struct field fields[] = {{"kind", FIELD_TEXT, true},
                                          {"base_url", FIELD_TEXT, false},
                                          {"api_key", FIELD_TEXT, false},
                                          {"models", FIELD_ANY, false},
                                          {NULL, FIELD_ANY, false}};
    const json_t *models = json_object_get(provider, "models");
    int r = fields_check(name, fields, provider, e);
    if (!r && !model_kind_is_known(json_text_or(provider, "kind", "")))
        r = error_set(e, EINVAL, ERROR_BAD_INPUT, "%s.kind must be \"openai\" or \"anthropic\"", name);
    if (!r && models && !json_is_null(models))
        r = model_check_list(models, name, e);
    return r;
}

static int take_provider(json_t *providers, const char *name, json_t *provider, struct error *e) {
    int r = is_name(name)
                ? check_members(name, provider, e)
                : error_set(e, EINVAL, ERROR_BAD_INPUT,
                            "\"%.60s\" is no provider's name: a-z, 0-9, _ and -, at most %d", name, NAME_MAX_LENGTH);
    if (r < 0) {
        error_prefix(e, "MODEL_PROVIDERS");
        if (e)
            e->code = ERROR_BAD_CONFIG;
        return r;
    }
    json_t *taken = json_copy(provider);
    json_object_set_new(taken, "name", json_string(name));
    return json_array_append_new(providers, taken);
}

static int take_listed(json_t *providers, struct error *e) {
    const char *text = config_text(CONFIG_MODEL_PROVIDERS), *name;
    cleanup_json json_t *listed = NULL;
    json_t *provider;
    int r = 0;
    if (!*text)
        return 0;
    if (json_parse(text, strlen(text), "MODEL_PROVIDERS", &listed, e) < 0 || !json_is_object(listed)) {
        error_set(e, EINVAL, ERROR_BAD_CONFIG, "MODEL_PROVIDERS is not a JSON object");
        error_hint(e, "for example MODEL_PROVIDERS={\"local\":{\"kind\":\"openai\",\"base_url\":"
                      "\"http://127.0.0.1:11434/v1\"}}");
        return -EINVAL;
    }
    json_object_foreach (listed, name, provider)
        if (!r)
            r = take_provider(providers, name, provider, e);
    return r;
}

static bool has(const json_t *providers, const char *name) {
    size_t i;
    json_t *provider;
    json_array_foreach (providers, i, provider)
        if (!strcmp(json_text_or(provider, "name", ""), name))
            return true;
    return false;
}

/* A key, or an address of one's own, is what sets a provider up. */
static void take_single(json_t *providers) {
    for (size_t i = 0; i < ARRAY_LENGTH(kinds); i++) {
        const char *key = config_text(kinds[i].key), *url = config_text(kinds[i].url);
        if ((*key || *url) && !has(providers, kinds[i].kind))
            json_array_append_new(providers, json_pack("{s:s, s:s, s:s, s:s}", "name", kinds[i].kind, "kind",
                                                       kinds[i].kind, "base_url", url, "api_key", key));
    }
}

int model_environment_read(json_t **ret_providers, struct error *e) {
    cleanup_json json_t *providers = json_array();
    int r = take_listed(providers, e);
    if (r < 0)
        return r;
    take_single(providers);
    *ret_providers = take_pointer(providers);
    return 0;
}
