#include "cli/run_options.h"
#include "base/config.h"
#include "base/memory.h"
#include <errno.h>
#include <string.h>

#define TIMEOUT_DEFAULT_S 300
#define TIMEOUT_MOST_S    86400
#define STEPS_MOST        100000

struct row;
typedef int take_function(const struct row *row, struct run_options *options, const char *value, struct error *e);

static take_function take_timeout, take_memory, take_inputs, take_browser_config, take_allow, take_output,
    take_screenshots, take_events, take_private, take_task, take_model, take_result_schema, take_max_steps, take_vision;

static const struct row {
    const char *name, *value; /* value NULL: the option takes none */
    take_function *take;
} rows[] = {
    {"--timeout", "SECONDS", take_timeout},
    {"--inputs", "JSON|@FILE", take_inputs},
    {"--browser-config", "JSON|@FILE", take_browser_config},
    {"--memory", "MB", take_memory},
    {"--allow", "HOST:PORT", take_allow},
    {"--output", "DIR", take_output},
    {"--screenshot-dir", "DIR", take_screenshots},
    {"--events", "FILE", take_events},
    {"--private", NULL, take_private},
    {"--task", "TEXT|@FILE", take_task},
    {"--model", "PROVIDER/MODEL", take_model},
    {"--result-schema", "JSON|@FILE", take_result_schema},
    {"--max-steps", "NUMBER", take_max_steps},
    {"--vision", NULL, take_vision},
};

static int take_number(const struct row *row, const char *value, double least, double most, int64_t *ret_number,
                       struct error *e) {
    if (text_parse_int(value, (int64_t)least, (int64_t)most, ret_number) < 0)
        return error_set(e, EINVAL, ERROR_BAD_INPUT, "%s takes a number from %.0f to %.0f, not \"%s\"", row->name,
                         least, most, value);
    return 0;
}

static int take_timeout(const struct row *row, struct run_options *options, const char *value, struct error *e) {
    return take_number(row, value, 1, TIMEOUT_MOST_S, &options->timeout_s, e);
}

static int take_memory(const struct row *row, struct run_options *options, const char *value, struct error *e) {
    const struct config_row *limits = &config_rows[CONFIG_BROWSER_MEMORY_MB];
    return take_number(row, value, limits->least, limits->most, &options->memory_mb, e);
}

static int take_inputs(const struct row *row, struct run_options *options, const char *value, struct error *e) {
    options->inputs = value;
    return 0;
}

static int take_browser_config(const struct row *row, struct run_options *options, const char *value, struct error *e) {
    options->browser_config = value;
    return 0;
}

static int take_allow(const struct row *row, struct run_options *options, const char *value, struct error *e) {
    text_print(&options->allow, "%s%s", options->allow.length ? "," : "", value);
    return 0;
}

static int take_output(const struct row *row, struct run_options *options, const char *value, struct error *e) {
    options->output = value;
    return 0;
}

static int take_screenshots(const struct row *row, struct run_options *options, const char *value, struct error *e) {
    options->screenshots = value;
    return 0;
}

static int take_events(const struct row *row, struct run_options *options, const char *value, struct error *e) {
    options->events = value;
    return 0;
}

static int take_private(const struct row *row, struct run_options *options, const char *value, struct error *e) {
    options->private = true;
    return 0;
}

static int take_task(const struct row *row, struct run_options *options, const char *value, struct error *e) {
    options->task = value;
    return 0;
}

static int take_model(const struct row *row, struct run_options *options, const char *value, struct error *e) {
    options->model = value;
    return 0;
}

static int take_result_schema(const struct row *row, struct run_options *options, const char *value, struct error *e) {
    options->result_schema = value;
    return 0;
}

static int take_max_steps(const struct row *row, struct run_options *options, const char *value, struct error *e) {
    return take_number(row, value, 1, STEPS_MOST, &options->max_steps, e);
}

static int take_vision(const struct row *row, struct run_options *options, const char *value, struct error *e) {
    options->vision = true;
    return 0;
}

/* "--name=value" or "--name value"; *index moves past what was taken. */
static int take_option(struct run_options *options, int count, char **arguments, int *index, struct error *e) {
    const char *argument = arguments[*index];
    size_t length = strcspn(argument, "=");
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        const struct row *row = &rows[i];
        if (strlen(row->name) != length || strncmp(row->name, argument, length))
            continue;
        const char *value = argument[length] ? argument + length + 1 : NULL;
        if (row->value && !value && *index + 1 < count)
            value = arguments[++*index];
        if (!row->value != !value)
            return error_set(e, EINVAL, ERROR_BAD_INPUT, "%s takes %s", row->name,
                             row->value ? row->value : "no value");
        return row->take(row, options, value, e);
    }
    return error_set(e, EINVAL, ERROR_BAD_INPUT, "run has no option %s", argument);
}

static int check_together(const struct run_options *options, int files, struct error *e) {
    if (files > 1 || (!files && !options->task))
        return error_set(e, EINVAL, ERROR_BAD_INPUT, "run takes one script file, or --task and --model");
    if (!options->task != !options->model)
        return error_set(e, EINVAL, ERROR_BAD_INPUT, "--task and --model go together");
    if (!options->model && (options->max_steps || options->vision))
        return error_set(e, EINVAL, ERROR_BAD_INPUT, "--max-steps and --vision are for a model (--task, --model)");
    return 0;
}

int run_options_take(struct run_options *ret_options, int count, char **arguments, struct error *e) {
    struct run_options options = {.output = ".", .timeout_s = TIMEOUT_DEFAULT_S};
    int r = 0, files = 0;
    for (int i = 1; i < count && !r; i++)
        if (text_starts_with(arguments[i], "--"))
            r = take_option(&options, count, arguments, &i, e);
        else
            options.file = arguments[i], files++;
    if (!r)
        r = check_together(&options, files, e);
    if (r < 0) {
        run_options_done(&options);
        return r;
    }
    *ret_options = options;
    return 0;
}

void run_options_done(struct run_options *options) {
    text_done(&options->allow);
}
