#include "domain/models.h"
#include "base/config.h"
#include "base/memory.h"
#include "base/seal.h"
#include "base/text.h"
#include "domain/model_environment.h"
#include <errno.h>
#include <sodium.h>
#include <string.h>

#define ANY "*" /* the name of a model of a provider that lists none */

/* Those that are switched off too: they hide the environment's. The role decides later, model by model. */
static const struct statement READ = {
    "models_read",
    "SELECT coalesce(json_agg(json_build_object('id', p.id, 'name', p.name, 'kind', p.kind, 'base_url', p.base_url, "
    "'sealed', p.sealed, 'is_active', p.is_active, 'models', p.models, 'source', 'database') ORDER BY p.name), "
    "'[]'::json) FROM model_providers p"};

static void cleanup_providers_value(json_t **providers) {
    model_keys_wipe(*providers);
    json_decref(*providers);
}
#define cleanup_providers __attribute__((cleanup(cleanup_providers_value)))

static json_t *find(const json_t *list, const char *name, size_t length) {
    size_t i;
    json_t *item;
    json_array_foreach (list, i, item) {
        const char *its = json_text_or(item, "name", "");
        if (strlen(its) == length && !memcmp(its, name, length))
            return item;
    }
    return NULL;
}

static int read_database(struct postgres *db, json_t **ret_providers, struct error *e) {
    cleanup_free char *text = NULL;
    int r = postgres_value(db, &READ, &text, e);
    return r < 0 ? r : json_parse(text, strlen(text), "the providers", ret_providers, e);
}

/* All providers; those of the environment whose name the database (NULL: there is none) does not have come behind its
 * own. */
static int read_providers(struct postgres *db, json_t **ret_providers, struct error *e) {
    cleanup_providers json_t *environment = NULL;
    cleanup_json json_t *providers = db ? NULL : json_array();
    size_t i;
    json_t *provider;
    int r = db ? read_database(db, &providers, e) : 0;
    if (!r)
        r = model_environment_read(&environment, e);
    if (r < 0)
        return r;
    json_array_foreach (environment, i, provider) {
        const char *name = json_text_or(provider, "name", "");
        if (!find(providers, name, strlen(name)))
            json_array_append_new(providers, json_deep_copy(provider));
    }
    *ret_providers = take_pointer(providers);
    return 0;
}

static bool is_active(const json_t *provider) {
    return json_bool_or(provider, "is_active", true);
}

/* A provider that lists none is free for every role: its administrator did not say otherwise. */
static enum role least_role(const json_t *model) {
    return role_from_name(json_text_or(model, "min_role", "guest"));
}

/* A model with all its members, as lists and callers get it; `entry` NULL: one that the provider does not list. */
static json_t *describe(const json_t *provider, const json_t *entry, const char *name) {
    const char *provider_name = json_text_or(provider, "name", "");
    cleanup_free char *id = memory_print("%s/%s", provider_name, name);
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:I, s:b, s:I, s:I, s:I, s:s, s:b}", "id", id, "provider",
                     provider_name, "name", name, "label", json_text_or(entry, "label", name), "kind",
                     json_text_or(provider, "kind", ""), "source", json_text_or(provider, "source", "environment"),
                     "context_tokens", (json_int_t)json_int_or(entry, "context_tokens", 0), "vision",
                     json_bool_or(entry, "vision", false), "input_price",
                     (json_int_t)json_int_or(entry, "input_price", 0), "output_price",
                     (json_int_t)json_int_or(entry, "output_price", 0), "cached_price",
                     (json_int_t)json_int_or(entry, "cached_price", json_int_or(entry, "input_price", 0)), "min_role",
                     json_text_or(entry, "min_role", "guest"), "any", !strcmp(name, ANY));
}

static void list_provider(json_t *items, const json_t *provider, enum role role) {
    const json_t *models = json_object_get(provider, "models");
    size_t i;
    json_t *model;
    if (!is_active(provider))
        return;
    if (!json_array_size(models))
        json_array_append_new(items, describe(provider, NULL, ANY));
    json_array_foreach (models, i, model)
        if (role >= least_role(model))
            json_array_append_new(items, describe(provider, model, json_text_or(model, "name", "")));
}

int models_list(struct postgres *db, const struct caller *caller, char **ret_json, struct error *e) {
    cleanup_providers json_t *providers = NULL;
    cleanup_json json_t *items = json_array(), *answer = NULL;
    size_t i;
    json_t *provider;
    int r = read_providers(db, &providers, e);
    if (r < 0)
        return r;
    json_array_foreach (providers, i, provider)
        list_provider(items, provider, caller->role);
    answer = json_pack("{s:O}", "items", items);
    *ret_json = json_print(answer);
    return 0;
}

int models_exist(struct postgres *db, bool *ret_exist, struct error *e) {
    cleanup_providers json_t *providers = NULL;
    bool found = false;
    size_t i;
    json_t *provider;
    int r = read_providers(db, &providers, e);
    if (r < 0)
        return r;
    json_array_foreach (providers, i, provider)
        found |= is_active(provider);
    *ret_exist = found;
    return 0;
}

static int refuse_provider(const json_t *providers, const char *ai_model, int length, struct error *e) {
    cleanup_text struct text names = {0};
    size_t i;
    json_t *provider;
    json_array_foreach (providers, i, provider)
        if (is_active(provider))
            text_print(&names, "%s%s", names.length ? ", " : "", json_text_or(provider, "name", ""));
    error_set(e, EINVAL, ERROR_BAD_INPUT, "ai_model: no provider \"%.*s\" is set up for %.200s", length, ai_model,
              ai_model);
    if (names.length)
        error_hint(e, "there are: %.200s; \"script\" works without one", names.data);
    else
        error_hint(e,
                   "an administrator sets providers up (POST /api/v1/model-providers, or OPENAI_API_KEY and the like "
                   "in the configuration); \"script\" works without one");
    return -EINVAL;
}

static int refuse_model(const json_t *provider, const char *name, struct error *e) {
    cleanup_text struct text names = {0};
    size_t i;
    json_t *model;
    json_array_foreach (json_object_get(provider, "models"), i, model)
        text_print(&names, "%s%s", names.length ? ", " : "", json_text_or(model, "name", ""));
    error_set(e, EINVAL, ERROR_BAD_INPUT, "ai_model: the provider %s does not offer the model %.200s",
              json_text_or(provider, "name", ""), name);
    error_hint(e, "it offers: %.250s", names.data);
    return -EINVAL;
}

/* Finds provider and model of "provider/name" and asks whether the role may; ret_entry NULL: not listed, any goes. */
static int choose(const json_t *providers, enum role role, const char *ai_model, const json_t **ret_provider,
                  const json_t **ret_entry, struct error *e) {
    size_t length = strcspn(ai_model, "/");
    const char *name = ai_model[length] ? ai_model + length + 1 : "";
    if (!length || !*name)
        return error_set(e, EINVAL, ERROR_BAD_INPUT, "ai_model must be \"script\" or \"provider/model\"");
    const json_t *provider = find(providers, ai_model, length);
    if (!provider || !is_active(provider))
        return refuse_provider(providers, ai_model, (int)length, e);
    const json_t *models = json_object_get(provider, "models");
    const json_t *entry = find(models, name, strlen(name));
    if (!entry && json_array_size(models))
        return refuse_model(provider, name, e);
    if (role < least_role(entry))
        return error_set(e, EINVAL, ERROR_BAD_INPUT, "ai_model: %.200s is for the role %s and above, not for a %s",
                         ai_model, role_name(least_role(entry)), role_name(role));
    *ret_provider = provider;
    *ret_entry = entry;
    return 0;
}

int models_check(struct postgres *db, enum role role, const char *ai_model, struct error *e) {
    cleanup_providers json_t *providers = NULL;
    const json_t *provider, *entry;
    if (!strcmp(ai_model, "script"))
        return 0;
    int r = read_providers(db, &providers, e);
    return r < 0 ? r : choose(providers, role, ai_model, &provider, &entry, e);
}

static int open_key(const json_t *provider, json_t *model, struct error *e) {
    const char *sealed = json_text_or(provider, "sealed", NULL);
    char *key = NULL;
    if (!sealed)
        return json_object_set_new(model, "api_key", json_string(json_text_or(provider, "api_key", "")));
    int r = seal_text_open(sealed, config_text(CONFIG_SECRET_KEY), SEAL_MODEL_KEY, json_text_or(provider, "id", ""),
                           &key, e);
    if (r < 0)
        return error_prefix(e, "the key of provider %s", json_text_or(provider, "name", "")), r;
    json_object_set_new(model, "api_key", json_string(key));
    sodium_memzero(key, strlen(key));
    free(key);
    return 0;
}

int models_open(struct postgres *db, enum role role, const char *ai_model, json_t **ret_model, struct error *e) {
    cleanup_providers json_t *providers = NULL;
    const json_t *provider = NULL, *entry = NULL;
    int r = read_providers(db, &providers, e);
    if (!r)
        r = choose(providers, role, ai_model, &provider, &entry, e);
    if (r)
        return r;
    json_t *model = describe(provider, entry, strchr(ai_model, '/') + 1);
    const char *url = json_text_or(provider, "base_url", "");
    json_object_set_new(model, "base_url",
                        json_string(*url ? url : model_kind_base_url(json_text_or(provider, "kind", ""))));
    r = open_key(provider, model, e);
    if (r < 0)
        models_close(model);
    else
        *ret_model = model;
    return r;
}

void models_close(json_t *model) {
    json_t *key = json_object_get(model, "api_key");
    if (json_is_string(key))
        sodium_memzero((char *)json_string_value(key), json_string_length(key));
    json_decref(model);
}
