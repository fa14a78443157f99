#include "browsers/engine/launcher_link.h"
#include "base/clock.h"
#include "base/io.h"
#include "base/log.h"
#include "base/memory.h"
#include "browsers/engine/channel.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define BACKOFF_LEAST_MS 50
#define BACKOFF_MOST_MS  2000
#define CHECK_MS         100

struct call {
    struct call *next;
    struct launcher_request request;
    int64_t deadline;
    launcher_done *done;
    void *user;
};

struct launcher_link {
    uv_loop_t *loop;
    char *path;
    struct launcher_link_events events;
    void *user;
    struct channel *channel;
    uv_timer_t timer; /* reconnection and deadlines */
    struct call *calls;
    uint32_t last_serial;
    int64_t next_attempt, backoff_ms;
    bool complained;
};

static void connect_now(struct launcher_link *link);

static void call_end(struct call *call, const struct launcher_reply *reply, int fd) {
    if (call->done)
        call->done(call->user, reply, fd);
    else if (fd >= 0)
        close(fd);
    free(call);
}

static void call_fail(struct call *call, int status) {
    struct launcher_reply reply = {
        .operation = call->request.operation, .serial = call->request.serial, .status = status};
    memcpy(reply.browser_id, call->request.browser_id, sizeof reply.browser_id);
    snprintf(reply.text, sizeof reply.text, "the launcher: %s", strerror(-status));
    call_end(call, &reply, -1);
}

/* Takes the list before it calls anybody: a callee may make new calls. */
static void fail_all(struct launcher_link *link, int status) {
    struct call *calls = take_pointer(link->calls);
    for (struct call *call = calls, *next; call; call = next) {
        next = call->next;
        call_fail(call, status);
    }
}

static void fail_late(struct launcher_link *link) {
    int64_t now = clock_monotonic_ms();
    struct call *late = NULL;
    for (struct call **at = &link->calls; *at;) {
        struct call *call = *at;
        if (now < call->deadline) {
            at = &call->next;
            continue;
        }
        *at = call->next;
        call->next = late;
        late = call;
    }
    for (struct call *next; late; late = next) {
        next = late->next;
        call_fail(late, link->channel ? -ETIMEDOUT : -ENOTCONN);
    }
}

static void on_lost(void *user) {
    struct launcher_link *link = user;
    channel_close(take_pointer(link->channel));
    link->next_attempt = clock_deadline(BACKOFF_LEAST_MS);
    log_warn("the launcher's connection is lost");
    fail_all(link, -ECONNRESET);
    link->events.lost(link->user);
}

static void on_message(void *user, const char *data, size_t length, int fd) {
    struct launcher_link *link = user;
    struct launcher_reply reply;
    if (length != sizeof reply) {
        log_warn("the launcher speaks another version; it must be restarted", LOG_INT("replinet.bytes", length));
        if (fd >= 0)
            close(fd);
        return;
    }
    memcpy(&reply, data, sizeof reply);
    reply.browser_id[LAUNCHER_ID_SIZE - 1] = reply.text[LAUNCHER_TEXT_MAX - 1] = '\0';
    if (reply.operation == LAUNCHER_EXITED) {
        link->events.exited(link->user, &reply, fd);
        return;
    }
    for (struct call **at = &link->calls; *at; at = &(*at)->next) {
        struct call *call = *at;
        if (call->request.serial != reply.serial)
            continue;
        if (reply.more) {
            call->done(call->user, &reply, fd);
            return;
        }
        *at = call->next;
        call_end(call, &reply, fd);
        return;
    }
    if (fd >= 0) /* its caller gave up */
        close(fd);
}

static const struct channel_events channel_events = {on_message, on_lost};

static void connect_now(struct launcher_link *link) {
    struct error e;
    int fd = io_unix_connect(link->path, SOCK_SEQPACKET | SOCK_NONBLOCK, &e);
    if (fd < 0 || channel_open(link->loop, fd, &channel_events, link, &link->channel) < 0) {
        if (fd < 0 && !link->complained)
            log_warning(&e, "the launcher is not there yet");
        link->complained = true;
        link->backoff_ms = link->backoff_ms ? link->backoff_ms * 2 : BACKOFF_LEAST_MS;
        link->backoff_ms = link->backoff_ms > BACKOFF_MOST_MS ? BACKOFF_MOST_MS : link->backoff_ms;
        link->next_attempt = clock_deadline(link->backoff_ms);
        return;
    }
    link->backoff_ms = 0;
    link->complained = false;
    link->events.connected(link->user);
}

static void on_timer(uv_timer_t *timer) {
    struct launcher_link *link = timer->data;
    fail_late(link);
    if (!link->channel && clock_monotonic_ms() >= link->next_attempt)
        connect_now(link);
}

struct launcher_link *launcher_link_new(uv_loop_t *loop, const char *path, const struct launcher_link_events *events,
                                        void *user) {
    struct launcher_link *link = memory_alloc(sizeof *link);
    link->loop = loop;
    link->path = memory_copy_text(path);
    link->events = *events;
    link->user = user;
    uv_timer_init(loop, &link->timer);
    link->timer.data = link;
    uv_timer_start(&link->timer, on_timer, 0, CHECK_MS);
    return link;
}

bool launcher_link_is_up(const struct launcher_link *link) {
    return link->channel;
}

void launcher_link_call_with(struct launcher_link *link, struct launcher_request *request, int fd, int64_t timeout_ms,
                             launcher_done *done, void *user) {
    struct call *call = memory_alloc(sizeof *call);
    link->last_serial += link->last_serial == UINT32_MAX ? 2 : 1;
    request->serial = link->last_serial;
    *call = (struct call){link->calls, *request, clock_deadline(timeout_ms), done, user};
    link->calls = call;
    if (!link->channel && fd >= 0)
        close(fd);
    if (!link->channel || channel_send(link->channel, request, sizeof *request, fd) < 0)
        call->deadline = 0; /* fails on the loop's next turn */
}

void launcher_link_call(struct launcher_link *link, struct launcher_request *request, int64_t timeout_ms,
                        launcher_done *done, void *user) {
    launcher_link_call_with(link, request, -1, timeout_ms, done, user);
}

static void on_timer_closed(uv_handle_t *handle) {
    struct launcher_link *link = handle->data;
    free(link->path);
    free(link);
}

void launcher_link_free(struct launcher_link *link) {
    channel_close(take_pointer(link->channel));
    fail_all(link, -ECONNRESET);
    uv_close((uv_handle_t *)&link->timer, on_timer_closed);
}
