/* SOCKS5 (RFC 1928) as the gate's side of it: CONNECT without authentication. Pure functions from bytes to meaning;
 * they keep nothing and allocate nothing. Any thread. */
#pragma once

#include "net/host.h"
#include <stddef.h>
#include <stdint.h>

#define SOCKS_GREETING_MAX (2 + 255)
#define SOCKS_REQUEST_MAX  (4 + 1 + 255 + 2)
#define SOCKS_REPLY_SIZE   10

enum socks_reply {
    SOCKS_SUCCEEDED = 0,
    SOCKS_GENERAL_FAILURE = 1,
    SOCKS_NOT_ALLOWED = 2,
    SOCKS_NETWORK_UNREACHABLE = 3,
    SOCKS_HOST_UNREACHABLE = 4,
    SOCKS_CONNECTION_REFUSED = 5,
    SOCKS_EXPIRED = 6,
    SOCKS_COMMAND_NOT_SUPPORTED = 7,
    SOCKS_ADDRESS_NOT_SUPPORTED = 8,
};

#define SOCKS_NO_AUTHENTICATION 0x00
#define SOCKS_NO_METHOD         0xFF

struct socks_request {
    struct host host;
    unsigned port;
};

/* Both parsers return the bytes that the message takes, 0 when more are needed, or a negative value.
 *
 * Greeting: -EPROTO when it is not SOCKS5, -EACCES when it does not offer to go without authentication (answer
 * SOCKS_NO_METHOD).
 * Request: -EPROTO when it is not a SOCKS5 request, else `ret_reply` says what to answer: -EOPNOTSUPP for a command
 * other than CONNECT, -EAFNOSUPPORT for an unknown kind of address, -EINVAL for a host that is no host or port 0. */
int socks_parse_greeting(const uint8_t *data, size_t length);
int socks_parse_request(const uint8_t *data, size_t length, struct socks_request *ret_request,
                        enum socks_reply *ret_reply);

/* The bound address in it is 0.0.0.0:0: the browser must not learn the host's address. */
void socks_write_reply(enum socks_reply reply, uint8_t out[SOCKS_REPLY_SIZE]);
