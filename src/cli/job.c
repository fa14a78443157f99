/* `replinet job ls|show|add|retry|cancel`; `replinet job JOB_ID ...` and `--list` are the worker's. */
#include "base/memory.h"
#include "base/text.h"
#include "base/uuid.h"
#include "cli/commands.h"
#include "cli/listing.h"
#include "cli/number_option.h"
#include "cli/report.h"
#include "cli/session.h"
#include "domain/job_kinds.h"
#include "domain/jobs_admin.h"
#include "domain/jobs_order.h"
#include "domain/threads.h"
#include "worker/worker.h"
#include <errno.h>
#include <getopt.h>
#include <string.h>

#define COUNT_MOST 100000

struct call {
    struct cli_session session;
    const char *argument;
    struct list_query query;
    struct job_filter filter;
    const char *payload, *at, *key;
    int count, priority;
    bool json;
};

static void tell(const struct call *call, const char *answer) {
    cleanup_json json_t *job = NULL;
    if (call->json)
        session_print(answer);
    else if (!json_parse(answer, strlen(answer), "the answer", &job, NULL))
        printf("job %s is %s\n", json_text_or(job, "id", ""), json_text_or(job, "status", ""));
}

static int list(struct call *call, struct error *e) {
    static const struct listing_column columns[] = {
        {"ID", "id"},         {"KIND", "kind"},  {"STATUS", "status"},     {"ATTEMPT", "attempt"},
        {"REASON", "reason"}, {"DUE", "run_at"}, {"ENDED", "finished_at"}, {"ERROR", "error"},
        {NULL, NULL}};
    cleanup_free char *answer = NULL;
    int r = jobs_list(&call->session.db, &call->session.caller, &call->query, &call->filter, &answer, e);
    if (!r && call->json)
        session_print(answer);
    else if (!r)
        listing_print(answer, columns);
    return r;
}

static int show(struct call *call, struct error *e) {
    cleanup_free char *answer = NULL;
    int r = jobs_get(&call->session.db, &call->session.caller, call->argument, &answer, e);
    if (!r)
        session_print(answer);
    return r;
}

static int make_order(const struct call *call, json_t *payload, struct job_order *ret_order, struct error *e) {
    enum job_kind kind = job_kind_from_name(call->argument);
    if (kind == JOB_KIND_COUNT)
        return error_set(e, ENOENT, ERROR_NOT_FOUND, "there is no kind of jobs \"%s\"", call->argument);
    if (kind == JOB_KIND_RUN)
        return error_set(e, EINVAL, ERROR_BAD_INPUT, "a run belongs to a thread; `replinet thread start` makes both");
    bool is_system = job_lanes[job_kinds[kind].lane].whose == JOB_OWNER_SYSTEM;
    *ret_order = (struct job_order){.kind = kind,
                                    .user_id = is_system ? NULL : call->session.caller.id,
                                    .payload = payload,
                                    .run_at = call->at,
                                    .priority = call->priority,
                                    .unique_key = call->key};
    return 0;
}

static int tell_added(const struct call *call, const char *id) {
    if (call->json) {
        cleanup_json json_t *answer = json_pack("{s:s?, s:i}", "id", *id ? id : NULL, "count", call->count);
        cleanup_free char *text = json_print(answer);
        session_print(text);
    } else if (*id)
        printf("job %s\n", id);
    else
        printf("%d jobs\n", call->count);
    return 0;
}

static int add_many(struct call *call, const struct job_order *order, struct error *e) {
    cleanup_free struct job_order *orders = memory_alloc(JOBS_AT_ONCE * sizeof *orders);
    int r = 0;
    if (order->unique_key)
        return error_set(e, EINVAL, ERROR_BAD_INPUT, "several jobs cannot have one --key");
    for (size_t i = 0; i < JOBS_AT_ONCE; i++)
        orders[i] = *order;
    for (int left = call->count; !r && left > 0; left -= JOBS_AT_ONCE)
        r = jobs_enqueue_many(&call->session.db, orders, (size_t)(left < JOBS_AT_ONCE ? left : JOBS_AT_ONCE), NULL, e);
    return r;
}

static int add(struct call *call, struct error *e) {
    cleanup_json json_t *payload = NULL;
    cleanup_transaction struct transaction transaction = {0};
    struct job_order order = {0};
    char id[UUID_TEXT_SIZE] = "";
    int r = call->payload ? json_parse(call->payload, strlen(call->payload), "--payload", &payload, e) : 0;
    if (!r)
        r = make_order(call, payload, &order, e);
    if (!r)
        r = postgres_begin(&call->session.db, &transaction, e);
    if (!r && call->count == 1)
        r = jobs_enqueue(&call->session.db, &order, id, e);
    else if (!r)
        r = add_many(call, &order, e);
    if (!r && call->count == 1 && !*id)
        r = error_set(e, EEXIST, ERROR_CONFLICT, "a job of kind %s with the key \"%s\" waits or runs already",
                      call->argument, call->key);
    if (!r)
        r = postgres_commit(&transaction, e);
    if (r)
        return r;
    jobs_ring(&call->session.redis, order.kind);
    return tell_added(call, id);
}

/* One of the two changes of a job, with its line in the audit. */
static int change(struct call *call, const char *action, bool *ret_running, char **ret_answer, struct error *e) {
    cleanup_transaction struct transaction transaction = {0};
    cleanup_free char *before = NULL, *answer = NULL;
    struct audit_change entry = {.action = action, .object_kind = "job"};
    struct cli_session *session = &call->session;
    int r = postgres_begin(&session->db, &transaction, e);
    if (!r)
        r = jobs_get(&session->db, &session->caller, call->argument, &before, e);
    if (!r)
        r = ret_running ? jobs_cancel(&session->db, &session->caller, call->argument, &answer, ret_running, e)
                        : jobs_retry(&session->db, &session->caller, call->argument, &answer, e);
    entry.before = before;
    entry.after = answer;
    if (!r)
        r = session_audit(session, &entry, e);
    if (!r)
        r = postgres_commit(&transaction, e);
    if (!r)
        *ret_answer = take_pointer(answer);
    return r;
}

static int retry(struct call *call, struct error *e) {
    cleanup_free char *answer = NULL;
    cleanup_json json_t *job = NULL;
    int r = change(call, "job.retry", NULL, &answer, e);
    if (!r)
        r = json_parse(answer, strlen(answer), "the job", &job, e);
    if (r)
        return r;
    enum job_kind kind = job_kind_from_name(json_text_or(job, "kind", ""));
    if (kind < JOB_KIND_COUNT)
        jobs_ring(&call->session.redis, kind);
    tell(call, answer);
    return 0;
}

static int cancel(struct call *call, struct error *e) {
    cleanup_free char *answer = NULL;
    bool running = false;
    int r = change(call, "job.cancel", &running, &answer, e);
    if (r)
        return r;
    if (running) {
        cleanup_free char *message = memory_print("stop %s", call->argument);
        redis_publish(&call->session.redis, REDIS_CHANNEL_JOBS, message, NULL);
    }
    tell(call, answer);
    return 0;
}

static const struct {
    const char *name;
    bool takes_argument;
    int (*run)(struct call *call, struct error *e);
} verbs[] = {
    {"ls", false, list}, {"show", true, show}, {"add", true, add}, {"retry", true, retry}, {"cancel", true, cancel}};

static int take_option(struct call *call, int letter) {
    const char **texts[] = {['k'] = &call->filter.kind,
                            ['l'] = &call->filter.lane,
                            ['s'] = &call->filter.status,
                            ['u'] = &call->filter.user_id,
                            ['d'] = &call->payload,
                            ['a'] = &call->at,
                            ['q'] = &call->key};
    switch (letter) {
    case 'j':
        call->json = true;
        return 0;
    case 'p':
        return take_number_option(1, COUNT_MOST, &call->query.page.number);
    case 'z':
        return take_number_option(1, PAGE_SIZE_MAX, &call->query.page.size);
    case 'n':
        return take_number_option(1, COUNT_MOST, &call->count);
    case 'i':
        return take_number_option(-100, 100, &call->priority);
    case '?':
        return -EINVAL;
    default:
        *texts[letter] = optarg;
        return 0;
    }
}

static int take_options(struct call *call, int count, char **arguments) {
    static const struct option options[] = {
        {"json", no_argument, NULL, 'j'},
        {"kind", required_argument, NULL, 'k'},
        {"lane", required_argument, NULL, 'l'},
        {"status", required_argument, NULL, 's'},
        {"user", required_argument, NULL, 'u'},
        {"page", required_argument, NULL, 'p'},
        {"size", required_argument, NULL, 'z'},
        {"payload", required_argument, NULL, 'd'},
        {"at", required_argument, NULL, 'a'},
        {"key", required_argument, NULL, 'q'},
        {"count", required_argument, NULL, 'n'},
        {"priority", required_argument, NULL, 'i'},
        {NULL, 0, NULL, 0},
    };
    int letter, r = 0;
    opterr = 0;
    optind = 1;
    while (!r && (letter = getopt_long(count, arguments, "", options, NULL)) != -1)
        r = take_option(call, letter);
    return r;
}

int job_command(int count, char **arguments) {
    struct call call = {.query.page = {.number = 1, .size = 50}, .count = 1};
    struct error e = {0};
    int r = take_options(&call, count, arguments);
    for (size_t i = 0; !r && optind < count && i < ARRAY_LENGTH(verbs); i++) {
        if (strcmp(verbs[i].name, arguments[optind]) || count - optind - 1 != verbs[i].takes_argument)
            continue;
        call.argument = verbs[i].takes_argument ? arguments[optind + 1] : NULL;
        r = session_open(&call.session, &e);
        if (!r)
            r = verbs[i].run(&call, &e);
        session_close(&call.session);
        return r < 0 ? report_failure(&e, call.json) : 0;
    }
    return report_usage("job", "job: wrong or missing arguments");
}
