/* store: the Redis URL parser. Everything else of the store meets real servers in tests/flow. */
#include "unit_test.h"

#include "base/memory.h"
#include "store/postgres.h"
#include "store/redis.h"
#include <errno.h>
#include <string.h>

static void same(const char *seen, const char *wanted) {
    if (wanted)
        assert_string_equal(seen, wanted);
    else
        assert_null(seen);
}

static void redis_urls_are_taken_apart(void **state) {
    static const struct {
        const char *url, *host, *path, *user, *password;
        int port, database;
    } cases[] = {
        {"redis://localhost", "localhost", NULL, NULL, NULL, 6379, 0},
        {"redis://10.0.0.1:6380/3", "10.0.0.1", NULL, NULL, NULL, 6380, 3},
        {"redis://[::1]:7000/", "::1", NULL, NULL, NULL, 7000, 0},
        {"redis://[fe80::2]", "fe80::2", NULL, NULL, NULL, 6379, 0},
        {"redis://:secret@cache", "cache", NULL, NULL, "secret", 6379, 0},
        {"redis://app:p%40ss%3Aw@cache:1/2", "cache", NULL, "app", "p@ss:w", 1, 2},
        {"unix:///run/x/redis.sock", NULL, "/run/x/redis.sock", NULL, NULL, 6379, 0},
        {"unix://worker:k@/run/r.sock?db=4", NULL, "/run/r.sock", "worker", "k", 6379, 4},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct redis_address address;
        struct error e;
        assert_int_equal(redis_parse_url(cases[i].url, &address, &e), 0);
        same(address.host, cases[i].host);
        same(address.path, cases[i].path);
        same(address.user, cases[i].user);
        same(address.password, cases[i].password);
        assert_int_equal(address.port, cases[i].port);
        assert_int_equal(address.database, cases[i].database);
    }
}

static void wrong_redis_urls_are_refused(void **state) {
    static const char *const urls[] = {"",
                                       "localhost:6379",
                                       "http://cache",
                                       "redis://",
                                       "redis://cache:0",
                                       "redis://cache:70000",
                                       "redis://cache:1x",
                                       "redis://cache/zero",
                                       "redis://[::1",
                                       "unix://relative/path",
                                       "unix:///x?db=-1"};
    for (size_t i = 0; i < ARRAY_LENGTH(urls); i++) {
        struct redis_address address;
        struct error e;
        if (redis_parse_url(urls[i], &address, &e) != -EINVAL)
            fail_msg("%s was accepted", urls[i]);
        assert_int_equal(e.code, ERROR_BAD_CONFIG);
        assert_true(e.hint[0]);
    }
}

static void parameters_are_counted_with_nulls(void **state) {
    const char *none = NULL;
    assert_int_equal(SQL_COUNT(), 0);
    assert_int_equal(SQL_COUNT("a", none, "c"), 3);
    assert_string_equal(SQL_INT(INT64_MIN), "-9223372036854775808");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(redis_urls_are_taken_apart),
        cmocka_unit_test(wrong_redis_urls_are_refused),
        cmocka_unit_test(parameters_are_counted_with_nulls),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
