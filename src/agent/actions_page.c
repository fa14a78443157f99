/* Actions on the page as a whole: goto, wait_for, assert, extract, screenshot. */
#include "agent/action.h"
#include "agent/shapes.h"
#include "agent/target.h"
#include "base/clock.h"
#include "base/memory.h"
#include "base/text.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

action_handler action_goto, action_wait_for, action_assert, action_extract, action_screenshot;

#define ASK_EVERY_MS      50
#define RESULTS_MAX_BYTES (32 * 1024 * 1024)

static bool is_web_address(const char *url) {
    return !strncasecmp(url, "http://", 7) || !strncasecmp(url, "https://", 8) || !strcmp(url, "about:blank");
}

/* The gate's refusal explains an address that cannot be opened better than Chromium's error does. */
static void explain_refusal(struct run *run, const char *url, struct error *e) {
    if (run->refused_host[0] && strstr(url, run->refused_host)) {
        error_prefix(e, "%s", run->refused_text);
        error_hint(e, "The egress gate lets browsers reach public addresses on ports 80 and 443 only; EGRESS_ALLOW and "
                      "the agent's domain lists say what else.");
    }
}

int run_goto(struct step *step, const char *url, struct error *e) {
    struct run *run = step->run;
    cleanup_json json_t *facts = NULL;
    if (!is_web_address(url))
        return error_set(e, EINVAL, ERROR_STEP, "%.300s is no http:// or https:// address", url);
    run->refused_host[0] = '\0';
    enum page_stage stage = page_stage_of(json_text_or(step->arguments, "until", NULL), PAGE_LOAD);
    int r = page_navigate(run->page, url, stage, step->deadline, e);
    if (r < 0)
        return explain_refusal(run, url, e), r;
    if (page_call(run->page, 0, "pageFacts", json_pack("[n, n]"), step->deadline, &facts, NULL) == 0) {
        static const char *const kept[] = {"url", "title", "status"};
        for (size_t i = 0; i < ARRAY_LENGTH(kept); i++)
            json_object_set(step->data, kept[i], json_object_get(facts, kept[i]));
    }
    return 0;
}

int action_goto(struct step *step, struct error *e) {
    return run_goto(step, json_text_or(step->arguments, "url", ""), e);
}

static int pass_time(struct step *step, int64_t ms, struct error *e) {
    if (ms > clock_remaining_ms(step->deadline))
        return error_set(e, EINVAL, ERROR_STEP, "a pause of %lld ms is longer than the step may take: raise timeout_ms",
                         (long long)ms);
    return step_pause(step, ms, e);
}

/* Asks until it holds or the deadline has passed (-ETIMEDOUT, with what was seen in `ret_seen`). */
static int wait_condition(struct step *step, const json_t *condition, char **ret_seen, struct error *e) {
    bool holds = false;
    *ret_seen = NULL;
    for (;;) {
        char *seen = NULL;
        int r = condition_ask(step, condition, &holds, &seen, e);
        if (seen) {
            free(*ret_seen);
            *ret_seen = seen;
        }
        if (!r && holds)
            return 0;
        if (r < 0 && r != -EAGAIN)
            return r == -ETIMEDOUT && *ret_seen ? -ETIMEDOUT : r;
        if (clock_remaining_ms(step->deadline) <= 0)
            return -ETIMEDOUT;
        r = step_pause(step, ASK_EVERY_MS, e);
        if (r < 0)
            return r;
    }
}

static char *describe_condition(const json_t *condition) {
    cleanup_json json_t *target = shapes_target_of(condition), *rest = json_copy((json_t *)condition);
    const char *key;
    json_t *value;
    json_object_foreach (target, key, value) {
        json_object_del(rest, key);
    }
    json_object_del(rest, "message");
    cleanup_free char *words = shapes_has_target(target) ? target_describe(target) : memory_copy_text("the page");
    cleanup_free char *more = json_object_size(rest) ? json_print(rest) : memory_copy_text("visible");
    return memory_print("%s: %s", words, more);
}

static int fail_condition(struct step *step, const json_t *condition, const char *seen, struct error *e) {
    cleanup_free char *words = describe_condition(condition);
    const char *message = json_text_or(condition, "message", NULL);
    json_object_set_new(step->data, "looked_for", json_deep_copy(condition));
    if (seen)
        json_object_set_new(step->data, "found", json_string(seen));
    error_set(e, ETIMEDOUT, ERROR_STEP, "%s%swanted %s; %s%s", message ? message : "", message ? ": " : "", words,
              seen ? "found: " : "the page kept changing", seen ? seen : "");
    return -ETIMEDOUT;
}

static int hold_condition(struct step *step, struct error *e) {
    cleanup_free char *seen = NULL;
    int r = wait_condition(step, step->arguments, &seen, e);
    return r == -ETIMEDOUT ? fail_condition(step, step->arguments, seen, e) : r;
}

int action_wait_for(struct step *step, struct error *e) {
    const json_t *arguments = step->arguments;
    int r = 0;
    if (json_object_get(arguments, "ms"))
        r = pass_time(step, json_int_or(arguments, "ms", 0), e);
    if (!r && json_object_get(arguments, "page"))
        r = page_wait_stage(step->run->page, page_stage_of(json_text_or(arguments, "page", NULL), PAGE_LOAD),
                            step->deadline, e);
    if (r < 0 || !shapes_has_condition(arguments))
        return r;
    return hold_condition(step, e);
}

int action_assert(struct step *step, struct error *e) {
    return hold_condition(step, e);
}

static int append_result(json_t *results, const char *name, json_t *value, struct error *e) {
    json_t *list = json_object_get(results, name);
    if (!list)
        json_object_set_new(results, name, list = json_array());
    if (!json_is_array(list))
        return error_set(e, EINVAL, ERROR_STEP, "results.%s is no list, so nothing can be appended", name);
    if (json_is_array(value))
        json_array_extend(list, value);
    else
        json_array_append(list, value);
    return 0;
}

int run_result(struct step *step, const char *name, json_t *read, struct error *e) {
    cleanup_json json_t *owned = read;
    /* Redacted where it comes in: a template could put it into the next page. */
    cleanup_json json_t *value = redactor_json(step->run->redactor, read);
    json_object_set_new(step->data, "as", json_string(name));
    if (json_is_array(value))
        json_object_set_new(step->data, "items", json_integer((json_int_t)json_array_size(value)));
    if (json_dumpb(value, NULL, 0, JSON_COMPACT | JSON_ENCODE_ANY) > RESULTS_MAX_BYTES)
        return error_set(e, E2BIG, ERROR_STEP, "what was read for %s is over 32 MB", name);
    if (json_bool_or(step->arguments, "append", false))
        return append_result(step->run->results, name, value, e);
    json_object_set(step->run->results, name, value);
    return 0;
}

int action_extract(struct step *step, struct error *e) {
    const char *name = json_text_or(step->arguments, "as", "");
    cleanup_json json_t *reading = json_copy(step->arguments), *value = NULL;
    json_object_del(reading, "as");
    json_object_del(reading, "append");
    int r = target_extract(step, reading, &value, e);
    if (r < 0)
        return r;
    return run_result(step, name, take_pointer(value), e);
}

/* The part of the page to be in the picture: NULL for the view. */
static int clip_of(struct step *step, json_t **ret_clip, struct error *e) {
    cleanup_json json_t *answer = NULL, *target = shapes_target_of(step->arguments);
    size_t session = 0;
    if (!shapes_has_target(target))
        return 0;
    int r = target_call(step, target, "boxOfTarget", json_array(), &session, &answer, e);
    if (r < 0)
        return r;
    if (session != 0)
        return error_set(e, ENOTSUP, ERROR_STEP,
                         "a picture of an element inside a frame of another site is not possible");
    *ret_clip =
        json_pack("{s:f, s:f, s:f, s:f, s:i}", "x", json_real_or(answer, "x", 0), "y", json_real_or(answer, "y", 0),
                  "width", json_real_or(answer, "width", 1), "height", json_real_or(answer, "height", 1), "scale", 1);
    return 0;
}

static int whole_page(struct step *step, json_t **ret_clip, struct error *e) {
    cleanup_json json_t *metrics = NULL;
    int r = cdp_call(step->run->client, page_session_id(step->run->page, 0), "Page.getLayoutMetrics", NULL,
                     clock_remaining_ms(step->deadline), &metrics, e);
    if (r < 0)
        return r;
    const json_t *size = json_object_get(metrics, "cssContentSize");
    double height = json_real_or(size, "height", 600);
    /* Higher pictures than a GPU's texture fail or come out empty. */
    *ret_clip = json_pack("{s:i, s:i, s:f, s:f, s:i}", "x", 0, "y", 0, "width", json_real_or(size, "width", 800),
                          "height", height < 16384 ? height : 16384, "scale", 1);
    return 0;
}

int action_screenshot(struct step *step, struct error *e) {
    const char *format = json_text_or(step->arguments, "format", "png"),
               *name = json_text_or(step->arguments, "as", "");
    cleanup_free char *file = memory_print("%s.%s", name, strcmp(format, "png") ? "jpg" : "png");
    cleanup_free char *media_type = memory_print("image/%s", format);
    bool whole = json_bool_or(step->arguments, "full_page", false);
    json_t *clip = NULL;
    char id[37];
    int r = page_settle(step->run->page, step->deadline, e);
    if (!r)
        r = whole ? whole_page(step, &clip, e) : clip_of(step, &clip, e);
    if (r < 0)
        return r;
    json_t *parameters = json_pack("{s:s, s:b}", "format", format, "captureBeyondViewport", clip != NULL);
    if (clip)
        json_object_set_new(parameters, "clip", clip);
    r = picture_take(step->run, file, parameters, media_type, step->deadline, id, e);
    if (!r)
        json_object_set_new(step->data, "artifact", json_string(id));
    return r < 0 && e->code == ERROR_QUOTA ? 0 : r; /* the picture was taken, and an event says why it is not there */
}
