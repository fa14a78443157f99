#include "cli/thread_watch.h"
#include "base/clock.h"
#include "base/memory.h"
#include "base/text.h"
#include "domain/events.h"
#include "domain/threads.h"
#include <poll.h>
#include <stdio.h>
#include <string.h>

#define LOOK_EVERY_MS 500
#define BATCH         500

static void print_event(const json_t *event, bool json, FILE *out) {
    cleanup_free char *text = json_print(event);
    if (json) {
        fprintf(out, "%s\n", text);
        return;
    }
    cleanup_free char *message = memory_copy_text(json_text_or(event, "message", ""));
    for (unsigned char *p = (unsigned char *)message; *p; p++) /* pages write here: nothing that drives a terminal */
        if (*p < 0x20 || *p == 0x7f)
            *p = ' ';
    const char *time = json_text_or(event, "time", "");
    fprintf(out, "%.12s %-5s %-17s %s\n", strlen(time) > 11 ? time + 11 : time, json_text_or(event, "level", ""),
            json_text_or(event, "kind", ""), message);
}

static int print_new(struct cli_session *session, const char *thread_id, int64_t *after, bool json, FILE *out,
                     struct error *e) {
    size_t count = BATCH;
    while (count == BATCH) {
        cleanup_free char *answer = NULL;
        cleanup_json json_t *page = NULL;
        json_t *event;
        size_t i;
        int r = events_read(&session->db, &session->caller, thread_id, *after, BATCH, &answer, e);
        if (!r)
            r = json_parse(answer, strlen(answer), "the events", &page, e);
        if (r < 0)
            return r;
        json_array_foreach (json_object_get(page, "items"), i, event) {
            print_event(event, json, out);
        }
        count = json_array_size(json_object_get(page, "items"));
        *after = json_int_or(page, "next_after", *after);
    }
    fflush(out);
    return 0;
}

static int has_ended(struct cli_session *session, const char *thread_id, bool *ret_ended, struct error *e) {
    cleanup_free char *answer = NULL;
    cleanup_json json_t *thread = NULL;
    int r = threads_get(&session->db, &session->caller, thread_id, &answer, e);
    if (!r)
        r = json_parse(answer, strlen(answer), "the thread", &thread, e);
    if (!r)
        *ret_ended = json_is_string(json_object_get(thread, "end_time"));
    return r;
}

static void wait_for_news(struct redis *redis, const char *channel) {
    if (redis_fd(redis) < 0)
        redis_subscribe(redis, channel, NULL);
    struct pollfd news = {.fd = redis_fd(redis), .events = POLLIN};
    poll(&news, 1, LOOK_EVERY_MS);
    for (;;) {
        cleanup_free char *message = NULL;
        if (redis_next_message(redis, &message, NULL) < 0 || !message)
            return;
    }
}

int thread_watch(struct cli_session *session, const char *thread_id, bool follow, bool json, FILE *out,
                 struct error *e) {
    cleanup_redis struct redis news = {0};
    cleanup_free char *channel = memory_print(REDIS_CHANNEL_THREAD "%s", thread_id);
    int64_t after = 0;
    bool ended = false;
    redis_open(&news, NULL);
    for (;;) {
        /* Looked at before the events: those of an ended thread are all there. */
        int r = has_ended(session, thread_id, &ended, e);
        if (!r)
            r = print_new(session, thread_id, &after, json, out, e);
        if (r < 0 || ended || !follow)
            return r;
        wait_for_news(&news, channel);
    }
}
