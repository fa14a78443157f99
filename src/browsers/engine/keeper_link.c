#include "browsers/engine/keeper_link.h"
#include "base/instance.h"
#include "base/io.h"
#include "base/log.h"
#include "base/memory.h"
#include "browsers/engine/channel.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct keeper_call {
    struct keeper_call *next;
    char op[16];
    keeper_done *done;
    void *user;
};

struct keeper_link {
    struct channel *channel;
    struct keeper_link_events events;
    void *user;
    struct keeper_call *calls; /* oldest first: answers to one op come in order */
};

static void fail_all(struct keeper_link *link) {
    struct error e;
    error_set(&e, ECONNRESET, ERROR_CLOSED, "the browser's keeper is gone");
    struct keeper_call *calls = take_pointer(link->calls);
    for (struct keeper_call *call = calls, *next; call; call = next) {
        next = call->next;
        call->done(call->user, &e, NULL);
        free(call);
    }
}

static void on_lost(void *user) {
    struct keeper_link *link = user;
    link->events.lost(link->user);
}

static void answer_call(struct keeper_link *link, const char *op, const json_t *message) {
    for (struct keeper_call **at = &link->calls; *at; at = &(*at)->next) {
        struct keeper_call *call = *at;
        if (strcmp(call->op, op))
            continue;
        struct error e;
        *at = call->next;
        bool ok = json_bool_or(message, "ok", false);
        if (!ok)
            error_set(&e, EPROTO, error_from_name(json_text_or(message, "code", "internal")), "%s",
                      json_text_or(message, "text", "the browser's keeper refused"));
        call->done(call->user, ok ? NULL : &e, message);
        free(call);
        return;
    }
}

static void on_message(void *user, const char *data, size_t length, int fd) {
    struct keeper_link *link = user;
    cleanup_json json_t *message = NULL;
    struct error e;
    if (fd >= 0)
        close(fd); /* keepers send none */
    if (json_parse(data, length, "a keeper's message", &message, &e) < 0) {
        log_warning(&e, "a keeper's message is not understood");
        return;
    }
    const char *op = json_text_or(message, "op", "");
    if (!strcmp(op, "status") && !json_object_get(message, "ok"))
        link->events.status(link->user, message);
    else
        answer_call(link, op, message);
}

int keeper_link_open(uv_loop_t *loop, const char *browser_id, const struct keeper_link_events *events, void *user,
                     struct keeper_link **ret_link, struct error *e) {
    static const struct channel_events channel_events = {on_message, on_lost};
    cleanup_free char *path = instance_run_path("keepers/%s.sock", browser_id);
    int fd = io_unix_connect(path, SOCK_SEQPACKET | SOCK_NONBLOCK, e);
    if (fd < 0)
        return fd;
    struct keeper_link *link = memory_alloc(sizeof *link);
    int r = channel_open(loop, fd, &channel_events, link, &link->channel);
    if (r < 0) {
        free(link);
        return error_errno(e, -r, ERROR_INTERNAL, "cannot wait for the keeper");
    }
    link->events = *events;
    link->user = user;
    *ret_link = link;
    return 0;
}

static void remember(struct keeper_link *link, const char *op, keeper_done *done, void *user) {
    struct keeper_call *call = memory_alloc(sizeof *call), **at = &link->calls;
    snprintf(call->op, sizeof call->op, "%s", op);
    call->done = done;
    call->user = user;
    while (*at)
        at = &(*at)->next;
    *at = call;
}

static void ignore(void *user, const struct error *error, const json_t *answer) {
    if (error && error->code != ERROR_CLOSED)
        log_warning(error, "a keeper refused");
}

/* A failure to send shows as a lost connection, which fails the call. */
void keeper_link_call(struct keeper_link *link, const char *op, json_t *members, int fd, keeper_done *done,
                      void *user) {
    cleanup_json json_t *message = members ? members : json_object();
    json_object_set_new(message, "op", json_string(op));
    cleanup_free char *text = json_print(message);
    remember(link, op, done ? done : ignore, user);
    channel_send(link->channel, text, strlen(text), fd);
}

void keeper_link_free(struct keeper_link *link) {
    if (!link)
        return;
    channel_close(take_pointer(link->channel));
    fail_all(link);
    free(link);
}
