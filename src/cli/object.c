/* `replinet preset|agent create FILE|- | show ID|NAME | ls`. */
#include "agent/run.h"
#include "base/memory.h"
#include "base/text.h"
#include "cli/commands.h"
#include "cli/listing.h"
#include "cli/report.h"
#include "cli/session.h"
#include "domain/agents.h"
#include "domain/presets.h"
#include <errno.h>
#include <getopt.h>
#include <string.h>

struct object_kind {
    const char *name, *usage;
    int (*create)(struct postgres *, const struct caller *, const json_t *, char **, struct error *);
    int (*get)(struct postgres *, const struct caller *, const char *, char **, struct error *);
    int (*list)(struct postgres *, const struct caller *, const struct page *, char **, struct error *);
    struct listing_column columns[6];
};

static int create_agent(struct postgres *db, const struct caller *caller, const json_t *body, char **ret_json,
                        struct error *e) {
    json_t *script = json_object_get(body, "script");
    int r = script && !json_is_null(script) ? agent_check_script(script, e) : 0;
    return r < 0 ? r : agents_create(db, caller, body, ret_json, e);
}

static const struct object_kind preset_kind = {
    "preset",
    "Usage: replinet preset create FILE|-      make a preset from a JSON object\n"
    "       replinet preset show ID|NAME\n"
    "       replinet preset ls [--page N] [--size N]\n"
    "  --json    machine-readable output\n",
    presets_create,
    presets_get,
    presets_list,
    {{"ID", "id"}, {"NAME", "name"}, {"MODEL", "ai_model"}, {"UPDATED", "updated_at"}, {NULL, NULL}},
};

static const struct object_kind agent_kind = {
    "agent",
    "Usage: replinet agent create FILE|-       make an agent from a JSON object (preset_id: an id or a name)\n"
    "       replinet agent show ID|NAME\n"
    "       replinet agent ls [--page N] [--size N]\n"
    "  --json    machine-readable output\n",
    create_agent,
    agents_get,
    agents_list,
    {{"ID", "id"},
     {"NAME", "name"},
     {"STATUS", "status"},
     {"THREADS", "threads_total"},
     {"UPDATED", "updated_at"},
     {NULL, NULL}},
};

struct object_call {
    const struct object_kind *kind;
    struct session session;
    struct page page;
    bool json;
    const char *argument; /* NULL: none */
};

static int object_create(struct object_call *call, struct error *e) {
    cleanup_json json_t *body = NULL, *made = NULL;
    cleanup_free char *answer = NULL;
    int r = session_read_object(call->argument, &body, e);
    if (!r)
        r = call->kind->create(&call->session.db, &call->session.caller, body, &answer, e);
    if (!r)
        r = json_parse(answer, strlen(answer), "the answer", &made, e);
    if (r < 0)
        return r;
    if (call->json)
        session_print(answer);
    else
        printf("%s %s\n", call->kind->name, json_text_or(made, "id", ""));
    return 0;
}

static int object_show(struct object_call *call, struct error *e) {
    cleanup_free char *answer = NULL;
    int r = call->kind->get(&call->session.db, &call->session.caller, call->argument, &answer, e);
    if (!r)
        session_print(answer);
    return r;
}

static int object_list(struct object_call *call, struct error *e) {
    cleanup_free char *answer = NULL;
    int r = call->kind->list(&call->session.db, &call->session.caller, &call->page, &answer, e);
    if (!r && call->json)
        session_print(answer);
    else if (!r)
        listing_print(answer, call->kind->columns);
    return r;
}

static const struct {
    const char *name;
    bool takes_argument;
    int (*run)(struct object_call *call, struct error *e);
} verbs[] = {{"create", true, object_create}, {"show", true, object_show}, {"ls", false, object_list}};

static const struct option options[] = {{"json", no_argument, NULL, 'j'},
                                        {"page", required_argument, NULL, 'p'},
                                        {"size", required_argument, NULL, 's'},
                                        {NULL, 0, NULL, 0}};

static int take_options(struct object_call *call, int count, char **arguments) {
    int letter;
    int64_t number;
    opterr = 0;
    optind = 1;
    while ((letter = getopt_long(count, arguments, "", options, NULL)) != -1) {
        if (letter == '?' || (letter != 'j' && text_parse_int(optarg, 1, 1000000, &number)))
            return -EINVAL;
        if (letter == 'j')
            call->json = true;
        else if (letter == 'p')
            call->page.number = (int)number;
        else
            call->page.size = (int)number;
    }
    return 0;
}

static int object_command(const struct object_kind *kind, int count, char **arguments) {
    struct object_call call = {.kind = kind, .page = {.number = 1, .size = 50}};
    struct error e = {0};
    if (take_options(&call, count, arguments) < 0 || optind >= count)
        return report_usage(kind->usage, "%s: wrong or missing arguments", kind->name);
    for (size_t i = 0; i < ARRAY_LENGTH(verbs); i++) {
        if (strcmp(verbs[i].name, arguments[optind]))
            continue;
        if (count - optind - 1 != verbs[i].takes_argument)
            break;
        call.argument = verbs[i].takes_argument ? arguments[optind + 1] : NULL;
        int r = session_open(&call.session, &e);
        if (!r)
            r = verbs[i].run(&call, &e);
        session_close(&call.session);
        return r < 0 ? report_failure(&e, call.json) : 0;
    }
    return report_usage(kind->usage, "%s: wrong or missing arguments", kind->name);
}

int preset_command(int count, char **arguments) {
    return object_command(&preset_kind, count, arguments);
}

int agent_command(int count, char **arguments) {
    return object_command(&agent_kind, count, arguments);
}
