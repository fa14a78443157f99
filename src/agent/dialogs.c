#include "agent/dialogs.h"
#include <string.h>

void dialogs_done(struct dialogs *dialogs) {
    json_decref(dialogs->plans);
    json_decref(dialogs->last);
}

void dialogs_plan(struct dialogs *dialogs, const char *on, bool accept, const char *text, int64_t times) {
    if (!dialogs->plans)
        dialogs->plans = json_array();
    json_array_append_new(dialogs->plans, json_pack("{s:s*, s:b, s:s*, s:I}", "on", on, "accept", accept, "text", text,
                                                    "times", (json_int_t)times));
}

/* The oldest plan for this kind of dialog, one time less; NULL. The caller's reference. */
static json_t *take_plan(struct dialogs *dialogs, const char *type) {
    size_t i;
    json_t *plan;
    json_array_foreach (dialogs->plans, i, plan) {
        if (strcmp(json_text_or(plan, "on", type), type))
            continue;
        int64_t left = json_int_or(plan, "times", 1) - 1;
        json_object_set_new(plan, "times", json_integer((json_int_t)left));
        json_incref(plan);
        if (left <= 0)
            json_array_remove(dialogs->plans, i);
        return plan;
    }
    return NULL;
}

json_t *dialogs_answer(struct dialogs *dialogs, const json_t *opening) {
    const char *type = json_text_or(opening, "type", "alert"), *given = json_text_or(opening, "defaultPrompt", "");
    cleanup_json json_t *plan = take_plan(dialogs, type);
    bool unasked = !strcmp(type, "alert") || !strcmp(type, "beforeunload");
    bool accept = plan ? json_bool_or(plan, "accept", true) : unasked;
    const char *text = !strcmp(type, "prompt") && accept ? json_text_or(plan, "text", given) : NULL;
    json_decref(dialogs->last);
    dialogs->last =
        json_pack("{s:s, s:s, s:s, s:s, s:b, s:s?}", "type", type, "message", json_text_or(opening, "message", ""),
                  "default", given, "url", json_text_or(opening, "url", ""), "accepted", accept, "text", text);
    dialogs->shown++;
    return json_pack("{s:b, s:s*}", "accept", accept, "promptText", text);
}
