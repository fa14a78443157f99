/* cdp/door_client: requests as the door expects them, its answers and errors, and a door that misbehaves. */
#include "unit_test.h"

#include "base/clock.h"
#include "base/config.h"
#include "base/io.h"
#include "base/memory.h"
#include "cdp/door_client.h"
#include "websocket_peer.h"
#include <errno.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SECRET "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

struct fixture {
    struct peer peer;
    struct ticket_key key;
    struct door door;
};

static void fixture_done(struct fixture *fixture) {
    peer_stop(&fixture->peer);
}

static void fixture_start(struct fixture *fixture, const char *answer, void (*serve)(struct peer *peer)) {
    struct error e;
    fixture->peer.answer = answer;
    peer_start(&fixture->peer, serve);
    assert_int_equal(ticket_derive_key(SECRET, &fixture->key, &e), 0);
    fixture->door =
        (struct door){.host = "127.0.0.1", .port = fixture->peer.port, .key = &fixture->key, .interrupt_fd = -1};
}

#define FIXTURE(name, answer, serve)                                                                                   \
    __attribute__((cleanup(fixture_done))) struct fixture name = {0};                                                  \
    fixture_start(&name, answer, serve)

/* The claims of the ticket that the request showed, checked as the engine does. */
static json_t *claims_shown(struct fixture *fixture, const char *scope) {
    char ticket[8192] = "";
    struct error e;
    json_t *claims = NULL;
    char *header = strstr(fixture->peer.request, "Authorization: Bearer ");
    assert_non_null(header);
    assert_int_equal(sscanf(header, "Authorization: Bearer %8191s", ticket), 1);
    assert_int_equal(ticket_verify(fixture->key.public_hex, ticket, scope, &claims, &e), 0);
    return claims;
}

static void a_lease_travels_in_its_ticket(void **state) {
    FIXTURE(f, "HTTP/1.1 201 Created\r\nContent-Length: 12\r\n\r\n{\"id\":\"b-1\"}", NULL);
    cleanup_json json_t *lease = json_pack("{s:i, s:s}", "memory_mb", 700, "thread_id", "t-1"), *browser = NULL;
    struct error e = {0};
    assert_int_equal(door_lease(&f.door, "job-1", lease, &browser, &e), 0);
    assert_string_equal(json_text_or(browser, "id", ""), "b-1");
    assert_int_equal(strncmp(f.peer.request, "POST /browsers HTTP/1.1\r\n", 25), 0);
    cleanup_json json_t *claims = claims_shown(&f, "lease");
    assert_string_equal(json_text_or(claims, "jti", ""), "job-1");
    assert_string_equal(json_text_or(claims, "sub", ""), "t-1");
    assert_int_equal(json_int_or(json_object_get(claims, "lease"), "memory_mb", 0), 700);
    assert_int_equal(lease->refcount, 1);
}

static void errors_keep_code_text_and_hint(void **state) {
    static const struct {
        const char *answer;
        int err;
        enum error_code code;
        const char *text, *hint;
    } cases[] = {
        {"HTTP/1.1 429 Too Many\r\nContent-Length: 76\r\n\r\n"
         "{\"detail\":\"all 8 browsers are busy\",\"code\":\"capacity\",\"hint\":\"MAX_BROWSERS\"} ",
         EAGAIN, ERROR_CAPACITY, "cannot lease a browser: all 8 browsers are busy", "MAX_BROWSERS"},
        {"HTTP/1.1 403 X\r\nContent-Length: 4\r\n\r\nbusy", EPERM, ERROR_FORBIDDEN,
         "cannot lease a browser: the door answered with status 403", ""},
        {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]", EPROTO, ERROR_PROTOCOL,
         "cannot lease a browser: the door's answer is no JSON object", ""},
        {"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n", EPROTO, ERROR_PROTOCOL,
         "cannot lease a browser: the door answered with status 302", ""},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        FIXTURE(f, cases[i].answer, NULL);
        cleanup_json json_t *lease = json_object(), *browser = NULL;
        struct error e = {0};
        assert_int_equal(door_lease(&f.door, "job-1", lease, &browser, &e), -cases[i].err);
        assert_int_equal(e.code, cases[i].code);
        assert_string_equal(e.text, cases[i].text);
        assert_string_equal(e.hint, cases[i].hint);
        assert_null(browser);
    }
}

static void a_released_browser_may_be_gone(void **state) {
    FIXTURE(f,
            "HTTP/1.1 404 Not Found\r\nContent-Length: 42\r\n\r\n{\"detail\":\"no browser\",\"code\":\"not_found\"} ",
            NULL);
    struct error e = {0};
    assert_int_equal(door_release(&f.door, "b/../1", "released", &e), 0);
    assert_int_equal(strncmp(f.peer.request, "DELETE /browsers/b%2F..%2F1?reason=released HTTP", 48), 0);
    json_decref(claims_shown(&f, "manage"));
}

static int collect(void *user, const void *data, size_t length) {
    strncat(user, data, length);
    return 0;
}

static int refuse(void *user, const void *data, size_t length) {
    return -ENOSPC;
}

static void a_file_is_read_piece_by_piece(void **state) {
    char seen[64] = "";
    struct error e = {0};
    FIXTURE(f, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n", NULL);
    assert_int_equal(door_read_file(&f.door, "b", "in voice.pdf", collect, seen, &e), 0);
    assert_string_equal(seen, "abcde");
    assert_non_null(strstr(f.peer.request, "GET /browsers/b/files/in%20voice.pdf HTTP"));
    FIXTURE(full, "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc", NULL);
    assert_int_equal(door_read_file(&full.door, "b", "x", refuse, NULL, &e), -ENOSPC);
    assert_int_equal(e.code, ERROR_STORAGE);
    char none[64] = "";
    FIXTURE(missing, "HTTP/1.1 404 X\r\nContent-Length: 3\r\n\r\nabc", NULL);
    assert_int_equal(door_read_file(&missing.door, "b", "x", collect, none, &e), -ENOENT);
    assert_string_equal(none, ""); /* an error's body is no file */
}

static char taken[8];

static void take_five(struct peer *peer) {
    static const char answer[] = "HTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\n{}";
    io_read_full(peer->fd, taken, 5);
    peer_send_raw(peer, answer, strlen(answer));
}

static ssize_t give(void *user, void *data, size_t room) {
    size_t *left = user, n = *left < 2 ? *left : 2;
    memcpy(data, &"abcde"[5 - *left], n);
    *left -= n;
    return (ssize_t)n;
}

static ssize_t give_up(void *user, void *data, size_t room) {
    return -EIO;
}

static void a_file_is_given_piece_by_piece(void **state) {
    struct error e = {0};
    size_t left = 5;
    FIXTURE(f, "", take_five);
    assert_int_equal(door_write_file(&f.door, "b", "in voice.pdf", 5, give, &left, &e), 0);
    assert_string_equal(taken, "abcde");
    assert_non_null(strstr(f.peer.request, "PUT /browsers/b/files/in%20voice.pdf HTTP"));
    assert_non_null(strstr(f.peer.request, "Content-Length: 5\r\n"));
    json_decref(claims_shown(&f, "manage"));
    left = 5;
    FIXTURE(full, "HTTP/1.1 413 X\r\nContent-Length: 36\r\n\r\n{\"detail\":\"much\",\"code\":\"too_large\"}", NULL);
    assert_int_equal(door_write_file(&full.door, "b", "x", 5, give, &left, &e), -EMSGSIZE);
    assert_int_equal(e.code, ERROR_TOO_LARGE);
    FIXTURE(broken, "", take_five);
    assert_int_equal(door_write_file(&broken.door, "b", "x", 5, give_up, NULL, &e), -EIO);
    assert_int_equal(e.code, ERROR_STORAGE);
}

static void serve_nothing(struct peer *peer) {
    char byte;
    while (read(peer->fd, &byte, 1) > 0)
        ;
}

static void the_interrupt_ends_a_request_at_once(void **state) {
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    FIXTURE(f, "", serve_nothing);
    cleanup_json json_t *lease = json_object(), *browser = NULL;
    struct error e;
    f.door.interrupt_fd = ends[0];
    assert_int_equal(write(ends[1], "x", 1), 1);
    int64_t start = clock_monotonic_ms();
    assert_int_equal(door_lease(&f.door, "job-1", lease, &browser, &e), -ECANCELED);
    assert_int_equal(e.code, ERROR_CANCELLED);
    assert_true(clock_monotonic_ms() - start < 5000);
    close(ends[0]);
    close(ends[1]);
}

static void serve_endless(struct peer *peer) {
    static char zeros[65536];
    for (int i = 0; i < 100; i++)
        peer_send_raw(peer, zeros, sizeof zeros);
}

static void an_answer_has_a_largest_size(void **state) {
    FIXTURE(f, "HTTP/1.1 200 OK\r\n\r\n", serve_endless);
    cleanup_json json_t *list = NULL;
    struct error e;
    assert_int_equal(door_list(&f.door, &list, &e), -EMSGSIZE);
    assert_int_equal(e.code, ERROR_TOO_LARGE);
}

static void no_door_is_unavailable_with_a_hint(void **state) {
    struct fixture f = {0};
    cleanup_json json_t *list = NULL;
    struct error e;
    fixture_start(&f, "", NULL);
    fixture_done(&f);
    assert_int_equal(door_list(&f.door, &list, &e), -ECONNREFUSED);
    assert_int_equal(e.code, ERROR_UNAVAILABLE);
    assert_non_null(strstr(e.hint, "replinet up"));
    FIXTURE(silent, "", NULL); /* accepts, then closes */
    assert_int_equal(door_list(&silent.door, &list, &e), -ECONNRESET);
    assert_int_equal(e.code, ERROR_UNAVAILABLE);
}

static void the_key_comes_from_configuration_or_the_instance(void **state) {
    struct ticket_key key, expected;
    struct door door;
    struct error e = {0};
    char folder[] = "/tmp/door-client-XXXXXX";
    assert_non_null(mkdtemp(folder));
    assert_int_equal(config_set(CONFIG_STATE_DIR, folder, &e), 0);
    assert_int_equal(door_open(&key, &door, &e), -ENOENT);
    assert_true(e.hint[0] != '\0');
    cleanup_free char *secret = memory_print("%s/secret", folder), *file = memory_print("%s/secret_key", secret);
    assert_int_equal(io_make_dirs(secret, 0700, &e), 0);
    assert_int_equal(io_write_file(file, 0600, SECRET "\n", strlen(SECRET) + 1, &e), 0);
    assert_int_equal(door_open(&key, &door, &e), 0);
    assert_int_equal(ticket_derive_key(SECRET, &expected, &e), 0);
    assert_string_equal(key.public_hex, expected.public_hex);
    assert_int_equal(io_remove_tree(folder), 0);
    assert_int_equal(config_set(CONFIG_SECRET_KEY, SECRET "," SECRET, &e), 0);
    assert_int_equal(door_open(&key, &door, &e), 0);
    assert_string_equal(key.public_hex, expected.public_hex);
    cleanup_free char *path = NULL;
    assert_int_equal(door_cdp_path(&door, "b-1", &path, &e), 0);
    assert_int_equal(strncmp(path, "/browsers/b-1/cdp?ticket=", 25), 0);
    cleanup_json json_t *claims = NULL;
    assert_int_equal(ticket_verify(key.public_hex, path + 25, "cdp", &claims, &e), 0);
    assert_string_equal(json_text_or(claims, "browser", ""), "b-1");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_lease_travels_in_its_ticket),
        cmocka_unit_test(errors_keep_code_text_and_hint),
        cmocka_unit_test(a_released_browser_may_be_gone),
        cmocka_unit_test(a_file_is_read_piece_by_piece),
        cmocka_unit_test(a_file_is_given_piece_by_piece),
        cmocka_unit_test(the_interrupt_ends_a_request_at_once),
        cmocka_unit_test(an_answer_has_a_largest_size),
        cmocka_unit_test(no_door_is_unavailable_with_a_hint),
        cmocka_unit_test(the_key_comes_from_configuration_or_the_instance),
    };
    char *complaints = NULL;
    signal(SIGPIPE, SIG_IGN);
    return sodium_init() < 0 || config_load(NULL, &complaints) < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
