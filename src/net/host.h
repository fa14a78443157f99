/* Hosts as a client asks for them: names and IP addresses in all the forms that somebody may write them in.
 *
 * Everything that decides about a target goes through host_parse, so that "0x7f.1", "2130706433", "127.1",
 * "LOCALHOST." and "[::1]" cannot mean one thing to a check and another to a connect. Plain data, any thread. */
#pragma once

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

#define HOST_NAME_MAX_LENGTH 253 /* RFC 1035: 255 on the wire */
#define IP_TEXT_SIZE         INET6_ADDRSTRLEN

struct ip_address {
    int family;              /* AF_INET: 4 bytes are used; AF_INET6: 16 */
    unsigned char bytes[16]; /* network order */
};

struct host {
    char name[HOST_NAME_MAX_LENGTH + 1]; /* lower case, no trailing dot; an address in its canonical form */
    bool is_address;
    struct ip_address address; /* when is_address */
};

/* Reads a host: a DNS name of [a-z0-9_-] labels (IDNA names come in their xn-- form), an IPv4 address with one to four
 * parts in decimal, octal or hexadecimal (as the URL standard has them: a host whose last label is a number is an
 * address or nothing), or an IPv6 address with or without brackets. -EINVAL for everything else; nothing is guessed. */
int host_parse(const char *text, size_t length, struct host *ret_host);

/* "host:port" or "[v6]:port"; -EINVAL. */
int host_parse_with_port(const char *text, size_t length, struct host *ret_host, unsigned *ret_port);

void host_from_address(const struct ip_address *address, struct host *ret_host);

/* Whether `name` is `domain` or lies beneath it. Both as host_parse gives them. */
bool host_is_within(const char *name, const char *domain);

/* localhost and what is beneath it: never asked of DNS (RFC 6761). */
bool host_is_localhost(const char *name);

int ip_parse(const char *text, struct ip_address *ret_address); /* canonical forms only; 0 or -EINVAL */
char *ip_print(const struct ip_address *address, char text[IP_TEXT_SIZE]);
bool ip_equal(const struct ip_address *a, const struct ip_address *b);
socklen_t ip_to_sockaddr(const struct ip_address *address, unsigned port, struct sockaddr_storage *ret_address);
/* -EAFNOSUPPORT when it is neither IPv4 nor IPv6. */
int ip_from_sockaddr(const struct sockaddr *address, struct ip_address *ret_address);
