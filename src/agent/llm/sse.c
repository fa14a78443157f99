#include "agent/llm/sse.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>

static int dispatch(struct sse *sse, struct error *e) {
    int r =
        sse->has_data ? sse->event(sse->user, sse->name, sse->data.data ? sse->data.data : "", sse->data.length, e) : 0;
    text_clear(&sse->data);
    sse->has_data = false;
    sse->name[0] = '\0';
    return r;
}

static int too_long(struct error *e) {
    return error_set(e, EMSGSIZE, ERROR_MODEL_PROTOCOL, "one event of the model's answer is over %zu bytes",
                     SSE_EVENT_MAX);
}

static void add_data(struct sse *sse, const char *value, size_t length) {
    if (sse->has_data)
        text_append_char(&sse->data, '\n');
    text_append(&sse->data, value, length);
    sse->has_data = true;
}

static int take_line(struct sse *sse, const char *line, size_t length, struct error *e) {
    if (!length)
        return dispatch(sse, e);
    const char *colon = memchr(line, ':', length);
    size_t name = colon ? (size_t)(colon - line) : length;
    const char *value = colon ? colon + 1 : line + length;
    size_t left = (size_t)(line + length - value);
    if (left && *value == ' ')
        value++, left--;
    if (name == 4 && !memcmp(line, "data", 4))
        add_data(sse, value, left);
    else if (name == 5 && !memcmp(line, "event", 5))
        snprintf(sse->name, sizeof sse->name, "%.*s", (int)(left < 63 ? left : 63), value);
    return sse->data.length > SSE_EVENT_MAX ? too_long(e) : 0; /* comments (":..."), id and retry say nothing here */
}

static int end_line(struct sse *sse, struct error *e) {
    const char *line = sse->line.data ? sse->line.data : "";
    size_t length = sse->line.length, mark = !sse->begun && length >= 3 && !memcmp(line, "\xEF\xBB\xBF", 3) ? 3 : 0;
    sse->begun = true;
    int r = take_line(sse, line + mark, length - mark, e);
    text_clear(&sse->line);
    return r;
}

int sse_feed(struct sse *sse, const char *bytes, size_t length, struct error *e) {
    const char *end = bytes + length;
    while (bytes < end) {
        if (sse->after_cr && *bytes == '\n')
            bytes++;
        sse->after_cr = false;
        size_t left = (size_t)(end - bytes), n = 0;
        while (n < left && bytes[n] != '\n' && bytes[n] != '\r')
            n++;
        text_append(&sse->line, bytes, n);
        if (sse->line.length > SSE_EVENT_MAX)
            return too_long(e);
        if (n == left)
            return 0;
        sse->after_cr = bytes[n] == '\r';
        int r = end_line(sse, e);
        if (r < 0)
            return r;
        bytes += n + 1;
    }
    return 0;
}

int sse_end(struct sse *sse, struct error *e) {
    int r = sse->line.length ? end_line(sse, e) : 0;
    return r < 0 ? r : dispatch(sse, e);
}

void sse_done(struct sse *sse) {
    text_done(&sse->line);
    text_done(&sse->data);
}
