/* The engine's parts that need no browser: percentiles, the check of a lease, message channels. */
#include "unit_test.h"

#include "base/clock.h"
#include "base/config.h"
#include "base/io.h"
#include "base/memory.h"
#include "browsers/engine/channel.h"
#include "browsers/engine/durations.h"
#include "browsers/engine/lease.h"
#include "browsers/engine/memory_pressure.h"
#include "browsers/engine/pool.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void percentiles_are_of_the_last_durations(void **state) {
    struct durations durations = {0};
    assert_int_equal(durations_percentile(&durations, 0.5), 0);
    durations_add(&durations, 7);
    assert_int_equal(durations_percentile(&durations, 0.99), 7);
    for (int i = 0; i < 5 * DURATIONS_KEPT; i++)
        durations_add(&durations, i % 100);
    assert_in_range(durations_percentile(&durations, 0.5), 45, 55);
    assert_in_range(durations_percentile(&durations, 0.99), 97, 99);
    durations_add(&durations, INT64_MAX);
    assert_int_equal(durations_percentile(&durations, 1), INT32_MAX);
}

static void leases_are_checked(void **state) {
    static const struct {
        const char *json;
        int outcome;
    } cases[] = {
        {"{}", 0},
        {"{\"user_id\":null,\"memory_mb\":512,\"cpus\":0.5,\"queue_ms\":0}", 0},
        {"[]", -EINVAL},
        {"null", -EINVAL},
        {"{\"user_id\":5}", -EINVAL},
        {"{\"memory_mb\":1}", -EINVAL},
        {"{\"memory_mb\":512.5}", -EINVAL},
        {"{\"memory_mb\":8193}", -EINVAL},
        {"{\"memory_mb\":\"512\"}", -EINVAL},
        {"{\"cpus\":1e9}", -EINVAL},
        {"{\"idle_ms\":-1}", -EINVAL},
        {"{\"timeout_ms\":1e300}", -EINVAL},
    };
    struct error e;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        cleanup_json json_t *lease = NULL;
        assert_int_equal(json_parse(cases[i].json, strlen(cases[i].json), "case", &lease, &e), 0);
        if (lease_check(lease, &e) != cases[i].outcome)
            fail_msg("%s", cases[i].json);
    }
    assert_int_equal(lease_check(NULL, &e), -EINVAL);
}

static void memory_is_looked_at(void **state) {
    assert_non_null(memory_pressure_objection(INT64_MAX / 2048));
}

static struct {
    int messages, lost;
    char last[64];
    int fd;
} seen;

static void on_message(void *user, const char *data, size_t length, int fd) {
    seen.messages++;
    snprintf(seen.last, sizeof seen.last, "%s", data);
    if (fd >= 0)
        seen.fd = fd;
}

static void on_lost(void *user) {
    seen.lost++;
}

static const struct channel_events events = {on_message, on_lost};

static void turn(uv_loop_t *loop, int times) {
    while (times--)
        uv_run(loop, UV_RUN_NOWAIT);
}

static void channels_keep_messages_whole_and_in_order(void **state) {
    uv_loop_t loop;
    struct channel *channel = NULL;
    int ends[2], pipe_ends[2], count = 0, value, fd = -1;
    size_t fds = 1;
    char data[64] = "";
    memset(&seen, 0, sizeof seen);
    uv_loop_init(&loop);
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
    assert_int_equal(channel_open(&loop, ends[1], &events, NULL, &channel), 0);
    for (int i = 0; i < 2000; i++) { /* more than the socket takes */
        int n = snprintf(data, sizeof data, "%d", i);
        assert_int_equal(channel_send(channel, data, (size_t)n, -1), 0);
    }
    assert_int_equal(pipe2(pipe_ends, O_CLOEXEC), 0);
    assert_int_equal(channel_send(channel, "fd", 2, pipe_ends[1]), 0);
    io_set_nonblocking(ends[0], true);
    for (ssize_t n; count < 2000; count++) {
        while ((n = io_receive_message(ends[0], data, sizeof data - 1, NULL, NULL)) == -EAGAIN)
            turn(&loop, 1);
        data[n] = '\0';
        assert_int_equal(sscanf(data, "%d", &value), 1);
        assert_int_equal(value, count);
    }
    turn(&loop, 2);
    assert_int_equal(io_receive_message(ends[0], data, sizeof data, &fd, &fds), 2);
    assert_int_equal(write(fd, "x", 1), 1);
    assert_int_equal(read(pipe_ends[0], data, 1), 1);
    close(fd);
    close(pipe_ends[0]);
    io_send_message(ends[0], "one", 3, NULL, 0);
    io_send_message(ends[0], "two", 3, NULL, 0);
    close(ends[0]);
    turn(&loop, 3);
    assert_int_equal(seen.messages, 2);
    assert_string_equal(seen.last, "two");
    assert_int_equal(seen.lost, 1);
    channel_close(channel);
    turn(&loop, 2);
    assert_int_equal(uv_loop_close(&loop), 0);
}

static void a_peer_that_never_reads_loses_the_channel(void **state) {
    uv_loop_t loop;
    struct channel *channel = NULL;
    int ends[2], r = 0, sent = 0;
    char data[1024] = "";
    memset(&seen, 0, sizeof seen);
    uv_loop_init(&loop);
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
    assert_int_equal(channel_open(&loop, ends[1], &events, NULL, &channel), 0);
    for (; !r && sent < 2 * CHANNEL_QUEUE_MAX; sent++)
        r = channel_send(channel, data, sizeof data, -1);
    assert_int_equal(r, -EPIPE);
    turn(&loop, 3);
    assert_int_equal(seen.lost, 1);
    channel_close(channel);
    turn(&loop, 2);
    close(ends[0]);
    assert_int_equal(uv_loop_close(&loop), 0);
}

/* The queue, without a launcher. Whoever is turned away may ask again at once, as a pipelined request does. */
static struct {
    struct pool *pool;
    int refused, again;
} queue;

static void on_granted(void *user, struct browser *browser, bool fresh) {
    fail_msg("there is no browser to grant");
}

static void ask(const char *id, int queue_ms);

static void on_refused(void *user, const struct error *error, size_t position) {
    queue.refused++;
    if (queue.again-- > 0)
        ask("again", 0);
}

static void ask(const char *id, int queue_ms) {
    json_t *claims = json_pack("{s:s, s:{s:i}}", "jti", id, "lease", "queue_ms", queue_ms);
    lease_ask(queue.pool, "ticket", claims, -1, on_granted, on_refused, NULL);
}

static void who_is_turned_away_may_ask_again_at_once(void **state) {
    uv_loop_t loop;
    memset(&queue, 0, sizeof queue);
    uv_loop_init(&loop);
    queue.pool = pool_new(&loop, "/nonexistent/launcher.sock");
    for (int i = 0; i < 3; i++)
        ask("first", 20);
    assert_int_equal(queue.refused, 0);
    usleep(30000);
    queue.again = 2;
    pool_balance(queue.pool);
    assert_int_equal(queue.refused, 5);
    assert_int_equal(queue.pool->queue.waiting, 0);
    pool_free(queue.pool);
    uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&loop), 0);
}

static void a_pool_that_stops_turns_everybody_away(void **state) {
    uv_loop_t loop;
    memset(&queue, 0, sizeof queue);
    uv_loop_init(&loop);
    queue.pool = pool_new(&loop, "/nonexistent/launcher.sock");
    ask("before", 60000);
    pool_stop(queue.pool);
    assert_int_equal(queue.refused, 1);
    ask("after", 60000);
    assert_int_equal(queue.refused, 2);
    pool_free(queue.pool);
    uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&loop), 0);
}

static void a_keeper_that_does_not_answer_loses_its_browser(void **state) {
    uv_loop_t loop;
    struct error e;
    char folder[] = "/tmp/engine-test-XXXXXX";
    memset(&queue, 0, sizeof queue);
    assert_non_null(mkdtemp(folder));
    assert_int_equal(config_set(CONFIG_RUN_DIR, folder, &e), 0);
    cleanup_free char *keepers = memory_print("%s/keepers", folder);
    cleanup_free char *path = memory_print("%s/one.sock", keepers);
    assert_int_equal(io_make_dirs(keepers, 0700, &e), 0);
    int keeper = io_unix_listen(path, SOCK_SEQPACKET, 0600, getuid(), getgid(), &e); /* nobody accepts */
    assert_true(keeper >= 0);
    uv_loop_init(&loop);
    queue.pool = pool_new(&loop, "/nonexistent/launcher.sock");
    struct browser *browser = pool_add(queue.pool, "one", BROWSER_WARM);
    pool_connect_keeper(browser);
    ask("lease", 60000);
    assert_int_equal(browser->state, BROWSER_LEASED);
    assert_int_equal(queue.pool->queue.waiting, 0);
    for (int i = 0; i < 2 * POOL_SILENT_TICKS_LEASING; i++)
        pool_look_after(browser, clock_monotonic_ms());
    assert_int_equal(browser->state, BROWSER_CLOSING);
    assert_int_equal(queue.pool->queue.waiting, 1); /* for another browser */
    pool_free(queue.pool);
    uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&loop), 0);
    close(keeper);
    io_remove_tree(folder);
}

/* The next request of that operation, from a pool whose launcher the test plays. */
static struct launcher_request next_request(uv_loop_t *loop, int launcher, enum launcher_operation operation) {
    struct launcher_request request = {0};
    for (int i = 0; i < 2000; i++) {
        turn(loop, 1);
        if (io_receive_message(launcher, &request, sizeof request, NULL, NULL) == sizeof request &&
            request.operation == operation)
            return request;
        usleep(1000);
    }
    fail_msg("the launcher was not asked");
    return request;
}

static void what_the_launcher_makes_too_late_is_ended(void **state) {
    uv_loop_t loop;
    struct error e;
    char path[64];
    memset(&queue, 0, sizeof queue);
    snprintf(path, sizeof path, "/tmp/engine-test-%d.sock", getpid());
    int listener = io_unix_listen(path, SOCK_SEQPACKET | SOCK_NONBLOCK, 0600, getuid(), getgid(), &e), launcher;
    uv_loop_init(&loop);
    queue.pool = pool_new(&loop, path);
    while ((launcher = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK)) < 0)
        turn(&loop, 1);
    next_request(&loop, launcher, LAUNCHER_LIST);
    pool_start_browser(queue.pool, NULL);
    struct launcher_request create = next_request(&loop, launcher, LAUNCHER_CREATE);
    struct launcher_reply late = {.operation = create.operation, .serial = create.serial, .status = -ETIMEDOUT};
    assert_true(io_send_message(launcher, &late, sizeof late, NULL, 0) > 0);
    struct launcher_request destroy = next_request(&loop, launcher, LAUNCHER_DESTROY);
    assert_string_equal(destroy.browser_id, create.browser_id);
    pool_free(queue.pool);
    uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&loop), 0);
    close(launcher);
    close(listener);
    unlink(path);
}

static void a_browser_is_listed_whatever_it_says_of_itself(void **state) {
    struct browser browser = {.id = "one", .state = BROWSER_WARM, .version = "Chrome\xE2\x82"};
    cleanup_json json_t *object = browser_to_json(&browser);
    assert_string_equal(json_text_or(object, "id", ""), "one");
}

/* One that never stops talking must not keep the loop from everybody else. */
static void a_peer_that_never_stops_talking_gets_its_turn_only(void **state) {
    uv_loop_t loop;
    struct channel *channel = NULL;
    int ends[2];
    memset(&seen, 0, sizeof seen);
    uv_loop_init(&loop);
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
    assert_int_equal(channel_open(&loop, ends[1], &events, NULL, &channel), 0);
    io_set_nonblocking(ends[0], true);
    while (io_send_message(ends[0], "x", 1, NULL, 0) > 0)
        ;
    turn(&loop, 1);
    assert_in_range(seen.messages, 1, CHANNEL_MESSAGES_AT_ONCE);
    channel_close(channel);
    turn(&loop, 2);
    close(ends[0]);
    assert_int_equal(uv_loop_close(&loop), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(percentiles_are_of_the_last_durations),
        cmocka_unit_test(leases_are_checked),
        cmocka_unit_test(memory_is_looked_at),
        cmocka_unit_test(channels_keep_messages_whole_and_in_order),
        cmocka_unit_test(a_peer_that_never_reads_loses_the_channel),
        cmocka_unit_test(a_peer_that_never_stops_talking_gets_its_turn_only),
        cmocka_unit_test(a_keeper_that_does_not_answer_loses_its_browser),
        cmocka_unit_test(what_the_launcher_makes_too_late_is_ended),
        cmocka_unit_test(a_browser_is_listed_whatever_it_says_of_itself),
        cmocka_unit_test(who_is_turned_away_may_ask_again_at_once),
        cmocka_unit_test(a_pool_that_stops_turns_everybody_away),
    };
    cleanup_free char *complaints = NULL;
    return config_load(NULL, &complaints) < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
