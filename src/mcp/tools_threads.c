#include "mcp/tools_threads.h"
#include "base/clock.h"
#include "base/memory.h"
#include "domain/agents.h"
#include "domain/artifacts.h"
#include "domain/audit.h"
#include "domain/events.h"
#include "domain/feed.h"
#include "domain/jobs_order.h"
#include "domain/questions.h"
#include "domain/threads.h"
#include <errno.h>
#include <poll.h>
#include <string.h>

#define WAIT_SECONDS 60
#define LOOK_MS      500
#define EVENTS_LIMIT 100
#define DOC_MAX      500 /* of what lists tell of an agent's description */

static const char *text_of(const struct mcp_call *call, const char *name) {
    return json_text_or(call->arguments, name, NULL);
}

static struct list_query list_of(const struct mcp_call *call) {
    return (struct list_query){
        .page = {(int)json_int_or(call->arguments, "page", 1), (int)json_int_or(call->arguments, "size", 20)},
        .search = text_of(call, "search")};
}

static int audit(struct mcp_call *call, const char *action, const char *before, const char *after, struct error *e) {
    struct audit_change change = {.action = action, .object_kind = "thread", .before = before, .after = after};
    struct audit_origin origin = {.via = "mcp", .address = call->session->address};
    return audit_write(&call->session->db, &call->session->caller, &origin, &change, e);
}

/* What one needs of an agent to start it. */
static json_t *brief(const json_t *agent) {
    static const char *const members[] = {"id", "name", "status", "is_active", "input_schema", "result_schema"};
    json_t *one = json_object();
    for (size_t i = 0; i < ARRAY_LENGTH(members); i++)
        if (json_object_get(agent, members[i]) && !json_is_null(json_object_get(agent, members[i])))
            json_object_set(one, members[i], json_object_get(agent, members[i]));
    json_t *description = json_sprintf("%.*s", DOC_MAX, json_text_or(agent, "description", ""));
    if (description)
        json_object_set_new(one, "description", description);
    return one;
}

int mcp_agents_list(struct mcp_call *call, struct error *e) {
    cleanup_free char *text = NULL;
    cleanup_json json_t *list = NULL, *items = json_array();
    struct list_query query = list_of(call);
    query.sort = "name";
    int r = agents_list(&call->session->db, &call->session->caller, &query, &(struct agent_filter){0}, &text, e);
    if (!r)
        r = json_parse(text, strlen(text), "the agents", &list, e);
    if (r < 0)
        return r;
    for (size_t i = 0; i < json_array_size(json_object_get(list, "items")); i++)
        json_array_append_new(items, brief(json_array_get(json_object_get(list, "items"), i)));
    json_object_set(list, "items", items);
    cleanup_free char *told = json_print(list);
    mcp_add_json(call, told);
    return 0;
}

static int begin_thread(struct mcp_call *call, char **ret_text, struct error *e) {
    cleanup_transaction struct transaction transaction = {0};
    cleanup_free char *text = NULL;
    struct mcp_session *session = call->session;
    struct thread_order order = {.agent = text_of(call, "agent"),
                                 .task = text_of(call, "task"),
                                 .inputs = json_object_get(call->arguments, "inputs")};
    int r = postgres_begin(&session->db, &transaction, e);
    if (!r)
        r = threads_order(&session->db, &session->caller, &order, &text, e);
    if (!r)
        r = audit(call, "thread.start", NULL, text, e);
    if (!r)
        r = postgres_commit(&transaction, e);
    if (!r)
        *ret_text = take_pointer(text);
    return r;
}

int mcp_thread_start(struct mcp_call *call, struct error *e) {
    cleanup_free char *text = NULL;
    int r = artifacts_check_disk(e);
    if (!r)
        r = begin_thread(call, &text, e);
    if (r < 0)
        return r;
    jobs_ring(&call->session->redis, JOB_KIND_RUN);
    feed_announce(&call->session->redis, call->session->caller.id);
    mcp_add_json(call, text);
    return 0;
}

int mcp_threads_list(struct mcp_call *call, struct error *e) {
    cleanup_free char *text = NULL;
    struct list_query query = list_of(call);
    struct thread_filter filter = {.agent_id = text_of(call, "agent_id"), .status = text_of(call, "status")};
    int r = threads_list(&call->session->db, &call->session->caller, &query, &filter, &text, e);
    if (!r)
        mcp_add_json(call, text);
    return r;
}

static int read_thread(struct mcp_call *call, json_t **ret_thread, struct error *e) {
    cleanup_free char *text = NULL;
    int r = threads_get(&call->session->db, &call->session->caller, text_of(call, "id"), &text, e);
    return r < 0 ? r : json_parse(text, strlen(text), "the thread", ret_thread, e);
}

/* The thread, and its files as links. */
static int tell_thread(struct mcp_call *call, const json_t *thread, struct error *e) {
    cleanup_free char *text = json_print(thread), *files = NULL;
    cleanup_json json_t *list = NULL;
    int r = artifacts_list(&call->session->db, &call->session->caller, text_of(call, "id"), &files, e);
    if (!r)
        r = json_parse(files, strlen(files), "the files", &list, e);
    if (r < 0)
        return r;
    mcp_add_json(call, text);
    for (size_t i = 0; i < json_array_size(json_object_get(list, "items")); i++) {
        const json_t *file = json_array_get(json_object_get(list, "items"), i);
        cleanup_free char *uri = memory_print("replinet://artifacts/%s", json_text_or(file, "id", ""));
        mcp_add_link(call, uri, json_text_or(file, "name", ""), json_text_or(file, "media_type", ""));
    }
    return 0;
}

int mcp_thread_get(struct mcp_call *call, struct error *e) {
    cleanup_json json_t *thread = NULL;
    int r = read_thread(call, &thread, e);
    return r < 0 ? r : tell_thread(call, thread, e);
}

static bool is_over(const json_t *thread) {
    static const char *const statuses[] = {"completed", "error", "stopped", "waiting"};
    for (size_t i = 0; i < ARRAY_LENGTH(statuses); i++)
        if (!strcmp(json_text_or(thread, "status", ""), statuses[i]))
            return true;
    return false;
}

/* Tells the newest event behind `seq`. */
static void tell_step(struct mcp_call *call, int64_t *seq) {
    cleanup_free char *text = NULL;
    cleanup_json json_t *page = NULL;
    struct events_filter filter = {.after = *seq, .limit = EVENTS_LIMIT, .level = "info"};
    if (!call->progress ||
        events_page(&call->session->db, &call->session->caller, text_of(call, "id"), &filter, &text, NULL) < 0 ||
        json_parse(text, strlen(text), "the events", &page, NULL) < 0)
        return;
    const json_t *items = json_object_get(page, "items");
    if (!json_array_size(items))
        return;
    const json_t *last = json_array_get(items, json_array_size(items) - 1);
    *seq = json_int_or(last, "seq", *seq);
    mcp_progress(call, *seq, 0, json_text_or(last, "message", ""));
}

/* Lets time pass; -ECANCELED when the client does not want to wait any more. */
static int pause_for(struct mcp_call *call, int64_t ms, struct error *e) {
    struct pollfd fd = {.fd = mcp_channel_interrupt_fd(call->session->channel), .events = POLLIN};
    if (poll(&fd, 1, (int)ms) > 0)
        return error_set(e, ECANCELED, ERROR_CANCELLED, "cancelled");
    return 0;
}

int mcp_thread_wait(struct mcp_call *call, struct error *e) {
    int64_t until = clock_deadline(json_int_or(call->arguments, "seconds", WAIT_SECONDS) * 1000), seq = 0;
    for (;;) {
        cleanup_json json_t *thread = NULL;
        int r = read_thread(call, &thread, e);
        if (!r)
            tell_step(call, &seq);
        if (!r && (is_over(thread) || clock_remaining_ms(until) <= 0))
            return tell_thread(call, thread, e);
        if (!r)
            r = pause_for(call, LOOK_MS, e);
        if (r < 0)
            return r;
    }
}

int mcp_thread_events(struct mcp_call *call, struct error *e) {
    cleanup_free char *text = NULL;
    struct events_filter filter = {.after = json_int_or(call->arguments, "after", 0),
                                   .limit = (int)json_int_or(call->arguments, "limit", EVENTS_LIMIT),
                                   .level = text_of(call, "level")};
    int r = events_page(&call->session->db, &call->session->caller, text_of(call, "id"), &filter, &text, e);
    if (!r)
        mcp_add_json(call, text);
    return r;
}

static int stop_thread(struct mcp_call *call, char **ret_text, char job_id[UUID_TEXT_SIZE], struct error *e) {
    cleanup_transaction struct transaction transaction = {0};
    cleanup_free char *before = NULL, *text = NULL;
    struct mcp_session *session = call->session;
    int r = postgres_begin(&session->db, &transaction, e);
    if (!r)
        r = threads_get(&session->db, &session->caller, text_of(call, "id"), &before, e);
    if (!r)
        r = threads_stop(&session->db, &session->caller, text_of(call, "id"), &text, job_id, e);
    if (!r)
        r = audit(call, "thread.stop", before, text, e);
    if (!r)
        r = postgres_commit(&transaction, e);
    if (!r)
        *ret_text = take_pointer(text);
    return r;
}

int mcp_thread_stop(struct mcp_call *call, struct error *e) {
    cleanup_free char *text = NULL;
    char job_id[UUID_TEXT_SIZE] = "";
    int r = stop_thread(call, &text, job_id, e);
    if (r < 0)
        return r;
    cleanup_free char *word = memory_print("stop %s", job_id);
    cleanup_free char *channel = memory_print(REDIS_CHANNEL_THREAD "%s", text_of(call, "id"));
    if (*job_id)
        redis_publish(&call->session->redis, REDIS_CHANNEL_JOBS, word, NULL);
    redis_publish(&call->session->redis, channel, "look", NULL);
    feed_announce(&call->session->redis, call->session->caller.id);
    mcp_add_json(call, text);
    return 0;
}

int mcp_thread_questions(struct mcp_call *call, struct error *e) {
    cleanup_free char *text = NULL;
    int r = questions_list(&call->session->db, &call->session->caller, text_of(call, "id"), false, &text, e);
    if (!r)
        mcp_add_json(call, text);
    return r;
}

int mcp_thread_answer(struct mcp_call *call, struct error *e) {
    static const char *const members[] = {"text", "approved", "values", "handled"};
    cleanup_json json_t *answer = json_object();
    cleanup_free char *text = NULL;
    for (size_t i = 0; i < ARRAY_LENGTH(members); i++)
        if (json_object_get(call->arguments, members[i]))
            json_object_set(answer, members[i], json_object_get(call->arguments, members[i]));
    int r = questions_answer(&call->session->db, &call->session->caller, text_of(call, "id"),
                             text_of(call, "question_id"), answer, &text, e);
    if (r < 0)
        return r;
    feed_announce(&call->session->redis, call->session->caller.id);
    mcp_add_json(call, text);
    return 0;
}
