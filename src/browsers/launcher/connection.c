#include "browsers/launcher/connection.h"
#include "base/io.h"
#include "base/log.h"
#include "base/memory.h"
#include "browsers/launcher/loop.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define QUEUE_MAX 4096 /* replies; an engine that lets more pile up is not reading */

struct queued {
    struct launcher_reply reply;
    int fd;
    struct queued *next;
};

static struct {
    struct loop_source listener, engine;
    struct process_user user;
    char *path;
    struct connection_handlers handlers;
    struct queued *first, **last;
    size_t queued;
} state = {.listener.fd = -1, .engine.fd = -1};

static void drop_first(void) {
    struct queued *queued = state.first;
    state.first = queued->next;
    if (!state.first)
        state.last = &state.first;
    state.queued--;
    if (queued->fd >= 0)
        close(queued->fd);
    free(queued);
}

static void drop_engine(void) {
    int fd = state.engine.fd;
    if (fd < 0)
        return;
    loop_remove(&state.engine);
    close(fd);
    while (state.first)
        drop_first();
}

/* Sends what the socket takes; asks for a call back when it takes no more. */
static void flush_queue(void) {
    while (state.first) {
        struct queued *queued = state.first;
        ssize_t n =
            io_send_message(state.engine.fd, &queued->reply, sizeof queued->reply, &queued->fd, queued->fd >= 0);
        if (n == -EAGAIN)
            break;
        if (n < 0) {
            drop_engine();
            return;
        }
        drop_first();
    }
    loop_want_write(&state.engine, state.first != NULL);
}

static void terminate(char *text, size_t room) {
    text[room - 1] = '\0';
}

static void close_all(const int *fds, size_t count) {
    for (size_t i = 0; i < count; i++)
        close(fds[i]);
}

static void read_engine(void *owner) {
    struct launcher_request request;
    int fds[8];
    size_t count = ARRAY_LENGTH(fds);
    ssize_t n = io_receive_message(state.engine.fd, &request, sizeof request, fds, &count);
    if (n == -EAGAIN) {
        flush_queue();
        return;
    }
    if (n != sizeof request) {
        close_all(fds, n < 0 ? 0 : count);
        if (n)
            log_warn("the engine sent something that is no request");
        drop_engine();
        return;
    }
    terminate(request.browser_id, sizeof request.browser_id);
    terminate(request.file, sizeof request.file);
    terminate(request.locale, sizeof request.locale);
    terminate(request.timezone, sizeof request.timezone);
    state.handlers.request(&request, count ? fds[0] : -1);
    close_all(fds, count);
    if (state.engine.fd >= 0)
        flush_queue();
}

static void accept_engine(void *owner) {
    uid_t uid = 0;
    cleanup_close int fd = accept4(state.listener.fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd < 0)
        return;
    /* Root may look as well: it can do whatever this process can. */
    if (io_unix_peer(fd, &uid, NULL) < 0 || (uid != state.user.uid && uid != 0)) {
        log_warn("a connection of a stranger was refused", LOG_INT("user.id", uid));
        return;
    }
    drop_engine();
    state.handlers.replaced();
    if (!loop_add(&state.engine, fd, read_engine, NULL))
        take_fd(fd);
}

int connection_listen(const char *path, const struct process_user *engine, const struct connection_handlers *handlers,
                      struct error *e) {
    int fd = io_unix_listen(path, SOCK_SEQPACKET | SOCK_NONBLOCK, 0600, engine->uid, engine->gid, e);
    if (fd < 0)
        return fd;
    state.user = *engine;
    state.path = memory_copy_text(path);
    state.handlers = *handlers;
    state.last = &state.first;
    int r = loop_add(&state.listener, fd, accept_engine, NULL);
    return r < 0 ? error_errno(e, -r, ERROR_INTERNAL, "cannot watch %s", path) : 0;
}

void connection_close(void) {
    drop_engine();
    int fd = state.listener.fd;
    if (fd < 0)
        return;
    loop_remove(&state.listener);
    close(fd);
    unlink(state.path);
    free(state.path);
}

void connection_send(const struct launcher_reply *reply, int fd) {
    if (state.engine.fd < 0 || state.queued >= QUEUE_MAX) {
        if (fd >= 0)
            close(fd);
        drop_engine();
        return;
    }
    struct queued *queued = memory_alloc(sizeof *queued);
    *queued = (struct queued){.reply = *reply, .fd = fd};
    *state.last = queued;
    state.last = &queued->next;
    state.queued++;
    flush_queue();
}

struct launcher_reply connection_reply(enum launcher_operation operation, uint32_t serial, const char *id) {
    struct launcher_reply reply = {.operation = operation, .serial = serial};
    snprintf(reply.browser_id, sizeof reply.browser_id, "%s", id);
    return reply;
}

void connection_answer(enum launcher_operation operation, uint32_t serial, const char *id, int r,
                       const struct error *e) {
    struct launcher_reply reply = connection_reply(operation, serial, id);
    reply.status = r < 0 ? r : 0;
    if (r < 0)
        snprintf(reply.text, sizeof reply.text, "%s", e && *e->text ? e->text : strerror(-r));
    connection_send(&reply, -1);
}
