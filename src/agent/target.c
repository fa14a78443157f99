#include "agent/target.h"
#include "agent/shapes.h"
#include "base/clock.h"
#include "base/memory.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Clicks that went astray in a row, after which one is taken for heard. */
#define UNSEEN_MAX 2

/* How long nothing must fit a target, in the same document, before its fallbacks are tried. */
#define FALLBACK_MS 1000
#define GIVE_UP_MS  5000 /* after the page last changed its document */

/* Pauses between tries; the last one repeats. */
static const int pauses_ms[] = {0, 10, 20, 30, 50, 75, 100};

/* What a state means, said of a target. */
static const struct {
    const char *state, *text;
} state_rows[] = {
    {"missing", "nothing on the page fits %s"},
    {"gone", "%s is gone: look at the page again"},
    {"hidden", "%s is there but cannot be seen"},
    {"disabled", "%s stayed disabled"},
    {"read-only", "%s stayed read-only"},
    {"moving", "%s did not hold still"},
    {"replaced", "%s kept being replaced"},
    {"covered", "%s stayed covered"},
    {"no option", "%s has no such option"},
    {"outside", "%s cannot be scrolled into view"},
    {"changing", "the page kept changing while %s was looked for"},
};

static void describe_into(struct text *out, const json_t *target) {
    static const char *const names[] = {"css", "text", "label", "placeholder", "test_id"};
    const char *role = json_text_or(target, "role", NULL), *name = json_text_or(target, "name", NULL);
    int64_t number = json_int_or(json_object_get(target, "element"), "number", 0);
    if (number)
        text_print(out, "element %lld", (long long)number);
    if (role)
        text_print(out, "%s%s", out->length ? ", " : "", role);
    if (role && name)
        text_print(out, " \"%.100s\"", name);
    for (size_t i = 0; i < ARRAY_LENGTH(names); i++) {
        const char *value = json_text_or(target, names[i], NULL);
        if (value)
            text_print(out, "%s%s \"%.100s\"", out->length ? ", " : "", names[i], value);
    }
    const json_t *frame = json_object_get(target, "frame");
    cleanup_free char *framed = frame && !json_object_get(frame, "named") ? target_describe(frame) : NULL;
    if (frame)
        text_print(out, framed ? " in frame %s" : " in frame \"%.100s\"",
                   framed ? framed : json_text_or(frame, "named", ""));
    if (json_int_or(target, "nth", 0))
        text_print(out, ", number %lld", (long long)json_int_or(target, "nth", 0));
    if (json_object_get(target, "within")) {
        cleanup_free char *around = target_describe(json_object_get(target, "within"));
        text_print(out, " within %s", around);
    }
}

char *target_describe(const json_t *target) {
    struct text out = {0};
    describe_into(&out, target);
    return out.data ? out.data : memory_copy_text("the page");
}

static bool never(void *user) {
    return false;
}

int step_pause(struct step *step, int64_t ms, struct error *e) {
    int64_t until = clock_deadline(ms);
    int r = cdp_wait(step->run->client, never, NULL, until < step->deadline ? until : step->deadline, e);
    return r == -ETIMEDOUT ? 0 : r;
}

/* The pause before the next try; -ETIMEDOUT when there is no time for one. */
static int pause_before(struct step *step, size_t attempt, struct error *e) {
    size_t last = ARRAY_LENGTH(pauses_ms) - 1;
    if (!attempt)
        return 0;
    if (clock_remaining_ms(step->deadline) <= 0)
        return -ETIMEDOUT;
    return step_pause(step, pauses_ms[attempt < last ? attempt : last], e);
}

static void keep_looked_for(struct step *step, const json_t *target, const char *state) {
    json_object_set_new(step->data, "looked_for", json_deep_copy(target));
    json_object_set_new(step->data, "state", json_string(state));
}

/* The elements most like the target, over all sessions, best first: into the data, and as words. */
static char *keep_candidates(struct step *step, const json_t *target) {
    cleanup_json json_t *answers = NULL;
    struct text words = {0};
    int64_t deadline = clock_deadline(2000);
    json_t *arguments = json_pack("[O]", target), *list = json_array(), *one;
    if (page_call_all(step->run->page, "nearest", arguments, deadline, &answers, NULL) < 0)
        return json_decref(list), NULL;
    for (size_t i = 0; i < json_array_size(answers); i++) {
        json_t *found = json_object_get(json_array_get(answers, i), "candidates");
        for (size_t j = 0; j < json_array_size(found) && json_array_size(list) < 5; j++) {
            one = json_object_get(json_array_get(found, j), "element");
            json_array_append(list, one);
            text_print(&words, "%s%.120s", words.length ? ", " : "", json_string_value(one));
        }
    }
    json_object_set_new(step->data, "candidates", list);
    return words.data;
}

static int fail_target(struct step *step, const json_t *target, const json_t *answer, struct error *e) {
    const char *state = answer ? json_text_or(answer, "state", "missing") : "changing";
    const char *by = json_text_or(answer, "by", NULL);
    cleanup_free char *words = target_describe(target), *near = NULL;
    keep_looked_for(step, target, state);
    if (by)
        json_object_set_new(step->data, "found", json_string(by));
    if (!strcmp(state, "refused") || !strcmp(state, "failed"))
        return error_set(e, EINVAL, ERROR_STEP, "%s: %s", words, by ? by : state);
    char text[500] = "";
    for (size_t i = 0; i < ARRAY_LENGTH(state_rows); i++)
        if (!strcmp(state_rows[i].state, state)) {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
            snprintf(text, sizeof text, state_rows[i].text, words);
#pragma GCC diagnostic pop
        }
    bool gone = !strcmp(state, "gone");
    error_set(e, gone ? EINVAL : ETIMEDOUT, ERROR_STEP, "%s%s%s", text, by ? ": " : "", by ? by : "");
    if (!strcmp(state, "missing") && (near = keep_candidates(step, target)))
        error_hint(e, "The nearest on the page: %s", near);
    return gone ? -EINVAL : -ETIMEDOUT;
}

/* Whether trying again is of no use. */
static bool is_final(const json_t *answer) {
    const char *state = json_text_or(answer, "state", "");
    return !strcmp(state, "refused") || !strcmp(state, "failed") || !strcmp(state, "gone");
}

static bool lists(const json_t *list, const char *text) {
    for (size_t i = 0; i < json_array_size(list); i++)
        if (!strcmp(json_string_value(json_array_get(list, i)), text))
            return true;
    return false;
}

/* The session whose visible match comes first in document order. A frame of another process comes before a match of its
 * parent when the parent says so. Without any match: the page itself, for its state. */
static int choose_session(struct step *step, const json_t *target, const json_t *scoped, size_t *ret_session,
                          struct error *e) {
    struct page *page = step->run->page;
    cleanup_json json_t *answers = NULL;
    *ret_session = 0;
    const char *told = json_text_or(json_object_get(target, "element"), "session", NULL);
    for (size_t i = 0; told && i < page_session_count(page); i++)
        if (!strcmp(page_session_id(page, i), told))
            return *ret_session = i, 0;
    if (page_session_count(page) == 1)
        return 0;
    int r = page_call_each(page, "facts", scoped, json_pack("[O, {}]", target), step->deadline, &answers, e);
    if (r < 0)
        return r;
    bool chosen = false;
    for (size_t i = 0; i < json_array_size(answers) && i < page_session_count(page); i++) {
        const json_t *answer = json_array_get(answers, i), *best = json_array_get(answers, *ret_session);
        if (json_int_or(answer, "visible", 0) < 1)
            continue;
        if (!chosen || lists(json_object_get(best, "framesBefore"), page_session_frame(page, i)))
            *ret_session = i;
        chosen = true;
    }
    return 0;
}

static void keep_answer(struct step *step, const json_t *answer) {
    static const char *const kept[] = {"element", "count"};
    for (size_t i = 0; i < ARRAY_LENGTH(kept); i++)
        if (json_object_get(answer, kept[i]))
            json_object_set(step->data, kept[i], json_object_get(answer, kept[i]));
}

/* One try; the answer may have any state. */
typedef int target_try(struct step *step, const json_t *target, json_t *arguments, size_t obstacles,
                       const char *function, size_t *ret_session, json_t **ret_answer, struct error *e);

static int try_call(struct step *step, const json_t *target, json_t *arguments, size_t obstacles, const char *function,
                    size_t *ret_session, json_t **ret_answer, struct error *e) {
    cleanup_json json_t *scoped = NULL;
    int r = target_scope(step, target, &scoped, e);
    if (!r)
        r = choose_session(step, target, scoped, ret_session, e);
    if (r < 0)
        return json_decref(arguments), r;
    if (*ret_session < json_array_size(scoped))
        json_array_set(arguments, 0, json_array_get(scoped, *ret_session));
    return page_call(step->run->page, *ret_session, function, arguments, step->deadline, ret_answer, e);
}

/* Carries the point of an inner frame out through the frames of other processes around it. */
static int climb(struct step *step, size_t session, bool click, json_t **answer, struct error *e) {
    struct page *page = step->run->page;
    while (!strcmp(json_text_or(*answer, "state", ""), "ready")) {
        size_t parent = page_session_parent(page, session);
        if (session == 0 || parent == SIZE_MAX)
            return session == 0 ? 0 : -EAGAIN;
        json_t *outer = NULL, *arguments = json_pack("[s, {s:f, s:f}]", page_session_frame(page, session), "x",
                                                     json_real_or(*answer, "x", 0), "y", json_real_or(*answer, "y", 0));
        int r = page_call(page, parent, click ? "aimClickThrough" : "aimThrough", arguments, step->deadline, &outer, e);
        if (r < 0)
            return r;
        json_object_update(*answer, outer);
        json_decref(outer);
        session = parent;
    }
    return 0;
}

static json_t *list_needs(const char *needs) {
    json_t *list = json_array();
    cleanup_free char *copy = memory_copy_text(needs);
    char *rest = copy;
    for (char *need; (need = strsep(&rest, " "));)
        if (*need)
            json_array_append_new(list, json_string(need));
    return list;
}

static int try_aim(struct step *step, const json_t *target, json_t *arguments, size_t obstacles, const char *function,
                   size_t *ret_session, json_t **ret_answer, struct error *e) {
    json_array_append_new(arguments, json_integer((json_int_t)obstacles));
    int r = try_call(step, target, arguments, obstacles, function, ret_session, ret_answer, e);
    if (r < 0)
        return r;
    /* Scrolling reaches the frames of other processes around this one only a little later. */
    if (*ret_session != 0 && json_bool_or(*ret_answer, "scrolled", false) &&
        !strcmp(json_text_or(*ret_answer, "state", ""), "ready"))
        return json_object_set_new(*ret_answer, "state", json_string("moving")), 0;
    if (json_bool_or(*ret_answer, "done", false))
        return 0;
    bool click = text_starts_with(function, "aimClick") || text_starts_with(function, "aimToggle");
    return climb(step, *ret_session, click, ret_answer, e);
}

/* Whether scrolling otherwise may help. */
static bool is_obstacle(const json_t *answer) {
    const char *state = json_text_or(answer, "state", "");
    return !strcmp(state, "covered") || !strcmp(state, "outside");
}

static bool is_again(int r) {
    return r == -EAGAIN;
}

/* A target (or reading) with fallbacks, in the two ways in which it is looked for. */
struct ways {
    json_t *target, *arguments; /* without them; NULL: it has none */
    const struct page *page;
    int64_t moves, since;
};

static json_t *without_fallback(const json_t *object) {
    json_t *copy = json_copy((json_t *)object);
    json_object_del(copy, "fallback");
    return copy;
}

static void ways_open(struct ways *ways, const json_t *target, const json_t *arguments) {
    *ways = (struct ways){0};
    if (!json_object_get(target, "fallback"))
        return;
    ways->target = without_fallback(target);
    ways->arguments = json_copy((json_t *)arguments);
    json_array_set_new(ways->arguments, 0, without_fallback(json_array_get(arguments, 0)));
}

static void ways_done(struct ways *ways) {
    json_decref(ways->target);
    json_decref(ways->arguments);
}
#define cleanup_ways __attribute__((cleanup(ways_done)))

/* Whether the target alone is still looked for: what it means may only just be coming. */
static bool is_early(struct ways *ways, const struct page *page) {
    if (ways->page != page || ways->moves != page_moves(page)) {
        ways->page = page;
        ways->moves = page_moves(page);
        ways->since = clock_monotonic_ms();
    }
    return ways->target && clock_monotonic_ms() - ways->since < FALLBACK_MS;
}

/* Whether a model is to do what the step looks for in vain. */
static bool is_given_up(const struct step *step, const struct ways *ways) {
    return step->gives_up && clock_monotonic_ms() - ways->since >= GIVE_UP_MS;
}

/* Tries until the answer is ready, final, or the deadline has passed. */
static int try_until_ready(struct step *step, target_try *one, const json_t *target, const json_t *arguments,
                           const char *function, size_t *ret_session, json_t **ret_answer, struct error *e) {
    cleanup_json json_t *last = NULL;
    cleanup_ways struct ways ways;
    ways_open(&ways, target, arguments);
    size_t session = 0;
    for (size_t attempt = 0, obstacles = 0;; attempt++) {
        int r = pause_before(step, attempt, e);
        if (r == -ETIMEDOUT)
            return fail_target(step, target, last, e);
        if (r < 0)
            return r;
        json_t *answer = NULL;
        bool early = is_early(&ways, step->run->page);
        r = one(step, early ? ways.target : target, json_copy(early ? ways.arguments : (json_t *)arguments), obstacles,
                function, &session, &answer, e);
        if (r < 0 && !is_again(r)) {
            json_decref(answer);
            return r == -ETIMEDOUT && last && e->code != ERROR_CANCELLED ? fail_target(step, target, last, e) : r;
        }
        if (is_again(r)) {
            json_decref(answer);
            continue;
        }
        json_decref(last);
        last = answer;
        obstacles += is_obstacle(answer);
        bool missing = !strcmp(json_text_or(answer, "state", ""), "missing");
        if (missing)
            page_find_closed_roots(step->run->page, step->deadline);
        if (is_final(answer) || (missing && !early && is_given_up(step, &ways)))
            return fail_target(step, target, answer, e);
        if (!strcmp(json_text_or(answer, "state", ""), "ready")) {
            keep_answer(step, answer);
            *ret_session = session;
            *ret_answer = take_pointer(last);
            return 0;
        }
    }
}

int target_aim(struct step *step, const json_t *target, const char *needs, struct aimed *ret_aimed, struct error *e) {
    return target_aim_as(step, target, "aim", list_needs(needs), ret_aimed, e);
}

int target_aim_as(struct step *step, const json_t *target, const char *function, json_t *more, struct aimed *ret_aimed,
                  struct error *e) {
    cleanup_json json_t *arguments = json_pack("[O, o]", target, more), *answer = NULL;
    int r = try_until_ready(step, try_aim, target, arguments, function, &ret_aimed->session, &answer, e);
    if (r < 0)
        return r;
    ret_aimed->done = json_bool_or(answer, "done", false);
    ret_aimed->x = json_real_or(answer, "x", 0);
    ret_aimed->y = json_real_or(answer, "y", 0);
    return 0;
}

/* The frames' processes around a target have guards of their own, which heard nothing. */
static void disarm(struct step *step, size_t session) {
    struct page *page = step->run->page;
    while (session && session < page_session_count(page) &&
           (session = page_session_parent(page, session)) != SIZE_MAX) {
        struct cdp_request request = {0};
        if (!page_world_prepare(page, session, "replinet.disarm()", &request))
            cdp_send(page_client(page), request.session_id, request.method, request.params, NULL);
    }
}

/* A press in a frame of another process that the guard did not hear went astray: the browser knows of a frame's new
 * place only a little later, and a dialog that shows meanwhile takes it. Otherwise it is taken for heard: a page may
 * keep it from the guard. */
static bool must_click_again(const char *outcome, const struct aimed *aimed, bool dialogs, int64_t misses) {
    bool astray = !strcmp(outcome, "unseen") && (aimed->session || dialogs);
    return !strcmp(outcome, "missed") || (astray && misses < UNSEEN_MAX);
}

int target_click(struct step *step, const json_t *target, const char *function, json_t *more,
                 const struct input_click *how, struct aimed *ret_aimed, struct error *e) {
    cleanup_json json_t *needs = more;
    for (int64_t misses = 0;; misses++) {
        char outcome[16];
        int64_t dialogs = step->run->dialogs.shown;
        int r = target_aim_as(step, target, function, json_incref(needs), ret_aimed, e);
        if (r < 0 || ret_aimed->done)
            return r;
        r = input_click(step->run->page, ret_aimed->x, ret_aimed->y, how, ret_aimed->session, step->deadline, outcome,
                        e);
        disarm(step, ret_aimed->session);
        if (r < 0 || !must_click_again(outcome, ret_aimed, step->run->dialogs.shown > dialogs, misses))
            return r;
        json_object_set_new(step->data, "misses", json_integer((json_int_t)misses + 1));
    }
}

int target_click_plainly(struct step *step, const json_t *target, struct error *e) {
    struct input_click how = {"left", 1, 0};
    struct aimed aimed;
    return target_click(step, target, "aimClick", json_pack("[s]", "enabled"), &how, &aimed, e);
}

int target_call(struct step *step, const json_t *target, const char *function, json_t *more, size_t *ret_session,
                json_t **ret_answer, struct error *e) {
    cleanup_json json_t *arguments = json_pack("[O]", target), *rest = more;
    size_t session;
    json_array_extend(arguments, rest);
    return try_until_ready(step, try_call, target, arguments, function, ret_session ? ret_session : &session,
                           ret_answer, e);
}

/* One try over all sessions: the first that is ready, else one that is final, else the page's own. */
static int try_extract(struct step *step, const json_t *target, json_t *arguments, size_t obstacles,
                       const char *function, size_t *ret_session, json_t **ret_answer, struct error *e) {
    cleanup_json json_t *answers = NULL, *scoped = NULL;
    int r = target_scope_reading(step, json_array_get(arguments, 0), &scoped, e);
    if (r < 0)
        return json_decref(arguments), r;
    r = page_call_each(step->run->page, function, scoped, arguments, step->deadline, &answers, e);
    if (r < 0)
        return r;
    json_t *best = json_array_get(answers, 0);
    for (size_t i = 0; i < json_array_size(answers); i++) {
        json_t *answer = json_array_get(answers, i);
        if (!strcmp(json_text_or(answer, "state", ""), "ready") ||
            (is_final(answer) && best == json_array_get(answers, 0)))
            best = answer;
        if (!strcmp(json_text_or(best, "state", ""), "ready"))
            break;
    }
    *ret_answer = json_incref(best);
    return 0;
}

/* What of a reading is looked for, for messages: its own target, or that of its list or table. */
static const json_t *target_of_reading(const json_t *reading) {
    static const char *const inner[] = {"list", "table"};
    for (size_t i = 0; i < ARRAY_LENGTH(inner); i++)
        if (json_object_get(reading, inner[i]))
            return json_object_get(reading, inner[i]);
    return reading;
}

int target_extract(struct step *step, const json_t *reading, json_t **ret_value, struct error *e) {
    cleanup_json json_t *arguments = json_pack("[O]", reading), *answer = NULL;
    cleanup_json json_t *target = shapes_target_of(target_of_reading(reading));
    size_t session;
    int r = try_until_ready(step, try_extract, target, arguments, "extract", &session, &answer, e);
    if (!r)
        *ret_value = json_incref(json_object_get(answer, "value"));
    return r;
}
