#include "agent/action.h"
#include "agent/action_table.h"
#include "agent/shapes.h"
#include "base/memory.h"
#include <string.h>

#define X(name, function, shape, doc) action_handler function;
ACTION_TABLE(X)
#undef X

const struct action action_rows[] = {
#define X(name, function, shape, doc) {#name, function, &(shape), doc},
    ACTION_TABLE(X)
#undef X
};
const size_t action_count = ARRAY_LENGTH(action_rows);

/* Steps that hold steps have the time of those. */
bool action_holds_steps(const struct action *action) {
    for (const struct field *field = action->shape->fields; field && field->name; field++)
        if (field->kind == FIELD_STEPS)
            return true;
    return action->shape == &shape_call;
}

const struct action *action_find(const char *name) {
    for (size_t i = 0; i < action_count; i++)
        if (!strcmp(action_rows[i].name, name))
            return &action_rows[i];
    return NULL;
}
