#include "api/thread_script.h"
#include "agent/replay/inputs.h"
#include "agent/replay/parameters.h"
#include "agent/run.h"
#include "agent/script.h"
#include "agent/template.h"
#include "api/own_script.h"
#include "base/memory.h"
#include "base/schema.h"
#include "base/text.h"
#include "domain/agents.h"
#include "domain/events.h"
#include "domain/threads.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define KINDS "model.observed,model.called,step.finished,step.failed,person.acted,script.mended"

static int read_json(int r, char *text, const char *what, json_t **ret_json, struct error *e) {
    cleanup_free char *owned = text;
    return r < 0 ? r : json_parse(owned, strlen(owned), what, ret_json, e);
}

static int get_ended(struct postgres *db, const struct caller *caller, const char *thread_id, json_t **ret_thread,
                     struct error *e) {
    cleanup_json json_t *thread = NULL;
    char *text = NULL;
    int r = threads_get(db, caller, thread_id, &text, e);
    r = read_json(r, text, "the thread", &thread, e);
    if (r < 0)
        return r;
    if (!json_text_or(thread, "end_time", NULL))
        return error_set(e, EBUSY, ERROR_CONFLICT, "the thread goes on; its script is there when it has ended");
    *ret_thread = take_pointer(thread);
    return 0;
}

/* NULL: nothing is known of it; it may have been deleted, or be out of reach. */
static json_t *agent_of(struct postgres *db, const struct caller *caller, const json_t *thread) {
    cleanup_json json_t *agent = NULL;
    char *text = NULL;
    struct error ignored;
    int r = agents_get(db, caller, json_text_or(thread, "agent_id", ""), &text, &ignored);
    r = read_json(r, text, "the agent", &agent, &ignored);
    return r < 0 ? NULL : take_pointer(agent);
}

/* A thread's events while they become a script. */
struct collecting {
    json_t *steps, *left_out;
    json_t *own;    /* the agent's script, whose steps are among them; NULL: none */
    bool wants_own; /* they are to be: a model took part */
    size_t begin;   /* steps of the agent's with which they begin */
    json_t *click;  /* the last step of them when it is a model's click; borrowed, NULL */
    char *url;      /* where the model was; NULL: not known */
    int64_t after;
};

static void collecting_done(struct collecting *collecting) {
    json_decref(collecting->steps);
    json_decref(collecting->left_out);
    json_decref(collecting->own);
    free(collecting->url);
}

/* A click whose tab the model went to with its next call; that call is no step then. */
static bool follows_click(struct collecting *collecting, const json_t *data) {
    if (!collecting->click || !json_bool_or(data, "followed", false))
        return false;
    json_object_set_new(collecting->click, "follow", json_true());
    return true;
}

/* What a person did in a script's run begins where its page was. */
static void add_step(struct collecting *collecting, const json_t *data, bool by_person, json_t *step) {
    const char *url = json_text_or(data, "url", "");
    if (by_person && *url && !json_array_size(collecting->steps) && !json_object_get(step, "goto"))
        json_array_append_new(collecting->steps, json_pack("{s:s}", "goto", url));
    json_array_append(collecting->steps, step);
    collecting->click = by_person ? NULL : json_object_get(step, "click");
}

/* The model looked at the page again after its last call; what reads it, or ends the script, would come in the middle
 * of what the call set off. */
static json_t *last_look(void) {
    return json_pack("{s:{s:i, s:s}, s:i, s:b, s:s}", "wait_for", "ms", 500, "page", "quiet", "timeout_ms", 15000,
                     "optional", 1, "name", "See what comes of it");
}

static bool is_reading(const json_t *step) {
    return json_object_get(step, "extract") || json_object_get(step, "evaluate");
}

/* What a call of the model's own brought. */
static void add_readings(struct collecting *collecting, const json_t *readings) {
    const json_t *last = json_array_get(collecting->steps, json_array_size(collecting->steps) - 1);
    if (json_array_size(readings) && !is_reading(last))
        json_array_append_new(collecting->steps, last_look());
    json_array_extend(collecting->steps, (json_t *)readings);
}

static void leave_out(struct collecting *collecting, const json_t *data, const char *why) {
    collecting->click = NULL;
    const char *url = json_text_or(data, "url", collecting->url);
    json_array_append_new(collecting->left_out,
                          json_pack("{s:s, s:s, s:s*}", "action", json_text_or(data, "action", "unknown"), "why", why,
                                    "url", url && *url ? url : NULL));
}

static void note_url(struct collecting *collecting, const json_t *data) {
    free(collecting->url);
    collecting->url = memory_copy_text(json_text_or(data, "url", NULL));
}

static void add_called(struct collecting *collecting, const json_t *data) {
    size_t i;
    json_t *why;
    add_readings(collecting, json_object_get(data, "replay"));
    json_array_foreach (json_object_get(data, "left_out"), i, why)
        leave_out(collecting, data, json_string_value(why));
}

static void tell_unkept(struct collecting *collecting) {
    static const char why[] = "what the agent's script was at that time is not kept";
    if (collecting->wants_own)
        json_array_append_new(collecting->left_out, json_pack("{s:s, s:s}", "action", "script", "why", why));
    collecting->wants_own = false;
}

/* A step of the agent's that failed was optional, or ended the run. */
static void add_own(struct collecting *collecting, const json_t *data, bool failed) {
    json_t *step = own_script_step(collecting->own, json_text_or(data, "path", ""));
    if (!collecting->own)
        return tell_unkept(collecting);
    if (!step || (failed && !json_bool_or(data, "optional", false)))
        return;
    if (collecting->begin == json_array_size(collecting->steps))
        collecting->begin++;
    json_array_append(collecting->steps, step);
    collecting->click = NULL;
}

/* A script that is mended has in it what its model did. */
static void add_mended(struct collecting *collecting, const json_t *data, const char *kind, bool by_model) {
    if (!strcmp(kind, "script.mended"))
        own_script_mend(collecting->own, data);
    else if (!by_model)
        add_own(collecting, data, !strcmp(kind, "step.failed"));
}

static void add_event(struct collecting *collecting, const json_t *event) {
    const char *kind = json_text_or(event, "kind", "");
    const json_t *data = json_object_get(event, "data");
    json_t *step = json_object_get(data, "replay");
    bool by_person = !strcmp(kind, "person.acted");
    bool by_model = text_starts_with(json_text_or(data, "path", ""), "turn[");
    if (script_mends(collecting->own) && !by_person)
        add_mended(collecting, data, kind, by_model || text_starts_with(kind, "model."));
    else if (!strcmp(kind, "model.observed"))
        note_url(collecting, data);
    else if (!strcmp(kind, "model.called"))
        add_called(collecting, data);
    else if (by_model && follows_click(collecting, data))
        collecting->click = NULL;
    else if (by_model && !strcmp(kind, "step.failed"))
        leave_out(collecting, data, "it could not be done when it was tried");
    else if (json_is_object(step))
        add_step(collecting, data, by_person, step);
    else if (by_model || by_person)
        leave_out(collecting, data, json_text_or(data, "left_out", "the script language cannot say it"));
    else if (text_starts_with(kind, "step."))
        add_own(collecting, data, !strcmp(kind, "step.failed"));
}

/* 1: there are more events behind `after`. */
static int add_page(struct postgres *db, const struct caller *caller, const char *thread_id,
                    struct collecting *collecting, struct error *e) {
    struct events_filter filter = {.after = collecting->after, .limit = EVENTS_LIMIT_MAX, .kinds = KINDS};
    cleanup_json json_t *page = NULL;
    char *text = NULL;
    size_t i;
    json_t *event;
    int r = events_page(db, caller, thread_id, &filter, &text, e);
    r = read_json(r, text, "the events", &page, e);
    if (r < 0)
        return r;
    json_array_foreach (json_object_get(page, "items"), i, event)
        add_event(collecting, event);
    const char *next = json_text_or(page, "next", NULL);
    return next && !text_parse_int(next, 1, INT64_MAX, &collecting->after) ? 1 : 0;
}

static int refuse_nothing(struct error *e) {
    error_set(e, ENODATA, ERROR_CONFLICT,
              "nothing that a model or a person did in this thread can be repeated by a script");
    error_hint(e, "A thread that has run a script has it in its agent");
    return -ENODATA;
}

static int collect(struct postgres *db, const struct caller *caller, const char *thread_id,
                   struct collecting *collecting, struct error *e) {
    int more = 1;
    while (more > 0)
        more = add_page(db, caller, thread_id, collecting, e);
    if (more < 0)
        return more;
    if (!json_array_size(collecting->steps))
        return refuse_nothing(e);
    if (!is_reading(json_array_get(collecting->steps, json_array_size(collecting->steps) - 1)))
        json_array_append_new(collecting->steps, last_look());
    return 0;
}

static const json_t *schema_of(const json_t *agent, const char *member) {
    const json_t *schema = json_object_get(agent, member);
    return json_is_object(schema) ? schema : NULL;
}

static void add_inputs(json_t *answer, const json_t *agent, const json_t *thread, const json_t *parameters) {
    cleanup_json json_t *values = json_object(), *script = thread_script_of(answer);
    json_t *credentials = inputs_credentials(script);
    json_object_update(values, json_object_get(thread, "inputs"));
    json_object_update(values, (json_t *)parameters);
    json_object_set_new(answer, "input_schema", inputs_schema(script, schema_of(agent, "input_schema"), values));
    json_object_set_new(answer, "proposals", inputs_proposals(script));
    if (json_array_size(credentials))
        json_object_set(answer, "credentials", credentials);
    json_decref(credentials);
}

/* The agent's result_schema, when the steps bring enough of what the run brought. */
static void add_result_schema(json_t *answer, const json_t *agent, const json_t *thread) {
    const json_t *schema = schema_of(agent, "result_schema");
    cleanup_json json_t *brought = json_object(), *script = thread_script_of(answer);
    cleanup_json json_t *names = inputs_results(script);
    struct error ignored;
    size_t i;
    json_t *name;
    json_array_foreach (names, i, name) {
        const char *key = json_string_value(name);
        json_object_set(brought, key, json_object_get(json_object_get(thread, "results"), key));
    }
    if (schema && !schema_validate(schema, brought, "results", NULL, &ignored))
        json_object_set(answer, "result_schema", (json_t *)schema);
}

json_t *thread_script_of(const json_t *answer) {
    return json_pack("{s:O?, s:O*}", "steps", json_object_get(answer, "steps"), "scripts",
                     json_object_get(answer, "scripts"));
}

/* Otherwise the steps of the agent's script are in the agent, and those of a person stand for themselves. */
static bool model_took_part(const json_t *thread) {
    return json_int_or(json_object_get(thread, "usage"), "turns", 0) > 0;
}

static json_t *answer_of(const struct collecting *collecting, const json_t *parameters) {
    json_t *scripts = json_object_get(collecting->own, "scripts");
    cleanup_json json_t *texts = template_quote(parameters);
    json_t *answer = json_pack("{s:o, s:O, s:o*}", "steps", parameters_insert(collecting->steps, texts), "left_out",
                               collecting->left_out, "scripts",
                               json_object_size(scripts) ? parameters_insert(scripts, texts) : NULL);
    own_script_contain_stops(answer, collecting->begin);
    return answer;
}

int thread_script_make(struct postgres *db, const struct caller *caller, const char *thread_id,
                       const json_t *parameters, json_t **ret_answer, struct error *e) {
    struct collecting collecting = {.steps = json_array(), .left_out = json_array()};
    cleanup_json json_t *thread = NULL, *agent = NULL, *answer = NULL, *script = NULL;
    int r = get_ended(db, caller, thread_id, &thread, e);
    collecting.wants_own = !r && model_took_part(thread);
    if (collecting.wants_own)
        collecting.own = own_script_get(db, caller, thread);
    if (!r)
        r = collect(db, caller, thread_id, &collecting, e);
    if (!r)
        answer = answer_of(&collecting, parameters);
    collecting_done(&collecting);
    if (r < 0)
        return r;
    agent = agent_of(db, caller, thread);
    add_inputs(answer, agent, thread, parameters);
    add_result_schema(answer, agent, thread);
    script = thread_script_of(answer);
    r = agent_check_script(script, e);
    if (!r)
        *ret_answer = take_pointer(answer);
    return r;
}

int thread_script_parameters(const char *text, json_t **ret_parameters, struct error *e) {
    cleanup_json json_t *parsed = NULL;
    const char *name;
    json_t *value;
    int r = text && *text ? json_parse(text, strlen(text), "parameters", &parsed, e) : 0;
    if (r < 0)
        return r;
    if (parsed && !json_is_object(parsed))
        return error_set(e, EINVAL, ERROR_BAD_INPUT, "parameters must be an object such as {\"name\": \"Ada\"}");
    json_object_foreach (parsed, name, value) {
        if (!json_is_string(value) || !*json_string_value(value) || !*name || strpbrk(name, ".{}? "))
            return error_set(
                e, EINVAL, ERROR_BAD_INPUT,
                "parameters: %.60s must be a name without . { } ? or spaces, with a text that is not empty", name);
    }
    *ret_parameters = take_pointer(parsed);
    return 0;
}
