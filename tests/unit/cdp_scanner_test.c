/* cdp: the message scanner, strict and trusted. */
#include "unit_test.h"

#include "base/memory.h"
#include "cdp/scanner.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int strict(const char *message, struct cdp_envelope *ret) {
    struct error e;
    return cdp_scan(message, strlen(message), ret, &e);
}

static void refuses(const char *message, size_t length, const char *reason) {
    struct cdp_envelope envelope = {.id = 42};
    struct error e = {0};
    assert_int_equal(cdp_scan(message, length, &envelope, &e), -EINVAL);
    assert_int_equal(envelope.id, 42);
    if (!strstr(e.text, reason))
        fail_msg("%.60s: \"%s\" does not say \"%s\"", message, e.text, reason);
}

static void span_is(struct cdp_span span, const char *text) {
    assert_int_equal(span.length, strlen(text));
    assert_memory_equal(span.data, text, span.length);
}

static void members_are_found_in_any_order(void **state) {
    struct cdp_envelope m;
    assert_int_equal(
        strict(" {\"params\" : {\"a\":[1,{\"id\":9}]} ,\n\"x\":null,\"sessionId\":\"S1\",\"id\":2147483647,"
               "\"method\":\"Page.navigate\"}\t",
               &m),
        0);
    assert_true(m.has_id);
    assert_int_equal(m.id, 2147483647);
    assert_string_equal(m.method, "Page.navigate");
    assert_string_equal(m.session_id, "S1");
    span_is(m.params, "{\"a\":[1,{\"id\":9}]}");
    assert_null(m.result.data);
    assert_int_equal(strict("{}", &m), 0);
    assert_false(m.has_id);
    assert_string_equal(m.method, "");
}

static void escaped_keys_are_the_same_keys(void **state) {
    struct cdp_envelope m;
    assert_int_equal(strict("{\"\\u0069d\":7,\"\\u006d\\u0065thod\":\"A.\\u0062\",\"session\\u0049d\":\"\\/\"}", &m),
                     0);
    assert_int_equal(m.id, 7);
    assert_string_equal(m.method, "A.b");
    assert_string_equal(m.session_id, "/");
    const char twice[] = "{\"id\":1,\"\\u0069\\u0064\":2}";
    refuses(twice, strlen(twice), "twice");
    assert_int_equal(strict("{\"id\\u0000\":1}", &m), 0); /* another key */
    assert_false(m.has_id);
}

static void wrong_messages_are_refused(void **state) {
#define CASE(text, reason)                                                                                             \
    { text, sizeof(text) - 1, reason }
    static const struct {
        const char *text;
        size_t length;
        const char *reason;
    } cases[] = {
        CASE("", "not a JSON object"),
        CASE("[]", "not a JSON object"),
        CASE("{", "a key expected"),
        CASE("{\"id\":1", "expected"),
        CASE("{\"id\":1,}", "a key expected"),
        CASE("{\"id\":1}x", "follows"),
        CASE("{\"id\":1}{\"id\":2}", "follows"),
        CASE("{\"id\":1}\0{\"id\":2}", "NUL"),
        CASE("{\"id\":1,\"params\":{\"a\":\"\0\"}}", "NUL"),
        CASE("{\"id\":1,\0\"params\":{}}", "a key expected"),
        CASE("{\"id\":1,\"params\":{\"a\":\"\n\"}}", "control"),
        CASE("{\"id\":1,\"params\":{\"a\":\"\xFF\"}}", "UTF-8"),
        CASE("{\"id\":1,\"params\":{\"a\":\"\xC0\x80\"}}", "UTF-8"),
        CASE("{\"id\":2147483648}", "id is not"),
        CASE("{\"id\":99999999999999999999}", "id is not"),
        CASE("{\"id\":-1}", "id is not"),
        CASE("{\"id\":1.0}", "id is not"),
        CASE("{\"id\":1e1}", "id is not"),
        CASE("{\"id\":\"1\"}", "id is not"),
        CASE("{\"id\":null}", "id is not"),
        CASE("{\"id\":01}", "expected"),
        CASE("{\"method\":1}", "method is not"),
        CASE("{\"method\":\"\\u0000\"}", "method is not"),
        CASE("{\"sessionId\":null}", "sessionId is not"),
        CASE("{\"sessionId\":\"\\ud800\"}", "sessionId is not"),
        CASE("{\"id\":1,\"id\":1}", "twice"),
        CASE("{\"params\":{},\"params\":{}}", "twice"),
        CASE("{\"params\":{\"a\":\"\\x\"}}", "escape"),
        CASE("{\"params\":{\"a\":\"\\u12G4\"}}", "hex"),
        CASE("{\"params\":{\"a\":tru}}", "not a JSON value"),
        CASE("{\"params\":{\"a\":1.}}", "digit"),
        CASE("{\"params\":{\"a\":-}}", "digit"),
        CASE("{\"params\":[1,]}", "not a JSON value"),
        CASE("{\"params\":{a:1}}", "a key expected"),
        CASE("{\"params\":{\"a\":1]}", "expected"),
        CASE("{\"params\":\"abc", "does not end"),
        CASE("{\"params\":\"abc\\", "does not end"),
        CASE("{/**/\"id\":1}", "a key expected"),
        CASE("\xEF\xBB\xBF{}", "not a JSON object"),
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        /* a block of its exact size, so that a read past the end is seen */
        cleanup_free char *copy = malloc(cases[i].length + (cases[i].length == 0));
        memcpy(copy, cases[i].text, cases[i].length);
        struct cdp_envelope ignored;
        cdp_scan_trusted(copy, cases[i].length, &ignored, NULL);
        refuses(copy, cases[i].length, cases[i].reason);
    }
}

static void a_long_method_is_refused_not_cut(void **state) {
    char message[512] = "{\"method\":\"";
    memset(message + strlen(message), 'a', CDP_METHOD_MAX);
    strcat(message, "\"}");
    refuses(message, strlen(message), "method is not");
}

/* {"params":[[[...]]]} of the given depth of all brackets together. */
static char *nested(int depth) {
    char *message = memory_alloc(2 * (size_t)depth + 32);
    strcpy(message, "{\"params\":");
    memset(message + strlen(message), '[', (size_t)depth - 1);
    memset(message + strlen(message), ']', (size_t)depth - 1);
    strcat(message, "}");
    return message;
}

static void nesting_has_a_limit(void **state) {
    struct cdp_envelope m;
    cleanup_free char *deepest = nested(CDP_SCAN_DEPTH_MAX), *deeper = nested(CDP_SCAN_DEPTH_MAX + 1),
                      *abyss = nested(1000000);
    assert_int_equal(strict(deepest, &m), 0);
    refuses(deeper, strlen(deeper), "deep");
    refuses(abyss, strlen(abyss), "deep");
    assert_int_equal(cdp_scan_trusted(abyss, strlen(abyss), &m, NULL), 0);
}

static char *large(size_t size, size_t *ret_length) {
    static const char head[] = "{\"id\":3,\"result\":{\"data\":\"", tail[] = "\"},\"sessionId\":\"S\"}";
    char *message = memory_alloc(size + sizeof(head) + sizeof(tail));
    memcpy(message, head, sizeof(head) - 1);
    memset(message + sizeof(head) - 1, 'A', size);
    memcpy(message + sizeof(head) - 1 + size, tail, sizeof(tail) - 1);
    *ret_length = sizeof(head) - 1 + size + sizeof(tail) - 1;
    return message;
}

static void ten_megabytes_pass_both_ways(void **state) {
    size_t length;
    cleanup_free char *message = large(10 << 20, &length);
    struct cdp_envelope m, t;
    assert_int_equal(cdp_scan(message, length, &m, NULL), 0);
    assert_int_equal(cdp_scan_trusted(message, length, &t, NULL), 0);
    assert_int_equal(m.result.length, (10 << 20) + strlen("{\"data\":\"\"}"));
    assert_int_equal(t.result.length, m.result.length);
    assert_ptr_equal(t.result.data, m.result.data);
    assert_string_equal(t.session_id, "S");
    message[length - 40] = '\x01';
    refuses(message, length, "control");
}

static void trusted_text_ends_strings_where_they_end(void **state) {
    static const char message[] = "{\"method\":\"A.b\",\"params\":{\"a\":\"\\\\\",\"b\":\"\\\\\\\"}]\",\"c\":[\"{\"]},"
                                  "\"sessionId\":\"S\"}";
    struct cdp_envelope m;
    assert_int_equal(cdp_scan_trusted(message, strlen(message), &m, NULL), 0);
    span_is(m.params, "{\"a\":\"\\\\\",\"b\":\"\\\\\\\"}]\",\"c\":[\"{\"]}");
    assert_string_equal(m.session_id, "S");
}

static void strings_are_read_out_of_objects(void **state) {
    static const char raw[] =
        "{\"n\":1,\"targetInfo\":{\"sessionId\":\"no\"},\"session\\u0049d\":\"A\\u00e9\\ud83d\\ude00\"}";
    struct cdp_span object = {raw, strlen(raw)};
    char value[16], small[4];
    assert_int_equal(cdp_span_get_string(object, "sessionId", value, sizeof(value)), 0);
    assert_string_equal(value, "Aé😀");
    assert_int_equal(cdp_span_get_string(object, "sessionId", small, sizeof(small)), -E2BIG);
    assert_int_equal(cdp_span_get_string(object, "n", value, sizeof(value)), -ENOENT);
    assert_int_equal(cdp_span_get_string(object, "none", value, sizeof(value)), -ENOENT);
    assert_int_equal(cdp_span_get_string((struct cdp_span){0}, "n", value, sizeof(value)), -ENOENT);
    assert_int_equal(cdp_span_get_string((struct cdp_span){"{}", 2}, "n", value, sizeof(value)), -ENOENT);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(members_are_found_in_any_order),
        cmocka_unit_test(escaped_keys_are_the_same_keys),
        cmocka_unit_test(wrong_messages_are_refused),
        cmocka_unit_test(a_long_method_is_refused_not_cut),
        cmocka_unit_test(nesting_has_a_limit),
        cmocka_unit_test(ten_megabytes_pass_both_ways),
        cmocka_unit_test(trusted_text_ends_strings_where_they_end),
        cmocka_unit_test(strings_are_read_out_of_objects),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
