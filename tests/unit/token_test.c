/* Tokens: only what was signed here, for this purpose and in time is accepted. */
#include "unit_test.h"

#include "api/token.h"
#include "base/json_scan.h"
#include "base/memory.h"
#include "base/text.h"
#include <errno.h>
#include <string.h>

#define OLD "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define NEW "ffeeddccbbaa99887766554433221100ffeeddccbbaa99887766554433221100"

static struct token_keys keys_of(const char *secret) {
    struct token_keys keys;
    assert_int_equal(token_keys_derive(secret, &keys, NULL), 0);
    return keys;
}

static char *make(const struct token_keys *keys, const char *type, int64_t seconds) {
    cleanup_json json_t *claims = json_pack("{s:s}", "sub", "somebody");
    return token_sign(keys, claims, type, seconds);
}

static int verify(const struct token_keys *keys, const char *token, const char *type) {
    cleanup_json json_t *claims = NULL;
    struct error e;
    int r = token_verify(keys, token, type, &claims, &e);
    if (!r)
        assert_string_equal(json_text_or(claims, "sub", ""), "somebody");
    else
        assert_int_equal(e.code, ERROR_UNAUTHENTICATED);
    return r;
}

static void test_round_trip(void **state) {
    struct token_keys keys = keys_of(NEW);
    cleanup_free char *token = make(&keys, "access", 60), *late = make(&keys, "access", -1);
    assert_int_equal(verify(&keys, token, "access"), 0);
    assert_int_equal(verify(&keys, token, "ticket"), -EACCES);
    assert_int_equal(verify(&keys, late, "access"), -EACCES);
}

static void test_rotation(void **state) {
    struct token_keys old = keys_of(OLD), both = keys_of(NEW "," OLD), new = keys_of(NEW);
    cleanup_free char *token = make(&old, "access", 60), *fresh = make(&both, "access", 60);
    assert_int_equal(verify(&both, token, "access"), 0);
    assert_int_equal(verify(&new, token, "access"), -EACCES);
    assert_int_equal(verify(&new, fresh, "access"), 0);
    assert_int_equal(verify(&old, fresh, "access"), -EACCES);
}

/* One changed, added or missing byte anywhere is noticed. */
static void test_every_byte_counts(void **state) {
    struct token_keys keys = keys_of(NEW);
    cleanup_free char *token = make(&keys, "access", 60);
    for (size_t i = 0; token[i]; i++) {
        cleanup_free char *changed = memory_copy_text(token);
        changed[i] = changed[i] == 'A' ? 'B' : 'A';
        assert_int_equal(verify(&keys, changed, "access"), -EACCES);
        changed[i] = '\0';
        assert_int_equal(verify(&keys, changed, "access"), -EACCES);
    }
    cleanup_free char *longer = memory_print("%sA", token);
    assert_int_equal(verify(&keys, longer, "access"), -EACCES);
}

static void append_part(struct text *out, const char *text) {
    if (out->length)
        text_append_char(out, '.');
    text_append_base64url(out, text, strlen(text));
}

static void test_other_algorithms_are_refused(void **state) {
    static const char *const headers[] = {"{\"alg\":\"none\",\"typ\":\"JWT\"}", "{\"alg\":\"HS256\",\"typ\":\"JWT\"}",
                                          "{\"alg\":\"RS256\",\"kid\":\"x\"}", "{}", ""};
    struct token_keys keys = keys_of(NEW);
    for (size_t i = 0; i < ARRAY_LENGTH(headers); i++) {
        cleanup_text struct text token = {0};
        append_part(&token, headers[i]);
        append_part(&token, "{\"sub\":\"somebody\",\"typ\":\"access\",\"exp\":99999999999}");
        text_append_char(&token, '.');
        assert_int_equal(verify(&keys, token.data, "access"), -EACCES);
        append_part(&token, "0123456789abcdef0123456789abcdef");
        assert_int_equal(verify(&keys, token.data, "access"), -EACCES);
    }
    cleanup_free char *endless = memory_alloc(100000);
    memset(endless, '.', 99999);
    assert_int_equal(verify(&keys, endless, "access"), -EACCES);
    assert_int_equal(verify(&keys, "", "access"), -EACCES);
}

static void test_bad_secrets(void **state) {
    static const char *const secrets[] = {"", "short", OLD ",short", OLD "00"};
    struct token_keys keys;
    for (size_t i = 0; i < ARRAY_LENGTH(secrets); i++)
        assert_int_equal(token_keys_derive(secrets[i], &keys, NULL), -EINVAL);
}

static void test_scan(void **state) {
    static const char text[] = "{\"a\":{\"revision\":9},\"b\":\"\\\"revision\\\" : 8\", \"c\":[{\"revision\":7}], "
                               "\"revision\" : 42, \"d\":\"x\"}";
    int64_t value = 0;
    assert_true(json_scan_int(text, strlen(text), "revision", &value));
    assert_int_equal(value, 42);
    assert_false(json_scan_int(text, strlen(text), "d", &value));
    assert_false(json_scan_int(text, strlen(text), "x", &value));
    assert_false(json_scan_int("{}", 2, "x", &value));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),        cmocka_unit_test(test_rotation),
        cmocka_unit_test(test_every_byte_counts), cmocka_unit_test(test_other_algorithms_are_refused),
        cmocka_unit_test(test_bad_secrets),       cmocka_unit_test(test_scan),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
