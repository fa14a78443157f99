/* `replinet batch AGENT ROWS.csv|ROWS.json`: a thread per row, the results joined in one file. */
#include "base/io.h"
#include "base/memory.h"
#include "cli/batch_output.h"
#include "cli/batch_rows.h"
#include "cli/commands.h"
#include "cli/report.h"
#include "domain/agents.h"
#include <errno.h>
#include <getopt.h>
#include <string.h>
#include <unistd.h>

#define CONCURRENCY_DEFAULT 10
#define CONCURRENCY_MOST    1000
#define STOPPED_STATUS      130

struct call {
    const char *agent, *rows, *task, *output, *columns, *resume;
    int64_t concurrency;
    bool json;
};

static int take_options(struct call *call, int count, char **arguments) {
    static const struct option options[] = {
        {"json", no_argument, NULL, 'j'},
        {"parallel", required_argument, NULL, 'n'},
        {"concurrency", required_argument, NULL, 'n'},
        {"task", required_argument, NULL, 't'},
        {"output", required_argument, NULL, 'o'},
        {"columns", required_argument, NULL, 'c'},
        {"resume", required_argument, NULL, 'r'},
        {NULL, 0, NULL, 0},
    };
    const char **texts[] = {['t'] = &call->task, ['o'] = &call->output, ['c'] = &call->columns, ['r'] = &call->resume};
    int letter;
    opterr = 0;
    optind = 1;
    while ((letter = getopt_long(count, arguments, "", options, NULL)) != -1) {
        if (letter == '?' || (letter == 'n' && text_parse_int(optarg, 1, CONCURRENCY_MOST, &call->concurrency)))
            return -EINVAL;
        if (letter == 'j')
            call->json = true;
        else if (letter != 'n')
            *texts[letter] = optarg;
    }
    if (count - optind != 2)
        return -EINVAL;
    call->agent = arguments[optind];
    call->rows = arguments[optind + 1];
    return 0;
}

static int find_agent(struct cli_session *session, const char *reference, json_t **ret_agent, struct error *e) {
    cleanup_free char *text = NULL;
    int r = agents_get(&session->db, &session->caller, reference, &text, e);
    return r < 0 ? r : json_parse(text, strlen(text), "the agent", ret_agent, e);
}

/* Looked at before the first thread: a batch of hours must not end with a place that cannot be written. */
static int check_output(const struct call *call, struct error *e) {
    if (!call->output || !access(call->output, W_OK))
        return 0;
    cleanup_free char *folder = memory_copy_text(call->output);
    char *slash = strrchr(folder, '/');
    if (slash)
        slash[slash == folder] = '\0';
    if (errno != ENOENT || access(slash ? folder : ".", W_OK | X_OK))
        return error_errno(e, errno, ERROR_STORAGE, "cannot write %s", call->output);
    return 0;
}

static int write_results(const struct call *call, const struct batch *batch, const json_t *columns, struct error *e) {
    cleanup_text struct text out = {0};
    if (call->output ? batch_is_json(call->output) : call->json)
        batch_write_json(batch, &out);
    else
        batch_write_csv(batch, columns, &out);
    if (call->output)
        return io_write_file(call->output, 0644, out.data, out.length, e);
    int r = io_write_full(STDOUT_FILENO, out.data, out.length);
    return r < 0 ? error_errno(e, -r, ERROR_STORAGE, "cannot write standard output") : 0;
}

static void sum_up(const struct call *call, const struct batch *batch) {
    if (!call->output || !call->json)
        return;
    cleanup_json json_t *sum =
        json_pack("{s:I, s:I, s:I, s:I, s:I, s:s}", "rows", (json_int_t)batch->count, "completed",
                  (json_int_t)batch->completed, "failed", (json_int_t)batch->failed, "stopped",
                  (json_int_t)batch->stopped, "from_before", (json_int_t)batch->resumed, "output", call->output);
    cleanup_free char *text = json_print(sum);
    session_print(text);
}

/* The exit status, or -errno. Results are written also after a failure in between. */
static int carry_out(const struct call *call, struct batch *batch, const json_t *columns, struct error *e) {
    struct error unwritten = {0};
    int r = batch_carry_out(batch, e);
    int w = write_results(call, batch, columns, &unwritten);
    if (r >= 0 && w < 0)
        *e = unwritten;
    if (r < 0 || w < 0)
        return r < 0 ? r : w;
    sum_up(call, batch);
    return batch->stopping ? STOPPED_STATUS : batch->completed < batch->count;
}

static int run(const struct call *call, struct error *e) {
    cleanup_session struct cli_session session = {0};
    cleanup_batch_journal struct batch_journal journal = {.fd = -1};
    cleanup_json json_t *rows = NULL, *columns = NULL, *agent = NULL;
    int r = batch_read_rows(call->rows, &rows, e);
    if (!r && call->columns)
        r = batch_pick_columns(call->columns, &columns, e);
    if (!r)
        r = check_output(call, e);
    if (!r)
        r = session_open(&session, e);
    if (!r)
        r = find_agent(&session, call->agent, &agent, e);
    if (!r)
        r = batch_check_rows(call->rows, agent, rows, e);
    if (!r)
        r = batch_journal_open(call->resume, &journal, e);
    if (r < 0)
        return r;
    struct batch batch = {.session = &session,
                          .journal = &journal,
                          .agent_id = json_text_or(agent, "id", ""),
                          .task = call->task,
                          .concurrency = (size_t)call->concurrency};
    batch_prepare(&batch, rows);
    r = carry_out(call, &batch, columns, e);
    batch_done(&batch);
    return r;
}

int batch_command(int count, char **arguments) {
    struct call call = {.concurrency = CONCURRENCY_DEFAULT};
    struct error e = {0};
    if (take_options(&call, count, arguments) < 0)
        return report_usage("batch", "batch: wrong or missing arguments");
    int r = run(&call, &e);
    return r < 0 ? report_failure(&e, call.json) : r;
}
