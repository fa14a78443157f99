/* The value goes from here into one document: it is handed to the library's world of that document (named by an object
 * that lives in it: another document, or process, does not know that object), which types it in the same turn in which
 * it sees that the document is the one whose origin was checked. So no navigation and no change of focus between check
 * and typing can lead it elsewhere. */
#include "agent/fill_secret.h"
#include "agent/action.h"
#include "agent/credential.h"
#include "agent/shapes.h"
#include "agent/target.h"
#include "base/clock.h"
#include "base/memory.h"
#include "base/text.h"
#include <errno.h>
#include <sodium.h>
#include <string.h>

#define CODE_LEAST_MS 3000  /* a code that is worth less comes too late */
#define CODE_AFTER_MS 90000 /* sites take codes of the periods beside their own */
#define US_PER_MS     1000

struct filling {
    struct step *step;
    const json_t *target, *credential;
    const char *part;
    char code[TOTP_CODE_SIZE];
    int64_t period; /* of the code */
    char element[129], origin[400];
};

static int call_method(struct step *step, const char *session, const char *method, json_t *parameters,
                       json_t **ret_result, struct error *e) {
    return cdp_call(step->run->client, session, method, parameters, clock_remaining_ms(step->deadline), ret_result, e);
}

static int64_t used_period(const struct run *run, const char *credential) {
    int64_t last = -1;
    for (size_t i = 0; i < USED_CODES_MAX; i++)
        if (!strcmp(run->codes.rows[i].credential, credential) && run->codes.rows[i].period > last)
            last = run->codes.rows[i].period;
    return last;
}

static void note_used(struct run *run, const char *credential, int64_t period) {
    unsigned at = run->codes.next++ % USED_CODES_MAX;
    snprintf(run->codes.rows[at].credential, sizeof run->codes.rows[at].credential, "%s", credential);
    run->codes.rows[at].period = period;
}

/* A code that is fresh and was not used yet, waiting for the next one when needed. */
static int make_code(struct filling *filling, struct error *e) {
    const int64_t period_ms = TOTP_STEP_S * 1000;
    struct step *step = filling->step;
    const char *secret = json_text_or(filling->credential, "totp", "");
    const char *name = json_text_or(filling->credential, "name", "");
    if (!*secret)
        return error_set(e, EINVAL, ERROR_STEP, "the credential \"%.100s\" has no authenticator's secret", name);
    for (;;) {
        int64_t now = clock_wall_us() / US_PER_MS, left = period_ms - now % period_ms;
        if (left > CODE_LEAST_MS && used_period(step->run, name) < now / period_ms) {
            filling->period = now / period_ms;
            return totp_code(secret, now / 1000, filling->code, e);
        }
        int64_t longer = step->deadline + left; /* the wait is not the step's own time */
        step->deadline = longer < step->run->limit ? longer : step->run->limit;
        if (clock_remaining_ms(step->deadline) < left)
            return error_set(e, ETIMEDOUT, ERROR_TIMEOUT, "there was no time left to wait for the next code");
        int r = step_pause(step, left + 1, e);
        if (r < 0)
            return r;
    }
}

static const char *value_of(const struct filling *filling) {
    return *filling->code ? filling->code : json_text_or(filling->credential, filling->part, "");
}

/* The browser's own word on whose document a frame shows; a sandboxed or data: document has no origin. */
static int ask_origin(struct filling *filling, const char *session, const char *frame, struct error *e) {
    cleanup_json json_t *answer = NULL;
    int r =
        call_method(filling->step, session, "Storage.getStorageKey", json_pack("{s:s}", "frameId", frame), &answer, e);
    if (r < 0 && strstr(e->text, "opaque"))
        return error_set(e, EPERM, ERROR_STEP,
                         "the credential \"%.100s\" is not filled into a sandboxed or data: document",
                         json_text_or(filling->credential, "name", ""));
    if (r < 0)
        return e->code == ERROR_BROWSER ? -EAGAIN : r; /* the frame has gone */
    const char *key = json_text_or(answer, "storageKey", ""), *host = strstr(key, "://");
    size_t length = host ? (size_t)(host - key) + 3 + strcspn(host + 3, "/^") : strlen(key);
    snprintf(filling->origin, sizeof filling->origin, "%.*s", (int)length, key);
    return credential_check_origin(filling->credential, filling->origin, e);
}

/* The frame whose document holds the element: that of the session itself, or of an iframe element inside it. */
static int find_frame(struct filling *filling, size_t index, const char *session, char ret_frame[129],
                      struct error *e) {
    cleanup_json json_t *owner = NULL, *node = NULL;
    snprintf(ret_frame, 129, "%s", page_session_frame(filling->step->run->page, index));
    int r = call_method(filling->step, session, "Runtime.callFunctionOn",
                        json_pack("{s:s, s:s}", "objectId", filling->element, "functionDeclaration",
                                  "function () { return replinet.frameOf(this); }"),
                        &owner, e);
    const json_t *result = json_object_get(owner, "result");
    if (r < 0 || json_object_get(owner, "exceptionDetails"))
        return r < 0 && e->code != ERROR_BROWSER ? r : -EAGAIN;
    if (!strcmp(json_text_or(result, "subtype", ""), "null"))
        return 0;
    r = call_method(filling->step, session, "DOM.describeNode",
                    json_pack("{s:s}", "objectId", json_text_or(result, "objectId", "")), &node, e);
    if (r < 0)
        return e->code == ERROR_BROWSER ? -EAGAIN : r;
    snprintf(ret_frame, 129, "%s", json_text_or(json_object_get(node, "node"), "frameId", ""));
    return *ret_frame ? 0 : -EAGAIN;
}

/* Types into the very document that was checked. */
static int type_value(struct filling *filling, const char *session, struct error *e) {
    cleanup_json json_t *result = NULL;
    int r = call_method(filling->step, session, "Runtime.callFunctionOn",
                        json_pack("{s:s, s:s, s:b, s:b, s:[{s:s}, {s:s}, {s:s}]}", "objectId", filling->element,
                                  "functionDeclaration",
                                  "function (...given) { return replinet.call('typeSecret', [this, ...given]); }",
                                  "returnByValue", 1, "awaitPromise", 1, "arguments", "value", value_of(filling),
                                  "value", filling->part, "value", filling->origin),
                        &result, e);
    if (r < 0)
        return e->code == ERROR_BROWSER ? -EAGAIN : r;
    const json_t *answer = json_object_get(json_object_get(result, "result"), "value");
    const char *state = json_text_or(answer, "state", "replaced");
    if (!strcmp(state, "ready"))
        return 0;
    cleanup_free char *words = target_describe(filling->target);
    return !strcmp(state, "replaced") ? -EAGAIN
                                      : error_set(e, EINVAL, ERROR_STEP, "%s: %s", words,
                                                  json_text_or(answer, "by", "the value could not be typed"));
}

static int name_element(struct filling *filling, size_t session, struct error *e) {
    cleanup_json json_t *found = NULL;
    int r = page_world_evaluate(filling->step->run->page, session, "replinet.kept", filling->step->deadline, &found, e);
    if (!r)
        snprintf(filling->element, sizeof filling->element, "%s",
                 json_text_or(json_object_get(found, "result"), "objectId", ""));
    return r < 0 || *filling->element ? r : -EAGAIN;
}

/* From here on nothing that leaves the run may show it: before it is in the page. */
static void hide(struct filling *filling) {
    struct run *run = filling->step->run;
    if (!strcmp(filling->part, "username"))
        return;
    int64_t until = *filling->code ? clock_deadline(CODE_AFTER_MS) : INT64_MAX;
    redactor_add(run->redactor, value_of(filling), until);
    masks_add(&run->masks, value_of(filling), until);
}

static int fill_found(struct filling *filling, size_t index, struct error *e) {
    struct step *step = filling->step;
    char session[129], frame[129];
    snprintf(session, sizeof session, "%s", page_session_id(step->run->page, index));
    int r = name_element(filling, index, e);
    if (!r)
        r = find_frame(filling, index, session, frame, e);
    if (!r)
        r = ask_origin(filling, session, frame, e);
    if (r < 0)
        return r;
    hide(filling);
    return type_value(filling, session, e);
}

/* A form that somebody put into the right page leads away what is typed into it, without a script of the page. */
static int check_form(const struct filling *filling, const json_t *destinations, struct error *e) {
    int r = 0;
    size_t count = strcmp(filling->part, "username") ? json_array_size(destinations) : 0;
    for (size_t i = 0; !r && i < count; i++)
        r = credential_check_destination(filling->credential, json_string_value(json_array_get(destinations, i)), e);
    return r;
}

/* One try. The code is made after the field was found, which may have taken long, and the field is found again when the
 * code had to be waited for. */
static int fill_once(struct filling *filling, struct error *e) {
    cleanup_json json_t *answer = NULL;
    struct step *step = filling->step;
    size_t session = 0;
    bool code = !strcmp(filling->part, "totp");
    int64_t period = filling->period;
    int r = target_call(step, filling->target, "prepareSecret", json_pack("[s]", filling->part), &session, &answer, e);
    if (!r)
        r = check_form(filling, json_object_get(answer, "destinations"), e);
    if (!r && code)
        r = make_code(filling, e);
    if (r < 0)
        return r;
    return code && period != filling->period ? -EAGAIN : fill_found(filling, session, e);
}

static void finish(struct filling *filling) {
    struct step *step = filling->step;
    if (*filling->code)
        note_used(step->run, json_text_or(filling->credential, "name", ""), filling->period);
    sodium_memzero(filling->code, sizeof filling->code);
}

int fill_secret(struct step *step, struct error *e) {
    cleanup_json json_t *target = shapes_target_of(step->arguments);
    struct filling filling = {
        .step = step, .target = target, .part = json_text_or(step->arguments, "part", ""), .period = -1};
    const char *name = json_text_or(step->arguments, "credential", "");
    json_object_set_new(step->data, "credential", json_string(name));
    json_object_set_new(step->data, "part", json_string(filling.part));
    int r = credential_find(step->run->options->credentials, name, &filling.credential, e);
    if (r < 0)
        return r;
    do
        r = fill_once(&filling, e);
    while (r == -EAGAIN && clock_remaining_ms(step->deadline) > 0);
    if (*filling.origin)
        json_object_set_new(step->data, "origin", json_string(filling.origin));
    if (!r)
        finish(&filling);
    return r;
}
