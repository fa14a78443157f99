#include "unit_test.h"
/* The rest needs what cmocka needs. */
#include "base/memory.h"
#include "net/address_policy.h"
#include "net/local_route.h"
#include <arpa/inet.h>
#include <errno.h>
#include <ifaddrs.h>
#include <stdlib.h>
#include <string.h>

static struct ip_address address_of(const char *text) {
    struct ip_address address;
    assert_int_equal(ip_parse(text, &address), 0);
    return address;
}

static struct host host_of(const char *text) {
    struct host host;
    assert_int_equal(host_parse(text, strlen(text), &host), 0);
    return host;
}

static void test_classes(void **state) {
    static const struct {
        const char *address, *rule; /* NULL: public */
    } cases[] = {
        {"10.0.0.0", "private"},
        {"10.255.255.255", "private"},
        {"9.255.255.255", NULL},
        {"11.0.0.0", NULL},
        {"172.15.255.255", NULL},
        {"172.16.0.0", "private"},
        {"172.31.255.255", "private"},
        {"172.32.0.0", NULL},
        {"192.168.1.1", "private"},
        {"192.167.255.255", NULL},
        {"127.0.0.1", "loopback"},
        {"127.255.255.254", "loopback"},
        {"0.0.0.0", "unspecified"},
        {"0.1.2.3", "unspecified"},
        {"169.254.169.254", "metadata"},
        {"169.254.170.2", "metadata"},
        {"169.254.1.1", "link_local"},
        {"100.100.100.200", "metadata"},
        {"100.64.0.1", "cgnat"},
        {"100.127.255.255", "cgnat"},
        {"100.128.0.0", NULL},
        {"100.63.255.255", NULL},
        {"168.63.129.16", "metadata"},
        {"168.63.129.17", NULL},
        {"192.0.0.192", "metadata"},
        {"192.0.0.8", "reserved"},
        {"192.0.2.1", "documentation"},
        {"198.51.100.7", "documentation"},
        {"203.0.113.200", "documentation"},
        {"192.88.99.1", "6to4"},
        {"198.18.0.1", "benchmark"},
        {"198.19.255.255", "benchmark"},
        {"198.20.0.0", NULL},
        {"224.0.0.1", "multicast"},
        {"239.255.255.255", "multicast"},
        {"240.0.0.1", "reserved"},
        {"255.255.255.255", "broadcast"},
        {"8.8.8.8", NULL},
        {"::", "unspecified"},
        {"::1", "loopback"},
        {"::2", "ipv4_compatible"},
        {"::7f00:1", "ipv4_compatible"},
        {"::ffff:8.8.8.8", "ipv4_mapped"},
        {"::ffff:0:8.8.8.8", "ipv4_translated"},
        {"64:ff9b::808:808", "nat64"},
        {"64:ff9b:1::1", "nat64"},
        {"64:ff9b:1:ffff::1", "nat64"},
        {"100::1", "discard"},
        {"2001::1", "teredo"},
        {"2001:0:ffff::1", "teredo"},
        {"2001:2::1", "benchmark"},
        {"2001:10::1", "orchid"},
        {"2001:2f:ffff::1", "orchid"},
        {"2001:db8::1", "documentation"},
        {"2001:100::1", "reserved"},
        {"2001:200::1", NULL},
        {"2002:7f00:1::", "6to4"},
        {"3fff:fff::1", "documentation"},
        {"3fff:1000::1", NULL},
        {"5f00::1", "reserved"},
        {"fc00::1", "unique_local"},
        {"fd00:ec2::254", "metadata"},
        {"fd20:ce::254", "metadata"},
        {"fdff::1", "unique_local"},
        {"fe80::1", "link_local"},
        {"febf::1", "link_local"},
        {"fec0::1", "site_local"},
        {"ff02::1", "multicast"},
        {"4000::1", "reserved"},
        {"200::1", "reserved"},
        {"2606:4700:4700::1111", NULL},
        {"2a00:1450::1", NULL},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct ip_address address = address_of(cases[i].address);
        const struct address_class *class = address_classify(&address);
        const char *got = class ? class->rule : "public", *want = cases[i].rule ? cases[i].rule : "public";
        if (strcmp(got, want))
            fail_msg("%s is %s, expected %s", cases[i].address, got, want);
    }
}

/* Every row decides about its own network address, so it is well formed and no row before it hides it. */
static void test_no_row_hides_another(void **state) {
    size_t count;
    const struct address_class *rows = address_class_rows(&count);
    for (size_t i = 0; i < count; i++) {
        char text[64];
        snprintf(text, sizeof text, "%s", rows[i].prefix);
        char *slash = strchr(text, '/');
        assert_non_null(slash);
        *slash = '\0';
        struct ip_address address = address_of(text);
        unsigned bits = (unsigned)atoi(slash + 1), size = address.family == AF_INET ? 32 : 128;
        assert_in_range(bits, 1, size);
        for (unsigned bit = bits; bit < size; bit++) /* an address from the middle of the block */
            address.bytes[bit / 8] |= (unsigned char)(0x80 >> bit % 8 & 0x55);
        const struct address_class *class = address_classify(&address);
        if (!class || (class != &rows[i] && strcmp(class->rule, rows[i].rule)))
            fail_msg("%s is hidden by %s", rows[i].prefix, class ? class->prefix : "nothing");
    }
}

static void test_hosts(void **state) {
    static const struct {
        const char *text, *name; /* NULL: refused */
        bool is_address;
    } cases[] = {
        {"Example.COM.", "example.com", false},
        {"xn--bcher-kva.example", "xn--bcher-kva.example", false},
        {"a_b.example", "a_b.example", false},
        {"127.0.0.1", "127.0.0.1", true},
        {"127.1", "127.0.0.1", true},
        {"127.1.", "127.0.0.1", true},
        {"2130706433", "127.0.0.1", true},
        {"0x7f000001", "127.0.0.1", true},
        {"0X7F.1", "127.0.0.1", true},
        {"0177.0.0.1", "127.0.0.1", true},
        {"017700000001", "127.0.0.1", true},
        {"0x7f.0.0x0.01", "127.0.0.1", true},
        {"0", "0.0.0.0", true},
        {"10.65535", "10.0.255.255", true},
        {"0xa9fea9fe", "169.254.169.254", true},
        {"[::1]", "::1", true},
        {"::1", "::1", true},
        {"[0:0:0:0:0:FFFF:7F00:1]", "::ffff:127.0.0.1", true},
        {"1e100.net", "1e100.net", false},
        {"256.1.1.1", NULL, false},
        {"1.2.3.4.5", NULL, false},
        {"4294967296", NULL, false},
        {"127.0.0.08", NULL, false},
        {"foo.0x7f", NULL, false},
        {"foo.1", NULL, false},
        {"1.65536.1", NULL, false},
        {"fe80::1%eth0", NULL, false},
        {"[::1", NULL, false},
        {"[::1]]", NULL, false},
        {"", NULL, false},
        {".", NULL, false},
        {"..", NULL, false},
        {"a..b", NULL, false},
        {".a", NULL, false},
        {"a b", NULL, false},
        {"a\tb", NULL, false},
        {"a/b", NULL, false},
        {"a@b", NULL, false},
        {"a:80", NULL, false},
        {"ⓛocalhost", NULL, false},
        {"127。0。0。1", NULL, false},
        {"abcdefghijabcdefghijabcdefghijabcdefghijabcdefghijabcdefghijabcd.example", NULL, false},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct host host = {0};
        int r = host_parse(cases[i].text, strlen(cases[i].text), &host);
        if ((r == 0) != !!cases[i].name)
            fail_msg("host \"%s\" gave %d", cases[i].text, r);
        if (r)
            continue;
        assert_string_equal(host.name, cases[i].name);
        assert_int_equal(host.is_address, cases[i].is_address);
    }
    struct host host;
    assert_int_equal(host_parse("a\0b", 3, &host), -EINVAL);
    char longest[300];
    memset(longest, 'a', sizeof longest);
    for (size_t i = 50; i < sizeof longest; i += 51)
        longest[i] = '.';
    assert_int_equal(host_parse(longest, HOST_NAME_MAX_LENGTH, &host), 0);
    assert_int_equal(host_parse(longest, HOST_NAME_MAX_LENGTH + 1, &host), -EINVAL);
}

static void test_within(void **state) {
    assert_true(host_is_within("example.com", "example.com"));
    assert_true(host_is_within("a.b.example.com", "example.com"));
    assert_false(host_is_within("badexample.com", "example.com"));
    assert_false(host_is_within("com", "example.com"));
    assert_false(host_is_within("example.com.evil", "example.com"));
    assert_true(host_is_localhost("localhost"));
    assert_true(host_is_localhost("a.localhost"));
    assert_false(host_is_localhost("notlocalhost"));
}

static void test_ports_and_allow(void **state) {
    struct address_policy *policy = NULL;
    struct error e;
    assert_int_equal(address_policy_new(" 10.0.0.7:8080, LOCALHOST:9000,[fd00::5]:81,", &policy, &e), 0);
    struct host private = host_of("10.0.0.7"), name = host_of("rebind.example"), local = host_of("localhost."),
                six = host_of("fd00::5");
    struct address_verdict verdict;
    address_policy_check_port(policy, &private, 80, &verdict);
    assert_true(verdict.allowed);
    address_policy_check_port(policy, &private, 443, &verdict);
    assert_true(verdict.allowed);
    address_policy_check_port(policy, &private, 8080, &verdict);
    assert_true(verdict.allowed);
    address_policy_check_port(policy, &private, 8081, &verdict);
    assert_false(verdict.allowed);
    assert_string_equal(verdict.rule, "port");
    assert_string_equal(verdict.setting, "EGRESS_ALLOW=10.0.0.7:8081");
    address_policy_check_address(policy, &private, 8080, &private.address, &verdict);
    assert_true(verdict.allowed);
    address_policy_check_address(policy, &private, 80, &private.address, &verdict);
    assert_false(verdict.allowed);
    /* An allowed address does not allow a name that resolves to it. */
    address_policy_check_address(policy, &name, 8080, &private.address, &verdict);
    assert_false(verdict.allowed);
    assert_string_equal(verdict.rule, "private");
    assert_string_equal(verdict.setting, "EGRESS_ALLOW=rebind.example:8080");
    assert_non_null(strstr(verdict.text, "10.0.0.7"));
    assert_true(address_policy_names(policy, &local, 9000));
    assert_false(address_policy_names(policy, &local, 9001));
    assert_true(address_policy_names(policy, &six, 81));
    address_policy_check_port(policy, &six, 82, &verdict);
    assert_string_equal(verdict.setting, "EGRESS_ALLOW=[fd00::5]:82");
    address_policy_free(policy);
    assert_int_equal(address_policy_new("example.com", &policy, &e), -EINVAL);
    assert_int_equal(address_policy_new("a:1,b:99999", &policy, &e), -EINVAL);
    assert_non_null(strstr(e.text, "b:99999"));
}

/* The machine's own addresses are told by the kernel; here those of its interfaces, public or not. */
static void test_own_addresses(void **state) {
    struct local_route *routes = NULL;
    assert_int_equal(local_route_new(&routes, NULL), 0);
    struct ifaddrs *list = NULL;
    assert_int_equal(getifaddrs(&list), 0);
    unsigned seen = 0;
    for (struct ifaddrs *i = list; i; i = i->ifa_next) {
        struct ip_address address;
        if (!i->ifa_addr || ip_from_sockaddr(i->ifa_addr, &address) ||
            (address.family == AF_INET6 && address.bytes[0] == 0xfe)) /* link-local needs an interface */
            continue;
        bool own = false;
        assert_int_equal(local_route_ask(routes, &address, &own), 0);
        char text[IP_TEXT_SIZE];
        if (!own)
            fail_msg("%s is this host's and was not told so", ip_print(&address, text));
        seen++;
    }
    assert_true(seen > 0);
    bool own = true;
    struct ip_address elsewhere = address_of("11.22.33.44");
    assert_int_equal(local_route_ask(routes, &elsewhere, &own), 0);
    assert_false(own);
    freeifaddrs(list);
    local_route_free(routes);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_classes),         cmocka_unit_test(test_no_row_hides_another),
        cmocka_unit_test(test_hosts),           cmocka_unit_test(test_within),
        cmocka_unit_test(test_ports_and_allow), cmocka_unit_test(test_own_addresses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
