/* `replinet thread start|show|logs|stop|retry|ls|questions|answer|export|script`. */
#include "base/io.h"
#include "base/memory.h"
#include "base/text.h"
#include "cli/commands.h"
#include "cli/listing.h"
#include "cli/number_option.h"
#include "cli/report.h"
#include "cli/thread_people.h"
#include "cli/thread_watch.h"
#include "domain/agents.h"
#include "domain/artifacts.h"
#include "domain/jobs_order.h"
#include "domain/threads.h"
#include <errno.h>
#include <getopt.h>
#include <string.h>

#define INPUTS_MAX     (4 << 20)
#define STOPPED_STATUS 130

struct call {
    struct cli_session session;
    const char *argument, *second, *task, *inputs_text, *agent, *status, *at;
    struct thread_script_order script;
    struct page page;
    int priority;
    json_t *answer; /* what --text, --yes and so on say; borrowed */
    bool json, wait, follow;
};

static int read_inputs(const char *text, json_t **ret_inputs, struct error *e) {
    cleanup_json json_t *inputs = NULL;
    if (!text)
        return 0;
    int r = *text == '@' ? json_parse_file(text + 1, INPUTS_MAX, &inputs, e)
                         : json_parse(text, strlen(text), "--inputs", &inputs, e);
    if (!r && !json_is_object(inputs))
        r = error_set(e, EINVAL, ERROR_BAD_INPUT, "--inputs takes a JSON object");
    if (!r)
        *ret_inputs = take_pointer(inputs);
    return r;
}

static int get(struct call *call, const char *id, char **ret_text, json_t **ret_thread, struct error *e) {
    int r = threads_get(&call->session.db, &call->session.caller, id, ret_text, e);
    return r < 0 ? r : json_parse(*ret_text, strlen(*ret_text), "the thread", ret_thread, e);
}

static int status_of_end(const json_t *thread) {
    const char *status = json_text_or(thread, "status", "");
    return !strcmp(status, "completed") ? 0 : !strcmp(status, "stopped") ? STOPPED_STATUS : 1;
}

static int wait_for_end(struct call *call, const char *id, struct error *e) {
    cleanup_free char *text = NULL;
    cleanup_json json_t *thread = NULL;
    int r = thread_watch(&call->session, id, true, false, stderr, e);
    if (!r)
        r = get(call, id, &text, &thread, e);
    if (r < 0)
        return r;
    session_print(text);
    return status_of_end(thread);
}

/* `order` NULL: the thread that the argument names is repeated. */
static int begin_thread(struct call *call, const struct thread_order *order, char **ret_text, struct error *e) {
    cleanup_transaction struct transaction transaction = {0};
    cleanup_free char *text = NULL;
    struct cli_session *session = &call->session;
    struct audit_change change = {.action = order ? "thread.start" : "thread.retry", .object_kind = "thread"};
    int r = postgres_begin(&session->db, &transaction, e);
    if (!r)
        r = order ? threads_order(&session->db, &session->caller, order, &text, e)
                  : threads_retry(&session->db, &session->caller, call->argument, &text, e);
    change.after = text;
    if (!r)
        r = session_audit(session, &change, e);
    if (!r)
        r = postgres_commit(&transaction, e);
    if (!r)
        *ret_text = take_pointer(text);
    return r;
}

static int begin_and_tell(struct call *call, const struct thread_order *order, struct error *e) {
    cleanup_json json_t *thread = NULL;
    cleanup_free char *text = NULL;
    int r = artifacts_check_disk(e);
    if (!r)
        r = begin_thread(call, order, &text, e);
    if (!r)
        r = json_parse(text, strlen(text), "the thread", &thread, e);
    if (r < 0)
        return r;
    jobs_ring(&call->session.redis, JOB_KIND_RUN);
    if (call->wait)
        return wait_for_end(call, json_text_or(thread, "id", ""), e);
    if (call->json)
        session_print(text);
    else
        printf("thread %s is queued; follow it with: replinet thread logs -f %s\n", json_text_or(thread, "id", ""),
               json_text_or(thread, "id", ""));
    return 0;
}

static int start(struct call *call, struct error *e) {
    cleanup_json json_t *inputs = NULL;
    int r = read_inputs(call->inputs_text, &inputs, e);
    struct thread_order order = {
        .agent = call->argument, .task = call->task, .inputs = inputs, .run_at = call->at, .priority = call->priority};
    return r < 0 ? r : begin_and_tell(call, &order, e);
}

static int retry(struct call *call, struct error *e) {
    return begin_and_tell(call, NULL, e);
}

static int show(struct call *call, struct error *e) {
    cleanup_free char *text = NULL, *files = NULL;
    cleanup_json json_t *thread = NULL, *list = NULL;
    int r = get(call, call->argument, &text, &thread, e);
    if (!r)
        r = artifacts_list(&call->session.db, &call->session.caller, call->argument, &files, e);
    if (!r)
        r = json_parse(files, strlen(files), "the artifacts", &list, e);
    if (r < 0)
        return r;
    json_object_set(thread, "artifacts", json_object_get(list, "items"));
    cleanup_free char *whole = json_print(thread);
    session_print(whole);
    return 0;
}

static int logs(struct call *call, struct error *e) {
    return thread_watch(&call->session, call->argument, call->follow, call->json, stdout, e);
}

static int stop_thread(struct call *call, char job_id[UUID_TEXT_SIZE], char **ret_text, struct error *e) {
    cleanup_transaction struct transaction transaction = {0};
    cleanup_free char *before = NULL, *text = NULL;
    struct audit_change change = {.action = "thread.stop", .object_kind = "thread"};
    int r = postgres_begin(&call->session.db, &transaction, e);
    if (!r)
        r = threads_get(&call->session.db, &call->session.caller, call->argument, &before, e);
    if (!r)
        r = threads_stop(&call->session.db, &call->session.caller, call->argument, &text, job_id, e);
    change.before = before;
    change.after = text;
    if (!r)
        r = session_audit(&call->session, &change, e);
    if (!r)
        r = postgres_commit(&transaction, e);
    if (!r)
        *ret_text = take_pointer(text);
    return r;
}

static int stop(struct call *call, struct error *e) {
    char job_id[UUID_TEXT_SIZE];
    cleanup_free char *text = NULL;
    cleanup_json json_t *thread = NULL;
    int r = stop_thread(call, job_id, &text, e);
    if (!r)
        r = json_parse(text, strlen(text), "the thread", &thread, e);
    if (r)
        return r;
    if (*job_id) {
        cleanup_free char *message = memory_print("stop %s", job_id);
        redis_publish(&call->session.redis, REDIS_CHANNEL_JOBS, message, NULL);
    }
    if (call->json)
        session_print(text);
    else
        printf("thread %s is %s\n", call->argument, json_text_or(thread, "status", ""));
    return 0;
}

static int find_agent(struct call *call, json_t **ret_agent, struct error *e) {
    cleanup_free char *text = NULL;
    if (!call->agent)
        return 0;
    int r = agents_get(&call->session.db, &call->session.caller, call->agent, &text, e);
    return r < 0 ? r : json_parse(text, strlen(text), "the agent", ret_agent, e);
}

static int list(struct call *call, struct error *e) {
    static const struct listing_column columns[] = {{"ID", "id"},
                                                    {"STATUS", "status"},
                                                    {"REASON", "reason"},
                                                    {"QUEUED", "queued_at"},
                                                    {"MS", "execution_time_ms"},
                                                    {"ERROR", "error_message"},
                                                    {NULL, NULL}};
    cleanup_free char *text = NULL;
    cleanup_json json_t *agent = NULL;
    int r = find_agent(call, &agent, e);
    struct list_query query = {.page = call->page, .all = true};
    struct thread_filter filter = {.agent_id = json_text_or(agent, "id", NULL), .status = call->status};
    if (!r)
        r = threads_list(&call->session.db, &call->session.caller, &query, &filter, &text, e);
    if (!r && call->json)
        session_print(text);
    else if (!r)
        listing_print(text, columns);
    return r;
}

static int questions(struct call *call, struct error *e) {
    return thread_questions(&call->session, call->argument, call->json, e);
}

static int answer(struct call *call, struct error *e) {
    return thread_answer(&call->session, call->argument, call->second, call->answer, call->json, e);
}

static int export(struct call *call, struct error *e) {
    return thread_export(&call->session, call->argument, call->second, e);
}

static int script(struct call *call, struct error *e) {
    return thread_script(&call->session, call->argument, &call->script, e);
}

static const struct {
    const char *name;
    int least, most; /* arguments */
    int (*run)(struct call *call, struct error *e);
} verbs[] = {{"start", 1, 1, start},   {"show", 1, 1, show},           {"logs", 1, 1, logs},
             {"stop", 1, 1, stop},     {"retry", 1, 1, retry},         {"ls", 0, 0, list},
             {"answer", 2, 2, answer}, {"questions", 1, 1, questions}, {"export", 1, 2, export},
             {"script", 1, 1, script}};

static const struct option options[] = {
    {"json", no_argument, NULL, 'j'},
    {"wait", no_argument, NULL, 'w'},
    {"follow", no_argument, NULL, 'f'},
    {"task", required_argument, NULL, 't'},
    {"inputs", required_argument, NULL, 'i'},
    {"agent", required_argument, NULL, 'a'},
    {"status", required_argument, NULL, 's'},
    {"page", required_argument, NULL, 'p'},
    {"size", required_argument, NULL, 'z'},
    {"at", required_argument, NULL, 'd'},
    {"priority", required_argument, NULL, 'r'},
    {"text", required_argument, NULL, 'x'},
    {"parameters", required_argument, NULL, 'm'},
    {"preset", required_argument, NULL, 'e'},
    {"name", required_argument, NULL, 'c'},
    {"whole", no_argument, NULL, 'o'},
    {"values", required_argument, NULL, 'v'},
    {"yes", no_argument, NULL, 'y'},
    {"no", no_argument, NULL, 'n'},
    {"handled", no_argument, NULL, 'h'},
    {NULL, 0, NULL, 0},
};

static int set_answer(struct call *call, const char *member, json_t *value) {
    return value ? json_object_set_new(call->answer, member, value) : -EINVAL;
}

static int take_option(struct call *call, int letter) {
    switch (letter) {
    case 'x':
        return set_answer(call, "text", json_string(optarg));
    case 'v':
        return set_answer(call, "values", json_loads(optarg, JSON_REJECT_DUPLICATES, NULL));
    case 'y':
    case 'n':
        return set_answer(call, "approved", json_boolean(letter == 'y'));
    case 'h':
        return set_answer(call, "handled", json_true());
    case 'j':
        call->json = true;
        return 0;
    case 'w':
        call->wait = true;
        return 0;
    case 'f':
        call->follow = true;
        return 0;
    case 't':
        call->task = optarg;
        return 0;
    case 'i':
        call->inputs_text = optarg;
        return 0;
    case 'm':
        call->script.parameters = optarg;
        return 0;
    case 'e':
        call->script.preset = optarg;
        return 0;
    case 'c':
        call->script.name = optarg;
        return 0;
    case 'o':
        call->script.whole = true;
        return 0;
    case 'a':
        call->agent = optarg;
        return 0;
    case 's':
        call->status = optarg;
        return 0;
    case 'p':
        return take_number_option(1, 1000000, &call->page.number);
    case 'z':
        return take_number_option(1, PAGE_SIZE_MAX, &call->page.size);
    case 'r':
        return take_number_option(-100, 100, &call->priority);
    case 'd':
        call->at = optarg;
        return 0;
    default:
        return -EINVAL;
    }
}

int thread_command(int count, char **arguments) {
    cleanup_json json_t *given = json_object();
    struct call call = {.page = {.number = 1, .size = 50}, .answer = given};
    struct error e = {0};
    int letter, r = 0;
    opterr = 0;
    optind = 1;
    while (!r && (letter = getopt_long(count, arguments, "f", options, NULL)) != -1)
        r = take_option(&call, letter);
    for (size_t i = 0; !r && optind < count && i < ARRAY_LENGTH(verbs); i++) {
        int words = count - optind - 1;
        if (strcmp(verbs[i].name, arguments[optind]) || words < verbs[i].least || words > verbs[i].most)
            continue;
        call.argument = words > 0 ? arguments[optind + 1] : NULL;
        call.second = words > 1 ? arguments[optind + 2] : NULL;
        r = session_open(&call.session, &e);
        if (!r)
            r = verbs[i].run(&call, &e);
        session_close(&call.session);
        return r < 0 ? report_failure(&e, call.json) : r;
    }
    return report_usage("thread", "thread: wrong or missing arguments");
}
