/* The tools that a model is given: those that are actions of scripts, with numbers of elements in place of targets, and
 * a few of its own. The table is tool_table.h; schemas, checks and docs/model.md come from it. */
#pragma once

#include "agent/shape.h"

struct mind;
struct tool;

/* One call of the model while it is carried out. */
struct call {
    struct mind *mind;
    const struct tool *tool;
    json_t *arguments;   /* checked; numbers and truths as such */
    const json_t *asked; /* the call as the model made it */
    const char *path;    /* "turn[7].calls[1]" */
    struct text answer;
    bool failed; /* the answer is an error */
};

/* replayed.c: tells of a call that is none of the script's actions what a script of the run has in its place, or why
 * it has nothing: event model.called. */
int replayed_tell(struct call *call, struct error *e);

/* 0: the model is told `answer`; -errno ends the run. */
typedef int tool_handler(struct call *call, struct error *e);

struct tool {
    const char *name;
    const char *action;        /* of action_table.h; NULL: one of its own */
    const struct shape *shape; /* of its own arguments */
    const char *fields;        /* those of the action that the model sees, "!" after what it must give */
    const char *fixed;         /* JSON: members that every call has; NULL */
    tool_handler *handler;
    int64_t wait_ms; /* how long it may take; 0: as a step of a script */
    const char *doc;
};

extern const struct tool tool_rows[];
extern const size_t tool_count;
const struct tool *tool_find(const char *name);

/* [{"name", "description", "schema"}]; `result_schema` (or NULL) is what `done` gets. The caller's. */
json_t *tools_list(const json_t *result_schema, bool people, bool credentials);
json_t *tool_schema(const struct tool *tool);

/* The arguments as they are checked: numbers and truths that came as texts read, unknown members refused. `ret` is the
 * caller's. */
int tool_arguments(const struct tool *tool, const json_t *given, json_t **ret_arguments, struct error *e);

/* The arguments of the script's action: numbers become {"element": n}. The caller's. */
json_t *tool_action_arguments(const struct tool *tool, const json_t *arguments);

/* calls.c: carries the calls of an answer out, in order. ret_results: [{"id", "text", "error"}], the caller's. */
int calls_run(struct mind *mind, const json_t *calls, json_t **ret_results, struct error *e);
