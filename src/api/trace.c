#include "api/trace.h"
#include "base/memory.h"
#include "base/text.h"
#include "domain/artifacts.h"
#include "domain/events.h"
#include "domain/threads.h"
#include <errno.h>
#include <string.h>

#define PAGE_EVENTS 20 /* one may have megabytes */
#define PICTURE_MAX ((int64_t)8 << 20)
#define TEXT_MAX    ((int64_t)1 << 20)
#define DATA_MAX    ((size_t)64 << 10) /* of an event's data */

struct trace {
    struct postgres *db;
    const struct caller *caller;
    const struct blob_sink *sink;
    json_t *files;    /* id: artifact, those that were not shown yet */
    struct text out;  /* what goes to the sink next */
    const char *open; /* ends the turn that is open; "": none is */
};

static const char style[] =
    ":root{color-scheme:light dark}body{font:15px/1.5 system-ui,sans-serif;max-width:960px;margin:2rem auto;"
    "padding:0 1rem}h1{font-size:1.5rem;margin:0}h2{font-size:1.1rem;margin:0 0 .5rem}dl{display:grid;"
    "grid-template-columns:max-content 1fr;gap:.2rem 1rem}dt{opacity:.7}dd{margin:0;overflow-wrap:anywhere}"
    "section{border:1px solid #8886;border-radius:8px;padding:1rem;margin:1rem 0}.event{border-left:3px solid #8886;"
    "padding:.1rem .7rem;margin:.4rem 0;overflow-wrap:anywhere}.warn{border-color:#d90}.error{border-color:#d33}"
    "time,.kind,.facts{opacity:.7;font-size:.85rem}pre{white-space:pre-wrap;overflow-wrap:anywhere;background:#8882;"
    "padding:.6rem;border-radius:6px;max-height:32rem;overflow:auto}img{max-width:100%;border:1px solid #8886;"
    "border-radius:6px}.said{white-space:pre-wrap}";

/* Writing. */

static int flush(struct trace *trace) {
    int r = trace->out.length ? trace->sink->write(trace->sink->user, trace->out.data, trace->out.length) : 0;
    text_clear(&trace->out);
    return r;
}

static int cannot_write(int r, struct error *e) {
    return error_errno(e, -r, r == -ECANCELED ? ERROR_CANCELLED : ERROR_STORAGE, "cannot write the trace");
}

static void put(struct trace *trace, const char *html) {
    text_append_string(&trace->out, html);
}

static void put_escaped(struct trace *trace, const char *text, size_t length) {
    static const char *const names[256] = {
        ['&'] = "&amp;", ['<'] = "&lt;", ['>'] = "&gt;", ['"'] = "&quot;", ['\''] = "&#39;"};
    for (const char *at = text; at < text + length; at++) {
        const char *name = names[(unsigned char)*at];
        if (name)
            text_append_string(&trace->out, name);
        else if ((unsigned char)*at >= ' ' || *at == '\n' || *at == '\t')
            text_append_char(&trace->out, *at);
    }
}

static void put_text(struct trace *trace, const char *text) {
    put_escaped(trace, text, strlen(text));
}

static void put_fact(struct trace *trace, const char *name, const char *value) {
    if (!value || !*value)
        return;
    text_print(&trace->out, "<dt>%s</dt><dd>", name);
    put_text(trace, value);
    put(trace, "</dd>");
}

static void put_json(struct trace *trace, const char *title, const json_t *value) {
    char *text = json_dumps(value, JSON_INDENT(2) | JSON_ENCODE_ANY | JSON_READABLE_REALS);
    size_t length = text ? strlen(text) : 0;
    text_print(&trace->out, "<details><summary>%s</summary><pre>", title);
    if (text)
        put_escaped(trace, text, length < DATA_MAX ? length : DATA_MAX);
    put(trace, length > DATA_MAX ? "\n... (shortened)</pre></details>" : "</pre></details>");
    free(text);
}

/* "1.25 s", "1.250000": money and times as people read them. */
static void put_numbers(struct trace *trace, const json_t *usage, int64_t cost, int64_t ms) {
    int64_t in = json_int_or(usage, "input_tokens", 0), out = json_int_or(usage, "output_tokens", 0);
    int64_t cached = json_int_or(usage, "cached_tokens", 0);
    put(trace, "<p class=facts>");
    if (ms >= 0)
        text_print(&trace->out, "%.2f s", (double)ms / 1000);
    if (in || out)
        text_print(&trace->out, " · %lld tokens in (%lld cached), %lld out", (long long)in, (long long)cached,
                   (long long)out);
    if (cost)
        text_print(&trace->out, " · cost %.6f", (double)cost / 1e6);
    put(trace, "</p>");
}

/* Files. */

static int collect(void *user, const void *data, size_t length) {
    text_append(user, data, length);
    return 0;
}

static int read_file(struct trace *trace, const char *id, struct text *bytes, struct error *e) {
    struct blob_sink sink = {collect, bytes};
    return artifacts_read(trace->db, trace->caller, id, 0, 0, &sink, e);
}

static bool is_picture(const char *media_type) {
    return !strcmp(media_type, "image/png") || !strcmp(media_type, "image/jpeg") || !strcmp(media_type, "image/webp");
}

static void put_missing(struct trace *trace, const json_t *file, const char *why) {
    put(trace, "<p class=facts>File ");
    put_text(trace, json_text_or(file, "name", ""));
    text_print(&trace->out, " (%lld bytes)%s</p>", (long long)json_int_or(file, "size", 0), why);
}

static void put_picture(struct trace *trace, const json_t *file, const struct text *bytes) {
    text_print(&trace->out, "<p><img alt=\"");
    put_text(trace, json_text_or(file, "name", ""));
    text_print(&trace->out, "\" src=\"data:%s;base64,", json_text_or(file, "media_type", ""));
    text_append_base64(&trace->out, bytes->data, bytes->length);
    put(trace, "\"></p>");
}

/* A picture is shown, a text folded; whatever else there is, is only named. A file whose bytes are gone is no failure.
 */
static void put_file(struct trace *trace, const json_t *file, const char *title) {
    const char *type = json_text_or(file, "media_type", "");
    bool picture = is_picture(type), is_text = text_starts_with(type, "text/plain");
    int64_t size = json_int_or(file, "size", 0);
    cleanup_text struct text bytes = {0};
    struct error ignored;
    if ((!picture && !is_text) || size > (picture ? PICTURE_MAX : TEXT_MAX))
        put_missing(trace, file, "");
    else if (read_file(trace, json_text_or(file, "id", ""), &bytes, &ignored) < 0)
        put_missing(trace, file, ": its bytes are not kept any more");
    else if (picture)
        put_picture(trace, file, &bytes);
    else {
        text_print(&trace->out, "<details><summary>%s</summary><pre>", title);
        put_escaped(trace, bytes.data ? bytes.data : "", bytes.length);
        put(trace, "</pre></details>");
    }
}

/* What the event's data names is shown with it. */
static int put_files_of(struct trace *trace, const json_t *data) {
    const char *member;
    json_t *value;
    int r = 0;
    json_object_foreach ((json_t *)data, member, value) {
        const char *id = json_is_string(value) ? json_string_value(value) : "";
        json_t *file = uuid_is_valid(id) ? json_object_get(trace->files, id) : NULL;
        if (!file || r < 0)
            continue;
        put_file(trace, file, strcmp(member, "observation") ? "Text" : "What the model was shown");
        json_object_del(trace->files, id);
        r = flush(trace);
    }
    return r;
}

/* Events. */

static void close_turn(struct trace *trace) {
    put(trace, trace->open);
    trace->open = "";
}

static void open_turn(struct trace *trace, const json_t *data) {
    close_turn(trace);
    text_print(&trace->out, "<section><h2>Turn %lld: ", (long long)json_int_or(data, "turn", 0));
    put_text(trace, json_text_or(data, "title", ""));
    put(trace, "</h2><p class=facts>");
    put_text(trace, json_text_or(data, "url", ""));
    text_print(&trace->out, " · %lld elements, %lld left out · %lld bytes</p>",
               (long long)json_int_or(data, "elements", 0), (long long)json_int_or(data, "hidden", 0),
               (long long)json_int_or(data, "bytes", 0));
    trace->open = "</section>\n";
}

static void put_answer(struct trace *trace, const json_t *data) {
    size_t i;
    json_t *call;
    put(trace, "<div class=event><span class=kind>The model answered</span><div class=said>");
    put_text(trace, json_text_or(data, "text", ""));
    put(trace, "</div>");
    json_array_foreach (json_object_get(data, "calls"), i, call) {
        cleanup_free char *arguments = json_print(json_object_get(call, "arguments"));
        put(trace, "<pre>");
        put_text(trace, json_text_or(call, "name", ""));
        put(trace, " ");
        put_text(trace, arguments ? arguments : json_text_or(call, "malformed", ""));
        put(trace, "</pre>");
    }
    put_numbers(trace, json_object_get(data, "usage"), json_int_or(data, "cost_micro", 0),
                json_int_or(data, "duration_ms", -1));
    put(trace, "</div>");
}

static void put_plain(struct trace *trace, const json_t *event, const json_t *data) {
    int64_t ms = json_int_or(data, "duration_ms", -1);
    text_print(&trace->out, "<div class=\"event %s\"><time>%s</time> <span class=kind>",
               json_text_or(event, "level", ""), json_text_or(event, "time", ""));
    put_text(trace, json_text_or(event, "kind", ""));
    put(trace, "</span> ");
    put_text(trace, json_text_or(event, "message", ""));
    if (ms >= 0)
        text_print(&trace->out, " <span class=facts>%.2f s</span>", (double)ms / 1000);
    if (json_object_size(data))
        put_json(trace, "Details", data);
    put(trace, "</div>\n");
}

static int put_event(struct trace *trace, const json_t *event) {
    const char *kind = json_text_or(event, "kind", "");
    const json_t *data = json_object_get(event, "data");
    if (text_starts_with(kind, "thread."))
        close_turn(trace);
    if (!strcmp(kind, "model.observed"))
        open_turn(trace, data);
    else if (!strcmp(kind, "model.answered"))
        put_answer(trace, data);
    else
        put_plain(trace, event, data);
    int r = put_files_of(trace, data);
    return r < 0 ? r : flush(trace);
}

static int put_page(struct trace *trace, const char *thread_id, int64_t *after, struct error *e) {
    struct events_filter filter = {.after = *after, .limit = PAGE_EVENTS, .level = "info"};
    cleanup_free char *text = NULL;
    cleanup_json json_t *page = NULL;
    size_t i;
    json_t *event;
    int r = events_page(trace->db, trace->caller, thread_id, &filter, &text, e);
    if (!r)
        r = json_parse(text, strlen(text), "the events", &page, e);
    if (r < 0)
        return r;
    json_array_foreach (json_object_get(page, "items"), i, event)
        if (r >= 0)
            r = put_event(trace, event);
    if (r < 0)
        return cannot_write(r, e);
    const char *next = json_text_or(page, "next", NULL);
    return next && !text_parse_int(next, 1, INT64_MAX, after) ? 1 : 0;
}

/* The whole. */

static void put_head(struct trace *trace, const json_t *thread) {
    const json_t *usage = json_object_get(thread, "usage"), *results = json_object_get(thread, "results");
    put(trace, "<!doctype html>\n<html lang=en><head><meta charset=utf-8><meta http-equiv=Content-Security-Policy "
               "content=\"" TRACE_POLICY "\"><meta name=referrer content=no-referrer><title>");
    put_text(trace, json_text_or(thread, "agent_name", "Thread"));
    text_print(&trace->out, "</title><style>%s</style></head><body>\n<h1>", style);
    put_text(trace, json_text_or(thread, "agent_name", "Thread"));
    put(trace, "</h1><p class=said>");
    put_text(trace, json_text_or(thread, "task", ""));
    put(trace, "</p><dl>");
    put_fact(trace, "Thread", json_text_or(thread, "id", ""));
    put_fact(trace, "Status", json_text_or(thread, "status", ""));
    put_fact(trace, "Reason", json_text_or(thread, "reason", ""));
    put_fact(trace, "Why", json_text_or(thread, "error_message", ""));
    put_fact(trace, "Started", json_text_or(thread, "start_time", ""));
    put_fact(trace, "Ended", json_text_or(thread, "end_time", ""));
    put(trace, "</dl>");
    put_numbers(trace, usage, json_int_or(thread, "cost_micro", 0), json_int_or(thread, "execution_time_ms", -1));
    if (json_object_size(json_object_get(thread, "inputs")))
        put_json(trace, "Inputs", json_object_get(thread, "inputs"));
    if (results && !json_is_null(results))
        put_json(trace, "Results", results);
}

/* Pictures and texts that no event named. */
static int put_rest(struct trace *trace) {
    const char *id;
    json_t *file;
    int r = 0;
    if (json_object_size(trace->files))
        put(trace, "<h2>Other files</h2>");
    json_object_foreach (trace->files, id, file) {
        put_file(trace, file, "Text");
        if (r >= 0)
            r = flush(trace);
    }
    put(trace, "</body></html>\n");
    return r < 0 ? r : flush(trace);
}

static int read_json(int r, char *text, const char *what, json_t **ret_json, struct error *e) {
    cleanup_free char *owned = text;
    return r < 0 ? r : json_parse(owned, strlen(owned), what, ret_json, e);
}

static int list_files(struct trace *trace, const char *thread_id, struct error *e) {
    cleanup_json json_t *list = NULL;
    size_t i;
    json_t *file;
    char *text = NULL;
    int r = artifacts_list(trace->db, trace->caller, thread_id, &text, e);
    r = read_json(r, text, "the files", &list, e);
    json_array_foreach (json_object_get(list, "items"), i, file)
        json_object_set(trace->files, json_text_or(file, "id", ""), file);
    return r;
}

static int write_all(struct trace *trace, const char *thread_id, struct error *e) {
    cleanup_json json_t *thread = NULL;
    char *text = NULL;
    int64_t after = 0;
    int r = threads_get(trace->db, trace->caller, thread_id, &text, e), more = 1;
    r = read_json(r, text, "the thread", &thread, e);
    if (!r)
        r = list_files(trace, thread_id, e);
    if (r < 0)
        return r;
    put_head(trace, thread);
    while (more > 0)
        more = put_page(trace, thread_id, &after, e);
    if (more < 0)
        return more;
    close_turn(trace);
    r = put_rest(trace);
    return r < 0 ? cannot_write(r, e) : 0;
}

int trace_write(struct postgres *db, const struct caller *caller, const char *thread_id, const struct blob_sink *sink,
                struct error *e) {
    struct trace trace = {.db = db, .caller = caller, .sink = sink, .files = json_object(), .open = ""};
    int r = write_all(&trace, thread_id, e);
    json_decref(trace.files);
    text_done(&trace.out);
    return r;
}
