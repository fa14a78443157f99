/* base: text, uuid, tickets, configuration, arena. */
#include "unit_test.h"

#include "base/clock.h"
#include "base/config.h"
#include "base/memory.h"
#include "base/text.h"
#include "base/ticket.h"
#include "base/uuid.h"
#include "base/websocket_accept.h"
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void utf8_is_checked_strictly(void **state) {
    static const struct {
        const char *bytes;
        bool good;
    } cases[] = {
        {"plain ascii, longer than eight bytes", true},
        {"кириллица и 漢字 🙂", true},
        {"\xC0\x80", false},
        {"\xED\xA0\x80", false},
        {"\xF4\x90\x80\x80", false},
        {"abcdefgh\xFF", false},
        {"\xE2\x82", false},
        {"\x80", false},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++)
        assert_int_equal(text_is_utf8(cases[i].bytes, strlen(cases[i].bytes)), cases[i].good);
}

static void json_strings_are_escaped(void **state) {
    cleanup_text struct text out = {0};
    text_append_json(&out, "a\"\\\n\x01ж\xFF", 8);
    assert_string_equal(out.data, "\"a\\\"\\\\\\n\\u0001ж\xEF\xBF\xBD\"");
}

static void numbers_are_whole_and_in_range(void **state) {
    int64_t value = 7;
    assert_int_equal(text_parse_int("12", 0, 20, &value), 0);
    assert_int_equal(value, 12);
    assert_int_equal(text_parse_int("21", 0, 20, &value), -ERANGE);
    assert_int_equal(text_parse_int("1x", 0, 20, &value), -EINVAL);
    assert_int_equal(text_parse_int("", 0, 20, &value), -EINVAL);
    assert_int_equal(text_parse_int("99999999999999999999", 0, INT64_MAX, &value), -ERANGE);
    assert_int_equal(value, 12);
}

static void uuids_rise_and_are_valid(void **state) {
    char last[UUID_TEXT_SIZE] = "", next[UUID_TEXT_SIZE];
    for (int i = 0; i < 10000; i++) {
        uuid_make(next);
        assert_true(uuid_is_valid(next));
        assert_int_equal(next[14], '7');
        assert_true(strcmp(last, next) < 0);
        strcpy(last, next);
    }
    assert_false(uuid_is_valid("not-a-uuid"));
    assert_false(uuid_is_valid("019AB0A4-0000-7000-8000-000000000000"));
}

#define SECRET_A "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define SECRET_B "1123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static void tickets_hold_only_for_their_key_scope_and_time(void **state) {
    struct ticket_key key, other;
    struct error e;
    assert_int_equal(ticket_derive_key(SECRET_A, &key, &e), 0);
    assert_int_equal(ticket_derive_key(SECRET_B, &other, &e), 0);
    assert_int_equal(ticket_derive_key("short", &other, &e), -EINVAL);
    cleanup_json json_t *claims = json_pack("{s:s, s:s}", "scope", "cdp", "browser", "b1"), *seen = NULL;
    cleanup_free char *ticket = NULL, *expired = NULL;
    assert_int_equal(ticket_sign(&key, claims, 60, &ticket, &e), 0);
    assert_int_equal(ticket_verify(key.public_hex, ticket, "cdp", &seen, &e), 0);
    assert_string_equal(json_text_or(seen, "browser", ""), "b1");
    json_t *none = NULL;
    assert_int_equal(ticket_verify(key.public_hex, ticket, "lease", &none, &e), -EACCES);
    assert_int_equal(ticket_verify(other.public_hex, ticket, "cdp", &none, &e), -EACCES);
    assert_int_equal(ticket_sign(&key, claims, -1, &expired, &e), 0);
    assert_int_equal(ticket_verify(key.public_hex, expired, "cdp", &none, &e), -EACCES);
    for (size_t i = 0; ticket[i]; i++) { /* no single changed character passes */
        char kept = ticket[i];
        ticket[i] = kept == 'A' ? 'B' : 'A';
        if (ticket_verify(key.public_hex, ticket, "cdp", &none, &e) == 0)
            fail_msg("a changed ticket passed, byte %zu", i);
        ticket[i] = kept;
    }
    assert_null(none);
}

static void configuration_names_every_wrong_value(void **state) {
    cleanup_free char *complaints = NULL, *none = NULL;
    setenv("MAX_BROWSERS", "many", 1);
    setenv("LOG_LEVEL", "loud", 1);
    setenv("EGRESS_ALLOW", "host-without-port", 1);
    assert_int_equal(config_load(NULL, &complaints), -EINVAL);
    assert_non_null(strstr(complaints, "MAX_BROWSERS=\"many\" (from the environment) is not a whole number"));
    assert_non_null(strstr(complaints, "LOG_LEVEL"));
    assert_non_null(strstr(complaints, "EGRESS_ALLOW"));
    unsetenv("MAX_BROWSERS");
    unsetenv("LOG_LEVEL");
    setenv("EGRESS_ALLOW", "127.0.0.1:8080, shop.test:443", 1);
    assert_int_equal(config_load(NULL, &none), 0);
    assert_int_equal(config_int(CONFIG_MAX_BROWSERS), 8);
    unsetenv("EGRESS_ALLOW");
}

static void each_process_gets_only_its_rows(void **state) {
    struct error e;
    assert_int_equal(config_set(CONFIG_SECRET_KEY, SECRET_A, &e), 0);
    for (const char *reader = "LEK"; *reader; reader++) {
        cleanup_free char **list = config_environment(*reader);
        for (char **item = list; *item; item++)
            assert_null(strstr(*item, SECRET_A));
    }
    cleanup_free char **list = config_environment('W');
    bool found = false;
    for (char **item = list; *item; item++)
        found |= !strcmp(*item, "SECRET_KEY=" SECRET_A);
    assert_true(found);
}

static void times_are_read_as_they_are_written(void **state) {
    char text[CLOCK_TEXT_SIZE];
    int64_t us = 0;
    assert_int_equal(clock_parse("2026-11-23T11:44:16.123Z", &us), 0);
    assert_int_equal(us, 1795434256123000);
    assert_string_equal(clock_format(us, text), "2026-11-23T11:44:16.123Z");
    static const char *const wrong[] = {"",
                                        "2026-11-23",
                                        "2026-11-23T11:44:16Z",
                                        "2026-11-23T11:44:16.1234Z",
                                        "2026-11-23T11:44:16.123Zx",
                                        "2026-13-23T11:44:16.123Z"};
    for (size_t i = 0; i < ARRAY_LENGTH(wrong); i++)
        assert_int_equal(clock_parse(wrong[i], &us), -EINVAL);
}

static void arena_hands_out_separate_aligned_memory(void **state) {
    cleanup_arena struct arena arena = {0};
    char *first = arena_alloc(&arena, 3), *second = arena_alloc(&arena, 100000);
    assert_int_equal((uintptr_t)first % 16, 0);
    assert_int_equal((uintptr_t)second % 16, 0);
    memset(second, 1, 100000);
    assert_int_equal(first[0], 0);
    assert_string_equal(arena_print(&arena, "%s-%d", "x", 5), "x-5");
}

static void websocket_keys_are_answered(void **state) {
    char key[WEBSOCKET_KEY_SIZE], accept[WEBSOCKET_ACCEPT_SIZE];
    assert_int_equal(websocket_accept("dGhlIHNhbXBsZSBub25jZQ==", accept), 0);
    assert_string_equal(accept, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="); /* the example of RFC 6455, 1.3 */
    assert_int_equal(websocket_accept(websocket_make_key(key), accept), 0);
    assert_int_equal(websocket_accept("dGhlIHNhbXBsZSBub25jZ!==", accept), -EINVAL);
    assert_int_equal(websocket_accept("dGhlIHNhbXBsZSBub25jZQ", accept), -EINVAL);
    assert_int_equal(websocket_accept("", accept), -EINVAL);
}

static void a_closed_descriptor_is_not_closed_again(void **state) {
    int fd = dup(STDIN_FILENO), first = fd;
    cleanup_close_value(&fd);
    assert_int_equal(fd, -1);
    cleanup_close int other = dup(STDIN_FILENO);
    assert_int_equal(other, first);
    cleanup_close_value(&fd);
    assert_int_not_equal(fcntl(other, F_GETFD), -1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(utf8_is_checked_strictly),
        cmocka_unit_test(json_strings_are_escaped),
        cmocka_unit_test(numbers_are_whole_and_in_range),
        cmocka_unit_test(uuids_rise_and_are_valid),
        cmocka_unit_test(tickets_hold_only_for_their_key_scope_and_time),
        cmocka_unit_test(configuration_names_every_wrong_value),
        cmocka_unit_test(each_process_gets_only_its_rows),
        cmocka_unit_test(times_are_read_as_they_are_written),
        cmocka_unit_test(arena_hands_out_separate_aligned_memory),
        cmocka_unit_test(websocket_keys_are_answered),
        cmocka_unit_test(a_closed_descriptor_is_not_closed_again),
    };
    return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
