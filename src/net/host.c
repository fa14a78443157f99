#include "net/host.h"
#include "base/text.h"
#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define LABEL_MAX_LENGTH 63

int ip_parse(const char *text, struct ip_address *ret_address) {
    struct ip_address address = {.family = strchr(text, ':') ? AF_INET6 : AF_INET};
    if (inet_pton(address.family, text, address.bytes) != 1)
        return -EINVAL;
    *ret_address = address;
    return 0;
}

char *ip_print(const struct ip_address *address, char text[IP_TEXT_SIZE]) {
    if (!inet_ntop(address->family, address->bytes, text, IP_TEXT_SIZE))
        text[0] = '\0';
    return text;
}

bool ip_equal(const struct ip_address *a, const struct ip_address *b) {
    return a->family == b->family && !memcmp(a->bytes, b->bytes, a->family == AF_INET ? 4 : 16);
}

socklen_t ip_to_sockaddr(const struct ip_address *address, unsigned port, struct sockaddr_storage *ret_address) {
    memset(ret_address, 0, sizeof *ret_address);
    if (address->family == AF_INET) {
        struct sockaddr_in *v4 = (struct sockaddr_in *)ret_address;
        v4->sin_family = AF_INET;
        v4->sin_port = htons((uint16_t)port);
        memcpy(&v4->sin_addr, address->bytes, 4);
        return sizeof *v4;
    }
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)ret_address;
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons((uint16_t)port);
    memcpy(&v6->sin6_addr, address->bytes, 16);
    return sizeof *v6;
}

int ip_from_sockaddr(const struct sockaddr *address, struct ip_address *ret_address) {
    *ret_address = (struct ip_address){.family = address->sa_family};
    if (address->sa_family == AF_INET)
        memcpy(ret_address->bytes, &((const struct sockaddr_in *)address)->sin_addr, 4);
    else if (address->sa_family == AF_INET6)
        memcpy(ret_address->bytes, &((const struct sockaddr_in6 *)address)->sin6_addr, 16);
    else
        return -EAFNOSUPPORT;
    return 0;
}

void host_from_address(const struct ip_address *address, struct host *ret_host) {
    memset(ret_host, 0, sizeof *ret_host);
    ret_host->is_address = true;
    ret_host->address = *address;
    ip_print(address, ret_host->name);
}

bool host_is_within(const char *name, const char *domain) {
    size_t n = strlen(name), m = strlen(domain);
    return n == m ? !memcmp(name, domain, n) : n > m && name[n - m - 1] == '.' && !memcmp(name + n - m, domain, m);
}

bool host_is_localhost(const char *name) {
    return host_is_within(name, "localhost");
}

/* One part of an IPv4 address: 0x hexadecimal, leading 0 octal, else decimal. "0x" alone is 0, as in the URL standard.
 */
static int read_ipv4_part(const char *part, size_t length, uint64_t *ret_value) {
    unsigned base = 10;
    if (length >= 2 && part[0] == '0' && part[1] == 'x')
        base = 16, part += 2, length -= 2;
    else if (length >= 2 && part[0] == '0')
        base = 8, part++, length--;
    else if (!length)
        return -EINVAL;
    uint64_t value = 0;
    for (size_t i = 0; i < length; i++) {
        unsigned digit = isdigit((unsigned char)part[i])    ? (unsigned)(part[i] - '0')
                         : part[i] >= 'a' && part[i] <= 'f' ? (unsigned)(part[i] - 'a') + 10
                                                            : 99;
        if (digit >= base || (value = value * base + digit) > UINT32_MAX)
            return -EINVAL;
    }
    *ret_value = value;
    return 0;
}

/* Parts but the last are one byte each; the last fills what is left: "127.1" is 127.0.0.1. */
static int read_ipv4(const char *text, struct ip_address *ret_address) {
    uint64_t parts[4], address = 0;
    size_t count = 0;
    for (const char *p = text;; p++) {
        size_t length = strcspn(p, ".");
        if (count == 4 || read_ipv4_part(p, length, &parts[count++]))
            return -EINVAL;
        p += length;
        if (!*p)
            break;
    }
    for (size_t i = 0; i + 1 < count; i++) {
        if (parts[i] > 255)
            return -EINVAL;
        address |= parts[i] << (24 - 8 * i);
    }
    if (parts[count - 1] >= 1ULL << (8 * (5 - count)))
        return -EINVAL;
    uint32_t network = htonl((uint32_t)(address | parts[count - 1]));
    *ret_address = (struct ip_address){.family = AF_INET};
    memcpy(ret_address->bytes, &network, 4);
    return 0;
}

/* The URL standard's "ends in a number": such a host is an IPv4 address or invalid, never a name. */
static bool ends_in_number(const char *name) {
    const char *dot = strrchr(name, '.'), *last = dot ? dot + 1 : name;
    if (last[0] == '0' && last[1] == 'x')
        return strspn(last + 2, "0123456789abcdef") == strlen(last + 2);
    return strspn(last, "0123456789") == strlen(last);
}

static bool labels_are_good(const char *name) {
    for (const char *p = name;; p++) {
        size_t length = strspn(p, "abcdefghijklmnopqrstuvwxyz0123456789-_");
        if (!length || length > LABEL_MAX_LENGTH)
            return false;
        p += length;
        if (!*p)
            return true;
        if (*p != '.')
            return false;
    }
}

static int read_ipv6(const char *text, size_t length, struct host *ret_host) {
    char plain[IP_TEXT_SIZE];
    if (length >= 2 && text[0] == '[' && text[length - 1] == ']')
        text++, length -= 2;
    struct ip_address address;
    if (length >= sizeof plain)
        return -EINVAL;
    memcpy(plain, text, length);
    plain[length] = '\0';
    if (!strchr(plain, ':') || ip_parse(plain, &address))
        return -EINVAL;
    host_from_address(&address, ret_host);
    return 0;
}

int host_parse(const char *text, size_t length, struct host *ret_host) {
    struct host host = {0};
    if (!length || memchr(text, '\0', length))
        return -EINVAL;
    if (memchr(text, ':', length))
        return read_ipv6(text, length, ret_host);
    if (text[length - 1] == '.')
        length--;
    if (length > HOST_NAME_MAX_LENGTH)
        return -EINVAL;
    for (size_t i = 0; i < length; i++)
        host.name[i] = (char)(text[i] >= 'A' && text[i] <= 'Z' ? text[i] + 'a' - 'A' : text[i]);
    if (!labels_are_good(host.name))
        return -EINVAL;
    if (ends_in_number(host.name)) {
        if (read_ipv4(host.name, &host.address))
            return -EINVAL;
        host_from_address(&host.address, ret_host);
        return 0;
    }
    *ret_host = host;
    return 0;
}

int host_parse_with_port(const char *text, size_t length, struct host *ret_host, unsigned *ret_port) {
    const char *colon = memrchr(text, ':', length);
    size_t digits = colon ? (size_t)(text + length - colon - 1) : 0;
    char port_text[6] = "";
    int64_t port;
    if (!digits || digits >= sizeof port_text)
        return -EINVAL;
    memcpy(port_text, colon + 1, digits);
    size_t host_length = (size_t)(colon - text);
    /* Without brackets the last group of an IPv6 address would be taken for the port. */
    if (memchr(text, ':', host_length) && text[0] != '[')
        return -EINVAL;
    if (text_parse_int(port_text, 1, 65535, &port) || host_parse(text, host_length, ret_host))
        return -EINVAL;
    *ret_port = (unsigned)port;
    return 0;
}
