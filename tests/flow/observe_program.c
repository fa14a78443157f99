/* Looks at pages as a model does, for observe.test.mjs and the benchmark: leases a browser of a Browser Manager
 * (DOOR_PORT, SECRET_KEY ...), takes a JSON command per line and answers each with a line of JSON.
 *   {"step": {"click": {"element": 3}}}     carries a step out as the tools of models do: {"ok"} or {"error"}
 *   {"look": {"budget": 8000, "boxes": true}}   {"text", "elements", "hidden", "changed", "hash", "title", "url",
 * "image"}
 *   {"read": {"element": 3, "offset": 0, "max": 1000}}   {"text", "total", "next"}
 * Every answer has "ms". */
#include "agent/observe/observation.h"
#include "base/clock.h"
#include "base/config.h"
#include "base/memory.h"
#include "base/uuid.h"
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define OPEN_MS 60000
#define LOOK_MS 30000

static int on_sink_event(void *user, enum log_level level, const char *kind, const char *message, const json_t *data,
                         struct error *e) {
    return 0;
}

static int on_artifact(void *user, const char *kind, const char *name, const char *media_type, const void *data,
                       size_t length, char ret_id[37], struct error *e) {
    uuid_make(ret_id);
    return 0;
}

static void on_cdp_event(void *user, const char *session_id, const char *method, const json_t *params) {
    struct run *run = user;
    if (run->tabs)
        tabs_event(run->tabs, session_id, method, params);
}

static void on_note(void *user, int level, const char *kind, const char *message, json_t *data) {
    json_decref(data);
}

static void must(int r, const struct error *e) {
    if (r >= 0)
        return;
    fprintf(stderr, "observe_program: %s: %s\n", error_name(e->code), e->text);
    exit(1);
}

static double now_ms(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec * 1000 + (double)time.tv_nsec / 1e6;
}

static void open_browser(struct run *run, const struct door *door) {
    struct error e = {0};
    cleanup_json json_t *lease = json_pack("{s:n}", "thread_id"), *browser = NULL;
    cleanup_free char *path = NULL;
    char id[UUID_TEXT_SIZE];
    int64_t deadline = clock_deadline(OPEN_MS);
    struct page_listener listener = {run, on_note, NULL};
    must(door_lease(door, uuid_make(id), lease, &browser, &e), &e);
    run->browser_id = memory_copy_text(json_text_or(browser, "id", ""));
    must(door_cdp_path(door, run->browser_id, &path, &e), &e);
    must(cdp_connect(door->host, door->port, path, deadline, &run->client, &e), &e);
    cdp_client_set_handler(run->client, on_cdp_event, run);
    must(tabs_open(run->client, &listener, &run->dialogs, deadline, &run->tabs, &e), &e);
    run->page = tabs_current(run->tabs);
}

static json_t *error_json(const struct error *e) {
    return json_pack("{s:s, s:s, s:s}", "error", e->text, "code", error_name(e->code), "hint", e->hint);
}

static json_t *carry_out(struct run *run, const json_t *step) {
    struct error e = {0};
    cleanup_json json_t *steps = json_pack("[O]", step);
    int r = step_run_list(run, steps, "steps", &e);
    return r < 0 ? error_json(&e) : json_pack("{s:b, s:O}", "ok", 1, "results", run->results);
}

static json_t *look(struct run *run, const json_t *how) {
    struct error e = {0};
    cleanup_observation struct observation seen = {0};
    struct observe_options options = {.budget_bytes = (size_t)json_int_or(how, "budget", 0),
                                      .screenshot = json_object_get(how, "boxes") != NULL,
                                      .boxes = json_bool_or(how, "boxes", false)};
    if (observe_page(run, &options, clock_deadline(LOOK_MS), &seen, &e) < 0)
        return error_json(&e);
    cleanup_text struct text image = {0};
    text_append_base64(&image, seen.image, seen.image_length);
    return json_pack("{s:s, s:I, s:I, s:b, s:s, s:s, s:s, s:s}", "text", seen.text, "elements",
                     (json_int_t)seen.elements, "hidden", (json_int_t)seen.hidden, "changed", seen.changed, "hash",
                     seen.hash, "title", seen.title, "url", seen.url, "image", image.data ? image.data : "");
}

static json_t *read_text(struct run *run, const json_t *how) {
    struct error e = {0};
    struct observed_text seen = {0};
    struct observe_reading options = {json_int_or(how, "element", 0), (size_t)json_int_or(how, "offset", 0),
                                      (size_t)json_int_or(how, "max", 0)};
    if (observe_text(run, &options, clock_deadline(LOOK_MS), &seen, &e) < 0)
        return error_json(&e);
    cleanup_free char *text = seen.text;
    return json_pack("{s:s, s:I, s:I}", "text", text, "total", (json_int_t)seen.total, "next", (json_int_t)seen.next);
}

static json_t *answer_to(struct run *run, const json_t *command) {
    static const struct {
        const char *name;
        json_t *(*function)(struct run *run, const json_t *how);
    } rows[] = {{"step", carry_out}, {"look", look}, {"read", read_text}};
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++)
        if (json_object_get(command, rows[i].name))
            return rows[i].function(run, json_object_get(command, rows[i].name));
    return json_pack("{s:s}", "error", "step, look or read");
}

static void serve(struct run *run) {
    char *line = NULL;
    size_t room = 0;
    ssize_t length;
    while ((length = getline(&line, &room, stdin)) > 0) {
        struct error e = {0};
        cleanup_json json_t *command = NULL, *answer = NULL;
        must(json_parse(line, (size_t)length, "command", &command, &e), &e);
        double began = now_ms();
        answer = answer_to(run, command);
        json_object_set_new(answer, "ms", json_real(now_ms() - began));
        cleanup_free char *text = json_print(answer);
        printf("%s\n", text);
        fflush(stdout);
    }
    free(line);
}

int main(void) {
    cleanup_free char *complaints = NULL;
    struct error e = {0};
    struct ticket_key key;
    struct door door;
    struct agent_options options = {.interrupt_fd = -1};
    struct agent_sink sink = {.event = on_sink_event, .artifact = on_artifact};
    struct run run = {.options = &options, .sink = &sink, .deadline = INT64_MAX, .limit = INT64_MAX};
    if (sodium_init() < 0 || config_load(NULL, &complaints) < 0) {
        fprintf(stderr, "observe_program: %s\n", complaints ? complaints : "no libsodium");
        return 2;
    }
    must(door_open(&key, &door, &e), &e);
    run.results = json_object();
    run.uploads = json_object();
    run.values = json_pack("{s:o, s:{}, s:{}}", "results", run.results, "vars", "loop");
    run.observer = observer_make();
    open_browser(&run, &door);
    options.door = &door;
    printf("{\"ready\": true}\n");
    fflush(stdout);
    serve(&run);
    observer_free(run.observer);
    cdp_client_free(run.client);
    tabs_free(run.tabs);
    dialogs_done(&run.dialogs);
    door_release(&door, run.browser_id, "released", &e);
    free((char *)run.browser_id);
    json_decref(run.values);
    json_decref(run.uploads);
    return 0;
}
