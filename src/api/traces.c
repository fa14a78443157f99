/* What a thread did, to keep or pass on: its trace as one file, and as a script that does it again. */
#include "api/download.h"
#include "api/route_table.h"
#include "api/thread_script.h"
#include "api/trace.h"
#include <errno.h>
#include <sys/stat.h>

/* A trace may take seconds and a hundred megabytes: nobody makes it for a client who has left. */
struct wanted {
    const struct api_call *call;
    struct blob_sink file;
};

static int write_wanted(void *user, const void *data, size_t length) {
    const struct wanted *wanted = user;
    return call_is_abandoned(wanted->call) ? -ECANCELED : wanted->file.write(wanted->file.user, data, length);
}

static int write_file(struct api_call *call, struct download *download, struct error *e) {
    struct wanted wanted = {call, blob_sink_to_fd(&download->fd)};
    struct blob_sink sink = {write_wanted, &wanted};
    struct stat status;
    int r = download_open(download, e);
    if (!r)
        r = trace_write(call->db, &call->who.caller, call_parameter(call, "id"), &sink, e);
    if (r < 0)
        return r;
    fstat(download->fd, &status);
    download->size = download->length = status.st_size;
    return 0;
}

static int get_trace(struct api_call *call, struct error *e) {
    struct download *download = download_new();
    int r = write_file(call, download, e);
    if (r < 0) {
        download_free(download);
        return r;
    }
    download->status = 200;
    download->media_type = "text/html; charset=utf-8";
    download->policy = TRACE_POLICY "; sandbox";
    download->disposition =
        arena_print(&call->arena, "attachment; filename=\"thread-%s.html\"", call_parameter(call, "id"));
    call->user = download;
    return 0;
}

static const struct schema_field script_query_fields[] = {
    {"parameters", SCHEMA_TEXT, .most = 20000,
     .doc = "A JSON object {name: text}: where a step has the text it gets {{inputs.NAME}}."},
    {NULL},
};
static const struct schema script_query_schema = {"ThreadScriptQuery", script_query_fields,
                                                  .doc = "What shall differ from run to run."};
static const struct schema_field left_out_fields[] = {
    {"action", SCHEMA_TEXT, SCHEMA_REQUIRED, .most = 200, .doc = "The tool or action."},
    {"why", SCHEMA_TEXT, SCHEMA_REQUIRED, .most = 1000, .doc = "Why a script has nothing in its place, in words."},
    {"url", SCHEMA_TEXT, .most = 1e6, .doc = "The page that it was about."},
    {NULL},
};
static const struct schema left_out_schema = {"ThreadScriptLeftOut", left_out_fields,
                                              .doc = "Something that was done and is not in the script."};
static const struct schema_field proposal_fields[] = {
    {"text", SCHEMA_TEXT, SCHEMA_REQUIRED, .most = 1e6, .doc = "What was typed."},
    {"name", SCHEMA_TEXT, SCHEMA_REQUIRED, .doc = "A name for it, made after its field."},
    {NULL},
};
static const struct schema proposal_schema = {
    "ThreadScriptProposal", proposal_fields,
    .doc = "A text that could be an input: `parameters` with {NAME: TEXT} makes it one."};
static const struct schema_field script_fields[] = {
    {"steps", SCHEMA_LIST, SCHEMA_REQUIRED, .items = SCHEMA_OBJECT, .most = 1e6,
     .doc = "Steps of a script; with `scripts` what an agent has as its `script`."},
    {"scripts", SCHEMA_OBJECT, .doc = "Scripts that the steps call, when they do."},
    {"input_schema", SCHEMA_OBJECT, SCHEMA_REQUIRED,
     .doc = "JSON Schema of the inputs that the steps need, with this run's values as defaults."},
    {"result_schema", SCHEMA_OBJECT, .doc = "The agent's, when the steps bring what it asks for."},
    {"left_out", SCHEMA_LIST, SCHEMA_REQUIRED, .items = SCHEMA_OBJECT, .object = &left_out_schema, .most = 1e6,
     .doc = "What was done and is not in the script."},
    {"proposals", SCHEMA_LIST, SCHEMA_REQUIRED, .items = SCHEMA_OBJECT, .object = &proposal_schema, .most = 200,
     .doc = "Texts that were typed and are no inputs yet."},
    {"credentials", SCHEMA_LIST, .items = SCHEMA_TEXT, .most = 1e6,
     .doc = "Names of the credentials that the steps fill in; the agent needs them."},
    {NULL},
};
static const struct schema script_schema = {"ThreadScript", script_fields,
                                            .doc = "A script for an agent, and what is to be known of it."};

static int get_script(struct api_call *call, struct error *e) {
    cleanup_json json_t *parameters = NULL, *answer = NULL;
    int r = thread_script_parameters(json_text_or(call->query, "parameters", NULL), &parameters, e);
    if (!r)
        r = thread_script_make(call->db, &call->who.caller, call_parameter(call, "id"), parameters, &answer, e);
    return call_done(call, r, answer ? json_print(answer) : NULL);
}

const struct api_route traces_routes[] = {
    {"GET", "/threads/{id}/trace.html", get_trace, .park = download_send, .lane = LANE_SLOW,
     .permission = PERMISSION_THREADS_READ, .scope = SCOPE_READ, .form = FORM_NOTHING, .status = 200, .tag = "threads",
     .summary = "A whole run as one HTML file"},
    {"GET", "/threads/{id}/script", get_script, .lane = LANE_SLOW, .permission = PERMISSION_THREADS_READ,
     .scope = SCOPE_READ, .query = &script_query_schema, .answer = &script_schema, .form = FORM_OBJECT, .status = 200,
     .tag = "threads", .summary = "What a model or a person did, as a script that does it again"},
    {NULL},
};
