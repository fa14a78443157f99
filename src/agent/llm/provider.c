#include "agent/llm/provider.h"
#include "base/memory.h"
#include "base/text.h"
#include <errno.h>
#include <string.h>

/* Where a provider of a kind is when nobody says otherwise, and the setting of its key when it is called as its kind.
 */
static const struct {
    const char *base_url, *key_origin;
} kinds[] = {
    [LLM_OPENAI] = {"https://api.openai.com/v1", "OPENAI_API_KEY"},
    [LLM_ANTHROPIC] = {"https://api.anthropic.com", "ANTHROPIC_API_KEY"},
};

void llm_settings_apply_model(struct llm_settings *settings, const json_t *model) {
    struct llm_price *price = &settings->price;
    settings->context_tokens = json_int_or(model, "context_tokens", settings->context_tokens);
    settings->max_tokens = json_int_or(model, "max_tokens", settings->max_tokens);
    settings->vision = json_bool_or(model, "vision", settings->vision);
    price->input = json_int_or(model, "input_price", price->input);
    price->output = json_int_or(model, "output_price", price->output);
    price->cached = json_int_or(model, "cached_price", price->cached);
    if (json_is_object(json_object_get(model, "extra"))) {
        json_decref(settings->extra);
        settings->extra = json_deep_copy(json_object_get(model, "extra"));
    }
}

static int wrong(const char *provider, const char *how, struct error *e) {
    error_set(e, EINVAL, ERROR_BAD_CONFIG, "the provider of models \"%.60s\" cannot be used: %s", provider, how);
    error_hint(e, "Mend it in the administration, or in MODEL_PROVIDERS");
    return -EINVAL;
}

static const char *key_origin(const json_t *model, enum llm_kind kind) {
    if (!strcmp(json_text_or(model, "source", ""), "database"))
        return "the provider's settings (administration, models)";
    return !strcmp(json_text_or(model, "provider", ""), llm_kind_name(kind)) ? kinds[kind].key_origin
                                                                             : "MODEL_PROVIDERS";
}

int llm_settings_from_model(const json_t *model, struct llm_settings *ret_settings, struct error *e) {
    const char *provider = json_text_or(model, "provider", ""), *name = json_text_or(model, "name", "");
    const char *url = json_text_or(model, "base_url", ""), *key = json_text_or(model, "api_key", "");
    enum llm_kind kind;
    if (llm_kind_parse(json_text_or(model, "kind", ""), &kind, e) < 0)
        return wrong(provider, "its kind is neither openai nor anthropic", e);
    if (!*url)
        url = kinds[kind].base_url;
    if (!text_starts_with(url, "http://") && !text_starts_with(url, "https://"))
        return wrong(provider, "its base_url is no http:// or https:// address", e);
    if (strpbrk(key, "\r\n"))
        return wrong(provider, "its key has a line break in it", e);
    *ret_settings = (struct llm_settings){
        .kind = kind,
        .provider = memory_copy_text(provider),
        .base_url = memory_copy_text(url),
        .api_key = memory_copy_text(key),
        .key_origin = memory_copy_text(key_origin(model, kind)),
        .model = memory_copy_text(name),
        .temperature = -1,
        .price = {.cached = -1},
    };
    llm_settings_apply_model(ret_settings, model);
    return 0;
}
