#include "cli/model_find.h"
#include "agent/llm/provider.h"
#include "domain/models.h"

#define DATABASE_MS 3000

int model_find(const char *ai_model, struct llm_settings *ret_settings, struct error *e) {
    cleanup_postgres struct postgres db = {0};
    json_t *model = NULL;
    bool open = !postgres_open(&(struct postgres_options){.purpose = "model", .timeout_ms = DATABASE_MS}, &db, NULL);
    /* whoever may read this machine's configuration may use every model */
    int r = models_open(open ? &db : NULL, ROLE_SUPER_ADMIN, ai_model, &model, e);
    if (r < 0)
        return r;
    r = llm_settings_from_model(model, ret_settings, e);
    models_close(model);
    return r;
}
