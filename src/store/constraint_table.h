/* What a violated constraint means to a person; a row per constraint that a client's input can violate. */
#pragma once

#define CONSTRAINT_TABLE(X)                                                                                            \
    X("users_email_unique", "somebody has this e-mail address already")                                                \
    X("users_name_check", "name must have at most 200 characters")                                                     \
    X("users_email_check", "an e-mail address has 3 to 254 characters")                                                \
    X("presets_name_unique", "there is a preset of this name already")                                                 \
    X("agents_name_unique", "there is an agent of this name already")                                                  \
    X("agents_preset_id_fkey", "there is no such preset, or agents still use it")                                      \
    X("credentials_name_unique", "there is a credential of this name already")                                         \
    X("credentials_name_check", "name must have 1 to 200 characters")                                                  \
    X("credentials_description_check", "description must have at most 10000 characters")                               \
    X("credentials_username_check", "username must have at most 1000 characters")                                      \
    X("model_providers_name_unique", "there is a provider of this name already")                                       \
    X("model_providers_name_check", "a provider's name has 1 to 40 characters of a-z, 0-9, _ and -")                   \
    X("model_providers_kind_check", "kind must be \"openai\" or \"anthropic\"")                                        \
    X("model_providers_base_url_check", "base_url must have at most 2000 characters")                                  \
    X("users_model_cost_day_check", "model_cost_day must be 0 or more")                                                \
    X("jobs_unique_key", "this work is waiting or running already")                                                    \
    X("presets_name_check", "name must have 1 to 200 characters")                                                      \
    X("presets_ai_model_check", "ai_model must be \"script\" or \"provider/model\"")                                   \
    X("presets_temperature_check", "temperature must be from 0 to 2")                                                  \
    X("presets_max_tokens_check", "max_tokens must be from 1 to 10000000")                                             \
    X("presets_description_check", "description must have at most 10000 characters")                                   \
    X("presets_system_prompt_check", "system_prompt must have at most 200000 characters")                              \
    X("presets_additional_config_check", "additional_config must be an object")                                        \
    X("agents_name_check", "name must have 1 to 200 characters")                                                       \
    X("agents_description_check", "description must have at most 10000 characters")                                    \
    X("agents_personal_instructions_check", "personal_instructions must have at most 200000 characters")               \
    X("agents_script_check", "script must be a list of steps or an object with \"steps\"")                             \
    X("agents_input_schema_check", "input_schema must be an object")                                                   \
    X("agents_result_schema_check", "result_schema must be an object")                                                 \
    X("agents_browser_config_check", "browser_config must be an object")                                               \
    X("agents_approvals_check", "approvals must be a list")                                                            \
    X("threads_inputs_check", "inputs must be an object")                                                              \
    X("threads_task_check", "task must have at most 200000 characters")                                                \
    X("artifacts_name_check", "a file's name must have 1 to 255 characters")
