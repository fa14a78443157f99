#include "browsers/launcher/loop.h"
#include <errno.h>
#include <stddef.h>
#include <sys/epoll.h>
#include <unistd.h>

static int epoll_fd = -1;

int loop_open(void) {
    epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    return epoll_fd < 0 ? -errno : 0;
}

void loop_close(void) {
    if (epoll_fd >= 0)
        close(epoll_fd);
    epoll_fd = -1;
}

int loop_add(struct loop_source *source, int fd, void (*ready)(void *owner), void *owner) {
    *source = (struct loop_source){.fd = fd, .ready = ready, .owner = owner};
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = source};
    if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event)) {
        source->fd = -1;
        return -errno;
    }
    return 0;
}

void loop_want_write(struct loop_source *source, bool want) {
    struct epoll_event event = {.events = EPOLLIN | (want ? EPOLLOUT : 0), .data.ptr = source};
    epoll_ctl(epoll_fd, EPOLL_CTL_MOD, source->fd, &event);
}

void loop_remove(struct loop_source *source) {
    if (source->fd >= 0)
        epoll_ctl(epoll_fd, EPOLL_CTL_DEL, source->fd, NULL);
    source->fd = -1;
}

int loop_turn(int timeout_ms) {
    struct epoll_event event;
    int n = epoll_wait(epoll_fd, &event, 1, timeout_ms);
    if (n < 0)
        return errno == EINTR ? 0 : -errno;
    if (n) {
        struct loop_source *source = event.data.ptr;
        source->ready(source->owner);
    }
    return 0;
}
