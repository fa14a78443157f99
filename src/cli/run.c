/* `replinet run FILE.json`: one script in one browser. Progress on standard error, the result as JSON on standard
 * output. It leases from the running instance; as root without one it starts a private Browser Manager for itself. */
#include "agent/run.h"
#include "base/config.h"
#include "base/io.h"
#include "base/memory.h"
#include "base/text.h"
#include "base/uuid.h"
#include "cli/commands.h"
#include "cli/progress.h"
#include "cli/report.h"
#include "cli/run_instance.h"
#include "cli/run_sink.h"
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#define SCRIPT_MAX      (4 << 20)
#define TIMEOUT_MOST_S  86400
#define STOPPED_STATUS  130 /* as a shell reports SIGINT */
#define DEFAULT_TIMEOUT 300

static const char usage[] =
    "Usage: replinet run FILE.json [options]     run one script in one browser\n"
    "  --timeout SECONDS       longest time of the whole run (default 300)\n"
    "  --inputs JSON|@FILE     values for {{inputs.name}}\n"
    "  --memory MB             memory limit of the browser\n"
    "  --allow HOST:PORT       an address the browser may reach although the egress policy refuses it; private only\n"
    "  --output DIR            where downloads and screenshots go (default .)\n"
    "  --screenshot-dir DIR    where screenshots go (default: as --output)\n"
    "  --events FILE           every event as a line of JSON\n"
    "  --private               start a Browser Manager for this run even when an instance is running (root)\n"
    "Exit status: 0 completed, 1 failed, 130 stopped.\n";

struct run {
    const char *file, *output, *screenshots, *inputs_text, *events;
    struct text allow; /* comma-separated */
    int64_t timeout_s, memory_mb;
    bool private;
    json_t *script, *inputs;
    int interrupt_fd;
    struct progress progress;
    struct ticket_key key;
    struct door door;
    struct run_instance instance;
};

static void run_done(struct run *run) {
    json_decref(run->script);
    json_decref(run->inputs);
    text_done(&run->allow);
    cleanup_close_value(&run->interrupt_fd);
}

/* Options */

static int take_number(const char *option, int64_t least, int64_t most, int64_t *ret_value, struct error *e) {
    if (text_parse_int(optarg, least, most, ret_value) < 0)
        return error_set(e, EINVAL, ERROR_BAD_INPUT, "--%s takes a number from %lld to %lld, not \"%s\"", option,
                         (long long)least, (long long)most, optarg);
    return 0;
}

static const struct option options[] = {
    {"timeout", required_argument, NULL, 't'},
    {"inputs", required_argument, NULL, 'i'},
    {"memory", required_argument, NULL, 'm'},
    {"allow", required_argument, NULL, 'a'},
    {"output", required_argument, NULL, 'o'},
    {"screenshot-dir", required_argument, NULL, 's'},
    {"private", no_argument, NULL, 'p'},
    {"events", required_argument, NULL, 'e'},
    {NULL, 0, NULL, 0},
};

static int take_option(struct run *run, int letter, struct error *e) {
    switch (letter) {
    case 't':
        return take_number("timeout", 1, TIMEOUT_MOST_S, &run->timeout_s, e);
    case 'm':
        return take_number("memory", (int64_t)config_rows[CONFIG_BROWSER_MEMORY_MB].least,
                           (int64_t)config_rows[CONFIG_BROWSER_MEMORY_MB].most, &run->memory_mb, e);
    case 'i':
        run->inputs_text = optarg;
        return 0;
    case 'a':
        text_print(&run->allow, "%s%s", run->allow.length ? "," : "", optarg);
        return 0;
    case 'o':
        run->output = optarg;
        return 0;
    case 's':
        run->screenshots = optarg;
        return 0;
    case 'e':
        run->events = optarg;
        return 0;
    case 'p':
        run->private = true;
        return 0;
    default:
        return error_set(e, EINVAL, ERROR_BAD_INPUT, "run: wrong option or missing value");
    }
}

static int take_options(struct run *run, int count, char **arguments, struct error *e) {
    int letter, r = 0;
    opterr = 0;
    optind = 1;
    while (!r && (letter = getopt_long(count, arguments, "", options, NULL)) != -1)
        r = take_option(run, letter, e);
    if (!r && optind != count - 1)
        r = error_set(e, EINVAL, ERROR_BAD_INPUT, "run takes one script file");
    if (!r)
        run->file = arguments[optind];
    return r;
}

static int load(struct run *run, struct error *e) {
    int r = json_parse_file(run->file, SCRIPT_MAX, &run->script, e);
    if (!r)
        r = agent_check_script(run->script, e);
    if (r < 0 || !run->inputs_text)
        return r;
    if (*run->inputs_text == '@')
        r = json_parse_file(run->inputs_text + 1, SCRIPT_MAX, &run->inputs, e);
    else
        r = json_parse(run->inputs_text, strlen(run->inputs_text), "--inputs", &run->inputs, e);
    if (!r && !json_is_object(run->inputs))
        r = error_set(e, EINVAL, ERROR_BAD_INPUT, "--inputs takes a JSON object");
    return r;
}

/* Where the browser comes from */

static bool instance_answers(struct run *run, struct error *e) {
    cleanup_json json_t *statistics = NULL;
    return !door_open(&run->key, &run->door, e) && !door_statistics(&run->door, &statistics, e);
}

static int find_door(struct run *run, struct error *e) {
    bool running = !run->private && instance_answers(run, e);
    if (running && run->allow.length) {
        error_set(e, EINVAL, ERROR_BAD_INPUT, "--allow is for a private Browser Manager, and an instance is running");
        error_hint(e, "Add --private, or set EGRESS_ALLOW of the running instance");
        return -EINVAL;
    }
    if (running)
        return 0;
    if (geteuid() && run->private)
        return error_set(e, EPERM, ERROR_FORBIDDEN, "a private Browser Manager needs root");
    if (geteuid())
        return -ECONNREFUSED; /* e says what instance_answers met */
    progress_doing(&run->progress, "starting a Browser Manager for this run");
    int r = run_instance_start(run->allow.data, run->memory_mb, run->interrupt_fd, &run->instance, e);
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

static void print_result(const struct agent_outcome *outcome, json_t *artifacts) {
    json_t *error = json_null();
    if (outcome->status != AGENT_COMPLETED)
        error = json_pack("{s:s, s:s, s:s}", "code", error_name(outcome->error.code), "detail", outcome->error.text,
                          "hint", outcome->error.hint);
    cleanup_json json_t *result = json_pack(
        "{s:s, s:s, s:o, s:O, s:O, s:s, s:I, s:I}", "status", status_names[outcome->status], "reason", outcome->reason,
        "error", error, "results", outcome->results, "artifacts", artifacts, "browser_id", outcome->browser_id,
        "steps_done", (json_int_t)outcome->steps_done, "execution_ms", (json_int_t)outcome->execution_ms);
    json_dumpf(result, stdout, JSON_INDENT(2) | JSON_READABLE_REALS);
    putchar('\n');
}

static int run_script(struct run *run, struct agent_outcome *ret_outcome, json_t *artifacts, struct error *e) {
    cleanup_file FILE *events = run->events ? fopen(run->events, "we") : NULL;
    if (run->events && !events)
        return error_errno(e, errno, ERROR_STORAGE, "cannot write %s", run->events);
    char lease_id[UUID_TEXT_SIZE];
    cleanup_json json_t *lease = json_pack("{s:n, s:I}", "thread_id", "timeout_ms", (json_int_t)run->timeout_s * 1000);
    struct run_sink state = {.progress = &run->progress,
                             .folder = run->output,
                             .screenshot_folder = run->screenshots,
                             .events = events,
                             .artifacts = artifacts};
    struct agent_sink sink = run_sink_of(&state);
    if (run->memory_mb)
        json_object_set_new(lease, "memory_mb", json_integer(run->memory_mb));
    run->door.interrupt_fd = run->interrupt_fd;
    struct agent_options agent = {.door = &run->door,
                                  .lease_id = uuid_make(lease_id),
                                  .lease = lease,
                                  .script = run->script,
                                  .inputs = run->inputs,
                                  .timeout_ms = run->timeout_s * 1000,
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
        r = run_script(run, &outcome, artifacts, e);
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
    __attribute__((cleanup(run_done))) struct run run = {
        .output = ".", .timeout_s = DEFAULT_TIMEOUT, .interrupt_fd = -1, .instance = RUN_INSTANCE_NONE};
    struct error e = {0};
    if (take_options(&run, count, arguments, &e) < 0)
        return report_usage(usage, "%s", e.text);
    if (load(&run, &e) < 0)
        return report_failure(&e, false);
    run.interrupt_fd = interrupt_descriptor();
    progress_start(&run.progress);
    int r = run_all(&run, &e);
    progress_stop(&run.progress);
    sodium_memzero(&run.key, sizeof run.key);
    if (r >= 0)
        return r;
    report_failure(&e, false);
    return r == -ECANCELED ? STOPPED_STATUS : 1;
}
