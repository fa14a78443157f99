#include "cdp/websocket_connect.h"
#include "base/clock.h"
#include "base/memory.h"
#include "cdp/websocket_handshake.h"
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

#define ANSWER_BYTES 4096

struct waiting {
    int64_t deadline;
    int interrupt_fd;
};

static int wait_for(int fd, short events, struct waiting waiting, struct error *e) {
    for (;;) {
        struct pollfd fds[] = {{.fd = fd, .events = events}, {.fd = waiting.interrupt_fd, .events = POLLIN}};
        int n = poll(fds, ARRAY_LENGTH(fds), clock_remaining_ms(waiting.deadline));
        if (n < 0 && errno != EINTR)
            return error_errno(e, errno, ERROR_INTERNAL, "cannot wait for the door");
        if (n > 0 && fds[1].revents)
            return error_set(e, ECANCELED, ERROR_CANCELLED, "stopped while connecting to the browser");
        if (n > 0)
            return 0;
        if (n == 0 && !clock_remaining_ms(waiting.deadline))
            return error_set(e, ETIMEDOUT, ERROR_TIMEOUT, "the door did not answer in time");
    }
}

static int connect_address(const struct addrinfo *address, struct waiting waiting, struct error *e) {
    cleanup_close int fd = socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    int on = 1, failure = 0;
    socklen_t length = sizeof failure;
    if (fd < 0)
        return error_errno(e, errno, ERROR_INTERNAL, "cannot make a socket");
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (connect(fd, address->ai_addr, address->ai_addrlen) && errno != EINPROGRESS)
        return error_errno(e, errno, ERROR_UNAVAILABLE, "cannot connect to the door");
    int r = wait_for(fd, POLLOUT, waiting, e);
    if (r < 0)
        return r;
    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &failure, &length) || failure)
        return error_errno(e, failure ? failure : errno, ERROR_UNAVAILABLE, "cannot connect to the door");
    return take_fd(fd);
}

static int connect_host(const char *host, int port, struct waiting waiting, struct error *e) {
    struct addrinfo wanted = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV}, *found = NULL;
    char service[16];
    snprintf(service, sizeof service, "%d", port);
    int r = getaddrinfo(host, service, &wanted, &found);
    if (r)
        return error_set(e, EHOSTUNREACH, ERROR_UNAVAILABLE, "cannot find the door's host %s: %s", host,
                         gai_strerror(r));
    int fd = -EHOSTUNREACH;
    for (struct addrinfo *address = found; address; address = address->ai_next) {
        fd = connect_address(address, waiting, e);
        if (fd >= 0 || fd == -ECANCELED || fd == -ETIMEDOUT)
            break;
    }
    freeaddrinfo(found);
    if (fd < 0 && e && e->code == ERROR_UNAVAILABLE) {
        error_prefix(e, "%s:%d", host, port);
        error_hint(e, "`replinet up` (or `replinet browser-manager`) starts it");
    }
    return fd;
}

/* The request is far below a socket's send buffer, so it goes out whole at once. */
static int send_request(int fd, const struct text *request, struct error *e) {
    ssize_t n = send(fd, request->data, request->length, MSG_NOSIGNAL);
    if (n == (ssize_t)request->length)
        return 0;
    return error_errno(e, n < 0 ? errno : EPIPE, ERROR_CLOSED, "cannot send the WebSocket handshake");
}

static int read_answer(int fd, struct websocket_handshake *handshake, struct waiting waiting, struct text *rest,
                       struct error *e) {
    char data[ANSWER_BYTES];
    for (;;) {
        int r = wait_for(fd, POLLIN, waiting, e);
        if (r < 0)
            return r;
        ssize_t n = recv(fd, data, sizeof data, 0);
        if (n < 0 && (errno == EAGAIN || errno == EINTR))
            continue;
        if (n <= 0)
            return error_set(e, EPIPE, ERROR_CLOSED, "the door closed the connection during the WebSocket handshake");
        size_t used = 0;
        r = websocket_handshake_feed(handshake, data, (size_t)n, &used, e);
        if (r < 0)
            return r;
        if (r > 0) {
            text_append(rest, data + used, (size_t)n - used);
            return 0;
        }
    }
}

int websocket_client_connect(const char *host, int port, int64_t deadline, int interrupt_fd, struct error *e) {
    return connect_host(host, port, (struct waiting){deadline, interrupt_fd}, e);
}

int websocket_client_open(const char *host, int port, const char *path, int64_t deadline, int interrupt_fd,
                          struct text *rest, struct error *e) {
    struct waiting waiting = {deadline, interrupt_fd};
    cleanup_close int fd = connect_host(host, port, waiting, e);
    if (fd < 0)
        return fd;
    cleanup_text struct text request = {0};
    __attribute__((cleanup(websocket_handshake_done))) struct websocket_handshake handshake;
    websocket_handshake_start(&handshake, host, port, path, &request);
    int r = send_request(fd, &request, e);
    if (!r)
        r = read_answer(fd, &handshake, waiting, rest, e);
    return r < 0 ? r : take_fd(fd);
}
