#include "browsers/keeper/socks.h"
#include <errno.h>
#include <string.h>

#define VERSION 5

enum { COMMAND_CONNECT = 1 };
enum { KIND_IPV4 = 1, KIND_NAME = 3, KIND_IPV6 = 4 };

int socks_parse_greeting(const uint8_t *data, size_t length) {
    if (length && data[0] != VERSION)
        return -EPROTO;
    if (length < 2)
        return 0;
    size_t methods = data[1];
    if (!methods)
        return -EACCES;
    if (length < 2 + methods)
        return 0;
    return memchr(data + 2, SOCKS_NO_AUTHENTICATION, methods) ? (int)(2 + methods) : -EACCES;
}

/* Where the port stands: after the head and the address. 0 when not known yet, -EAFNOSUPPORT. */
static int find_port(const uint8_t *data, size_t length) {
    switch (data[3]) {
    case KIND_IPV4:
        return 4 + 4;
    case KIND_IPV6:
        return 4 + 16;
    case KIND_NAME:
        return length < 5 ? 0 : 4 + 1 + data[4];
    default:
        return -EAFNOSUPPORT;
    }
}

static int read_host(const uint8_t *data, struct host *ret_host) {
    struct ip_address address = {.family = data[3] == KIND_IPV4 ? AF_INET : AF_INET6};
    if (data[3] == KIND_NAME)
        return host_parse((const char *)data + 5, data[4], ret_host);
    memcpy(address.bytes, data + 4, data[3] == KIND_IPV4 ? 4 : 16);
    host_from_address(&address, ret_host);
    return 0;
}

static int fail(int err, enum socks_reply reply, enum socks_reply *ret_reply) {
    *ret_reply = reply;
    return -err;
}

int socks_parse_request(const uint8_t *data, size_t length, struct socks_request *ret_request,
                        enum socks_reply *ret_reply) {
    if (length && data[0] != VERSION)
        return fail(EPROTO, SOCKS_GENERAL_FAILURE, ret_reply);
    if (length >= 2 && data[1] != COMMAND_CONNECT)
        return fail(EOPNOTSUPP, SOCKS_COMMAND_NOT_SUPPORTED, ret_reply);
    if (length >= 3 && data[2] != 0)
        return fail(EPROTO, SOCKS_GENERAL_FAILURE, ret_reply);
    if (length < 4)
        return 0;
    int port_at = find_port(data, length);
    if (port_at < 0)
        return fail(EAFNOSUPPORT, SOCKS_ADDRESS_NOT_SUPPORTED, ret_reply);
    if (!port_at || length < (size_t)port_at + 2)
        return 0;
    struct socks_request request = {.port = (unsigned)(data[port_at] << 8 | data[port_at + 1])};
    if (!request.port || read_host(data, &request.host))
        return fail(EINVAL, SOCKS_HOST_UNREACHABLE, ret_reply);
    *ret_request = request;
    return port_at + 2;
}

void socks_write_reply(enum socks_reply reply, uint8_t out[SOCKS_REPLY_SIZE]) {
    memset(out, 0, SOCKS_REPLY_SIZE);
    out[0] = VERSION;
    out[1] = (uint8_t)reply;
    out[3] = KIND_IPV4;
}
