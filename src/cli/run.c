/* `replinet run FILE.json`, or `--task TEXT --model PROVIDER/MODEL`: a script or a model in one browser. Progress on
 * standard error, the result as JSON on standard output. It leases from the running instance; as root without one it
 * starts a private Browser Manager for itself. */
#include "agent/run.h"
#include "agent/browser_config.h"
#include "base/io.h"
#include "base/memory.h"
#include "base/schema.h"
#include "base/uuid.h"
#include "cli/commands.h"
#include "cli/model_find.h"
#include "cli/progress.h"
#include "cli/report.h"
#include "cli/run_ask.h"
#include "cli/run_instance.h"
#include "cli/run_options.h"
#include "cli/run_sink.h"
#include <errno.h>
#include <signal.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#define SCRIPT_MAX     (4 << 20)
#define TASK_MAX       (64 << 10)
#define STOPPED_STATUS 130 /* as a shell reports SIGINT */

struct run {
    struct run_options options;
    json_t *script, *inputs, *browser_config, *result_schema;
    char *task;
    struct llm_settings llm;
    int interrupt_fd;
    struct progress progress;
    struct ticket_key key;
    struct door door;
    struct run_instance instance;
};

static void run_done(struct run *run) {
    json_decref(run->script);
    json_decref(run->inputs);
    json_decref(run->browser_config);
    json_decref(run->result_schema);
    free(run->task);
    llm_settings_done(&run->llm);
    run_options_done(&run->options);
    cleanup_close_value(&run->interrupt_fd);
    sodium_memzero(&run->key, sizeof run->key);
}

/* JSON or @FILE; nothing when the option was not given. */
static int load_object(const char *option, const char *value, json_t **ret_object, struct error *e) {
    if (!value)
        return 0;
    int r = *value == '@' ? json_parse_file(value + 1, SCRIPT_MAX, ret_object, e)
                          : json_parse(value, strlen(value), option, ret_object, e);
    if (!r && !json_is_object(*ret_object))
        r = error_set(e, EINVAL, ERROR_BAD_INPUT, "%s takes a JSON object", option);
    return r;
}

static int load_script(struct run *run, struct error *e) {
    if (!run->options.file)
        return 0;
    int r = json_parse_file(run->options.file, SCRIPT_MAX, &run->script, e);
    return r < 0 ? r : agent_check_script(run->script, e);
}

static int load_task(struct run *run, struct error *e) {
    const char *task = run->options.task;
    size_t length = 0;
    if (!task)
        return 0;
    int r = *task == '@' ? io_read_file(task + 1, TASK_MAX, &run->task, &length, e) : 0;
    if (r < 0)
        return r;
    if (*task != '@')
        run->task = memory_copy_text(task);
    if (!text_is_utf8(run->task, strlen(run->task)) || !run->task[strspn(run->task, " \t\r\n")])
        return error_set(e, EINVAL, ERROR_BAD_INPUT, "--task is empty, or no UTF-8 text");
    r = model_find(run->options.model, &run->llm, e);
    run->llm.vision |= run->options.vision;
    return r;
}

static int load(struct run *run, struct error *e) {
    int r = load_script(run, e);
    if (!r)
        r = load_task(run, e);
    if (!r)
        r = load_object("--result-schema", run->options.result_schema, &run->result_schema, e);
    if (!r && run->result_schema)
        r = schema_check(run->result_schema, "--result-schema", e);
    if (!r)
        r = load_object("--inputs", run->options.inputs, &run->inputs, e);
    if (!r)
        r = load_object("--browser-config", run->options.browser_config, &run->browser_config, e);
    return r < 0 ? r : browser_config_check(run->browser_config, e);
}

/* Where the browser comes from */

static bool instance_answers(struct run *run, struct error *e) {
    cleanup_json json_t *statistics = NULL;
    return !door_open(&run->key, &run->door, e) && !door_statistics(&run->door, &statistics, e);
}

static int find_door(struct run *run, struct error *e) {
    bool running = !run->options.private && instance_answers(run, e);
    if (running && run->options.allow.length) {
        error_set(e, EINVAL, ERROR_BAD_INPUT, "--allow is for a private Browser Manager, and an instance is running");
        error_hint(e, "Add --private, or set EGRESS_ALLOW of the running instance");
        return -EINVAL;
    }
    if (running)
        return 0;
    if (geteuid() && run->options.private)
        return error_set(e, EPERM, ERROR_FORBIDDEN, "a private Browser Manager needs root");
    if (geteuid())
        return -ECONNREFUSED; /* e says what instance_answers met */
    progress_doing(&run->progress, "starting a Browser Manager for this run");
    int r = run_instance_start(run->options.allow.data, run->options.memory_mb, run->interrupt_fd, &run->instance, e);
    return r < 0 ? r : door_open(&run->key, &run->door, e);
}

/* SIGINT and SIGTERM make this descriptor readable; nobody reads it, so the run stays stopped. */
static int interrupt_descriptor(void) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    sigprocmask(SIG_BLOCK, &set, NULL);
    return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

/* The result */

static const char *const status_names[] = {
    [AGENT_COMPLETED] = "completed", [AGENT_FAILED] = "failed", [AGENT_STOPPED] = "stopped"};

static json_t *usage_of(const struct agent_outcome *outcome) {
    const struct agent_spending *spent = &outcome->spent;
    return json_pack("{s:I, s:I, s:I, s:I, s:I}", "turns", (json_int_t)outcome->turns, "input_tokens",
                     (json_int_t)spent->input_tokens, "output_tokens", (json_int_t)spent->output_tokens,
                     "cached_tokens", (json_int_t)spent->cached_tokens, "cost_micro", (json_int_t)spent->cost_micro);
}

static void print_result(const struct agent_outcome *outcome, json_t *artifacts) {
    json_t *error = json_null();
    if (outcome->status != AGENT_COMPLETED)
        error = json_pack("{s:s, s:s, s:s}", "code", error_name(outcome->error.code), "detail", outcome->error.text,
                          "hint", outcome->error.hint);
    cleanup_json json_t *result = json_pack(
        "{s:s, s:s, s:o, s:O, s:O, s:s, s:I, s:I}", "status", status_names[outcome->status], "reason", outcome->reason,
        "error", error, "results", outcome->results, "artifacts", artifacts, "browser_id", outcome->browser_id,
        "steps_done", (json_int_t)outcome->steps_done, "execution_ms", (json_int_t)outcome->execution_ms);
    if (outcome->turns)
        json_object_set_new(result, "usage", usage_of(outcome));
    json_dumpf(result, stdout, JSON_INDENT(2) | JSON_READABLE_REALS);
    putchar('\n');
}

static int run_agent(struct run *run, struct agent_outcome *ret_outcome, json_t *artifacts, struct error *e) {
    cleanup_file FILE *events = run->options.events ? fopen(run->options.events, "we") : NULL;
    if (run->options.events && !events)
        return error_errno(e, errno, ERROR_STORAGE, "cannot write %s", run->options.events);
    char lease_id[UUID_TEXT_SIZE];
    cleanup_json json_t *lease =
        json_pack("{s:n, s:I}", "thread_id", "timeout_ms", (json_int_t)run->options.timeout_s * 1000);
    int r = browser_config_to_lease(run->browser_config, lease, e);
    if (r < 0)
        return r;
    json_object_del(lease, "profile"); /* it belongs to agents */
    struct run_sink state = {.progress = &run->progress,
                             .folder = run->options.output,
                             .screenshot_folder = run->options.screenshots,
                             .events = events,
                             .artifacts = artifacts};
    struct agent_sink sink = run_sink_of(&state);
    run_ask_add(&sink);
    struct agent_model model = {.llm = &run->llm, .vision = run->llm.vision, .max_steps = run->options.max_steps};
    if (run->options.memory_mb)
        json_object_set_new(lease, "memory_mb", json_integer(run->options.memory_mb));
    run->door.interrupt_fd = run->interrupt_fd;
    struct agent_options agent = {.door = &run->door,
                                  .lease_id = uuid_make(lease_id),
                                  .lease = lease,
                                  .script = run->script,
                                  .browser_config = run->browser_config,
                                  .inputs = run->inputs,
                                  .timeout_ms = run->options.timeout_s * 1000,
                                  .result_schema = run->result_schema,
                                  .model = run->task ? &model : NULL,
                                  .task = run->task,
                                  .interrupt_fd = run->interrupt_fd};
    return agent_run(&agent, &sink, ret_outcome, e);
}

static void print_end(struct run *run, const struct agent_outcome *outcome) {
    cleanup_free char *text =
        memory_print("%s after %lld steps%s%s%s", status_names[outcome->status], (long long)outcome->steps_done,
                     *outcome->reason ? " (" : "", outcome->reason, *outcome->reason ? ")" : "");
    progress_doing(&run->progress, "");
    progress_line(&run->progress, outcome->status == AGENT_COMPLETED ? "✓" : "✗", text, outcome->execution_ms);
    if (outcome->status == AGENT_FAILED)
        progress_line(&run->progress, " ", outcome->error.text, -1);
    if (outcome->status == AGENT_FAILED && *outcome->error.hint)
        progress_line(&run->progress, " ", outcome->error.hint, -1);
}

static int run_all(struct run *run, struct error *e) {
    static const int statuses[] = {[AGENT_COMPLETED] = 0, [AGENT_FAILED] = 1, [AGENT_STOPPED] = STOPPED_STATUS};
    struct agent_outcome outcome = {0};
    cleanup_json json_t *artifacts = json_array();
    int r = find_door(run, e);
    progress_doing(&run->progress, r ? "" : "waiting for a browser");
    if (!r)
        r = run_agent(run, &outcome, artifacts, e);
    if (!r) {
        print_end(run, &outcome);
        print_result(&outcome, artifacts);
        r = statuses[outcome.status];
        agent_outcome_done(&outcome);
    }
    progress_doing(&run->progress, run->instance.folder ? "stopping the Browser Manager" : "");
    run_instance_stop(&run->instance);
    return r;
}

int run_command(int count, char **arguments) {
    __attribute__((cleanup(run_done))) struct run run = {.interrupt_fd = -1, .instance = RUN_INSTANCE_NONE};
    struct error e = {0};
    if (run_options_take(&run.options, count, arguments, &e) < 0)
        return report_usage("run", "%s", e.text);
    if (load(&run, &e) < 0)
        return report_failure(&e, false);
    run.interrupt_fd = interrupt_descriptor();
    progress_start(&run.progress);
    int r = run_all(&run, &e);
    progress_stop(&run.progress);
    if (r >= 0)
        return r;
    report_failure(&e, false);
    return r == -ECANCELED ? STOPPED_STATUS : 1;
}
