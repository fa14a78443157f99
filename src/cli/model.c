/* `replinet model`: asks a model for one word, to see whether its provider is set up well. */
#include "agent/llm/llm.h"
#include "base/clock.h"
#include "base/memory.h"
#include "base/text.h"
#include "cli/commands.h"
#include "cli/model_find.h"
#include "cli/report.h"
#include "cli/session.h"
#include <stdio.h>
#include <string.h>

#define TEST_MS     120000 /* a local server may have to load the model */
#define TEST_TOKENS 512    /* some models think first */
#define SHOWN_MAX   60

static int ask_word(const struct llm_settings *settings, struct llm_answer *ret_answer, struct error *e) {
    cleanup_json json_t *messages =
        json_pack("[{s:s, s:s}, {s:s, s:[{s:s}]}]", "role", "system", "text", "You answer with one word.", "role",
                  "user", "parts", "text", "Say: ready");
    struct llm_request request = {
        .messages = messages, .deadline = clock_deadline(TEST_MS), .interrupt_fd = -1, .extra_fd = -1};
    return llm_ask(settings, &request, ret_answer, e);
}

static void tell_in_json(const char *ai_model, const struct llm_answer *answer) {
    const struct llm_usage *usage = &answer->usage;
    cleanup_json json_t *report =
        json_pack("{s:s, s:s, s:i, s:I, s:I, s:I, s:I, s:I, s:b, s:I}", "model", ai_model, "answer", answer->text,
                  "attempts", answer->attempts, "first_token_ms", (json_int_t)answer->first_token_ms, "duration_ms",
                  (json_int_t)answer->duration_ms, "input_tokens", (json_int_t)usage->input_tokens, "output_tokens",
                  (json_int_t)usage->output_tokens, "cached_tokens", (json_int_t)usage->cached_tokens, "estimated",
                  usage->estimated, "cost_micro", (json_int_t)answer->cost_micro);
    cleanup_free char *text = json_print(report);
    session_print(text);
}

static void tell_in_words(const char *ai_model, const struct llm_settings *settings, const struct llm_answer *answer) {
    cleanup_text struct text shown = {0};
    size_t length = strlen(answer->text);
    text_append_json(&shown, answer->text,
                     length < SHOWN_MAX ? length : SHOWN_MAX); /* a terminal is not to be driven */
    printf("%s answered %s in %lld ms (first word after %lld ms)\n", ai_model, shown.data,
           (long long)answer->duration_ms, (long long)answer->first_token_ms);
    printf("%lld tokens in, %lld out%s", (long long)answer->usage.input_tokens, (long long)answer->usage.output_tokens,
           answer->usage.estimated ? " (estimated: the server gives no numbers)" : "");
    if (answer->cost_micro || settings->price.input || settings->price.output)
        printf("; cost 0.%06lld", (long long)answer->cost_micro);
    printf("%s\n", answer->attempts > 1 ? "; not at the first try" : "");
}

static int test_model(const char *ai_model, bool json, struct error *e) {
    cleanup_llm_settings struct llm_settings settings = {0};
    cleanup_llm_answer struct llm_answer answer = {0};
    int r = model_find(ai_model, &settings, e);
    if (r < 0)
        return r;
    if (settings.max_tokens <= 0 || settings.max_tokens > TEST_TOKENS)
        settings.max_tokens = TEST_TOKENS;
    r = ask_word(&settings, &answer, e);
    if (r < 0)
        return r;
    if (json)
        tell_in_json(ai_model, &answer);
    else
        tell_in_words(ai_model, &settings, &answer);
    return 0;
}

int model_command(int count, char **arguments) {
    bool json = count > 1 && !strcmp(arguments[count - 1], "--json");
    struct error e = {0};
    if (count - json != 3 || strcmp(arguments[1], "test") || *arguments[2] == '-')
        return report_usage("model", "model: wrong or missing arguments");
    return test_model(arguments[2], json, &e) < 0 ? report_failure(&e, json) : 0;
}
