/* Well-known providers of models, a row each: name, kind, base URL, the settings of its key and of its URL (NONE: it
 * has none of its own, MODEL_PROVIDERS names it).
 *
 * A provider of MODEL_PROVIDERS that is called as one of them needs neither kind nor base_url. The first two also say
 * where a kind is reached when nobody says otherwise. To add one: a row here and its line in docs/model.md. */
#pragma once

#define MODEL_PRESET_TABLE(X)                                                                                          \
    X("openai", "openai", "https://api.openai.com/v1", CONFIG_OPENAI_API_KEY, CONFIG_OPENAI_BASE_URL)                  \
    X("anthropic", "anthropic", "https://api.anthropic.com", CONFIG_ANTHROPIC_API_KEY, CONFIG_ANTHROPIC_BASE_URL)      \
    X("openrouter", "openai", "https://openrouter.ai/api/v1", NONE, NONE)                                              \
    X("google", "openai", "https://generativelanguage.googleapis.com/v1beta/openai", NONE, NONE)                       \
    X("mistral", "openai", "https://api.mistral.ai/v1", NONE, NONE)                                                    \
    X("deepseek", "openai", "https://api.deepseek.com/v1", NONE, NONE)                                                 \
    X("groq", "openai", "https://api.groq.com/openai/v1", NONE, NONE)                                                  \
    X("xai", "openai", "https://api.x.ai/v1", NONE, NONE)                                                              \
    X("ollama", "openai", "http://127.0.0.1:11434/v1", NONE, NONE)                                                     \
    X("vllm", "openai", "http://127.0.0.1:8000/v1", NONE, NONE)                                                        \
    X("llamacpp", "openai", "http://127.0.0.1:8080/v1", NONE, NONE)                                                    \
    X("lmstudio", "openai", "http://127.0.0.1:1234/v1", NONE, NONE)
