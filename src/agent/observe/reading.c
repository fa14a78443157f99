/* The page's text, put together of what each of its processes has of it. */
#include "agent/observe/observer.h"
#include "agent/shapes.h"
#include "base/clock.h"
#include "base/memory.h"
#include <errno.h>
#include <string.h>

#define READ_AGAIN_MS 20
#define DEPTH_MOST    32
#define BYTES_LEAST   200
#define BYTES_DEFAULT 16000
#define TOTAL_MOST    (8 << 20)

struct piecing {
    struct run *run;
    const json_t *answers;
    struct text text;
    int depth;
};

static void piece_together(struct piecing *piecing, size_t session);

static void append_frame(struct piecing *piecing, const char *frame) {
    const struct page *page = piecing->run->page;
    for (size_t i = 1; i < page_session_count(page) && i < json_array_size(piecing->answers); i++)
        if (!strcmp(page_session_frame(page, i), frame))
            piece_together(piecing, i);
}

static void piece_together(struct piecing *piecing, size_t session) {
    const json_t *pieces = json_object_get(json_array_get(piecing->answers, session), "pieces");
    if (piecing->depth >= DEPTH_MOST)
        return;
    piecing->depth++;
    for (size_t i = 0; i < json_array_size(pieces) && piecing->text.length < TOTAL_MOST; i++) {
        const json_t *piece = json_array_get(pieces, i);
        if (json_is_object(piece)) {
            append_frame(piecing, json_text_or(piece, "frame", ""));
        } else if (json_string_length(piece)) {
            if (piecing->text.length)
                text_append_char(&piecing->text, '\n');
            text_append(&piecing->text, json_string_value(piece), json_string_length(piece));
        }
    }
    piecing->depth--;
}

static bool is_inside(char c) {
    return ((unsigned char)c & 0xc0) == 0x80;
}

/* Back to the beginning of the letter that a place lies in. */
static size_t letter_at(const struct text *whole, size_t place) {
    while (place > 0 && place < whole->length && is_inside(whole->data[place]))
        place--;
    return place < whole->length ? place : whole->length;
}

struct observed_text observed_part(const struct text *whole, size_t offset, size_t max_bytes) {
    size_t most = max_bytes ? max_bytes : BYTES_DEFAULT;
    most = most > BYTES_LEAST ? most : BYTES_LEAST;
    size_t begin = letter_at(whole, offset),
           end = letter_at(whole, offset < SIZE_MAX - most ? offset + most : SIZE_MAX);
    return (struct observed_text){.text = memory_copy_bytes(whole->length ? whole->data + begin : "", end - begin),
                                  .total = whole->length,
                                  .next = end < whole->length ? end : 0};
}

static int ask(struct run *run, const json_t *target, int64_t deadline, json_t **ret_answers, struct error *e) {
    int r;
    do
        r = page_call_all(run->page, "readText", json_pack("[O?]", target), deadline, ret_answers, e);
    while (r == -EAGAIN && clock_remaining_ms(deadline) > READ_AGAIN_MS && (clock_sleep_ms(READ_AGAIN_MS), true));
    return r == -EAGAIN ? error_set(e, ETIMEDOUT, ERROR_TIMEOUT, "the page kept changing while it was read") : r;
}

/* Where the reading begins: the page's own session, or that of the element. */
static int first_session(const struct run *run, const json_t *target, const json_t *answers, size_t *ret_session,
                         struct error *e) {
    const json_t *element = json_object_get(target, "element");
    const char *session = json_text_or(element, "session", page_session_id(run->page, 0));
    *ret_session = 0;
    for (size_t i = 0; i < page_session_count(run->page); i++)
        if (!strcmp(page_session_id(run->page, i), session))
            *ret_session = i;
    const json_t *answer = json_array_get(answers, *ret_session);
    if (!strcmp(json_text_or(answer, "state", ""), "gone"))
        return error_set(e, EINVAL, ERROR_STEP, "element %lld is gone: look at the page again",
                         (long long)json_int_or(element, "number", 0));
    if (strcmp(json_text_or(answer, "state", ""), "ready"))
        return error_set(e, EIO, ERROR_STEP, "the page could not be read: %.300s",
                         json_text_or(answer, "by", "no answer"));
    return 0;
}

int observe_text(struct run *run, const struct observe_reading *how, int64_t deadline, struct observed_text *ret_text,
                 struct error *e) {
    cleanup_json json_t *target = NULL, *answers = NULL;
    size_t session = 0;
    if (how->element)
        target = json_pack("{s:I}", "element", (json_int_t)how->element);
    int r = target ? observer_resolve(run, &shape_target, target, e) : 0;
    if (!r)
        r = ask(run, target, deadline, &answers, e);
    if (!r)
        r = first_session(run, target, answers, &session, e);
    if (r < 0)
        return r;
    struct piecing piecing = {run, answers, {0}, 0};
    piece_together(&piecing, session);
    cleanup_text struct text clean = {0};
    bool hidden = redactor_text(run->redactor, piecing.text.data ? piecing.text.data : "", piecing.text.length, &clean);
    *ret_text = observed_part(hidden ? &clean : &piecing.text, how->offset, how->max_bytes);
    text_done(&piecing.text);
    return 0;
}
