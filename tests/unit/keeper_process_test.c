/* keeper: the whole process around a browser that the test plays, for what a real one does not do on command. The first
 * argument is the binary. */
#include "unit_test.h"

#include "base/clock.h"
#include "base/io.h"
#include "base/memory.h"
#include "base/process.h"
#include "base/text.h"
#include "base/ticket.h"
#include "browsers/protocol/end_reason.h"
#include "browsers/protocol/keeper_protocol.h"
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define BROWSER_ID "0190a0a4-0000-7000-8000-000000000001"
#define SECRET     "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static const char *binary;

static struct {
    char folder[64];
    struct ticket_key key;
    int from_keeper, to_keeper, control, pidfd;
    struct text heard; /* what the keeper wrote to the browser and has not been looked at */
} world;

static void put_file(const char *name, const char *text) {
    cleanup_free char *path = memory_print("%s/%s", world.folder, name);
    assert_int_equal(io_write_file(path, 0600, text, strlen(text), NULL), 0);
}

static int listen_anywhere(void) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(listen(fd, 4), 0);
    return fd;
}

static void spawn(const int fds[5]) {
    struct error e;
    pid_t pid;
    cleanup_free char *key = memory_print("TICKET_PUBLIC_KEY=%s", world.key.public_hex);
    const char *sanitizer = getenv("ASAN_OPTIONS");
    cleanup_free char *options = memory_print("ASAN_OPTIONS=%s", sanitizer ? sanitizer : "");
    char *environment[] = {key,
                           options,
                           "REPLINET_ENV=/nonexistent",
                           "BROWSER_START_SECONDS=3",
                           "BROWSER_PING_SECONDS=1",
                           "BROWSER_PING_TIMEOUT_SECONDS=8",
                           "LOG_LEVEL=error",
                           NULL};
    char *arguments[] = {"replinet", "keeper", BROWSER_ID, NULL};
    struct process_spec spec = {.path = binary,
                                .arguments = arguments,
                                .environment = environment,
                                .death_signal = SIGKILL,
                                .stdin_fd = -1,
                                .stdout_fd = -1,
                                .stderr_fd = -1,
                                .fds = fds,
                                .fd_count = 5};
    if (process_spawn(&spec, &pid, &world.pidfd, &e) < 0)
        fail_msg("%s", e.text);
}

static int set_up(void **state) {
    int down[2], up[2];
    struct error e;
    memset(&world, 0, sizeof(world));
    strcpy(world.folder, "/tmp/keeper-process-XXXXXX");
    assert_non_null(mkdtemp(world.folder));
    assert_int_equal(ticket_derive_key(SECRET, &world.key, &e), 0);
    put_file("memory.failcnt", "0\n");
    put_file("memory.oom_control", "oom_kill_disable 0\nunder_oom 0\noom_kill 0\n");
    assert_int_equal(pipe2(down, O_CLOEXEC), 0);
    assert_int_equal(pipe2(up, O_CLOEXEC), 0);
    cleanup_free char *path = memory_print("%s/control", world.folder);
    cleanup_close int control = io_unix_listen(path, SOCK_SEQPACKET, 0600, getuid(), getgid(), &e);
    cleanup_close int memory = open(world.folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC), gate = listen_anywhere();
    spawn((const int[]){down[1], up[0], gate, control, memory});
    close(down[1]);
    close(up[0]);
    world.from_keeper = down[0];
    world.to_keeper = up[1];
    io_set_nonblocking(world.from_keeper, true);
    world.control = io_unix_connect(path, SOCK_SEQPACKET, &e);
    assert_true(world.control >= 0);
    return 0;
}

static int tear_down(void **state) {
    process_stop(world.pidfd, 0);
    close(world.pidfd);
    close(world.from_keeper);
    close(world.to_keeper);
    close(world.control);
    text_done(&world.heard);
    io_remove_tree(world.folder);
    return 0;
}

/* The next control message that contains `text`. */
static void hear(const char *text) {
    char message[8192];
    for (int64_t deadline = clock_deadline(10000);;) {
        struct pollfd wait = {world.control, POLLIN, 0};
        assert_true(poll(&wait, 1, clock_remaining_ms(deadline)) > 0);
        size_t none = 0;
        ssize_t n = io_receive_message(world.control, message, sizeof(message) - 1, NULL, &none);
        if (n <= 0)
            fail_msg("the keeper hung up before it said %s", text);
        message[n] = '\0';
        if (strstr(message, text))
            return;
    }
}

static void tell(const char *message) {
    assert_true(io_send_message(world.control, message, strlen(message), NULL, 0) > 0);
}

/* Answers the keeper's calls as Chromium would, for a while. */
static void play_browser(int64_t ms) {
    for (int64_t deadline = clock_deadline(ms); clock_remaining_ms(deadline) > 0;) {
        char data[4096];
        struct pollfd wait = {world.from_keeper, POLLIN, 0};
        if (poll(&wait, 1, clock_remaining_ms(deadline)) <= 0)
            return;
        ssize_t n = read(world.from_keeper, data, sizeof(data));
        if (n <= 0)
            return;
        text_append(&world.heard, data, (size_t)n);
        for (char *end; (end = memchr(world.heard.data, '\0', world.heard.length));) {
            const char *id = strstr(world.heard.data, "\"id\":");
            cleanup_free char *answer =
                memory_print("{\"id\":%lld,\"result\":{\"product\":\"Chrome/1\",\"sessionId\":\"S%lld\"}}",
                             strtoll(id + 5, NULL, 10), strtoll(id + 5, NULL, 10));
            (void)!write(world.to_keeper, answer, strlen(answer) + 1);
            size_t used = (size_t)(end - world.heard.data) + 1;
            memmove(world.heard.data, end + 1, world.heard.length - used + 1);
            world.heard.length -= used;
        }
    }
}

/* The state messages wait in the socket, so playing on until one is there takes as long as the machine needs. */
static void become_warm(void) {
    hear("\"state\":\"starting\"");
    struct pollfd state = {world.control, POLLIN, 0};
    for (int64_t deadline = clock_deadline(10000); clock_remaining_ms(deadline) > 0 && poll(&state, 1, 0) == 0;)
        play_browser(20);
    hear("\"state\":\"warm\"");
}

static void lease_with(const char *jti, const char *expect) {
    struct error e;
    cleanup_json json_t *claims =
        json_pack("{s:s, s:s, s:{s:i}}", "scope", "lease", "jti", jti, "lease", "idle_ms", 60000);
    cleanup_free char *ticket = NULL;
    assert_int_equal(ticket_sign(&world.key, claims, 60, &ticket, &e), 0);
    cleanup_free char *message = memory_print("{\"op\":\"lease\",\"ticket\":\"%s\"}", ticket);
    tell(message);
    hear(expect);
}

static void ends_with(enum end_reason reason, int64_t within_ms) {
    int status = 0;
    if (process_wait(world.pidfd, clock_deadline(within_ms), &status) < 0)
        fail_msg("the keeper did not end with %s", end_reason_name(reason));
    assert_string_equal(end_reason_name(end_reason_from_status(status)), end_reason_name(reason));
}

static void a_silent_browser_is_a_failed_start(void **state) {
    hear("\"state\":\"starting\"");
    ends_with(END_REASON_START_FAILED, 10000);
}

static void a_browser_that_ends_at_once_is_a_failed_start(void **state) {
    close(world.to_keeper);
    world.to_keeper = -1;
    ends_with(END_REASON_START_FAILED, 5000);
}

static void a_lease_is_taken_once(void **state) {
    become_warm();
    lease_with("one", "\"op\":\"lease\",\"ok\":true");
    lease_with("one", "\"op\":\"lease\",\"ok\":true");
    lease_with("two", "\"code\":\"conflict\"");
    tell("{\"op\":\"lease\",\"ticket\":\"forged.forged\"}");
    hear("\"code\":\"unauthenticated\"");
    tell("{\"op\":\"sleep\"}");
    hear("\"code\":\"conflict\"");
    tell("{\"op\":\"attach\",\"ticket\":\"x\",\"key\":\"\",\"head\":\"\"}");
    hear("without a socket");
    tell("nonsense");
    hear("\"ok\":false");
    tell("{\"op\":\"end\",\"reason\":\"killed\"}");
    ends_with(END_REASON_KILLED, 5000);
}

static void a_sleeping_browser_is_not_pinged(void **state) {
    become_warm();
    tell("{\"op\":\"sleep\"}");
    hear("\"op\":\"sleep\",\"ok\":true");
    play_browser(100);
    struct pollfd wait = {world.from_keeper, POLLIN, 0};
    assert_int_equal(poll(&wait, 1, 2500), 0);
    lease_with("one", "\"ok\":true");
    assert_int_equal(poll(&wait, 1, 2500), 1);
}

static void a_browser_without_answers_is_unresponsive(void **state) {
    become_warm();
    lease_with("one", "\"ok\":true");
    ends_with(END_REASON_UNRESPONSIVE, 15000);
}

static void thrashing_at_the_limit_is_out_of_memory(void **state) {
    become_warm();
    lease_with("one", "\"ok\":true");
    for (int i = 1; i <= 20; i++) {
        char count[32];
        snprintf(count, sizeof(count), "%d\n", i * 100);
        put_file("memory.failcnt", count);
        clock_sleep_ms(100);
    }
    ends_with(END_REASON_OOM, 12000);
}

static void meeting_the_limit_with_answers_is_no_matter(void **state) {
    become_warm();
    lease_with("one", "\"ok\":true");
    put_file("memory.failcnt", "100000\n");
    play_browser(7000);
    int status;
    assert_int_equal(process_wait(world.pidfd, clock_deadline(0), &status), -ETIMEDOUT);
}

static void a_killed_process_of_the_container_is_out_of_memory(void **state) {
    become_warm();
    lease_with("one", "\"ok\":true");
    put_file("memory.oom_control", "oom_kill_disable 0\nunder_oom 0\noom_kill 1\n");
    close(world.to_keeper);
    world.to_keeper = -1;
    ends_with(END_REASON_OOM, 5000);
}

static void a_browser_that_ends_by_itself_crashed(void **state) {
    become_warm();
    lease_with("one", "\"ok\":true");
    close(world.to_keeper);
    world.to_keeper = -1;
    ends_with(END_REASON_CRASH, 5000);
}

static void sigterm_ends_it_quickly(void **state) {
    become_warm();
    lease_with("one", "\"ok\":true");
    process_signal(world.pidfd, SIGTERM);
    ends_with(END_REASON_SHUTDOWN, 5000);
}

static void a_new_engine_replaces_the_old(void **state) {
    struct error e;
    become_warm();
    cleanup_free char *path = memory_print("%s/control", world.folder);
    int second = io_unix_connect(path, SOCK_SEQPACKET, &e), first = world.control;
    assert_true(second >= 0);
    char byte;
    for (int i = 0; i < 100 && recv(first, &byte, 1, 0) > 0;)
        i++;
    assert_int_equal(recv(first, &byte, 1, 0), 0); /* hung up */
    close(first);
    world.control = second;
    hear("\"state\":\"warm\"");
    lease_with("one", "\"ok\":true");
}

/* A client of the keeper: our end of a socket that was handed over as the engine does. */
static int attach_client(void) {
    struct error e;
    char answer[512] = "";
    int ends[2];
    cleanup_json json_t *claims = json_pack("{s:s, s:s}", "scope", "cdp", "browser", BROWSER_ID);
    cleanup_free char *ticket = NULL;
    assert_int_equal(ticket_sign(&world.key, claims, 60, &ticket, &e), 0);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends), 0);
    cleanup_free char *message = memory_print(
        "{\"op\":\"attach\",\"ticket\":\"%s\",\"key\":\"dGhlIHNhbXBsZSBub25jZQ==\",\"head\":\"\"}", ticket);
    assert_true(io_send_message(world.control, message, strlen(message), &ends[1], 1) > 0);
    close(ends[1]);
    hear("\"op\":\"attach\",\"ok\":true");
    play_browser(300);
    assert_true(read(ends[0], answer, sizeof(answer) - 1) > 0);
    assert_non_null(strstr(answer, " 101 "));
    return ends[0];
}

/* Each of its messages causes an answer; were they read on, the keeper would grow until it is dropped. */
static void a_client_that_only_sends_is_not_read_on(void **state) {
    static const char frame[] = "\x81\x81\0\0\0\0x"; /* a masked text frame: "x", which is no CDP message */
    char frames[1024 * (sizeof(frame) - 1)];
    become_warm();
    lease_with("one", "\"ok\":true");
    int client = attach_client();
    for (size_t i = 0; i < sizeof(frames); i += sizeof(frame) - 1)
        memcpy(frames + i, frame, sizeof(frame) - 1);
    size_t sent = 0;
    struct pollfd wait = {client, POLLOUT, 0};
    for (int64_t deadline = clock_deadline(4500); clock_remaining_ms(deadline) && poll(&wait, 1, 700) == 1;) {
        ssize_t n = write(client, frames + sent % sizeof(frames), sizeof(frames) - sent % sizeof(frames));
        sent += n > 0 ? (size_t)n : 0;
        if (n < 0 && errno != EAGAIN)
            break;
    }
    assert_int_equal(poll(&wait, 1, 0), 0);
    assert_in_range(poll(&(struct pollfd){client, 0, 0}, 1, 12000), 1, 1); /* dropped */
    close(client);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(int count, char **arguments) {
    const struct CMUnitTest tests[] = {
        TEST(a_silent_browser_is_a_failed_start),
        TEST(a_browser_that_ends_at_once_is_a_failed_start),
        TEST(a_lease_is_taken_once),
        TEST(a_sleeping_browser_is_not_pinged),
        TEST(a_browser_without_answers_is_unresponsive),
        TEST(thrashing_at_the_limit_is_out_of_memory),
        TEST(meeting_the_limit_with_answers_is_no_matter),
        TEST(a_killed_process_of_the_container_is_out_of_memory),
        TEST(a_browser_that_ends_by_itself_crashed),
        TEST(sigterm_ends_it_quickly),
        TEST(a_new_engine_replaces_the_old),
        TEST(a_client_that_only_sends_is_not_read_on),
    };
    if (count != 2 || sodium_init() < 0)
        return 2;
    binary = realpath(arguments[1], NULL); /* the keeper starts in another folder; lives as long as the process */
    if (!binary)
        return 2;
    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
