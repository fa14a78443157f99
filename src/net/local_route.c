#include "net/local_route.h"
#include "base/memory.h"
#include <errno.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct local_route {
    int fd;
    unsigned serial;
};

/* The kernel answers a route request within the send itself; the deadline only guards against the unthinkable. */
static const struct timeval answer_deadline = {.tv_sec = 1};

int local_route_new(struct local_route **ret_routes, struct error *e) {
    cleanup_close int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &answer_deadline, sizeof answer_deadline))
        return error_errno(e, errno, ERROR_INTERNAL, "cannot open a netlink socket");
    struct local_route *routes = memory_alloc(sizeof *routes);
    routes->fd = take_fd(fd);
    *ret_routes = routes;
    return 0;
}

void local_route_free(struct local_route *routes) {
    if (!routes)
        return;
    close(routes->fd);
    free(routes);
}

static int send_request(struct local_route *routes, const struct ip_address *address) {
    size_t length = address->family == AF_INET ? 4 : 16;
    struct {
        struct nlmsghdr header;
        struct rtmsg route;
        struct rtattr attribute;
        unsigned char destination[16];
    } request = {
        .header = {.nlmsg_len = (unsigned)(NLMSG_LENGTH(sizeof(struct rtmsg)) + RTA_LENGTH(length)),
                   .nlmsg_type = RTM_GETROUTE,
                   .nlmsg_flags = NLM_F_REQUEST,
                   .nlmsg_seq = ++routes->serial},
        .route = {.rtm_family = (unsigned char)address->family, .rtm_dst_len = (unsigned char)(length * 8)},
        .attribute = {.rta_len = (unsigned short)RTA_LENGTH(length), .rta_type = RTA_DST},
    };
    memcpy(request.destination, address->bytes, length);
    return send(routes->fd, &request, request.header.nlmsg_len, 0) < 0 ? -errno : 0;
}

static bool type_is_own(unsigned type) {
    return type == RTN_LOCAL || type == RTN_BROADCAST || type == RTN_ANYCAST || type == RTN_MULTICAST;
}

/* No way to the address: it is not ours, and a connect will say why it cannot be reached. */
static bool means_no_route(int error) {
    return error == -ENETUNREACH || error == -EHOSTUNREACH || error == -EACCES || error == -EAFNOSUPPORT ||
           error == -EOPNOTSUPP;
}

static int read_answer(struct local_route *routes, bool *ret_own) {
    union {
        struct nlmsghdr header;
        char room[4096];
    } answer;
    for (;;) {
        ssize_t n = recv(routes->fd, &answer, sizeof answer, 0);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -errno;
        if (!NLMSG_OK(&answer.header, (unsigned)n))
            return -EPROTO;
        if (answer.header.nlmsg_seq == routes->serial)
            break; /* what is left of an earlier question that met its deadline is skipped */
    }
    if (answer.header.nlmsg_type == RTM_NEWROUTE) {
        *ret_own = type_is_own(((struct rtmsg *)NLMSG_DATA(&answer.header))->rtm_type);
        return 0;
    }
    if (answer.header.nlmsg_type != NLMSG_ERROR)
        return -EPROTO;
    int error = ((struct nlmsgerr *)NLMSG_DATA(&answer.header))->error;
    if (!means_no_route(error))
        return error ? error : -EPROTO;
    *ret_own = false;
    return 0;
}

int local_route_ask(struct local_route *routes, const struct ip_address *address, bool *ret_own) {
    int r = send_request(routes, address);
    return r ? r : read_answer(routes, ret_own);
}
