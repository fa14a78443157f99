#include "agent/think/think.h"
#include "agent/takeover.h"
#include "agent/think/mind.h"
#include "base/clock.h"
#include "base/memory.h"
#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#define OBSERVE_MS        20000
#define SETTLE_MS         15000
#define CALM_STILL_MS     120
#define CALM_MOST_MS      1200
#define SILENT_MAX        3
#define CONTEXT_TOKENS    32000 /* of a model that nobody said it of */
#define BYTES_PER_TOKEN   3
#define OBSERVATION_LEAST 3000
#define CONTEXT_LEAST     9000 /* bytes of a conversation: the rules, a task, the least of a page */
#define MEND_TURNS        4

int mind_event(struct mind *mind, enum log_level level, const char *kind, const char *message, json_t *data,
               struct error *e) {
    cleanup_free char *head = memory_print("%.400s", message);
    cleanup_text struct text valid = {0};
    text_append_json(&valid, head, strlen(head));
    cleanup_json json_t *shown = json_loadb(valid.data, valid.length, JSON_DECODE_ANY, NULL);
    return run_event(mind->run, level, kind, json_string_value(shown), data, e);
}

int mind_calm(struct mind *mind, struct error *e) {
    struct run *run = mind->run;
    cleanup_json json_t *answer = NULL;
    struct error why = {0};
    int64_t deadline = clock_deadline(SETTLE_MS);
    bool moved;
    int r = cdp_poll(run->client, e);
    if (!r)
        r = tabs_settle(run->tabs, deadline, &moved, e);
    if (r < 0)
        return r;
    run->page = tabs_current(run->tabs);
    r = page_settle(run->page, deadline, &why);
    if (!r)
        r = page_call(run->page, 0, "calm", json_pack("[i, i]", CALM_STILL_MS, CALM_MOST_MS), deadline, &answer, &why);
    if (r == -EAGAIN || r == -ENOLINK) /* it moved on meanwhile */
        r = page_settle(run->page, deadline, &why);
    return r < 0 && run_ends_with(run, &why) ? (*e = why, r) : 0;
}

/* Two observations and what was done between them fit into a conversation. */
static int64_t observation_room(const struct mind *mind, int64_t most) {
    int64_t third = mind->context_bytes / 3, room = most < third ? most : third;
    return room > OBSERVATION_LEAST ? room : OBSERVATION_LEAST;
}

static void open_mind(struct mind *mind, struct run *run, const char *mend_task) {
    const struct agent_model *model = run->options->model;
    unsigned char random[(NONCE_SIZE - 1) / 2];
    int64_t context = model->llm->context_tokens > 0 ? model->llm->context_tokens : CONTEXT_TOKENS;
    int64_t answer = model->llm->max_tokens > 0 ? model->llm->max_tokens : context / 8;
    const json_t *schema = mend_task ? NULL : run->options->result_schema;
    *mind = (struct mind){.run = run, .model = model, .began = clock_monotonic_ms() - run->thought_ms};
    mind->mend_task = mend_task;
    mind->turn = run->turns;
    mind->last_turn = mend_task ? run->turns + MEND_TURNS : 0;
    mind->spent = mind->told = run->spent;
    mind->paused_before = run->paused_ms;
    mind->session = llm_session_new();
    mind->observer = run->observer = observer_make();
    mind->notes = json_array();
    mind->brought = json_deep_copy(run->results); /* by the agent's script, which the script of the run begins with */
    mind->tools = tools_list(json_is_object(schema) ? schema : NULL, run->sink->ask != NULL,
                             json_array_size(run->options->credentials) > 0);
    randombytes_buf(random, sizeof random);
    sodium_bin2hex(mind->nonce, sizeof mind->nonce, random, sizeof random);
    mind->history.begin = memory_print("<page-%s>", mind->nonce);
    mind->history.end = memory_print("</page-%s>", mind->nonce);
    size_t tools = json_dumpb(mind->tools, NULL, 0, JSON_COMPACT);
    mind->context_bytes = (context - (answer < context / 2 ? answer : context / 2)) * BYTES_PER_TOKEN - (int64_t)tools;
    if (mind->context_bytes < CONTEXT_LEAST)
        mind->context_bytes = CONTEXT_LEAST;
    int64_t most = model->observation_bytes > 0 ? model->observation_bytes : OBSERVE_BUDGET_DEFAULT;
    mind->observation_bytes = observation_room(mind, most);
    prompt_open(mind);
}

static void close_mind(struct mind *mind) {
    struct run *run = mind->run;
    run->turns = mind->turn;
    run->spent = mind->spent;
    run->thought_ms = clock_monotonic_ms() - mind->began - (run->paused_ms - mind->paused_before);
    free((char *)mind->history.begin);
    free((char *)mind->history.end);
    history_done(&mind->history);
    observation_done(&mind->page);
    observer_free(mind->observer);
    mind->run->observer = NULL;
    llm_session_free(mind->session);
    json_decref(mind->tools);
    json_decref(mind->notes);
    json_decref(mind->brought);
    text_done(&mind->notice);
    free(mind->hindered_url);
}

/* Observing */

bool mind_shows_nothing(const struct mind *mind) {
    return !mind->page.url || text_starts_with(mind->page.url, "about:blank");
}

/* A file of the trace. "" when its owner has no room for it, which an event has said: the run goes on. */
static int keep_file(struct mind *mind, const char *kind, const char *suffix, const char *media_type, const void *data,
                     size_t length, char ret_id[37], struct error *e) {
    cleanup_free char *name = memory_print("turn-%lld.%s", (long long)mind->turn, suffix);
    int r = run_artifact(mind->run, kind, name, media_type, data, length, ret_id, e);
    if (r < 0)
        *ret_id = '\0';
    return r < 0 && e->code == ERROR_QUOTA ? 0 : r;
}

static const char *id_or_null(const char *id) {
    return *id ? id : NULL;
}

static int keep_observation(struct mind *mind, int64_t took_ms, struct error *e) {
    char text_id[37] = "", picture_id[37] = "";
    const struct observation *page = &mind->page;
    cleanup_free char *message = memory_print("Sees %.200s", *page->title ? page->title : page->url);
    int r = keep_file(mind, "other", "txt", "text/plain", page->text, strlen(page->text), text_id, e);
    if (!r && page->image)
        r = keep_file(mind, "screenshot", "jpg", "image/jpeg", page->image, page->image_length, picture_id, e);
    if (r < 0)
        return r;
    json_t *data =
        json_pack("{s:I, s:s*, s:I, s:I, s:I, s:I, s:s, s:s, s:s*}", "turn", (json_int_t)mind->turn, "observation",
                  id_or_null(text_id), "elements", (json_int_t)page->elements, "hidden", (json_int_t)page->hidden,
                  "bytes", (json_int_t)strlen(page->text), "duration_ms", (json_int_t)took_ms, "url", page->url,
                  "title", page->title, "screenshot", id_or_null(picture_id));
    return mind_event(mind, LOG_INFO, "model.observed", message, data, e);
}

/* Whoever reads the trace gets a picture, too; the numbers in it are for models that see. */
static int observe(struct mind *mind, struct error *e) {
    struct observe_options options = {.budget_bytes = (size_t)mind->observation_bytes,
                                      .screenshot = !page_is_blank(mind->run->page),
                                      .boxes = mind->model->vision};
    int64_t began = clock_monotonic_ms();
    observation_done(&mind->page);
    mind->page = (struct observation){0};
    int r = observe_page(mind->run, &options, clock_deadline(OBSERVE_MS), &mind->page, e);
    return r < 0 ? r : keep_observation(mind, clock_monotonic_ms() - began, e);
}

/* What is left of an observation when newer ones came. */
static void remember_page(struct mind *mind) {
    cleanup_free char *words = memory_print("%.120s %.300s", mind->page.title, mind->page.url);
    cleanup_text struct text valid = {0};
    text_append_json(&valid, words, strlen(words));
    cleanup_json json_t *clean = json_loadb(valid.data, valid.length, JSON_DECODE_ANY, NULL);
    cleanup_free char *fenced = prompt_fence(mind, json_string_value(clean));
    cleanup_free char *line = memory_print("Turn %lld, the page was: %s", (long long)mind->turn, fenced);
    history_observe(&mind->history, prompt_observation(mind), line);
}

static int look_at_page(struct mind *mind, struct error *e) {
    bool changed = false;
    int r = mind_calm(mind, e);
    if (!r)
        r = observe(mind, e);
    if (!r)
        r = hindrance_meet(mind, &changed, e);
    if (!r && changed)
        r = observe(mind, e);
    if (!r)
        remember_page(mind);
    return r;
}

/* Asking */

/* Bytes are a guess at tokens; the provider knows. Two thirds of what it refused are sent, and two thirds of that. */
static int shrink(struct mind *mind, size_t refused, struct error *e) {
    int64_t shown = (int64_t)strlen(mind->page.text);
    mind->context_bytes = (int64_t)refused * 2 / 3;
    mind->observation_bytes =
        observation_room(mind, (shown < mind->observation_bytes ? shown : mind->observation_bytes) * 2 / 3);
    if (mind->observation_bytes == OBSERVATION_LEAST)
        observation_drop_picture(&mind->page);
    history_observe_again(&mind->history, prompt_observation(mind));
    return mind_event(mind, LOG_WARN, "model.shortened",
                      "The provider says that the request is too long: it is asked again with less",
                      json_pack("{s:I, s:I}", "bytes", (json_int_t)refused, "most", (json_int_t)mind->context_bytes),
                      e);
}

static int ask_with(struct mind *mind, const json_t *messages, size_t stable, struct llm_answer *ret_answer,
                    struct error *e) {
    struct llm_request request = {.messages = messages, .tools = mind->tools, .stable_messages = stable};
    return ask_model(mind, &request, ret_answer, e);
}

/* As long as there is less to send. */
static int ask(struct mind *mind, struct llm_answer *ret_answer, struct error *e) {
    size_t refused = 0, stable = 0;
    for (;;) {
        cleanup_json json_t *messages = history_messages(&mind->history, (size_t)mind->context_bytes, &stable);
        size_t size = history_size(messages);
        if (refused && size >= refused)
            return -E2BIG;
        int r = ask_with(mind, messages, stable, ret_answer, e);
        if (r >= 0 || e->code != ERROR_MODEL_CONTEXT)
            return text_clear(&mind->notice), r;
        struct error why = *e;
        r = shrink(mind, refused = size, e);
        if (r < 0)
            return r;
        *e = why;
    }
}

static int meet_silence(struct mind *mind, const struct llm_answer *answer, struct error *e) {
    static const char words[] = "You called no tool. Go on with the task by calling tools; when it is done, call done.";
    static const char cut[] = "Your answer was cut off: it was too long. Answer shortly, with calls of tools.";
    if (++mind->silent >= SILENT_MAX)
        return error_set(e, EPROTO, ERROR_MODEL_PROTOCOL,
                         "the model answered %d times in a row without calling a tool; the last answer: %.300s",
                         mind->silent, answer->text);
    history_answer(&mind->history, llm_answer_message(answer), NULL, answer->finish == LLM_FINISH_LENGTH ? cut : words);
    return 0;
}

static int act(struct mind *mind, const struct llm_answer *answer, struct error *e) {
    json_t *results = NULL;
    if (!json_array_size(answer->calls))
        return meet_silence(mind, answer, e);
    mind->silent = 0;
    int r = judge_calls(mind, answer->calls, e);
    if (!r)
        r = calls_run(mind, answer->calls, &results, e);
    if (!r)
        history_answer(&mind->history, llm_answer_message(answer), results, NULL);
    return r;
}

static int run_turn(struct mind *mind, struct error *e) {
    cleanup_llm_answer struct llm_answer answer = {0};
    if (mind->last_turn && mind->turn >= mind->last_turn)
        return error_set(e, ECANCELED, ERROR_MODEL_FAILED, "the model has not done it in %d turns", MEND_TURNS);
    int r = takeover_wait(mind->run, NULL, e);
    mind->turn++;
    if (!r)
        r = limits_check(mind, e);
    if (!r)
        r = look_at_page(mind, e);
    if (!r)
        r = ask(mind, &answer, e);
    return r < 0 ? r : act(mind, &answer, e);
}

static int think(struct run *run, const char *mend_task, struct error *e) {
    struct mind mind;
    struct error ignored = {0};
    int r = 0;
    open_mind(&mind, run, mend_task);
    while (!r && !mind.done)
        r = run_turn(&mind, e);
    int told = run->sink_error < 0 ? 0 : ask_settle(&mind, &ignored);
    if (!r && told < 0)
        *e = ignored, r = told;
    close_mind(&mind);
    return r;
}

int think_run(struct run *run, struct error *e) {
    return think(run, NULL, e);
}

int think_mend(struct run *run, const char *task, struct error *e) {
    return think(run, task, e);
}
