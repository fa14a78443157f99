/* Asks models for tests/flow/llm.test.mjs. Standard input is
 *     {"model": as llm_settings_from_model takes it, "timeout_ms"?, "retry_pause_ms"?, "temperature"?,
 *      "asks": [{"messages", "tools"?, "tool_choice"?, "response_schema"?, "stable_messages"?, "deadline_ms"?,
 *                "cancel_ms"?, "serve_fails_ms"?}]}
 * asked one after another in one session. A message {"role": "previous"} stands for the answer before; the id "@N" of a
 * result for that of its call N. Standard output is a list of what came of each:
 *     {"text", "calls", "structure", "finish", "usage", "cost_micro", "attempts", "first_token_ms", "duration_ms",
 *      "message", "streamed", "thrown_away", "retried": [{"attempt", "code", "text", "pause_ms"}], "served"}
 * or with {"error": {"code", "text", "hint", "errno"}} in place of the answer. */
#include "agent/llm/provider.h"
#include "base/clock.h"
#include "base/io.h"
#include "base/memory.h"
#include "base/text.h"
#include <errno.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/timerfd.h>
#include <unistd.h>

#define TICK_MS 20

/* What is told of a call while it goes on. */
struct watch {
    struct text streamed;
    int served, thrown_away, ticks;
    json_t *retried;
    int64_t fails_at; /* when serving shall fail */
};

static int timer(int64_t after_ms, int64_t every_ms) {
    int fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    struct itimerspec times = {.it_value = {after_ms / 1000, after_ms % 1000 * 1000000},
                               .it_interval = {every_ms / 1000, every_ms % 1000 * 1000000}};
    timerfd_settime(fd, 0, &times, NULL);
    return fd;
}

static int serve(void *user, struct error *e) {
    struct watch *watch = user;
    uint64_t expired = 0;
    ssize_t n = read(watch->ticks, &expired, sizeof expired);
    watch->served += n > 0;
    if (clock_monotonic_ms() >= watch->fails_at)
        return error_set(e, ECONNRESET, ERROR_BROWSER_CRASH, "the browser is gone");
    return 0;
}

static void note_delta(void *user, const char *text, size_t length) {
    struct watch *watch = user;
    if (text) {
        text_append(&watch->streamed, text, length);
        return;
    }
    watch->thrown_away++;
    text_clear(&watch->streamed);
}

static void note_retried(void *user, int attempt, const struct error *why, int64_t pause_ms) {
    struct watch *watch = user;
    json_array_append_new(watch->retried,
                          json_pack("{s:i, s:s, s:s, s:I}", "attempt", attempt, "code", error_name(why->code), "text",
                                    why->text, "pause_ms", (json_int_t)pause_ms));
}

static void put_ids(json_t *message, const json_t *previous) {
    json_t *result;
    size_t i;
    json_array_foreach (json_object_get(message, "results"), i, result) {
        const char *id = json_text_or(result, "id", "");
        json_t *call = json_array_get(json_object_get(previous, "calls"), (size_t)atoi(id + 1));
        if (*id == '@' && call)
            json_object_set(result, "id", json_object_get(call, "id"));
    }
}

static json_t *messages_of(const json_t *ask, json_t *previous) {
    json_t *messages = json_deep_copy(json_object_get(ask, "messages")), *message;
    size_t i;
    json_array_foreach (messages, i, message) {
        if (!strcmp(json_text_or(message, "role", ""), "previous"))
            json_array_set(messages, i, previous);
        else
            put_ids(message, previous);
    }
    return messages;
}

static json_t *answer_json(const struct llm_answer *answer, json_t *message) {
    static const char *const finishes[] = {"stop", "calls", "length"};
    const struct llm_usage *usage = &answer->usage;
    return json_pack(
        "{s:s, s:O, s:O?, s:s, s:{s:I, s:I, s:I, s:I, s:b}, s:I, s:i, s:I, s:I, s:O}", "text", answer->text, "calls",
        answer->calls, "structure", answer->structure, "finish", finishes[answer->finish], "usage", "input_tokens",
        (json_int_t)usage->input_tokens, "output_tokens", (json_int_t)usage->output_tokens, "cached_tokens",
        (json_int_t)usage->cached_tokens, "written_tokens", (json_int_t)usage->written_tokens, "estimated",
        usage->estimated, "cost_micro", (json_int_t)answer->cost_micro, "attempts", answer->attempts, "first_token_ms",
        (json_int_t)answer->first_token_ms, "duration_ms", (json_int_t)answer->duration_ms, "message", message);
}

static json_t *error_json(const struct error *e, int err) {
    return json_pack("{s:{s:s, s:s, s:s, s:i}}", "error", "code", error_name(e->code), "text", e->text, "hint", e->hint,
                     "errno", -err);
}

static void run_ask(const struct llm_settings *settings, struct llm_session *session, const json_t *ask,
                    json_t **previous, json_t *report) {
    int64_t cancel_ms = json_int_or(ask, "cancel_ms", 0), fails_ms = json_int_or(ask, "serve_fails_ms", -1);
    cleanup_close int interrupt = cancel_ms ? timer(cancel_ms, 0) : -1, ticks = timer(TICK_MS, TICK_MS);
    struct watch watch = {.ticks = ticks, .retried = json_array(), .fails_at = clock_deadline(fails_ms)};
    cleanup_json json_t *messages = messages_of(ask, *previous);
    cleanup_llm_answer struct llm_answer answer = {0};
    struct llm_request request = {
        .messages = messages,
        .tools = json_object_get(ask, "tools"),
        .tool_choice = json_text_or(ask, "tool_choice", NULL),
        .response_schema = json_object_get(ask, "response_schema"),
        .stable_messages = (size_t)json_int_or(ask, "stable_messages", 0),
        .deadline = clock_deadline(json_int_or(ask, "deadline_ms", -1)),
        .interrupt_fd = interrupt,
        .extra_fd = ticks,
        .serve = serve,
        .delta = note_delta,
        .retried = note_retried,
        .user = &watch,
        .session = session,
    };
    struct error e = {0};
    int r = llm_ask(settings, &request, &answer, &e);
    cleanup_json json_t *message = r < 0 ? NULL : llm_answer_message(&answer);
    json_t *entry = r < 0 ? error_json(&e, r) : answer_json(&answer, message);
    json_object_set_new(entry, "streamed", json_string(watch.streamed.data ? watch.streamed.data : ""));
    json_object_set_new(entry, "thrown_away", json_integer(watch.thrown_away));
    json_object_set_new(entry, "served", json_integer(watch.served));
    json_object_set_new(entry, "retried", watch.retried);
    json_array_append_new(report, entry);
    text_done(&watch.streamed);
    json_decref(*previous);
    *previous = take_pointer(message);
}

int main(void) {
    cleanup_free char *input = NULL;
    cleanup_json json_t *spec = NULL, *report = json_array(), *previous = NULL;
    cleanup_llm_settings struct llm_settings settings = {0};
    struct error e = {0};
    size_t length = 0;
    signal(SIGPIPE, SIG_IGN);
    if (sodium_init() < 0 || io_read_all(STDIN_FILENO, "standard input", (size_t)1 << 28, &input, &length, &e) < 0 ||
        json_parse(input, length, "standard input", &spec, &e) < 0 ||
        llm_settings_from_model(json_object_get(spec, "model"), &settings, &e) < 0) {
        fprintf(stderr, "%s\n", e.text);
        return 2;
    }
    settings.timeout_ms = json_int_or(spec, "timeout_ms", 0);
    settings.retry_pause_ms = json_int_or(spec, "retry_pause_ms", 5);
    settings.temperature = json_real_or(spec, "temperature", -1);
    struct llm_session *session = llm_session_new();
    json_t *ask;
    size_t i;
    json_array_foreach (json_object_get(spec, "asks"), i, ask)
        run_ask(&settings, session, ask, &previous, report);
    llm_session_free(session);
    cleanup_free char *text = json_print(report);
    puts(text);
    return 0;
}
