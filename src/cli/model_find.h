/* A model for commands: as the running instance's database knows it, else as the configuration does. */
#pragma once

#include "agent/llm/llm.h"

/* The caller frees (llm_settings_done). -errno says what is not set up. */
int model_find(const char *ai_model, struct llm_settings *ret_settings, struct error *e);
