#include "unit_test.h"
/* cmocka wants its headers first. */
#include "base/json.h"
#include "base/memory.h"
#include "browsers/keeper/domain_rules.h"
#include "browsers/keeper/gate_upstream.h"
#include "browsers/keeper/socks.h"
#include <errno.h>
#include <string.h>

#define BYTES(text) ((const uint8_t *)(text)), (sizeof(text) - 1)

static void test_greeting(void **state) {
    assert_int_equal(socks_parse_greeting(BYTES("")), 0);
    assert_int_equal(socks_parse_greeting(BYTES("\5")), 0);
    assert_int_equal(socks_parse_greeting(BYTES("\5\1")), 0);
    assert_int_equal(socks_parse_greeting(BYTES("\5\1\0")), 3);
    assert_int_equal(socks_parse_greeting(BYTES("\5\2\2\0")), 4);
    assert_int_equal(socks_parse_greeting(BYTES("\5\1\0\5\1")), 3);
    assert_int_equal(socks_parse_greeting(BYTES("\5\1\2")), -EACCES);
    assert_int_equal(socks_parse_greeting(BYTES("\5\0")), -EACCES);
    assert_int_equal(socks_parse_greeting(BYTES("\4\1\0")), -EPROTO);
    assert_int_equal(socks_parse_greeting(BYTES("GET / HTTP/1.1")), -EPROTO);
}

static void test_requests(void **state) {
    struct socks_request request = {0};
    enum socks_reply reply = SOCKS_SUCCEEDED;
    assert_int_equal(socks_parse_request(BYTES("\5\1\0\3\13Example.COM\0\120"), &request, &reply), 18);
    assert_string_equal(request.host.name, "example.com");
    assert_int_equal(request.port, 80);
    assert_int_equal(socks_parse_request(BYTES("\5\1\0\1\177\0\0\1\1\273rest"), &request, &reply), 10);
    assert_true(request.host.is_address);
    assert_string_equal(request.host.name, "127.0.0.1");
    assert_int_equal(request.port, 443);
    assert_int_equal(socks_parse_request(BYTES("\5\1\0\4\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1\0\120"), &request, &reply),
                     22);
    assert_string_equal(request.host.name, "::1");
    assert_int_equal(socks_parse_request(BYTES("\5\1\0\3\0120x7f.00001\0\120"), &request, &reply), 17);
    assert_string_equal(request.host.name, "127.0.0.1");
}

/* Every prefix of a good request asks for more, so a request may come byte by byte. */
static void test_prefixes(void **state) {
    static const char *const whole[] = {"\5\1\0\3\4a.bc\0\120", "\5\1\0\1\1\2\3\4\0\120",
                                        "\5\1\0\4\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1\0\120"};
    static const size_t lengths[] = {11, 10, 22};
    for (size_t i = 0; i < ARRAY_LENGTH(whole); i++)
        for (size_t n = 0; n <= lengths[i]; n++) {
            struct socks_request request;
            enum socks_reply reply;
            cleanup_free char *exact = memory_copy_bytes(whole[i], n);
            int used = socks_parse_request((uint8_t *)exact, n, &request, &reply);
            assert_int_equal(used, n == lengths[i] ? (int)n : 0);
        }
}

static void test_bad_requests(void **state) {
    static const struct {
        const char *bytes;
        size_t length;
        int result;
        enum socks_reply reply;
    } cases[] = {
        {"\4\1\0\1", 4, -EPROTO, SOCKS_GENERAL_FAILURE},
        {"\5\2\0\1\1\2\3\4\0\120", 10, -EOPNOTSUPP, SOCKS_COMMAND_NOT_SUPPORTED}, /* BIND */
        {"\5\3\0\1\1\2\3\4\0\120", 10, -EOPNOTSUPP, SOCKS_COMMAND_NOT_SUPPORTED}, /* UDP ASSOCIATE */
        {"\5\1\1\1\1\2\3\4\0\120", 10, -EPROTO, SOCKS_GENERAL_FAILURE},
        {"\5\1\0\2\1\2\3\4\0\120", 10, -EAFNOSUPPORT, SOCKS_ADDRESS_NOT_SUPPORTED},
        {"\5\1\0\1\1\2\3\4\0\0", 10, -EINVAL, SOCKS_HOST_UNREACHABLE}, /* port 0 */
        {"\5\1\0\3\0\0\120", 7, -EINVAL, SOCKS_HOST_UNREACHABLE},
        {"\5\1\0\3\3a\0b\0\120", 10, -EINVAL, SOCKS_HOST_UNREACHABLE},
        {"\5\1\0\3\3a b\0\120", 10, -EINVAL, SOCKS_HOST_UNREACHABLE},
        {"\5\1\0\3\3\xff\xfe\xfd\0\120", 10, -EINVAL, SOCKS_HOST_UNREACHABLE},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct socks_request request;
        enum socks_reply reply = SOCKS_SUCCEEDED;
        assert_int_equal(socks_parse_request((const uint8_t *)cases[i].bytes, cases[i].length, &request, &reply),
                         cases[i].result);
        assert_int_equal(reply, cases[i].reply);
    }
}

static void test_domain_rules(void **state) {
    static const char source[] =
        "{\"allowed_domains\":[\"*.Example.com\",\"11.22.33.44\"],\"blocked_domains\":[\"ads.example.com\"]}";
    cleanup_json json_t *egress = json_loads(source, 0, NULL);
    struct domain_rules rules = {0};
    assert_int_equal(domain_rules_read(egress, &rules, NULL), 0);
    static const struct {
        const char *host, *list;
    } cases[] = {
        {"example.com", NULL},
        {"shop.example.com", NULL},
        {"ads.example.com", "blocked_domains"},
        {"x.ads.example.com", "blocked_domains"},
        {"notexample.com", "allowed_domains"},
        {"example.com.evil.net", "allowed_domains"},
        {"11.22.33.44", NULL},
        {"0x0b16212c", NULL},
        {"11.22.33.45", "allowed_domains"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct host host;
        assert_int_equal(host_parse(cases[i].host, strlen(cases[i].host), &host), 0);
        const char *list = domain_rules_refuse(&rules, &host);
        assert_string_equal(list ? list : "", cases[i].list ? cases[i].list : "");
    }
    domain_rules_done(&rules);
    static const char *const wrong[] = {"{\"allowed_domains\":\"a\"}", "{\"blocked_domains\":[1]}",
                                        "{\"allowed_domains\":[\"a\",\"b c\"]}"};
    for (size_t i = 0; i < ARRAY_LENGTH(wrong); i++) {
        cleanup_json json_t *bad = json_loads(wrong[i], 0, NULL);
        assert_int_equal(domain_rules_read(bad, &rules, NULL), -EINVAL);
    }
}

static struct upstream upstream_of(const char *source) {
    struct upstream upstream;
    cleanup_json json_t *json = json_loads(source, 0, NULL);
    assert_int_equal(upstream_read(json, &upstream, NULL), 0);
    return upstream;
}

static void test_upstream_socks(void **state) {
    struct upstream upstream = upstream_of(
        "{\"kind\":\"socks5\",\"host\":\"p.example\",\"port\":1080,\"username\":\"u\",\"password\":\"pw\"}");
    struct ip_address target;
    struct upstream_talk talk;
    cleanup_text struct text out = {0};
    bool done = false;
    ip_parse("11.22.33.44", &target);
    upstream_start(&talk, &upstream, &target, 443, &out);
    assert_memory_equal(out.data, "\5\2\0\2", 4);
    text_clear(&out);
    assert_int_equal(upstream_take(&talk, BYTES("\5"), &out, &done), 0);
    assert_int_equal(upstream_take(&talk, BYTES("\5\2"), &out, &done), 2);
    assert_int_equal(out.length, 6);
    assert_memory_equal(out.data, "\1\1u\2pw", 6);
    text_clear(&out);
    assert_int_equal(upstream_take(&talk, BYTES("\1\0"), &out, &done), 2);
    assert_memory_equal(out.data, "\5\1\0\1\13\26\41\54\1\273", 10);
    assert_false(done);
    assert_int_equal(upstream_take(&talk, BYTES("\5\0\0\1\0\0\0\0\0"), &out, &done), 0);
    assert_int_equal(upstream_take(&talk, BYTES("\5\0\0\1\0\0\0\0\0\0data"), &out, &done), 10);
    assert_true(done);
    assert_int_equal(upstream_take(&talk, BYTES("\5\5\0\1\0\0\0\0\0\0"), &out, &done), -ECONNREFUSED);
}

static void test_upstream_http(void **state) {
    struct upstream upstream =
        upstream_of("{\"kind\":\"http\",\"host\":\"p.example\",\"port\":3128,\"username\":\"u\",\"password\":\"pw\"}");
    struct ip_address target;
    struct upstream_talk talk;
    cleanup_text struct text out = {0};
    bool done = false;
    ip_parse("2a0b::1", &target);
    upstream_start(&talk, &upstream, &target, 443, &out);
    assert_string_equal(out.data, "CONNECT [2a0b::1]:443 HTTP/1.1\r\nHost: [2a0b::1]:443\r\n"
                                  "Proxy-Authorization: Basic dTpwdw==\r\n\r\n");
    assert_int_equal(upstream_take(&talk, BYTES("HTTP/1.1 200 OK\r\nA: b\r\n"), &out, &done), 0);
    assert_int_equal(upstream_take(&talk, BYTES("HTTP/1.1 200 OK\r\nA: b\r\n\r\nxyz"), &out, &done), 25);
    assert_true(done);
    assert_int_equal(upstream_take(&talk, BYTES("HTTP/1.1 407 No\r\n\r\n"), &out, &done), -EACCES);
    assert_int_equal(upstream_take(&talk, BYTES("HTTP/1.1 502 No\r\n\r\n"), &out, &done), -ECONNREFUSED);
    assert_int_equal(upstream_take(&talk, BYTES("SSH-2.0\r\n\r\n"), &out, &done), -EPROTO);
}

static void test_upstream_refused(void **state) {
    static const char *const wrong[] = {
        "{\"kind\":\"ftp\",\"host\":\"a\",\"port\":1}",
        "{\"kind\":\"http\",\"host\":\"a b\",\"port\":1}",
        "{\"kind\":\"http\",\"host\":\"a\",\"port\":0}",
        "{\"kind\":\"http\",\"host\":\"a\",\"port\":65536}",
        "{\"kind\":\"http\",\"host\":\"a\",\"port\":1,\"username\":\"a:b\"}",
        "[]",
    };
    for (size_t i = 0; i < ARRAY_LENGTH(wrong); i++) {
        struct upstream upstream;
        cleanup_json json_t *json = json_loads(wrong[i], 0, NULL);
        assert_int_equal(upstream_read(json, &upstream, NULL), -EINVAL);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_greeting),      cmocka_unit_test(test_requests),
        cmocka_unit_test(test_prefixes),      cmocka_unit_test(test_bad_requests),
        cmocka_unit_test(test_domain_rules),  cmocka_unit_test(test_upstream_socks),
        cmocka_unit_test(test_upstream_http), cmocka_unit_test(test_upstream_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
