/* keeper: the browser's pipe and the memory cgroup's files. */
#include "unit_test.h"

#include "base/io.h"
#include "base/memory.h"
#include "browsers/keeper/browser_pipe.h"
#include "browsers/keeper/memory_watch.h"
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MESSAGE_MAX ((size_t)1 << 20)

static struct {
    uv_loop_t loop;
    struct browser_pipe pipe;
    int to_us, from_us; /* the browser's ends */
    char last[64];
    size_t count, last_length, too_large, ended;
    int64_t too_large_id;
    struct block *kept;
    bool keep;
} world;

static void message(void *user, const char *text, size_t length, struct block *block) {
    world.count++;
    world.last_length = length;
    snprintf(world.last, sizeof(world.last), "%.*s", (int)(length < 60 ? length : 60), text);
    if (world.keep && !world.kept)
        world.kept = block_ref(block);
}

static void too_large(void *user, int64_t id) {
    world.too_large++;
    world.too_large_id = id;
}

static void writable(void *user) {}

static void ended(void *user) {
    world.ended++;
}

static int set_up(void **state) {
    static const struct browser_pipe_events events = {message, too_large, writable, ended};
    int a[2], b[2];
    struct error e;
    memset(&world, 0, sizeof(world));
    if (pipe(a) < 0 || pipe(b) < 0)
        return -1;
    world.to_us = a[1];
    world.from_us = b[0];
    io_set_nonblocking(world.to_us, true);
    uv_loop_init(&world.loop);
    return browser_pipe_open(&world.pipe, &world.loop, b[1], a[0], MESSAGE_MAX, &events, NULL, &e);
}

static int tear_down(void **state) {
    browser_pipe_close(&world.pipe);
    uv_run(&world.loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&world.loop), 0);
    block_unref(world.kept);
    close(world.to_us);
    close(world.from_us);
    return 0;
}

static void turn(void) {
    for (int i = 0; i < 4; i++)
        uv_run(&world.loop, UV_RUN_NOWAIT);
}

static void say(const void *data, size_t length) {
    for (const char *p = data; length;) {
        ssize_t n = write(world.to_us, p, length);
        if (n > 0) {
            p += n;
            length -= (size_t)n;
        }
        turn();
    }
}

static void messages_are_cut_at_nul(void **state) {
    say("{\"id\":1}", 9);
    assert_int_equal(world.count, 1);
    assert_string_equal(world.last, "{\"id\":1}");
    say("{\"a\"", 4);
    assert_int_equal(world.count, 1);
    say(":2}\0{}\0{\"b\"", 11);
    assert_int_equal(world.count, 3);
    assert_string_equal(world.last, "{}");
    say(":3}", 4);
    assert_string_equal(world.last, "{\"b\":3}");
}

static void a_large_message_is_whole_and_its_memory_is_given_back(void **state) {
    cleanup_free char *large = memory_alloc(MESSAGE_MAX);
    memset(large, 'x', MESSAGE_MAX - 1);
    say(large, MESSAGE_MAX);
    assert_int_equal(world.count, 1);
    assert_int_equal(world.last_length, MESSAGE_MAX - 1);
    assert_null(world.pipe.block);
}

static void a_kept_block_is_left_alone(void **state) {
    world.keep = true;
    say("first\0sec", 9);
    assert_non_null(world.kept);
    say("ond", 4);
    assert_string_equal(world.last, "second");
    assert_memory_equal(world.kept->data, "first\0sec", 9);
}

static void a_message_beyond_the_limit_is_skipped(void **state) {
    cleanup_free char *large = memory_alloc(3 * MESSAGE_MAX);
    memset(large, 'x', 3 * MESSAGE_MAX - 1);
    memcpy(large, "{\"id\":77,\"result\":", 18);
    say(large, 3 * MESSAGE_MAX);
    assert_int_equal(world.count, 0);
    assert_int_equal(world.too_large, 1);
    assert_int_equal(world.too_large_id, 77);
    say("next", 5);
    assert_string_equal(world.last, "next");
    memcpy(large, "{\"method\":\"A.b\",\"p", 18);
    say(large, 3 * MESSAGE_MAX);
    assert_int_equal(world.too_large, 2);
    assert_int_equal(world.too_large_id, -1);
}

static void the_end_is_told_once(void **state) {
    say("half", 4);
    close(world.to_us);
    world.to_us = -1;
    turn();
    assert_int_equal(world.ended, 1);
    assert_int_equal(world.count, 0);
}

static void writes_arrive_in_order_and_whole(void **state) {
    struct block *block = block_new(MESSAGE_MAX);
    cleanup_free char *got = memory_alloc(MESSAGE_MAX + 16);
    memset(block->data, 'y', MESSAGE_MAX);
    const uv_buf_t parts[] = {uv_buf_init((char *)"<", 1), uv_buf_init(block->data, MESSAGE_MAX),
                              uv_buf_init((char *)">", 2)};
    browser_pipe_write(&world.pipe, parts, ARRAY_LENGTH(parts), block);
    browser_pipe_write(&world.pipe, parts, 1, NULL);
    block_unref(block);
    assert_true(browser_pipe_queued(&world.pipe) > 0);
    io_set_nonblocking(world.from_us, true);
    for (size_t length = 0; length < MESSAGE_MAX + 4;) {
        ssize_t n = read(world.from_us, got + length, MESSAGE_MAX + 16 - length);
        length += n > 0 ? (size_t)n : 0;
        turn();
    }
    assert_int_equal(got[0], '<');
    assert_int_equal(got[MESSAGE_MAX], 'y');
    assert_memory_equal(got + MESSAGE_MAX + 1, ">\0<", 3);
    assert_int_equal(browser_pipe_queued(&world.pipe), 0);
}

static void memory_files_of_both_versions_are_read(void **state) {
    char folder[] = "/tmp/keeper-memory-XXXXXX";
    struct memory_counts counts = {.oom_kills = 9};
    assert_non_null(mkdtemp(folder));
    cleanup_close int dir = open(folder, O_RDONLY | O_DIRECTORY);
    memory_watch_read(dir, &counts);
    assert_int_equal(counts.oom_kills, 0);
    cleanup_free char *events = memory_print("%s/memory.events", folder),
                      *pressure = memory_print("%s/memory.pressure", folder),
                      *failures = memory_print("%s/memory.failcnt", folder),
                      *control = memory_print("%s/memory.oom_control", folder);
    static const char v2[] = "low 0\nhigh 0\nmax 41\noom 3\noom_kill 2\noom_group_kill 0\n";
    static const char stall[] = "some avg10=99.00 avg60=1.00 avg300=0.1 total=5\nfull avg10=61.50 avg60=0 avg300=0 "
                                "total=4\n";
    assert_int_equal(io_write_file(events, 0600, v2, strlen(v2), NULL), 0);
    assert_int_equal(io_write_file(pressure, 0600, stall, strlen(stall), NULL), 0);
    memory_watch_read(dir, &counts);
    assert_int_equal(counts.at_limit, 41);
    assert_int_equal(counts.oom_kills, 2);
    assert_true(counts.stalled > 61 && counts.stalled < 62);
    assert_int_equal(io_write_file(failures, 0600, "7\n", 2, NULL), 0);
    static const char v1[] = "oom_kill_disable 0\nunder_oom 0\noom_kill 5\n";
    assert_int_equal(io_write_file(control, 0600, v1, strlen(v1), NULL), 0);
    memory_watch_read(dir, &counts);
    assert_int_equal(counts.at_limit, 7);
    assert_int_equal(counts.oom_kills, 5);
    io_remove_tree(folder);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(messages_are_cut_at_nul),
        TEST(a_large_message_is_whole_and_its_memory_is_given_back),
        TEST(a_kept_block_is_left_alone),
        TEST(a_message_beyond_the_limit_is_skipped),
        TEST(the_end_is_told_once),
        TEST(writes_arrive_in_order_and_whole),
        cmocka_unit_test(memory_files_of_both_versions_are_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
