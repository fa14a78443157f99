/* net: the server side of a WebSocket, with a client made of bytes. */
#include "unit_test.h"

#include "base/io.h"
#include "base/memory.h"
#include "base/text.h"
#include "net/websocket.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define KEY         "dGhlIHNhbXBsZSBub25jZQ==" /* RFC 6455's example */
#define MESSAGE_MAX ((size_t)1 << 20)

static struct {
    uv_loop_t loop;
    struct websocket *ws;
    int client;
    struct text got; /* what the client received */
    char last[64];
    size_t messages, last_length;
    int closed;
} world;

static void message(void *user, struct block *block, size_t length) {
    world.messages++;
    world.last_length = length;
    snprintf(world.last, sizeof(world.last), "%.*s", (int)(length < 60 ? length : 60), block->data);
}

static void writable(void *user) {}

static void closed(void *user) {
    world.closed++;
}

static void receive(void) {
    char data[65536];
    for (ssize_t n; (n = read(world.client, data, sizeof(data))) > 0;)
        text_append(&world.got, data, (size_t)n);
}

static void turn(void) {
    for (int i = 0; i < 6; i++) {
        uv_run(&world.loop, UV_RUN_NOWAIT);
        receive();
    }
}

static void open_with(const char *head, size_t head_length) {
    static const struct websocket_events events = {message, writable, closed};
    int pair[2];
    struct error e;
    memset(&world, 0, sizeof(world));
    uv_loop_init(&world.loop);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    world.client = pair[1];
    io_set_nonblocking(world.client, true);
    assert_int_equal(
        websocket_open(&world.loop, pair[0], KEY, head, head_length, MESSAGE_MAX, &events, NULL, &world.ws, &e), 0);
    websocket_set_reading(world.ws, true);
    turn();
    assert_non_null(strstr(world.got.data, "101 Switching Protocols\r\n"));
    assert_non_null(strstr(world.got.data, "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"));
    text_clear(&world.got);
}

static int set_up(void **state) {
    open_with(NULL, 0);
    return 0;
}

static int tear_down(void **state) {
    if (!world.closed)
        websocket_drop(world.ws);
    uv_run(&world.loop, UV_RUN_DEFAULT);
    assert_int_equal(world.closed, 1);
    assert_int_equal(uv_loop_close(&world.loop), 0);
    close(world.client);
    text_done(&world.got);
    return 0;
}

/* A client's frame, masked with zeros (which leaves the payload readable). */
static void put_frame(struct text *out, int first_byte, const char *data, size_t length) {
    text_append_char(out, (char)first_byte);
    if (length < 126)
        text_append_char(out, (char)(0x80 | length));
    else {
        text_append_char(out, (char)(0x80 | 127));
        for (int shift = 56; shift >= 0; shift -= 8)
            text_append_char(out, (char)((uint64_t)length >> shift));
    }
    text_append(out, "\0\0\0\0", 4);
    text_append(out, data, length);
}

static void send_frame(int first_byte, const char *data, size_t length) {
    cleanup_text struct text frame = {0};
    put_frame(&frame, first_byte, data, length);
    for (size_t sent = 0; sent < frame.length;) {
        ssize_t n = write(world.client, frame.data + sent, frame.length - sent);
        sent += n > 0 ? (size_t)n : 0;
        turn();
        if (n < 0 && errno != EAGAIN)
            return;
    }
}

static int close_code(void) {
    const unsigned char *p = (const unsigned char *)world.got.data;
    return world.got.length >= 4 && p[0] == 0x88 ? p[2] << 8 | p[3] : -1;
}

static void whole_and_fragmented_messages_arrive(void **state) {
    send_frame(0x81, "hello", 5);
    assert_string_equal(world.last, "hello");
    send_frame(0x01, "one ", 4);
    send_frame(0x89, "ping", 4); /* between fragments */
    send_frame(0x80, "two", 3);
    assert_int_equal(world.messages, 2);
    assert_string_equal(world.last, "one two");
    assert_memory_equal(world.got.data, "\x8A\x04ping", 6);
}

static void what_was_read_with_the_request_comes_first(void **state) {
    cleanup_text struct text head = {0};
    put_frame(&head, 0x81, "early", 5);
    put_frame(&head, 0x81, "split", 5);
    open_with(head.data, head.length - 3);
    assert_string_equal(world.last, "early");
    assert_int_equal(write(world.client, "lit", 3), 3);
    turn();
    assert_string_equal(world.last, "split");
}

static void large_messages_arrive_whole(void **state) {
    cleanup_free char *large = memory_alloc(MESSAGE_MAX);
    memset(large, 'x', MESSAGE_MAX);
    send_frame(0x81, large, MESSAGE_MAX);
    assert_int_equal(world.last_length, MESSAGE_MAX);
    send_frame(0x81, "small", 5);
    assert_string_equal(world.last, "small");
}

static void too_large_messages_end_it(void **state) {
    cleanup_free char *large = memory_alloc(MESSAGE_MAX + 1);
    memset(large, 'x', MESSAGE_MAX + 1);
    send_frame(0x01, large, MESSAGE_MAX - 1); /* in two fragments */
    send_frame(0x80, large, 2);
    assert_int_equal(world.messages, 0);
    assert_int_equal(close_code(), WEBSOCKET_TOO_BIG);
}

static void one_frame_too_large_ends_it(void **state) {
    /* only the frame's head and one byte: the length is enough */
    assert_int_equal(write(world.client, "\x81\xFF\0\0\0\1\0\0\0\0\0\0\0\0x", 15), 15);
    turn();
    assert_int_equal(close_code(), WEBSOCKET_TOO_BIG);
}

static void bad_utf8_ends_it(void **state) {
    send_frame(0x81, "\xC0\x80", 2);
    assert_int_equal(world.messages, 0);
    assert_int_equal(close_code(), 1007);
}

static void binary_messages_end_it(void **state) {
    send_frame(0x82, "x", 1);
    assert_int_equal(world.messages, 0);
    assert_int_equal(close_code(), WEBSOCKET_UNSUPPORTED);
}

static void broken_frames_end_it(void **state) {
    send_frame(0xC1, "x", 1); /* a reserved bit */
    assert_int_equal(world.messages, 0);
    assert_int_equal(close_code(), WEBSOCKET_PROTOCOL_ERROR);
}

static void goodbyes_are_answered(void **state) {
    send_frame(0x88, "\x03\xE8", 2);
    turn();
    assert_int_equal(close_code(), WEBSOCKET_NORMAL);
    uv_run(&world.loop, UV_RUN_DEFAULT);
    assert_int_equal(world.closed, 1);
}

static void goodbyes_carry_code_and_reason_after_what_is_queued(void **state) {
    const uv_buf_t part = uv_buf_init((char *)"last", 4);
    websocket_send_text(world.ws, &part, 1, NULL);
    websocket_close(world.ws, 4006, "oom");
    websocket_send_text(world.ws, &part, 1, NULL); /* nothing follows a close frame */
    turn();
    assert_int_equal(world.got.length, 2 + 4 + 2 + 2 + 3);
    assert_memory_equal(world.got.data, "\x81\x04last\x88\x05\x0F\xA6oom", world.got.length);
    send_frame(0x81, "late", 4);
    assert_int_equal(world.messages, 0);
    send_frame(0x88, "\x0F\xA6", 2);
    uv_run(&world.loop, UV_RUN_DEFAULT);
    assert_int_equal(world.closed, 1);
}

static void a_goodbye_without_an_answer_ends_too(void **state) {
    websocket_close(world.ws, WEBSOCKET_GOING_AWAY, "");
    uv_run(&world.loop, UV_RUN_DEFAULT);
    assert_int_equal(world.closed, 1);
}

static void a_slow_reader_gets_everything_in_order(void **state) {
    struct block *block = block_new(MESSAGE_MAX);
    memset(block->data, 'z', MESSAGE_MAX);
    const uv_buf_t parts[] = {uv_buf_init((char *)"<", 1), uv_buf_init(block->data, MESSAGE_MAX)};
    websocket_send_text(world.ws, parts, 2, block);
    websocket_send_text(world.ws, parts, 1, NULL);
    block_unref(block);
    assert_true(websocket_queued(world.ws) > MESSAGE_MAX / 4);
    for (int i = 0; i < 1000 && world.got.length < MESSAGE_MAX + 14; i++)
        turn();
    assert_int_equal(world.got.length, 10 + 1 + MESSAGE_MAX + 3);
    assert_memory_equal(world.got.data, "\x81\x7F\0\0\0\0\0\x10\0\1<z", 12);
    assert_memory_equal(world.got.data + world.got.length - 4, "z\x81\x01<", 4);
    assert_int_equal(websocket_queued(world.ws), 0);
}

static void a_client_that_vanishes_is_noticed(void **state) {
    shutdown(world.client, SHUT_RDWR);
    turn();
    assert_int_equal(world.closed, 1);
}

static void a_bad_key_is_refused(void **state) {
    static const struct websocket_events events = {message, writable, closed};
    struct websocket *ws = NULL;
    struct error e;
    uv_loop_t loop;
    int pair[2];
    memset(&world, 0, sizeof(world));
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    uv_loop_init(&loop);
    assert_int_equal(websocket_open(&loop, pair[0], "short", NULL, 0, 100, &events, NULL, &ws, &e), -EINVAL);
    uv_run(&loop, UV_RUN_DEFAULT);
    uv_loop_close(&loop);
    assert_null(ws);
    assert_int_equal(world.closed, 0);
    char byte;
    assert_int_equal(read(pair[1], &byte, 1), 0); /* closed, nothing said */
    close(pair[1]);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(whole_and_fragmented_messages_arrive),
        cmocka_unit_test_teardown(what_was_read_with_the_request_comes_first, tear_down),
        TEST(large_messages_arrive_whole),
        TEST(too_large_messages_end_it),
        TEST(one_frame_too_large_ends_it),
        TEST(bad_utf8_ends_it),
        TEST(binary_messages_end_it),
        TEST(broken_frames_end_it),
        TEST(goodbyes_are_answered),
        TEST(goodbyes_carry_code_and_reason_after_what_is_queued),
        TEST(a_goodbye_without_an_answer_ends_too),
        TEST(a_slow_reader_gets_everything_in_order),
        TEST(a_client_that_vanishes_is_noticed),
        cmocka_unit_test(a_bad_key_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
