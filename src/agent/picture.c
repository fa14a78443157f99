/* Pictures of the current tab. What is secret on it is covered meanwhile (page/mask.js). */
#include "agent/action.h"
#include "base/clock.h"
#include "base/memory.h"
#include "base/text.h"
#include <errno.h>
#include <string.h>

#define CAPTURE_AGAIN_MS 50
#define PATIENCE_MS      8000 /* of the first try, twice that of the next */
#define MASK_TRIES       10

static int capture_once(struct run *run, const json_t *parameters, int64_t deadline, json_t **ret_answer,
                        struct error *e) {
    return cdp_call(run->client, page_session_id(run->page, 0), "Page.captureScreenshot",
                    json_incref((json_t *)parameters), clock_remaining_ms(deadline), ret_answer, e);
}

/* Between two documents there is nothing to take a picture of, which Chromium takes for a failure; or it waits for a
 * frame of the document that left, which never comes: so the first tries get a part of the time. */
static int capture(struct run *run, const json_t *parameters, int64_t deadline, json_t **ret_answer, struct error *e) {
    for (int64_t patience = PATIENCE_MS;;) {
        int64_t soon = clock_deadline(patience);
        int r = capture_once(run, parameters, soon < deadline ? soon : deadline, ret_answer, e);
        bool between = r < 0 && strstr(e->text, "Not attached to an active page");
        if (!(between || r == -ETIMEDOUT) || clock_remaining_ms(deadline) <= CAPTURE_AGAIN_MS)
            return r;
        if (between)
            clock_sleep_ms(CAPTURE_AGAIN_MS);
        else
            patience *= 2;
    }
}

/* In every world of the page; -EAGAIN when one gave no answer. */
static int call_worlds(struct run *run, const char *function, const json_t *search, int64_t deadline,
                       json_t **ret_answers, struct error *e) {
    cleanup_json json_t *answers = NULL;
    int r = page_call_all(run->page, function, json_pack("[O]", search), deadline, &answers, e);
    for (size_t i = 0; !r && i < json_array_size(answers); i++)
        if (strcmp(json_text_or(json_array_get(answers, i), "state", ""), "ready"))
            r = -EAGAIN;
    if (!r)
        *ret_answers = take_pointer(answers);
    return r;
}

/* One try. -EAGAIN: what is to be covered moved or came while the picture was taken. */
static int capture_covered(struct run *run, const json_t *parameters, const json_t *search, int64_t deadline,
                           json_t **ret_answer, struct error *e) {
    cleanup_json json_t *before = NULL, *after = NULL, *picture = NULL;
    int r = call_worlds(run, "mask", search, deadline, &before, e);
    if (!r)
        r = capture(run, parameters, deadline, &picture, e);
    int uncovered = call_worlds(run, "unmask", search, deadline, &after, e);
    if (r < 0 || uncovered < 0)
        return r < 0 ? r : uncovered;
    if (!json_equal(before, after))
        return -EAGAIN;
    *ret_answer = take_pointer(picture);
    return 0;
}

int picture_capture(struct run *run, json_t *owned, int64_t deadline, json_t **ret_answer, struct error *e) {
    cleanup_json json_t *parameters = owned, *search = masks_json(&run->masks);
    int r = search ? -EAGAIN : capture(run, parameters, deadline, ret_answer, e);
    for (int i = 0; r == -EAGAIN && i < MASK_TRIES && clock_remaining_ms(deadline) > CAPTURE_AGAIN_MS; i++) {
        if (i)
            clock_sleep_ms(CAPTURE_AGAIN_MS);
        r = capture_covered(run, parameters, search, deadline, ret_answer, e);
    }
    if (r == -EAGAIN)
        return error_set(e, EAGAIN, ERROR_STEP, "no picture: the page kept changing where it shows a credential");
    return r;
}

int picture_take(struct run *run, const char *name, json_t *parameters, const char *media_type, int64_t deadline,
                 char ret_id[37], struct error *e) {
    cleanup_json json_t *answer = NULL;
    cleanup_free unsigned char *data = NULL;
    size_t length;
    struct error own;
    e = e ? e : &own;
    int r = picture_capture(run, parameters, deadline, &answer, e);
    if (r < 0)
        return r;
    const json_t *encoded = json_object_get(answer, "data");
    r = text_decode_base64(json_string_value(encoded), json_string_length(encoded), &data, &length);
    if (r < 0)
        return error_set(e, EPROTO, ERROR_PROTOCOL, "the browser's picture is no base64");
    return run_artifact(run, "screenshot", name, media_type, data, length, ret_id, e);
}
