#include "worker/run_model.h"
#include "agent/llm/provider.h"
#include "base/memory.h"
#include "domain/models.h"
#include <string.h>

#define MS_PER_MINUTE 60000

static int64_t least_of(int64_t one, int64_t other) {
    return one <= 0 ? other : other <= 0 || one < other ? one : other;
}

static void apply_preset(const json_t *preset, struct llm_settings *llm) {
    const json_t *config = json_object_get(preset, "additional_config");
    llm->temperature = json_real_or(preset, "temperature", llm->temperature);
    llm->max_tokens = least_of(json_int_or(preset, "max_tokens", 0), llm->max_tokens);
    llm->context_tokens = least_of(json_int_or(config, "context_tokens", 0), llm->context_tokens);
    llm->vision = llm->vision && json_bool_or(config, "vision", true);
}

static const json_t *list_or_null(const json_t *value) {
    return json_is_array(value) ? value : NULL;
}

static void make_model(const json_t *facts, enum role role, struct run_model *run) {
    const json_t *preset = json_object_get(facts, "preset"), *agent = json_object_get(facts, "agent");
    const json_t *config = json_object_get(preset, "additional_config"), *limits = json_object_get(config, "limits");
    run->model = (struct agent_model){
        .llm = &run->llm,
        .system_prompt = json_text_or(preset, "system_prompt", NULL),
        .instructions = json_text_or(agent, "personal_instructions", NULL),
        .max_steps = least_of(json_int_or(limits, "steps", 0), quota_limit(role, QUOTA_MODEL_STEPS)),
        .max_seconds = json_int_or(limits, "seconds", 0),
        .max_tokens = json_int_or(limits, "tokens", 0),
        .max_cost_micro = json_int_or(limits, "cost_micro", 0),
        .calls_per_turn = json_int_or(config, "calls_per_turn", 0),
        .observation_bytes = json_int_or(config, "observation_bytes", 0),
        .question_ms = json_int_or(config, "question_minutes", 0) * MS_PER_MINUTE,
        .approvals = list_or_null(json_object_get(agent, "approvals")),
        .vision = run->llm.vision,
    };
}

int run_model_open(struct postgres *db, const json_t *facts, struct run_model *ret_model, struct error *e) {
    const json_t *preset = json_object_get(facts, "preset");
    const char *name = json_text_or(preset, "ai_model", "script");
    json_t *described = NULL;
    if (!strcmp(name, "script"))
        return 0;
    enum role role = role_from_name(json_text_or(facts, "owner_role", ""));
    int r = models_open(db, role, name, &described, e);
    if (r < 0)
        return r;
    r = llm_settings_from_model(described, &ret_model->llm, e);
    models_close(described);
    if (r < 0)
        return r;
    ret_model->is_open = true;
    apply_preset(preset, &ret_model->llm);
    make_model(facts, role, ret_model);
    return 0;
}

void run_model_done(struct run_model *model) {
    if (model->is_open)
        llm_settings_done(&model->llm);
    model->is_open = false;
}

const struct agent_model *run_model_options(const struct run_model *model) {
    return model->is_open ? &model->model : NULL;
}
