#include "cli/up_ports.h"
#include "base/clock.h"
#include "base/config.h"
#include "base/memory.h"
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define LOOPBACK "127.0.0.1"

static const struct {
    enum config_id host, port; /* host CONFIG_COUNT: loopback */
} ports[] = {
    {CONFIG_DOOR_HOST, CONFIG_DOOR_PORT},
    {CONFIG_BACKEND_HOST, CONFIG_BACKEND_PORT},
    {CONFIG_COUNT, CONFIG_API_METRICS_PORT},
    {CONFIG_COUNT, CONFIG_WORKER_METRICS_PORT},
};

int up_try_port(const char *host, int64_t port) {
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE | AI_NUMERICSERV}, *found = NULL;
    char service[16];
    snprintf(service, sizeof service, "%d", (int)port);
    if (getaddrinfo(host, service, &hints, &found))
        return -EADDRNOTAVAIL;
    cleanup_close int fd = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int on = 1, r = fd < 0 ? -errno : 0;
    if (!r && (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) ||
               bind(fd, found->ai_addr, found->ai_addrlen) || listen(fd, 1)))
        r = -errno;
    freeaddrinfo(found);
    return r;
}

int up_check_ports(int64_t patience_ms, struct error *e) {
    int64_t deadline = clock_deadline(patience_ms);
    for (size_t i = 0; i < ARRAY_LENGTH(ports); i++) {
        const char *host = ports[i].host == CONFIG_COUNT ? LOOPBACK : config_text(ports[i].host);
        int64_t port = config_int(ports[i].port);
        int r = port ? up_try_port(host, port) : 0;
        while (r == -EADDRINUSE && clock_remaining_ms(deadline) > 0) {
            clock_sleep_ms(100);
            r = up_try_port(host, port);
        }
        if (r < 0) {
            error_errno(e, -r, ERROR_CONFLICT, "cannot listen on %s port %lld", host, (long long)port);
            error_hint(e, "Set %s to a free port (`ss -ltnp` shows who has this one)", config_rows[ports[i].port].name);
            return r;
        }
    }
    return 0;
}
