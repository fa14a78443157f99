/* Credentials in runs: where they may go, and that no text shows them. */
#include "unit_test.h"

#include "agent/credential.h"
#include "agent/mask.h"
#include "agent/redact.h"
#include "base/clock.h"
#include "base/memory.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static struct redactor *make(const char *secret) {
    struct redactor *redactor = redactor_make();
    redactor_add(redactor, "longer than others: Tr0ub4dor&3", INT64_MAX);
    redactor_add(redactor, secret, INT64_MAX);
    return redactor;
}

static char *redact(const struct redactor *redactor, const char *text) {
    struct text out = {0};
    bool changed = redactor_text(redactor, text, strlen(text), &out);
    assert_int_equal(changed, out.length > 0);
    return changed ? out.data : memory_copy_text(text);
}

static void a_secret_is_found_in_whatever_way_pages_write_it(void **state) {
    static const struct {
        const char *secret, *text, *expected;
    } cases[] = {
        {"Tr0ub4dor&3", "Tr0ub4dor&3", "[secret]"},
        {"Tr0ub4dor&3", "it is Tr0ub4dor&3Tr0ub4dor&3!", "it is [secret][secret]!"},
        {"Tr0ub4dor&3", "tr0ub4dor&3 Tr0ub4dor 3", "tr0ub4dor&3 Tr0ub4dor 3"},
        {"Tr0ub4dor&3", "/?p=Tr0ub4dor%263&q=1", "/?p=[secret]&q=1"},
        {"Tr0ub4dor&3", "%54r0ub4dor%263", "[secret]"},
        {"Tr0ub4dor&3", "<b>Tr0ub4dor&amp;3</b>", "<b>[secret]</b>"},
        {"Tr0ub4dor&3", "Tr0ub4dor\\u00263", "[secret]"},
        {"a \"b\" c/d", "{\"p\":\"a \\\"b\\\" c\\/d\"}", "{\"p\":\"[secret]\"}"},
        {"a \"b\" c/d", "p=a+%22b%22+c%2Fd.", "p=[secret]."},
        {"a \"b\" c/d", "a &quot;b&#34; c/d", "[secret]"},
        {"100%25 sure", "100%25 sure", "[secret]"},
        {"100%25 sure", "100%2525%20sure", "[secret]"},
        {"\xd0\xbf\xd0\xb0\xd1\x80\xd0\xbe\xd0\xbb\xd1\x8c", "%D0%BF%d0%b0\xd1\x80\xd0\xbe\xd0\xbb\xd1\x8c",
         "[secret]"},
        {"abc", "abc", "abc"},
        {"longer than others: Tr0ub4dor", "longer than others: Tr0ub4dor&3", "[secret]"},
        {"Tr0ub4dor&3", "textbox \"Tr0ub\xe2\x80\xa6\"", "textbox \"[secret]\xe2\x80\xa6\""},
        {"Tr0ub4dor&3", "Tr0ub", "Tr0ub"},
        {"Tr0ub4dor&3", "a line that was cut off after so many characters that it is: Tr0ub",
         "a line that was cut off after so many characters that it is: [secret]"},
        {"Tr0ub4dor&3", "a line that was cut off after so many characters as it is \"Tr0u\"; it was accepted",
         "a line that was cut off after so many characters as it is \"[secret]\"; it was accepted"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct redactor *redactor = make(cases[i].secret);
        cleanup_free char *text = redact(redactor, cases[i].text);
        assert_string_equal(text, cases[i].expected);
        redactor_free(redactor);
    }
}

static void json_keeps_its_form_and_loses_secrets_wherever_they_stand(void **state) {
    struct redactor *redactor = make("Tr0ub4dor&3");
    struct error e = {0};
    cleanup_json json_t *value = NULL, *same = NULL;
    const char *text = "{\"a\":[1,\"x Tr0ub4dor&3\",{\"Tr0ub4dor&3\":null}],\"code\":91234,\"n\":1.5,\"b\":true}";
    redactor_add(redactor, "091234", INT64_MAX);
    assert_int_equal(json_parse(text, strlen(text), "test", &value, &e), 0);
    cleanup_json json_t *told = redactor_json(redactor, value);
    cleanup_free char *printed = json_print(told);
    assert_string_equal(printed,
                        "{\"a\":[1,\"x [secret]\",{\"[secret]\":null}],\"code\":\"[secret]\",\"n\":1.5,\"b\":true}");
    assert_string_equal(json_string_value(json_array_get(json_object_get(value, "a"), 1)), "x Tr0ub4dor&3");
    same = redactor_json(NULL, value);
    assert_ptr_equal(same, value);
    error_set(&e, EINVAL, ERROR_STEP, "it holds Tr0ub4dor&3");
    error_hint(&e, "not Tr0ub4dor%%263");
    redactor_error(redactor, &e);
    assert_string_equal(e.text, "it holds [secret]");
    assert_string_equal(e.hint, "not [secret]");
    redactor_free(redactor);
}

static void codes_are_secret_while_a_site_would_take_them(void **state) {
    struct redactor *redactor = redactor_make();
    redactor_add(redactor, "123456", clock_monotonic_ms() - 1);
    redactor_add(redactor, "654321", clock_deadline(60000));
    cleanup_free char *text = redact(redactor, "123456 654321");
    assert_string_equal(text, "123456 [secret]");
    for (int i = 0; i < 2000; i++) /* more than are kept: nothing breaks, the lasting ones stay */
        redactor_add(redactor, "abcdef", INT64_MAX);
    cleanup_free char *again = redact(redactor, "654321 abcdef");
    assert_string_equal(again, "[secret] [secret]");
    redactor_free(redactor);
}

static void a_credential_goes_to_its_own_domains_only(void **state) {
    static const struct {
        const char *origin;
        bool fits;
    } cases[] = {
        {"https://shop.example", true},
        {"https://login.shop.example", true},
        {"https://shop.example:443", true},
        {"https://shop.example:8443", false},
        {"http://shop.example", false},
        {"https://evilshop.example", false},
        {"https://shop.example.evil.example", false},
        {"https://example", false},
        {"http://127.0.0.1:8080", true},
        {"https://127.0.0.1:8080", true},
        {"http://127.0.0.1:8081", false},
        {"http://127.0.0.1", false},
        {"http://x.lan:81", true},
        {"http://[::1]:82", true},
        {"http://[::1]:83", false},
        {"file://shop.example", false},
        {"null", false},
        {"", false},
        {"https://", false},
        {"https://shop.example@evil.example", false},
    };
    cleanup_json json_t *credential = json_pack("{s:s, s:[s, s, s, s]}", "name", "Shop", "domains", "shop.example",
                                                "127.0.0.1:8080", "lan:81", "[::1]:82");
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct error e = {0};
        int r = credential_check_origin(credential, cases[i].origin, &e);
        if ((r == 0) != cases[i].fits)
            fail_msg("%s: %d", cases[i].origin, r);
        assert_int_equal(credential_check_destination(credential, cases[i].origin, NULL) == 0, cases[i].fits);
        if (!cases[i].fits)
            assert_non_null(
                strstr(e.text, "\"Shop\" is for shop.example, 127.0.0.1:8080, lan:81, [::1]:82, and the field"));
    }
}

static void a_missing_credential_names_those_there_are(void **state) {
    struct error e = {0};
    const json_t *found = NULL;
    cleanup_json json_t *credentials = json_pack("[{s:s, s:s, s:s, s:[s]}, {s:s}]", "name", "Shop", "totp", "x",
                                                 "password", "geheim", "domains", "a.example", "name", "Bank");
    assert_int_equal(credential_find(credentials, "Bank", &found, &e), 0);
    assert_int_equal(credential_find(credentials, "Banks", &found, &e), -ENOENT);
    assert_non_null(strstr(e.text, "no credential \"Banks\""));
    assert_non_null(strstr(e.hint, "Shop, Bank"));
    cleanup_json json_t *told = credentials_describe(credentials);
    cleanup_free char *text = json_print(told);
    assert_null(strstr(text, "geheim"));
    assert_non_null(strstr(text, "\"has_totp\":true"));
}

static void scripts_that_use_credentials_are_told(void **state) {
    static const struct {
        const char *script;
        bool uses;
    } cases[] = {
        {"[{\"fill\":{\"css\":\"a\",\"value\":\"credential\"}}]", false},
        {"{\"steps\":[],\"scripts\":{\"a\":[{\"if\":{\"css\":\"a\",\"then\":[{\"fill\":{\"css\":\"a\",\"credential\":"
         "\"x\",\"part\":"
         "\"totp\"}}]}}]}}",
         true},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        cleanup_json json_t *script = json_loads(cases[i].script, 0, NULL);
        assert_int_equal(credentials_used_by(script), cases[i].uses);
    }
}

/* As mask.js counts it. */
static void masks_hold_hashes_of_utf_16(void **state) {
    struct masks masks = {0};
    masks_add(&masks, "abc", INT64_MAX);
    assert_int_equal(masks.count, 0);
    masks_add(&masks, "ab\xc3\xa9\xf0\x9f\x98\x80", INT64_MAX);
    masks_add(&masks, "ab\xc3\xa9\xf0\x9f\x98\x80", INT64_MAX);
    assert_int_equal(masks.count, 1);
    assert_int_equal(masks.rows[0].length, 5);
    const uint32_t units[] = {'a', 'b', 0xE9, 0xD83D, 0xDE00};
    for (int k = 0; k < 2; k++) {
        uint32_t sum = 0;
        for (size_t i = 0; i < ARRAY_LENGTH(units); i++)
            sum = sum * masks.bases[k] + units[i];
        assert_int_equal(masks.rows[0].hashes[k], sum);
    }
    masks_add(&masks, "123456", clock_monotonic_ms() - 1);
    cleanup_json json_t *json = masks_json(&masks);
    assert_int_equal(json_array_size(json_object_get(json, "secrets")), 1);
    char text[16];
    for (int i = 0; i < 2 * MASKS_MAX; i++) {
        snprintf(text, sizeof text, "code %d", i);
        masks_add(&masks, text, INT64_MAX);
    }
    assert_int_equal(masks.count, MASKS_MAX);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_secret_is_found_in_whatever_way_pages_write_it),
        cmocka_unit_test(json_keeps_its_form_and_loses_secrets_wherever_they_stand),
        cmocka_unit_test(codes_are_secret_while_a_site_would_take_them),
        cmocka_unit_test(a_credential_goes_to_its_own_domains_only),
        cmocka_unit_test(a_missing_credential_names_those_there_are),
        cmocka_unit_test(scripts_that_use_credentials_are_told),
        cmocka_unit_test(masks_hold_hashes_of_utf_16),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
