/* read_page: the text of the page and its tables, in parts. */
#include "agent/observe/observation.h"
#include "agent/think/mind.h"
#include "agent/think/tools_own.h"
#include "base/clock.h"
#include "base/memory.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define PART_BYTES 16000
#define PART_LEAST 1000
#define PART_MARKS 200 /* what stands around a part */
#define READ_MS    10000

/* The tables of all processes of the page, the page itself first. */
static int ask_tables(struct run *run, json_t **ret_answers, struct error *e) {
    int64_t deadline = clock_deadline(READ_MS);
    int r;
    do {
        r = page_settle(run->page, deadline, e);
        if (!r)
            r = page_call_all(run->page, "readTables", json_array(), deadline, ret_answers, e);
    } while (r == -EAGAIN && clock_remaining_ms(deadline) > 0);
    return r == -EAGAIN ? error_set(e, ETIMEDOUT, ERROR_STEP, "the page kept changing while it was read") : r;
}

/* `seen` is added to the text and freed. */
static void take_part(struct observed_text *seen, struct text *ret_text, size_t *ret_total) {
    text_append_string(ret_text, seen->text);
    *ret_total = seen->total;
    free(seen->text);
}

static int read_tables(struct run *run, size_t offset, size_t limit, struct text *ret_text, size_t *ret_total,
                       struct error *e) {
    cleanup_json json_t *answers = NULL;
    cleanup_text struct text whole = {0};
    size_t i;
    json_t *one;
    int r = ask_tables(run, &answers, e);
    json_array_foreach (answers, i, one) {
        const char *text = json_text_or(one, "text", "");
        if (*text)
            text_print(&whole, "%s%s", whole.length ? "\n\n" : "", text);
    }
    struct observed_text seen = observed_part(&whole, offset, limit);
    take_part(&seen, ret_text, ret_total);
    return r;
}

static int read_text(struct run *run, size_t offset, size_t limit, struct text *ret_text, size_t *ret_total,
                     struct error *e) {
    struct observed_text seen = {0};
    int r = observe_text(run, &(struct observe_reading){.offset = offset, .max_bytes = limit}, clock_deadline(READ_MS),
                         &seen, e);
    if (r < 0)
        return r;
    take_part(&seen, ret_text, ret_total);
    return 0;
}

int page_read_text(struct call *call, const char *what, size_t offset, size_t limit, struct text *ret_text,
                   size_t *ret_total, struct error *e) {
    struct run *run = call->mind->run;
    struct error why = {0};
    *ret_total = 0;
    int r = (strcmp(what, "tables") ? read_text : read_tables)(run, offset, limit, ret_text, ret_total, &why);
    if (r < 0 && run_ends_with(run, &why))
        return *e = why, r;
    if (r < 0) {
        call->failed = true;
        text_append_string(&call->answer, why.text);
    }
    return 0;
}

/* What a small model can be told at once is less. */
static size_t part_bytes(const struct mind *mind) {
    size_t room = calls_answer_room(mind);
    if (room < PART_LEAST + PART_MARKS)
        return PART_LEAST;
    return room - PART_MARKS < PART_BYTES ? room - PART_MARKS : PART_BYTES;
}

int tool_read_page(struct call *call, struct error *e) {
    cleanup_text struct text page = {0};
    const char *what = json_text_or(call->arguments, "what", "text");
    size_t part = (size_t)json_int_or(call->arguments, "part", 1), bytes = part_bytes(call->mind), total;
    int r = page_read_text(call, what, (part - 1) * bytes, bytes, &page, &total, e);
    if (r < 0 || call->failed)
        return r;
    size_t parts = total ? (total + bytes - 1) / bytes : 1;
    cleanup_free char *fenced = prompt_fence(call->mind, page.data ? page.data : "");
    text_print(&call->answer, "Part %zu of %zu:\n%s", part, parts, fenced);
    return 0;
}
