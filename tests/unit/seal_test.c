/* base/seal: what comes out is what went in, or nothing. */
#include "unit_test.h"

#include "base/memory.h"
#include "base/seal.h"
#include "base/sha1.h"
#include "base/totp.h"
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define OLD "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define NEW "1123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static int make_file(void) {
    int fd = memfd_create("seal", MFD_CLOEXEC);
    assert_true(fd >= 0);
    return fd;
}

static int sealed_file(const char *data, size_t length, const char *context) {
    static struct seal_writer writer;
    struct error e;
    int fd = make_file();
    assert_int_equal(seal_begin(&writer, fd, OLD, SEAL_PROFILE, context, &e), 0);
    for (size_t at = 0, part = 1; at < length; at += part, part = part * 3 + 1) {
        part = part < length - at ? part : length - at;
        assert_int_equal(seal_write(&writer, data + at, part), 0);
    }
    assert_int_equal(seal_end(&writer), 0);
    return fd;
}

static int opened(int fd, const char *keys, const char *context, int out) {
    struct error e = {0};
    int r = seal_open(fd, out, keys, SEAL_PROFILE, context, &e);
    assert_true(!r || *e.text);
    return r;
}

static void what_was_sealed_comes_back(void **state) {
    static const size_t sizes[] = {0, 1, SEAL_PIECE - 1, SEAL_PIECE, SEAL_PIECE + 1, 3 * SEAL_PIECE, 1000003};
    for (size_t i = 0; i < ARRAY_LENGTH(sizes); i++) {
        cleanup_free char *data = memory_alloc(sizes[i] + 1), *back = memory_alloc(sizes[i] + 1);
        randombytes_buf(data, sizes[i]);
        cleanup_close int fd = sealed_file(data, sizes[i], "agent"), out = make_file();
        assert_int_equal(opened(fd, OLD, "agent", out), 0);
        struct stat st;
        assert_int_equal(fstat(out, &st), 0);
        assert_int_equal(st.st_size, sizes[i]);
        assert_int_equal(pread(out, back, sizes[i], 0), sizes[i]);
        assert_memory_equal(back, data, sizes[i]);
    }
}

static void another_key_or_context_is_refused_and_an_older_key_is_not(void **state) {
    cleanup_close int fd = sealed_file("text", 4, "agent"), out = make_file();
    assert_int_equal(opened(fd, NEW, "agent", out), -EBADMSG);
    assert_int_equal(opened(fd, OLD, "agent 2", out), -EBADMSG);
    assert_int_equal(opened(fd, NEW "," OLD, "agent", out), 0);
    assert_int_equal(opened(fd, NEW "," OLD, "other", out), -EBADMSG);
    assert_int_equal(opened(fd, "short", "agent", out), -EINVAL);
}

static void every_changed_byte_and_every_cut_is_noticed(void **state) {
    cleanup_close int fd = sealed_file("a text of some length", 21, "agent"), out = make_file();
    struct stat st;
    assert_int_equal(fstat(fd, &st), 0);
    for (off_t at = 0; at < st.st_size; at++) {
        unsigned char byte, changed;
        assert_int_equal(pread(fd, &byte, 1, at), 1);
        changed = byte ^ 1;
        assert_int_equal(pwrite(fd, &changed, 1, at), 1);
        assert_int_equal(opened(fd, OLD, "agent", out), -EBADMSG);
        assert_int_equal(pwrite(fd, &byte, 1, at), 1);
    }
    assert_int_equal(opened(fd, OLD, "agent", out), 0);
    assert_int_equal(pwrite(fd, "x", 1, st.st_size), 1);
    assert_int_equal(opened(fd, OLD, "agent", out), -EBADMSG);
    for (off_t length = st.st_size - 1; length >= 0; length--) {
        assert_int_equal(ftruncate(fd, length), 0);
        assert_int_equal(opened(fd, OLD, "agent", out), -EBADMSG);
    }
}

static void pieces_cannot_change_places_or_be_left_out(void **state) {
    enum { SEALED = SEAL_PIECE + crypto_secretstream_xchacha20poly1305_ABYTES };
    static char data[3 * SEAL_PIECE], first[SEALED], second[SEALED];
    cleanup_close int fd = sealed_file(data, sizeof data, "agent"), out = make_file();
    off_t begin = 18 + crypto_secretstream_xchacha20poly1305_HEADERBYTES;
    assert_int_equal(pread(fd, first, SEALED, begin), SEALED);
    assert_int_equal(pread(fd, second, SEALED, begin + SEALED), SEALED);
    assert_int_equal(pwrite(fd, second, SEALED, begin), SEALED);
    assert_int_equal(pwrite(fd, first, SEALED, begin + SEALED), SEALED);
    assert_int_equal(opened(fd, OLD, "agent", out), -EBADMSG);
    assert_int_equal(pwrite(fd, first, SEALED, begin), SEALED);
    assert_int_equal(pwrite(fd, second, SEALED, begin + SEALED), SEALED);
    assert_int_equal(opened(fd, OLD, "agent", out), 0);
    assert_int_equal(ftruncate(fd, begin + SEALED), 0); /* ends with a whole piece */
    assert_int_equal(opened(fd, OLD, "agent", out), -EBADMSG);
}

static void texts_come_back_whole_or_not_at_all(void **state) {
    cleanup_free char *sealed = NULL, *again = NULL, *text = NULL;
    struct error e;
    assert_int_equal(seal_text("p\xc3\xa4ss word", OLD, SEAL_CREDENTIAL, "id", &sealed, &e), 0);
    assert_int_equal(seal_text("p\xc3\xa4ss word", OLD, SEAL_CREDENTIAL, "id", &again, &e), 0);
    assert_string_not_equal(sealed, again);
    assert_null(strstr(sealed, "word"));
    assert_int_equal(seal_text_open(sealed, NEW "," OLD, SEAL_CREDENTIAL, "id", &text, &e), 0);
    assert_string_equal(text, "p\xc3\xa4ss word");
    char *none = NULL;
    assert_int_equal(seal_text_open(sealed, NEW, SEAL_CREDENTIAL, "id", &none, &e), -EBADMSG);
    assert_int_equal(seal_text_open(sealed, OLD, SEAL_CREDENTIAL, "other", &none, &e), -EBADMSG);
    assert_int_equal(seal_text_open(sealed, OLD, SEAL_PROFILE, "id", &none, &e), -EBADMSG);
    assert_int_equal(seal_text_open("1.AAAA", OLD, SEAL_CREDENTIAL, "id", &none, &e), -EBADMSG);
    sealed[12] ^= 1;
    assert_int_equal(seal_text_open(sealed, OLD, SEAL_CREDENTIAL, "id", &none, &e), -EBADMSG);
    assert_null(none);
}

/* RFC 6238, appendix B (its eight digits end in these six); RFC 2202, case 6 for a key longer than a block. */
static void authenticator_codes_are_those_of_the_rfc(void **state) {
    static const struct {
        int64_t at;
        const char *code;
    } cases[] = {{59, "287082"}, {1111111109, "081804"}, {1234567890, "005924"}, {20000000000, "353130"}};
    char code[TOTP_CODE_SIZE];
    struct error e;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        assert_int_equal(totp_code("gezd gnbv-GY3TQOJQ GEZDGNBVGY3TQOJQ", cases[i].at, code, &e), 0);
        assert_string_equal(code, cases[i].code);
    }
    assert_int_equal(totp_check("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ====", &e), 0);
    assert_int_equal(totp_check("", &e), -EINVAL);
    assert_int_equal(totp_check("GEZD1", &e), -EINVAL);
    assert_int_equal(totp_check("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ=x", &e), -EINVAL);
    unsigned char key[80], digest[SHA1_DIGEST];
    char hex[2 * SHA1_DIGEST + 1];
    memset(key, 0xaa, sizeof key);
    hmac_sha1(key, sizeof key, "Test Using Larger Than Block-Size Key - Hash Key First", 54, digest);
    assert_string_equal(sodium_bin2hex(hex, sizeof hex, digest, sizeof digest),
                        "aa4ae5e15272d00e95705637ce8a3b55ed402112");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_sealed_comes_back),
        cmocka_unit_test(another_key_or_context_is_refused_and_an_older_key_is_not),
        cmocka_unit_test(every_changed_byte_and_every_cut_is_noticed),
        cmocka_unit_test(pieces_cannot_change_places_or_be_left_out),
        cmocka_unit_test(texts_come_back_whole_or_not_at_all),
        cmocka_unit_test(authenticator_codes_are_those_of_the_rfc),
    };
    return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
