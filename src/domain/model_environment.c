#include "domain/model_environment.h"
#include "base/config.h"
#include "base/memory.h"
#include "base/text.h"
#include "domain/fields.h"
#include "domain/model_preset_table.h"
#include "domain/model_values.h"
#include <errno.h>
#include <sodium.h>
#include <string.h>

#define NAME_MAX_LENGTH 40

#define NONE CONFIG_COUNT

static const struct preset {
    const char *name, *kind, *base_url;
    enum config_id key, url;
} presets[] = {
#define X(name, kind, base_url, key, url) {name, kind, base_url, key, url},
    MODEL_PRESET_TABLE(X)
#undef X
};

static const struct preset *find_preset(const char *name) {
    for (size_t i = 0; i < ARRAY_LENGTH(presets); i++)
        if (!strcmp(presets[i].name, name))
            return &presets[i];
    return NULL;
}

const char *model_kind_base_url(const char *kind) {
    const struct preset *preset = find_preset(kind);
    return preset && !strcmp(preset->kind, kind) ? preset->base_url : "";
}

bool model_kind_is_known(const char *kind) {
    return *model_kind_base_url(kind);
}

/* What a provider that is called as a well-known one need not say. */
static void complete(const char *name, json_t *provider) {
    const struct preset *preset = find_preset(name);
    if (!preset)
        return;
    if (!json_object_get(provider, "kind"))
        json_object_set_new(provider, "kind", json_string(preset->kind));
    if (!json_object_get(provider, "base_url") && !strcmp(json_text_or(provider, "kind", ""), preset->kind))
        json_object_set_new(provider, "base_url", json_string(preset->base_url));
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

static int take_provider(json_t *providers, const char *name, const json_t *provider, struct error *e) {
    cleanup_json json_t *taken = json_copy((json_t *)provider);
    complete(name, taken);
    int r = is_name(name)
                ? check_members(name, taken, e)
                : error_set(e, EINVAL, ERROR_BAD_INPUT,
                            "\"%.60s\" is no provider's name: a-z, 0-9, _ and -, at most %d", name, NAME_MAX_LENGTH);
    if (r < 0) {
        error_prefix(e, "MODEL_PROVIDERS");
        if (e)
            e->code = ERROR_BAD_CONFIG;
        return r;
    }
    json_object_set_new(taken, "name", json_string(name));
    return json_array_append(providers, taken);
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
        error_hint(e, "for example MODEL_PROVIDERS={\"ollama\":{},\"mine\":{\"kind\":\"openai\",\"base_url\":"
                      "\"http://10.0.0.7/v1\"}}");
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

static const char *text_of(enum config_id id) {
    return id == NONE ? "" : config_text(id);
}

/* A key, or an address of one's own, is what sets a provider up. */
static void take_single(json_t *providers) {
    for (size_t i = 0; i < ARRAY_LENGTH(presets); i++) {
        const struct preset *preset = &presets[i];
        const char *key = text_of(preset->key), *url = text_of(preset->url);
        if ((*key || *url) && !has(providers, preset->name))
            json_array_append_new(providers, json_pack("{s:s, s:s, s:s, s:s}", "name", preset->name, "kind",
                                                       preset->kind, "base_url", url, "api_key", key));
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

void model_keys_wipe(json_t *providers) {
    size_t i;
    json_t *provider;
    json_array_foreach (providers, i, provider) {
        json_t *key = json_object_get(provider, "api_key");
        if (json_is_string(key))
            sodium_memzero((char *)json_string_value(key), json_string_length(key));
    }
}
