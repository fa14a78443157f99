/* The table below follows IANA's IPv4 and IPv6 Special-Purpose Address Registries (RFC 6890 and its updates), the
 * multicast and reserved blocks of the address-space registries, and the metadata addresses that cloud providers
 * document. The first row that matches decides, so a block stands after the blocks inside it; a unit test checks that
 * no row hides a later one. To refuse more, add a row. */
#include "net/address_policy.h"
#include "base/memory.h"
#include "net/local_route.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct address_class rows[] = {
    /* Metadata services: credentials of the machine itself. */
    {"169.254.169.254/32", "metadata", "a cloud metadata service (AWS, GCP, Azure and others)"},
    {"169.254.169.253/32", "metadata", "a cloud's resolver (AWS)"},
    {"169.254.169.123/32", "metadata", "a cloud's time service (AWS)"},
    {"169.254.170.0/24", "metadata", "a cloud's container credentials (AWS ECS, EKS)"},
    {"169.254.0.23/32", "metadata", "a cloud metadata service (Tencent)"},
    {"169.254.42.42/32", "metadata", "a cloud metadata service (Scaleway)"},
    {"100.100.100.200/32", "metadata", "a cloud metadata service (Alibaba)"},
    {"168.63.129.16/32", "metadata", "a cloud's host agent (Azure)"},
    {"192.0.0.192/32", "metadata", "a cloud metadata service (Oracle)"},
    {"fd00:ec2::/32", "metadata", "a cloud metadata service (AWS)"},
    {"fd20:ce::254/128", "metadata", "a cloud metadata service (GCP)"},
    {"fd00:42::42/128", "metadata", "a cloud metadata service (Scaleway)"},
    {"fd00:a9fe:a9fe::/48", "metadata", "a cloud metadata service (Linode)"},
    /* IPv4, iana-ipv4-special-registry. */
    {"0.0.0.0/8", "unspecified", "an address of \"this network\" (RFC 791)"},
    {"10.0.0.0/8", "private", "a private address (RFC 1918)"},
    {"100.64.0.0/10", "cgnat", "an address shared behind a carrier's NAT (RFC 6598)"},
    {"127.0.0.0/8", "loopback", "a loopback address"},
    {"169.254.0.0/16", "link_local", "a link-local address (RFC 3927)"},
    {"172.16.0.0/12", "private", "a private address (RFC 1918)"},
    {"192.0.0.0/24", "reserved", "reserved for protocols (RFC 6890)"},
    {"192.0.2.0/24", "documentation", "reserved for documentation (RFC 5737)"},
    {"192.31.196.0/24", "reserved", "an AS112 sink (RFC 7535)"},
    {"192.52.193.0/24", "reserved", "automatic multicast tunnelling (RFC 7450)"},
    {"192.88.99.0/24", "6to4", "a 6to4 relay (RFC 7526)"},
    {"192.168.0.0/16", "private", "a private address (RFC 1918)"},
    {"192.175.48.0/24", "reserved", "an AS112 sink (RFC 7534)"},
    {"198.18.0.0/15", "benchmark", "reserved for benchmarks (RFC 2544)"},
    {"198.51.100.0/24", "documentation", "reserved for documentation (RFC 5737)"},
    {"203.0.113.0/24", "documentation", "reserved for documentation (RFC 5737)"},
    {"224.0.0.0/4", "multicast", "a multicast address"},
    {"255.255.255.255/32", "broadcast", "the broadcast address"},
    {"240.0.0.0/4", "reserved", "reserved for future use (RFC 1112)"},
    /* IPv6, iana-ipv6-special-registry. Forms that carry an IPv4 address are refused whole: what they reach depends on
       translators that nobody here has checked. */
    {"::/128", "unspecified", "the unspecified address"},
    {"::1/128", "loopback", "the loopback address"},
    {"::ffff:0:0/96", "ipv4_mapped", "an IPv4 address mapped into IPv6 (RFC 4291)"},
    {"::ffff:0:0:0/96", "ipv4_translated", "an IPv4 address translated into IPv6 (RFC 2765)"},
    {"::/96", "ipv4_compatible", "an IPv4 address in the abandoned compatible form (RFC 4291)"},
    {"64:ff9b::/96", "nat64", "an IPv4 address behind NAT64 (RFC 6052)"},
    {"64:ff9b:1::/48", "nat64", "an IPv4 address behind local NAT64 (RFC 8215)"},
    {"100::/64", "discard", "the discard block (RFC 6666)"},
    {"100:0:0:1::/64", "discard", "the dummy block (RFC 9780)"},
    {"2001::/32", "teredo", "a Teredo tunnel (RFC 4380)"},
    {"2001:2::/48", "benchmark", "reserved for benchmarks (RFC 5180)"},
    {"2001:10::/28", "orchid", "an ORCHID, not a place (RFC 4843)"},
    {"2001:20::/28", "orchid", "an ORCHIDv2, not a place (RFC 7343)"},
    {"2001:db8::/32", "documentation", "reserved for documentation (RFC 3849)"},
    {"2001::/23", "reserved", "reserved for protocols (RFC 2928)"},
    {"2002::/16", "6to4", "an IPv4 address behind 6to4 (RFC 3056)"},
    {"2620:4f:8000::/48", "reserved", "an AS112 sink (RFC 7534)"},
    {"3fff::/20", "documentation", "reserved for documentation (RFC 9637)"},
    {"5f00::/16", "reserved", "segment routing (RFC 9602)"},
    {"fc00::/7", "unique_local", "a unique local address (RFC 4193)"},
    {"fe80::/10", "link_local", "a link-local address (RFC 4291)"},
    {"fec0::/10", "site_local", "a site-local address (RFC 3879)"},
    {"ff00::/8", "multicast", "a multicast address"},
};

/* Global unicast is 2000::/3 (RFC 4291, iana-ipv6-unicast-address-assignments); the rest is not given out. */
static const struct address_class outside_global_unicast = {"::/0 without 2000::/3", "reserved",
                                                            "not a global unicast address (RFC 4291)"};
static const struct address_class own_address = {"", "host", "an address of the machine that Replinet runs on"};
static const struct address_class untold = {"", "host", "an address that the kernel does not tell the route of"};

static const unsigned allowed_ports[] = {80, 443};

struct allowed_target {
    struct host host;
    unsigned port;
};

struct address_policy {
    struct local_route *routes;
    struct allowed_target *allowed;
    size_t allowed_count;
};

static bool prefix_holds(const char *prefix, const struct ip_address *address) {
    char text[IP_TEXT_SIZE];
    struct ip_address network;
    const char *slash = strchr(prefix, '/');
    snprintf(text, sizeof text, "%.*s", (int)(slash - prefix), prefix);
    if (ip_parse(text, &network) || network.family != address->family)
        return false;
    unsigned bits = (unsigned)atoi(slash + 1), whole = bits / 8, rest = bits % 8;
    if (memcmp(network.bytes, address->bytes, whole))
        return false;
    return !rest || !((network.bytes[whole] ^ address->bytes[whole]) >> (8 - rest));
}

const struct address_class *address_classify(const struct ip_address *address) {
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++)
        if (prefix_holds(rows[i].prefix, address))
            return &rows[i];
    return address->family == AF_INET6 && (address->bytes[0] & 0xE0) != 0x20 ? &outside_global_unicast : NULL;
}

const struct address_class *address_class_rows(size_t *ret_count) {
    *ret_count = ARRAY_LENGTH(rows);
    return rows;
}

int address_policy_new(const char *allow, struct address_policy **ret_policy, struct error *e) {
    struct address_policy *policy = memory_alloc(sizeof *policy);
    int r = local_route_new(&policy->routes, e);
    for (const char *p = allow + strspn(allow, ", "); !r && *p; p += strspn(p, ", ")) {
        size_t length = strcspn(p, ", ");
        policy->allowed = memory_resize(policy->allowed, (policy->allowed_count + 1) * sizeof *policy->allowed);
        struct allowed_target *target = &policy->allowed[policy->allowed_count++];
        if (host_parse_with_port(p, length, &target->host, &target->port))
            r = error_set(e, EINVAL, ERROR_BAD_CONFIG, "EGRESS_ALLOW: \"%.*s\" is not host:port", (int)length, p);
        p += length;
    }
    if (r) {
        address_policy_free(policy);
        return r;
    }
    *ret_policy = policy;
    return 0;
}

void address_policy_free(struct address_policy *policy) {
    if (!policy)
        return;
    local_route_free(policy->routes);
    free(policy->allowed);
    free(policy);
}

bool address_policy_names(const struct address_policy *policy, const struct host *host, unsigned port) {
    for (size_t i = 0; i < policy->allowed_count; i++)
        if (policy->allowed[i].port == port && !strcmp(policy->allowed[i].host.name, host->name))
            return true;
    return false;
}

static void allow(struct address_verdict *verdict) {
    *verdict = (struct address_verdict){.allowed = true, .rule = ""};
}

static void name_setting(struct address_verdict *verdict, const struct host *host, unsigned port) {
    bool bracketed = host->is_address && host->address.family == AF_INET6;
    snprintf(verdict->setting, sizeof verdict->setting, bracketed ? "EGRESS_ALLOW=[%s]:%u" : "EGRESS_ALLOW=%s:%u",
             host->name, port);
}

void address_policy_check_port(const struct address_policy *policy, const struct host *host, unsigned port,
                               struct address_verdict *ret_verdict) {
    allow(ret_verdict);
    for (size_t i = 0; i < ARRAY_LENGTH(allowed_ports); i++)
        if (port == allowed_ports[i])
            return;
    if (address_policy_names(policy, host, port))
        return;
    ret_verdict->allowed = false;
    ret_verdict->rule = "port";
    name_setting(ret_verdict, host, port);
    snprintf(ret_verdict->text, sizeof ret_verdict->text, "%s: port %u is refused; browsers may use 80 and 443.",
             host->name, port);
}

static const struct address_class *refusing_class(struct address_policy *policy, const struct ip_address *address) {
    const struct address_class *class = address_classify(address);
    if (class)
        return class;
    bool own = false;
    if (local_route_ask(policy->routes, address, &own))
        return &untold;
    return own ? &own_address : NULL;
}

void address_policy_check_address(struct address_policy *policy, const struct host *host, unsigned port,
                                  const struct ip_address *address, struct address_verdict *ret_verdict) {
    allow(ret_verdict);
    if (address_policy_names(policy, host, port))
        return;
    const struct address_class *class = refusing_class(policy, address);
    if (!class)
        return;
    char text[IP_TEXT_SIZE];
    ret_verdict->allowed = false;
    ret_verdict->rule = class->rule;
    name_setting(ret_verdict, host, port);
    if (host->is_address)
        snprintf(ret_verdict->text, sizeof ret_verdict->text, "%s is refused: it is %s.", host->name, class->text);
    else
        snprintf(ret_verdict->text, sizeof ret_verdict->text, "%s is refused: its address %s is %s.", host->name,
                 ip_print(address, text), class->text);
}
