#include "browsers/launcher/netns.h"
#include "base/memory.h"
#include "browsers/protocol/keeper_protocol.h"
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define GATE_BACKLOG 256
#define SMALL_STACK  (256 * 1024)

struct netns_work {
    int netns, listener;
    const char *failed; /* which step */
    int err;
};

static int raise_loopback(int sock) {
    struct ifreq request = {.ifr_flags = IFF_UP | IFF_RUNNING};
    strcpy(request.ifr_name, "lo");
    return ioctl(sock, SIOCSIFFLAGS, &request);
}

static int bind_listener(int sock) {
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(KEEPER_GATE_PORT), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    return bind(sock, (struct sockaddr *)&address, sizeof address) || listen(sock, GATE_BACKLOG) ? -1 : 0;
}

/* A thread of its own: unshare(CLONE_NEWNET) moves only the calling thread, and the thread ends here. */
static void *make_inside(void *argument) {
    struct netns_work *work = argument;
    cleanup_close int sock = -1, netns = -1;
    if (unshare(CLONE_NEWNET))
        work->failed = "unshare";
    else if ((netns = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC)) < 0)
        work->failed = "open";
    else if ((sock = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) < 0)
        work->failed = "socket";
    else if (raise_loopback(sock))
        work->failed = "raising loopback";
    else if (bind_listener(sock))
        work->failed = "listening";
    if (work->failed) {
        work->err = errno;
        return NULL;
    }
    work->netns = take_fd(netns);
    work->listener = take_fd(sock);
    return NULL;
}

int netns_make(int *ret_netns, int *ret_listener, struct error *e) {
    struct netns_work work = {.netns = -1, .listener = -1};
    pthread_attr_t attributes;
    pthread_t thread;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, SMALL_STACK);
    int err = pthread_create(&thread, &attributes, make_inside, &work);
    pthread_attr_destroy(&attributes);
    if (err)
        return error_errno(e, err, ERROR_INTERNAL, "cannot start a thread");
    pthread_join(thread, NULL);
    if (work.failed)
        return error_errno(e, work.err, ERROR_INTERNAL, "cannot make a net namespace (%s)", work.failed);
    *ret_netns = work.netns;
    *ret_listener = work.listener;
    return 0;
}
