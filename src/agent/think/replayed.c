/* The model's own tools in the script of its run. */
#include "agent/think/mind.h"
#include "base/memory.h"
#include <string.h>

/* Why a script has nothing in a call's place. */
static const struct {
    const char *tool, *why;
} rows[] = {
    {"read_page", "it showed the page to the model; a script that is to bring some of it needs an extract step"},
    {"extract", "the model read it out of the page's text; a script needs an extract step for it"},
    {"ask_user", "a script asks nobody: what the person answered can be an input"},
    {"note", "the model wrote it down for itself"},
    {"done", "the model put the result together; a script needs an extract step for it"},
};

static const char *why_not(const char *tool) {
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++)
        if (!strcmp(rows[i].tool, tool))
            return rows[i].why;
    return "it is no action of scripts";
}

/* The end of a run that brings nothing is no loss to its script. */
static bool is_worth_telling(const struct call *call) {
    bool is_end = !strcmp(call->tool->name, "done");
    return !call->mind->mend_task && (!is_end || json_object_size(call->mind->run->results));
}

int replayed_tell(struct call *call, struct error *e) {
    const char *name = call->tool->name;
    if (call->failed || !is_worth_telling(call))
        return 0;
    cleanup_free char *message = memory_print("The model called %s", name);
    return mind_event(call->mind, LOG_INFO, "model.called", message,
                      json_pack("{s:s, s:s, s:s}", "path", call->path, "action", name, "left_out", why_not(name)), e);
}
