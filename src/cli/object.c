/* `replinet preset|agent|model-provider create FILE|- | show ID|NAME | ls | delete ID|NAME | export ID|NAME | import
 * FILE|- | revisions ID|NAME [REVISION] | restore ID|NAME REVISION`. */
#include "agent/definition.h"
#include "base/memory.h"
#include "base/text.h"
#include "cli/commands.h"
#include "cli/listing.h"
#include "cli/report.h"
#include "cli/session.h"
#include "domain/agents.h"
#include "domain/model_providers.h"
#include "domain/presets.h"
#include "domain/revisions.h"
#include <errno.h>
#include <getopt.h>
#include <string.h>

struct object_kind {
    const char *name, *noun; /* noun: of its actions in the audit */
    enum revisions_kind revisions;
    int (*create)(struct postgres *, const struct caller *, const json_t *, char **, struct error *);
    int (*get)(struct postgres *, const struct caller *, const char *, char **, struct error *);
    int (*remove)(struct postgres *, const struct caller *, const char *, int64_t, char **, struct error *);
    /* NULL: it has no revisions, and is neither exported nor imported. */
    int (*export)(struct cli_session *, const char *, json_t **, struct error *);
    int (*import)(struct cli_session *, const json_t *, char **, struct error *); /* within a transaction */
    int (*list)(struct postgres *, const struct caller *, const struct list_query *, char **, struct error *);
    struct listing_column columns[6];
};

/* What is carried from one instance to another. */
static const char *const preset_members[] = {"name",       "description",   "ai_model",          "temperature",
                                             "max_tokens", "system_prompt", "additional_config", NULL};
static const char *const agent_members[] = {"name",
                                            "description",
                                            "is_active",
                                            "personal_instructions",
                                            "script",
                                            "input_schema",
                                            "result_schema",
                                            "browser_config",
                                            "repeat_after_loss",
                                            "approvals",
                                            NULL};

/* Puts the members of an object that a domain function gave into document[name]. */
static int add_part(json_t *document, const char *name, const char *answer, const char *const *members,
                    struct error *e) {
    cleanup_json json_t *whole = NULL;
    int r = json_parse(answer, strlen(answer), "the answer", &whole, e);
    if (r < 0)
        return r;
    json_t *part = json_object();
    for (; *members; members++)
        json_object_set(part, *members, json_object_get(whole, *members));
    return json_object_set_new(document, name, part);
}

static int export_preset(struct cli_session *session, const char *reference, json_t **ret_document, struct error *e) {
    cleanup_json json_t *document = json_object();
    cleanup_free char *preset = NULL;
    int r = presets_get(&session->db, &session->caller, reference, &preset, e);
    if (!r)
        r = add_part(document, "preset", preset, preset_members, e);
    if (!r)
        *ret_document = take_pointer(document);
    return r;
}

static int export_agent(struct cli_session *session, const char *reference, json_t **ret_document, struct error *e) {
    cleanup_json json_t *agent = NULL, *document = NULL;
    cleanup_free char *text = NULL;
    int r = agents_get(&session->db, &session->caller, reference, &text, e);
    if (!r)
        r = json_parse(text, strlen(text), "the agent", &agent, e);
    if (!r)
        r = export_preset(session, json_text_or(agent, "preset_id", ""), &document, e);
    if (!r)
        r = add_part(document, "agent", text, agent_members, e);
    if (!r)
        *ret_document = take_pointer(document);
    return r;
}

/* -EINVAL unless the document has just these parts, objects all. */
static int check_parts(const json_t *document, const char *first, const char *second, struct error *e) {
    size_t parts = 1 + !!second;
    if (json_object_size(document) == parts && json_is_object(json_object_get(document, first)) &&
        (!second || json_is_object(json_object_get(document, second))))
        return 0;
    return error_set(e, EINVAL, ERROR_BAD_INPUT, "an export has the member%s \"%s\"%s%s%s and nothing else",
                     second ? "s" : "", first, second ? " and \"" : "", second ? second : "", second ? "\"" : "");
}

static int import_preset(struct cli_session *session, const json_t *document, char **ret_json, struct error *e) {
    int r = check_parts(document, "preset", NULL, e);
    return r < 0 ? r : presets_put(&session->db, &session->caller, json_object_get(document, "preset"), ret_json, e);
}

/* Both or none, as the transaction says: a preset alone is not left behind when its agent is refused. */
static int import_agent(struct cli_session *session, const json_t *document, char **ret_json, struct error *e) {
    cleanup_json json_t *preset = NULL, *agent = NULL;
    cleanup_free char *preset_text = NULL;
    int r = check_parts(document, "preset", "agent", e);
    if (!r)
        r = agent_check_definition(json_object_get(document, "agent"), e);
    if (!r)
        r = presets_put(&session->db, &session->caller, json_object_get(document, "preset"), &preset_text, e);
    if (!r)
        r = json_parse(preset_text, strlen(preset_text), "the preset", &preset, e);
    if (r < 0)
        return r;
    agent = json_copy(json_object_get(document, "agent"));
    json_object_set(agent, "preset_id", json_object_get(preset, "id"));
    return agents_put(&session->db, &session->caller, agent, ret_json, e);
}

static int create_agent(struct postgres *db, const struct caller *caller, const json_t *body, char **ret_json,
                        struct error *e) {
    int r = agent_check_definition(body, e);
    return r < 0 ? r : agents_create(db, caller, body, ret_json, e);
}

static int list_presets(struct postgres *db, const struct caller *caller, const struct list_query *query,
                        char **ret_json, struct error *e) {
    return presets_list(db, caller, query, NULL, ret_json, e);
}

static int list_agents(struct postgres *db, const struct caller *caller, const struct list_query *query,
                       char **ret_json, struct error *e) {
    return agents_list(db, caller, query, &(struct agent_filter){0}, ret_json, e);
}

static const struct object_kind preset_kind = {
    "preset",
    "preset",
    REVISIONS_OF_PRESETS,
    presets_create,
    presets_get,
    presets_delete,
    export_preset,
    import_preset,
    list_presets,
    {{"ID", "id"}, {"NAME", "name"}, {"MODEL", "ai_model"}, {"UPDATED", "updated_at"}, {NULL, NULL}},
};

static const struct object_kind agent_kind = {
    "agent",
    "agent",
    REVISIONS_OF_AGENTS,
    create_agent,
    agents_get,
    agents_delete,
    export_agent,
    import_agent,
    list_agents,
    {{"ID", "id"},
     {"NAME", "name"},
     {"STATUS", "status"},
     {"THREADS", "threads_total"},
     {"UPDATED", "updated_at"},
     {NULL, NULL}},
};

static int list_providers(struct postgres *db, const struct caller *caller, const struct list_query *query,
                          char **ret_json, struct error *e) {
    return model_providers_list(db, caller, ret_json, e);
}

static const struct object_kind provider_kind = {
    .name = "model-provider",
    .noun = "model_provider",
    .create = model_providers_create,
    .get = model_providers_get,
    .remove = model_providers_delete,
    .list = list_providers,
    .columns = {{"NAME", "name"},
                {"KIND", "kind"},
                {"KEY", "has_key"},
                {"ACTIVE", "is_active"},
                {"FROM", "source"},
                {NULL, NULL}},
};

struct object_call {
    const struct object_kind *kind;
    struct cli_session session;
    struct page page;
    bool json;
    const char *argument, *second; /* NULL: none */
};

/* What was made or deleted: all of it, or for people its kind and id. */
static int report_object(const struct object_call *call, const char *answer, struct error *e) {
    cleanup_json json_t *object = NULL;
    int r = json_parse(answer, strlen(answer), "the answer", &object, e);
    if (r < 0)
        return r;
    if (call->json)
        session_print(answer);
    else
        printf("%s %s\n", call->kind->name, json_text_or(object, "id", ""));
    return 0;
}

/* Notes the change, and makes it true. */
static int commit_change(struct object_call *call, struct transaction *transaction, const char *verb,
                         const char *before, const char *after, struct error *e) {
    cleanup_free char *action = memory_print("%s.%s", call->kind->noun, verb);
    struct audit_change change = {.action = action, .object_kind = call->kind->noun, .before = before, .after = after};
    int r = session_audit(&call->session, &change, e);
    return r < 0 ? r : postgres_commit(transaction, e);
}

static int object_create(struct object_call *call, struct error *e) {
    cleanup_transaction struct transaction transaction = {0};
    cleanup_json json_t *body = NULL;
    cleanup_free char *answer = NULL;
    int r = session_read_object(call->argument, &body, e);
    if (!r)
        r = postgres_begin(&call->session.db, &transaction, e);
    if (!r)
        r = call->kind->create(&call->session.db, &call->session.caller, body, &answer, e);
    if (!r)
        r = commit_change(call, &transaction, "create", NULL, answer, e);
    return r ? r : report_object(call, answer, e);
}

/* What the caller has under the name that an import will take; NULL: nothing. */
static char *find_replaced(struct object_call *call, const json_t *document) {
    const char *name = json_text_or(json_object_get(document, call->kind->name), "name", "");
    char *before = NULL;
    call->kind->get(&call->session.db, &call->session.caller, name, &before, NULL);
    return before;
}

static int object_import(struct object_call *call, struct error *e) {
    cleanup_transaction struct transaction transaction = {0};
    cleanup_json json_t *document = NULL;
    cleanup_free char *answer = NULL, *before = NULL;
    int r = session_read_object(call->argument, &document, e);
    if (!r)
        r = postgres_begin(&call->session.db, &transaction, e);
    if (!r) {
        before = find_replaced(call, document);
        r = call->kind->import(&call->session, document, &answer, e);
    }
    if (!r)
        r = commit_change(call, &transaction, "import", before, answer, e);
    return r ? r : report_object(call, answer, e);
}

static int object_export(struct object_call *call, struct error *e) {
    cleanup_json json_t *document = NULL;
    int r = call->kind->export(&call->session, call->argument, &document, e);
    if (r < 0)
        return r;
    cleanup_free char *text = json_print(document);
    session_print(text);
    return 0;
}

static int object_delete(struct object_call *call, struct error *e) {
    cleanup_transaction struct transaction transaction = {0};
    cleanup_free char *answer = NULL;
    int r = postgres_begin(&call->session.db, &transaction, e);
    if (!r)
        r = call->kind->remove(&call->session.db, &call->session.caller, call->argument, 0, &answer, e);
    if (!r)
        r = commit_change(call, &transaction, "delete", answer, NULL, e);
    return r ? r : report_object(call, answer, e);
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
    struct list_query query = {.page = call->page, .all = true};
    int r = call->kind->list(&call->session.db, &call->session.caller, &query, &answer, e);
    if (!r && call->json)
        session_print(answer);
    else if (!r)
        listing_print(answer, call->kind->columns);
    return r;
}

static int take_revision(const char *text, int64_t *ret_revision, struct error *e) {
    return text_parse_int(text, 1, INT64_MAX, ret_revision)
               ? error_set(e, EINVAL, ERROR_BAD_INPUT, "\"%s\" is no revision: a number from 1", text)
               : 0;
}

static int object_revisions(struct object_call *call, struct error *e) {
    static const struct listing_column columns[] = {{"REVISION", "revision"},
                                                    {"MADE", "created_at"},
                                                    {"CURRENT", "is_current"},
                                                    {"CHANGED", "changed"},
                                                    {NULL, NULL}};
    cleanup_free char *answer = NULL;
    int64_t revision = 0;
    int r = call->second ? take_revision(call->second, &revision, e) : 0;
    if (!r)
        r = call->second ? revisions_get(&call->session.db, &call->session.caller, call->kind->revisions,
                                         call->argument, revision, &answer, e)
                         : revisions_list(&call->session.db, &call->session.caller, call->kind->revisions,
                                          call->argument, 0, &answer, e);
    if (r < 0)
        return r;
    if (call->json || call->second)
        session_print(answer);
    else
        listing_print(answer, columns);
    return 0;
}

static int object_restore(struct object_call *call, struct error *e) {
    cleanup_transaction struct transaction transaction = {0};
    cleanup_free char *before = NULL, *answer = NULL;
    int64_t revision;
    int r = take_revision(call->second, &revision, e);
    if (!r)
        r = postgres_begin(&call->session.db, &transaction, e);
    if (!r)
        r = call->kind->get(&call->session.db, &call->session.caller, call->argument, &before, e);
    if (!r)
        r = revisions_restore(&call->session.db, &call->session.caller, call->kind->revisions, call->argument, revision,
                              0, &answer, e);
    if (!r)
        r = commit_change(call, &transaction, "restore", before, answer, e);
    return r ? r : report_object(call, answer, e);
}

static const struct {
    const char *name;
    int least, most;      /* arguments */
    bool needs_revisions; /* or what goes with them */
    int (*run)(struct object_call *call, struct error *e);
} verbs[] = {{"create", 1, 1, false, object_create},
             {"show", 1, 1, false, object_show},
             {"ls", 0, 0, false, object_list},
             {"delete", 1, 1, false, object_delete},
             {"export", 1, 1, true, object_export},
             {"import", 1, 1, true, object_import},
             {"revisions", 1, 2, true, object_revisions},
             {"restore", 2, 2, true, object_restore}};

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
        return report_usage(kind->name, "%s: wrong or missing arguments", kind->name);
    for (size_t i = 0; i < ARRAY_LENGTH(verbs); i++) {
        if (strcmp(verbs[i].name, arguments[optind]))
            continue;
        int given = count - optind - 1;
        if (given < verbs[i].least || given > verbs[i].most || (verbs[i].needs_revisions && !kind->export))
            break;
        call.argument = given > 0 ? arguments[optind + 1] : NULL;
        call.second = given > 1 ? arguments[optind + 2] : NULL;
        int r = session_open(&call.session, &e);
        if (!r)
            r = verbs[i].run(&call, &e);
        session_close(&call.session);
        return r < 0 ? report_failure(&e, call.json) : 0;
    }
    return report_usage(kind->name, "%s: wrong or missing arguments", kind->name);
}

int preset_command(int count, char **arguments) {
    return object_command(&preset_kind, count, arguments);
}

int agent_command(int count, char **arguments) {
    return object_command(&agent_kind, count, arguments);
}

int model_provider_command(int count, char **arguments) {
    return object_command(&provider_kind, count, arguments);
}
