/* cdp/client: against a server that speaks raw frames, well and badly. */
#include "cdp_pair.h"

#include "base/config.h"
#include "base/memory.h"
#include "base/text.h"
#include "cdp/websocket_client.h"
#include <errno.h>
#include <signal.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Echo: answers every call with its own text as "seen". */
static void serve_echo(struct peer *peer) {
    for (;;) {
        cleanup_free char *text = NULL;
        int id = peer_read_call(peer, &text);
        if (id < 0)
            return;
        cleanup_text struct text result = {0};
        text_append_string(&result, "{\"seen\":");
        text_append_json(&result, text, strlen(text));
        text_append_char(&result, '}');
        reply(peer, id, result.data);
    }
}

static void calls_carry_session_method_and_params(void **state) {
    PAIR(pair, serve_echo);
    cleanup_json json_t *result = NULL;
    struct error e = {0};
    assert_int_equal(
        cdp_call(pair.client, "S1", "Page.navigate", json_pack("{s:s}", "url", "http://a/\"\n"), WAIT_MS, &result, &e),
        0);
    assert_string_equal(
        json_text_or(result, "seen", ""),
        "{\"id\":1,\"method\":\"Page.navigate\",\"sessionId\":\"S1\",\"params\":{\"url\":\"http://a/\\\"\\n\"}}");
    struct cdp_span raw;
    assert_int_equal(cdp_call_raw(pair.client, NULL, "Browser.getVersion", NULL, WAIT_MS, &raw, &e), 0);
    assert_non_null(memmem(raw.data, raw.length, "getVersion\\\"}", 13));
    assert_int_equal(raw.data[raw.length - 1], '}');
}

#define LARGE_BYTES (10 * 1024 * 1024)

static void send_large(struct peer *peer, size_t pieces) {
    int id = peer_read_call(peer, NULL);
    cleanup_text struct text message = {0};
    text_print(&message, "{\"id\":%d,\"result\":{\"data\":\"", id);
    size_t head = message.length;
    text_reserve(&message, LARGE_BYTES);
    memset(message.data + head, 'x', LARGE_BYTES);
    message.length += LARGE_BYTES;
    text_append_string(&message, "\"}}");
    size_t piece = message.length / pieces + 1;
    for (size_t at = 0, i = 0; at < message.length; at += piece, i++) {
        size_t length = message.length - at < piece ? message.length - at : piece;
        bool last = at + length == message.length;
        peer_send_frame(peer, (unsigned char)((last ? 0x80 : 0) | (i ? 0 : 1)), message.data + at, length);
        if (i % 100 == 1)
            peer_send_frame(peer, 0x89, "between", 7); /* pings may come between fragments */
    }
}

static void serve_large(struct peer *peer) {
    send_large(peer, 1);
    send_large(peer, 999);
    send_large(peer, 3);
}

static void large_messages_arrive_whole_or_in_fragments(void **state) {
    PAIR(pair, serve_large);
    struct cdp_span raw;
    struct error e = {0};
    for (int i = 0; i < 3; i++) {
        if (cdp_call_raw(pair.client, NULL, "Page.captureScreenshot", NULL, WAIT_MS, &raw, &e) < 0)
            fail_msg("%s", e.text);
        assert_int_equal(raw.length, LARGE_BYTES + strlen("{\"data\":\"\"}"));
    }
}

static void serve_counted(struct peer *peer) {
    for (int i = 0; i < 5; i++)
        send_large(peer, 1);
}

/* Once out of the input buffer, once into the message; never again, however large it grows. */
static void large_messages_are_not_copied_again_and_again(void **state) {
    struct peer peer = {0};
    struct websocket *socket = NULL;
    struct error e;
    peer_start(&peer, serve_counted);
    assert_int_equal(websocket_connect("127.0.0.1", peer.port, "/", 64 << 20, clock_deadline(WAIT_MS), -1, &socket, &e),
                     0);
    for (int i = 0; i < 5; i++) {
        const char *data;
        size_t length;
        assert_int_equal(websocket_client_send(socket, "{\"id\":1}", 8, &e), 0);
        assert_int_equal(websocket_receive(socket, clock_deadline(WAIT_MS), &data, &length, &e), 0);
        assert_true(length > LARGE_BYTES);
    }
    struct websocket_counters counters = websocket_counters(socket);
    assert_true(counters.copied <= 2 * counters.received);
    assert_int_equal(counters.growths, 1);
    websocket_free(socket);
    peer_stop(&peer);
}

static void serve_pings(struct peer *peer) {
    int opcode = 0, id = peer_read_call(peer, NULL);
    size_t length = 0;
    peer_send_frame(peer, 0x89, "hello", 5);
    cleanup_free char *pong = peer_read_frame(peer, &opcode, &length);
    reply(peer, id, opcode == 0xA && length == 5 && !memcmp(pong, "hello", 5) ? "{\"pong\":true}" : "{}");
}

static void pings_are_answered_while_waiting(void **state) {
    PAIR(pair, serve_pings);
    cleanup_json json_t *result = NULL;
    struct error e;
    assert_int_equal(cdp_call(pair.client, NULL, "A.b", NULL, WAIT_MS, &result, &e), 0);
    assert_true(json_bool_or(result, "pong", false));
}

static void a_call_has_a_deadline(void **state) {
    PAIR(pair, serve_silence);
    struct error e;
    int64_t start = clock_monotonic_ms();
    assert_int_equal(cdp_call(pair.client, NULL, "A.b", NULL, 100, NULL, &e), -ETIMEDOUT);
    assert_int_equal(e.code, ERROR_TIMEOUT);
    assert_non_null(strstr(e.text, "A.b"));
    assert_true(clock_monotonic_ms() - start >= 100);
}

static int idle_calls;

static int64_t count_idle(void *user) {
    idle_calls++;
    return clock_deadline(20);
}

static void something_may_be_done_while_it_waits(void **state) {
    PAIR(pair, serve_silence);
    struct error e;
    int64_t start = clock_monotonic_ms();
    idle_calls = 0;
    cdp_client_set_idle(pair.client, count_idle);
    assert_int_equal(cdp_call(pair.client, NULL, "A.b", NULL, 200, NULL, &e), -ETIMEDOUT);
    assert_true(clock_monotonic_ms() - start >= 200);
    assert_in_range(idle_calls, 2, 12);
    idle_calls = 0;
    assert_int_equal(cdp_poll(pair.client, &e), 0);
    assert_in_range(idle_calls, 1, 2);
}

static void serve_late(struct peer *peer) {
    int first = peer_read_call(peer, NULL), second = peer_read_call(peer, NULL);
    reply(peer, first, "{\"n\":1}");
    reply(peer, second, "{\"n\":2}");
}

static void a_late_answer_is_not_taken_for_another(void **state) {
    PAIR(pair, serve_late);
    cleanup_json json_t *result = NULL;
    struct error e;
    assert_int_equal(cdp_call(pair.client, NULL, "A.b", NULL, 1, NULL, &e), -ETIMEDOUT);
    assert_int_equal(cdp_call(pair.client, NULL, "A.c", NULL, WAIT_MS, &result, &e), 0);
    assert_int_equal(json_int_or(result, "n", 0), 2);
}

static void the_interrupt_ends_a_wait(void **state) {
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    PAIR(pair, serve_silence);
    struct error e;
    cdp_client_set_interrupt(pair.client, ends[0]);
    assert_int_equal(cdp_call(pair.client, NULL, "A.b", NULL, 50, NULL, &e), -ETIMEDOUT);
    assert_int_equal(write(ends[1], "x", 1), 1);
    assert_int_equal(cdp_call(pair.client, NULL, "A.b", NULL, WAIT_MS, NULL, &e), -ECANCELED);
    assert_int_equal(e.code, ERROR_CANCELLED);
    assert_int_equal(cdp_poll(pair.client, &e), -ECANCELED);
    cdp_client_set_interrupt(pair.client, -1);
    assert_int_equal(cdp_poll(pair.client, &e), 0);
    close(ends[0]);
    close(ends[1]);
}

static void serve_batch(struct peer *peer) {
    int ids[4];
    for (int i = 0; i < 4; i++)
        ids[i] = peer_read_call(peer, NULL);
    reply(peer, ids[2], "{\"n\":2}"); /* any order */
    reply(peer, ids[0], "{\"n\":0}");
    cleanup_text struct text error = {0};
    text_print(&error, "{\"id\":%d,\"error\":{\"code\":-32601,\"message\":\"'A.d' wasn't found\"}}", ids[3]);
    peer_send_text(peer, error.data);
    reply(peer, ids[1], "{\"n\":1}");
    serve_silence(peer);
}

static void a_batch_is_sent_before_it_is_waited_for(void **state) {
    PAIR(pair, serve_batch);
    struct error e;
    struct cdp_request requests[4] = {{.method = "A.a"}, {.method = "A.b"}, {.method = "A.c"}, {.method = "A.d"}};
    assert_int_equal(cdp_call_many(pair.client, requests, 4, WAIT_MS, &e), 0);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(json_int_or(requests[i].result, "n", -1), i);
        assert_int_equal(requests[i].error.code, ERROR_NONE);
        json_decref(requests[i].result);
    }
    assert_null(requests[3].result);
    assert_int_equal(requests[3].error.code, ERROR_BROWSER);
    assert_string_equal(requests[3].error.text, "A.d: 'A.d' wasn't found");
    struct cdp_request lost[1] = {{.method = "A.a"}};
    assert_int_equal(cdp_call_many(pair.client, lost, 1, 20, &e), -ETIMEDOUT);
    assert_int_equal(lost[0].error.code, ERROR_TIMEOUT);
}

static void serve_browser_errors(struct peer *peer) {
    static const char *messages[] = {"Target crashed", "Inspected target navigated or closed",
                                     "Session with given id not found.", "Cannot find context with specified id"};
    for (size_t i = 0; i < ARRAY_LENGTH(messages); i++) {
        cleanup_text struct text error = {0};
        text_print(&error, "{\"id\":%d,\"error\":{\"code\":-32000,\"message\":\"%s\"}}", peer_read_call(peer, NULL),
                   messages[i]);
        peer_send_text(peer, error.data);
    }
}

static void errors_of_the_browser_are_told_apart(void **state) {
    PAIR(pair, serve_browser_errors);
    struct error e;
    assert_int_equal(cdp_call(pair.client, "S", "A.b", NULL, WAIT_MS, NULL, &e), -EIO);
    assert_int_equal(e.code, ERROR_BROWSER_CRASH);
    assert_int_equal(cdp_call(pair.client, "S", "A.b", NULL, WAIT_MS, NULL, &e), -ESTALE);
    assert_int_equal(cdp_call(pair.client, "S", "A.b", NULL, WAIT_MS, NULL, &e), -ESTALE);
    assert_int_equal(cdp_call(pair.client, "S", "A.b", NULL, WAIT_MS, NULL, &e), -EREMOTEIO);
    assert_int_equal(e.code, ERROR_BROWSER);
}

struct seen {
    struct cdp_client *client;
    int count;
    bool odd_text;
};

static void on_event(void *user, const char *session_id, const char *method, const json_t *params) {
    struct seen *seen = user;
    seen->count++;
    seen->odd_text |= !strcmp(json_text_or(params, "text", ""), "a\xEF\xBF\xBD-\xEF\xBF\xBD-\xF0\x9F\x99\x82\\ud800");
    cdp_send(seen->client, session_id, "Page.handleJavaScriptDialog", json_pack("{s:b}", "accept", 1), NULL);
}

static bool is_seen(void *user) {
    return ((struct seen *)user)->count == 2;
}

static void serve_events(struct peer *peer) {
    peer_send_text(peer, "{\"method\":\"A.event\",\"sessionId\":\"P\",\"params\":{}}");
    peer_send_text(peer, "{\"method\":\"A.event\",\"sessionId\":\"P\",\"params\":{\"text\":"
                         "\"a\\u0000-\\ud83d-\\ud83d\\ude42\\\\ud800\"}}");
    peer_read_call(peer, NULL);
    peer_read_call(peer, NULL);
    reply(peer, peer_read_call(peer, NULL), "{}");
}

static void a_handler_sees_events_and_may_send(void **state) {
    PAIR(pair, serve_events);
    struct seen seen = {.client = pair.client};
    struct error e = {0};
    cdp_client_set_handler(pair.client, on_event, &seen);
    assert_int_equal(cdp_wait(pair.client, is_seen, &seen, clock_deadline(WAIT_MS), &e), 0);
    assert_true(seen.odd_text);
    assert_int_equal(cdp_call(pair.client, NULL, "A.b", NULL, WAIT_MS, NULL, &e), 0);
    assert_int_equal(cdp_wait(pair.client, is_seen, &(struct seen){0}, clock_deadline(20), &e), -EPIPE);
}

static void serve_close(struct peer *peer) {
    peer_read_call(peer, NULL);
    peer_send_close(peer, END_REASON_CLOSE_BASE + END_REASON_OOM, "oom");
}

static void a_close_code_tells_why_the_browser_ended(void **state) {
    PAIR(pair, serve_close);
    struct error e;
    assert_int_equal(cdp_client_end_reason(pair.client), END_REASON_NONE);
    assert_int_equal(cdp_call(pair.client, NULL, "A.b", NULL, WAIT_MS, NULL, &e), -EPIPE);
    assert_int_equal(e.code, ERROR_CLOSED);
    assert_non_null(strstr(e.text, "oom"));
    assert_int_equal(cdp_client_end_reason(pair.client), END_REASON_OOM);
    assert_int_equal(cdp_call(pair.client, NULL, "A.b", NULL, WAIT_MS, NULL, &e), -EPIPE);
    assert_int_equal(cdp_poll(pair.client, &e), -EPIPE);
}

static void serve_announced(struct peer *peer) {
    peer_send_text(peer, "{\"method\":\"Replinet.ending\",\"params\":{\"reason\":\"crash\",\"text\":\"...\"}}");
}

static void a_broken_connection_ends_calls(void **state) {
    PAIR(pair, NULL);
    struct error e;
    assert_int_equal(cdp_call(pair.client, NULL, "A.b", NULL, WAIT_MS, NULL, &e), -EPIPE);
    assert_int_equal(cdp_client_end_reason(pair.client), END_REASON_NONE);
    PAIR(announced, serve_announced);
    assert_int_equal(cdp_call(announced.client, NULL, "A.b", NULL, WAIT_MS, NULL, &e), -EPIPE);
    assert_int_equal(cdp_client_end_reason(announced.client), END_REASON_CRASH);
}

/* Each of these must end in an error, at once, and never in a crash. */
static const struct garbage {
    const char *name, *bytes;
    size_t length;
    int err;
} garbage[] = {
#define G(name, bytes, err)                                                                                            \
    { name, bytes, sizeof(bytes) - 1, err }
    G("a masked frame", "\x81\x82\x01\x02\x03\x04zz", EPROTO),
    G("reserved bits", "\xC1\x02{}", EPROTO),
    G("a binary message", "\x82\x02{}", EPROTO),
    G("an unknown opcode", "\x83\x02{}", EPROTO),
    G("an unknown control frame", "\x8B\x00", EPROTO),
    G("a continuation of nothing", "\x80\x02{}", EPROTO),
    G("a message within a message", "\x01\x01{\x81\x01}", EPROTO),
    G("a fragmented ping", "\x09\x00", EPROTO),
    G("a long ping", "\x89\x7E\x00\x7E", EPROTO),
    G("a length not in its shortest form", "\x81\x7E\x00\x02{}", EPROTO),
    G("a length of 2^63", "\x81\x7F\x80\x00\x00\x00\x00\x00\x00\x00", EPROTO),
    G("a message over the limit", "\x81\x7F\x00\x00\x00\x7F\x00\x00\x00\x00{", EMSGSIZE),
    G("no JSON", "\x81\x05hello", EPROTO),
    G("an empty message", "\x81\x00", EPROTO),
    G("half JSON", "\x81\x0B{\"id\":1,\"re", EPROTO),
    G("an array", "\x81\x02[]", EPROTO),
    G("an answer without a result", "\x81\x08{\"id\":1}", EPROTO),
    G("a result that is no object", "\x81\x13{\"id\":1,\"result\":7}", EPROTO),
    G("a close with half a code", "\x88\x01\x03", EPIPE),
    G("half a frame, then the end", "\x81\x7E\x10", EPIPE),
    G("HTTP", "HTTP/1.1 400 Bad Request\r\n\r\n", EPROTO),
#undef G
};
static const struct garbage *present;

static void serve_garbage(struct peer *peer) {
    peer_read_call(peer, NULL);
    peer_send_raw(peer, present->bytes, present->length);
}

static void garbage_is_an_error(void **state) {
    for (size_t i = 0; i < ARRAY_LENGTH(garbage); i++) {
        present = &garbage[i];
        PAIR(pair, serve_garbage);
        cleanup_json json_t *result = NULL;
        struct error e = {0};
        int r = cdp_call(pair.client, NULL, "A.b", NULL, WAIT_MS, &result, &e);
        if (r != -present->err)
            fail_msg("%s: %d (%s)", present->name, r, e.text);
    }
}

static void handshakes_are_checked(void **state) {
    static const struct {
        const char *answer;
        int err;
        enum error_code code;
    } cases[] = {
        {"HTTP/1.1 101 X\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: AAAA\r\n\r\n", EPROTO,
         ERROR_PROTOCOL},
        {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi", EPROTO, ERROR_PROTOCOL},
        {"SSH-2.0-OpenSSH_9.2\r\n", EPROTO, ERROR_PROTOCOL},
        {"", EPIPE, ERROR_CLOSED},
        {"HTTP/1.1 404 Not Found\r\nContent-Length: 62\r\n\r\n"
         "{\"detail\":\"no such browser\",\"code\":\"not_found\",\"hint\":\"look up\"}",
         ENOENT, ERROR_NOT_FOUND},
        {"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n", EACCES, ERROR_UNAUTHENTICATED},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct peer peer = {.answer = cases[i].answer};
        struct cdp_client *client = NULL;
        struct error e = {0};
        peer_start(&peer, NULL);
        assert_int_equal(connect_to(&peer, &client, &e), -cases[i].err);
        assert_int_equal(e.code, cases[i].code);
        assert_null(client);
        peer_stop(&peer);
    }
}

static void frames_may_come_with_the_handshake(void **state) {
    PAIR(pair, serve_events); /* sends before it reads */
    struct seen seen = {.client = pair.client};
    struct error e;
    clock_sleep_ms(20);
    cdp_client_set_handler(pair.client, on_event, &seen);
    assert_int_equal(cdp_poll(pair.client, &e), 0);
    assert_int_equal(seen.count, 2);
}

static void nobody_listening_is_unavailable(void **state) {
    struct peer peer = {0};
    struct cdp_client *client = NULL;
    struct error e = {0};
    peer_start(&peer, NULL);
    peer_stop(&peer);
    assert_int_equal(connect_to(&peer, &client, &e), -ECONNREFUSED);
    assert_int_equal(e.code, ERROR_UNAVAILABLE);
    assert_true(e.hint[0] != '\0');
}

/* Floods before it reads: a client that only wrote would block for ever. */
static void serve_flood(struct peer *peer) {
    cleanup_text struct text event = {0};
    text_append_string(&event, "{\"method\":\"A.flood\",\"params\":{\"data\":\"");
    for (int i = 0; i < 100000; i++)
        text_append_char(&event, 'x');
    text_append_string(&event, "\"}}");
    for (int i = 0; i < 200; i++)
        peer_send_frame(peer, 0x81, event.data, event.length);
    serve_echo(peer);
}

static void both_may_have_much_to_say(void **state) {
    PAIR(pair, serve_flood);
    struct error e = {0};
    cleanup_free char *large = memory_alloc(LARGE_BYTES + 1);
    memset(large, 'y', LARGE_BYTES);
    cleanup_json json_t *result = NULL;
    assert_int_equal(cdp_call(pair.client, NULL, "A.b", json_pack("{s:s}", "data", large), 3 * WAIT_MS, &result, &e),
                     0);
    assert_true(json_string_length(json_object_get(result, "seen")) > LARGE_BYTES);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(calls_carry_session_method_and_params),
        cmocka_unit_test(large_messages_arrive_whole_or_in_fragments),
        cmocka_unit_test(large_messages_are_not_copied_again_and_again),
        cmocka_unit_test(pings_are_answered_while_waiting),
        cmocka_unit_test(a_call_has_a_deadline),
        cmocka_unit_test(something_may_be_done_while_it_waits),
        cmocka_unit_test(a_late_answer_is_not_taken_for_another),
        cmocka_unit_test(the_interrupt_ends_a_wait),
        cmocka_unit_test(a_batch_is_sent_before_it_is_waited_for),
        cmocka_unit_test(errors_of_the_browser_are_told_apart),
        cmocka_unit_test(a_handler_sees_events_and_may_send),
        cmocka_unit_test(a_close_code_tells_why_the_browser_ended),
        cmocka_unit_test(a_broken_connection_ends_calls),
        cmocka_unit_test(garbage_is_an_error),
        cmocka_unit_test(handshakes_are_checked),
        cmocka_unit_test(frames_may_come_with_the_handshake),
        cmocka_unit_test(nobody_listening_is_unavailable),
        cmocka_unit_test(both_may_have_much_to_say),
    };
    char *complaints = NULL;
    signal(SIGPIPE, SIG_IGN);
    return sodium_init() < 0 || config_load(NULL, &complaints) < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
