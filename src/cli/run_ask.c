#include "cli/run_ask.h"
#include "base/memory.h"
#include "base/text.h"
#include "base/uuid.h"
#include "cli/run_sink.h"
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* What a person is told to type, by the question's kind. */
static const struct {
    const char *kind, *how;
} kinds[] = {
    {"approval", "y: yes, anything else: no, with what you typed as the reason"},
    {"captcha", "the answer, or an empty line when it is done"},
    {"blocked", "what to do, or an empty line when it is done"},
    {"code", "the code"},
    {"question", "the answer"},
};

static const char *how_to_answer(const char *kind) {
    for (size_t i = 0; i < ARRAY_LENGTH(kinds); i++)
        if (!strcmp(kinds[i].kind, kind))
            return kinds[i].how;
    return "the answer";
}

static void show_choices(struct progress *progress, const json_t *choices) {
    size_t i;
    json_t *choice;
    json_array_foreach (choices, i, choice)
        if (json_is_string(choice))
            progress_line(progress, "-", json_string_value(choice), -1);
}

static int ask(void *user, const json_t *question, char ret_id[37], struct error *e) {
    struct run_sink *sink = user;
    const char *kind = json_text_or(question, "kind", "question");
    cleanup_free char *how = memory_print("(%s)", how_to_answer(kind));
    snprintf(sink->ask.kind, sizeof sink->ask.kind, "%s", kind);
    progress_doing(sink->progress, "");
    progress_line(sink->progress, "?", json_text_or(question, "text", ""), -1);
    show_choices(sink->progress, json_object_get(question, "choices"));
    progress_line(sink->progress, " ", how, -1);
    uuid_make(ret_id);
    return 0;
}

static json_t *answer_of(const char *kind, const char *line) {
    bool yes = !strcasecmp(line, "y") || !strcasecmp(line, "yes");
    if (!strcmp(kind, "approval"))
        return json_pack("{s:b, s:s, s:s}", "approved", yes, "text", yes ? "" : line, "by", "the terminal");
    if (!*line && (!strcmp(kind, "captcha") || !strcmp(kind, "blocked")))
        return json_pack("{s:b, s:s}", "handled", 1, "by", "the terminal");
    return json_pack("{s:s, s:s}", "text", line, "by", "the terminal");
}

/* A terminal gives whole lines. */
static int answer(void *user, const char *id, json_t **ret_answer, struct error *e) {
    struct run_sink *sink = user;
    struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};
    char line[RUN_ASK_LINE_MAX];
    *ret_answer = NULL;
    if (poll(&input, 1, 0) <= 0)
        return 0;
    ssize_t n = read(STDIN_FILENO, line, sizeof line - 1);
    if (n <= 0)
        return error_set(e, ENODATA, ERROR_NO_ANSWER, "the question was not answered: standard input has ended");
    line[n] = '\0';
    line[strcspn(line, "\r\n")] = '\0';
    if (!text_is_utf8(line, strlen(line)))
        return 0;
    *ret_answer = answer_of(sink->ask.kind, line);
    return 0;
}

static int withdraw(void *user, const char *id, const char *why, struct error *e) {
    struct run_sink *sink = user;
    cleanup_free char *text = memory_print("the question is over: %s", why);
    progress_line(sink->progress, "·", text, -1);
    return 0;
}

void run_ask_add(struct agent_sink *sink) {
    if (!isatty(STDIN_FILENO) || !isatty(STDERR_FILENO))
        return;
    sink->ask = ask;
    sink->answer = answer;
    sink->withdraw = withdraw;
}
