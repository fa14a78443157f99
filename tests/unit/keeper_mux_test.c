/* keeper: the mux, with a browser and clients that the test plays. */
#include "unit_test.h"

#include "base/memory.h"
#include "base/text.h"
#include "browsers/keeper/mux_internal.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct peer {
    struct mux_client *client;
    struct text got; /* messages, each followed by '\n' */
    bool ready;
    unsigned closed;
};

static struct {
    struct mux *mux;
    struct text sent; /* to the browser, NUL shown as '\n' */
    int crashes;
} world;

static void append(struct text *out, const uv_buf_t *parts, size_t count) {
    for (size_t i = 0; i < count; i++)
        text_append(out, parts[i].base, parts[i].len);
}

static void to_browser(void *user, const uv_buf_t *parts, size_t count, struct block *owner) {
    append(&world.sent, parts, count);
    assert_int_equal(world.sent.data[world.sent.length - 1], '\0');
    world.sent.data[world.sent.length - 1] = '\n';
}

static void to_client(void *connection, const uv_buf_t *parts, size_t count, struct block *owner) {
    struct peer *peer = connection;
    append(&peer->got, parts, count);
    text_append_char(&peer->got, '\n');
}

static void is_ready(void *connection) {
    ((struct peer *)connection)->ready = true;
}

static void close_it(void *connection, unsigned code, const char *reason) {
    ((struct peer *)connection)->closed = code;
}

static void crashed(void *user) {
    world.crashes++;
}

static int set_up(void **state) {
    static const struct mux_outputs outputs = {to_browser, to_client, is_ready, close_it, crashed};
    world.mux = mux_new(&outputs, NULL);
    return 0;
}

static int tear_down(void **state) {
    mux_free(world.mux);
    text_done(&world.sent);
    memset(&world, 0, sizeof(world));
    return 0;
}

/* What was sent since the last call; text_clear'ed by the next. */
static const char *taken(struct text *text) {
    static char copy[1 << 20];
    snprintf(copy, sizeof(copy), "%s", text->length ? text->data : "");
    text_clear(text);
    return copy;
}

static void browser_says(const char *message) {
    struct block *block = block_new(strlen(message));
    memcpy(block->data, message, strlen(message));
    mux_from_browser(world.mux, block->data, strlen(message), block);
    block_unref(block);
}

static void client_says_bytes(struct peer *peer, const char *message, size_t length) {
    struct block *block = block_new(length);
    memcpy(block->data, message, length);
    mux_from_client(peer->client, block, length);
    block_unref(block);
}

static void client_says(struct peer *peer, const char *message) {
    client_says_bytes(peer, message, strlen(message));
}

static long long last_id(const char *sent) {
    const char *at = strstr(sent, "{\"id\":");
    assert_non_null(at);
    return strtoll(at + 6, NULL, 10);
}

static void answer(long long id, const char *rest) {
    cleanup_free char *message = memory_print("{\"id\":%lld,%s}", id, rest);
    browser_says(message);
}

static void connect_peer(struct peer *peer, const char *root) {
    *peer = (struct peer){0};
    peer->client = mux_add(world.mux, peer);
    const char *sent = taken(&world.sent);
    assert_non_null(strstr(sent, "\"method\":\"Target.attachToBrowserTarget\""));
    assert_false(peer->ready);
    cleanup_free char *result = memory_print("\"result\":{\"sessionId\":\"%s\"}", root);
    answer(last_id(sent), result);
    assert_true(peer->ready);
}

static void peer_done(struct peer *peer) {
    text_done(&peer->got);
}

static void calls_get_a_fresh_envelope(void **state) {
    struct peer a;
    connect_peer(&a, "AA");
    client_says(&a, "{\"\\u0069d\":7,\"method\":\"Browser.getVersion\",\"extra\":1,\"params\":{ \"x\":[1] }}");
    const char *sent = taken(&world.sent);
    long long id = last_id(sent);
    cleanup_free char *expected = memory_print(
        "{\"id\":%lld,\"method\":\"Browser.getVersion\",\"params\":{ \"x\":[1] },\"sessionId\":\"AA\"}\n", id);
    assert_string_equal(sent, expected);
    answer(id, "\"result\":{\"product\":\"C\"},\"sessionId\":\"AA\"");
    assert_string_equal(taken(&a.got), "{\"id\":7,\"result\":{\"product\":\"C\"}}\n");
    answer(id, "\"result\":{},\"sessionId\":\"AA\""); /* a second answer finds nobody */
    assert_string_equal(taken(&a.got), "");
    peer_done(&a);
}

static void sessions_belong_to_whom_they_were_announced(void **state) {
    struct peer a, b;
    connect_peer(&a, "AA");
    connect_peer(&b, "BB");
    browser_says("{\"method\":\"Target.attachedToTarget\",\"params\":{\"sessionId\":\"A1\",\"targetInfo\":{}},"
                 "\"sessionId\":\"AA\"}");
    assert_string_equal(taken(&a.got), "{\"method\":\"Target.attachedToTarget\",\"params\":{\"sessionId\":\"A1\","
                                       "\"targetInfo\":{}}}\n");
    assert_string_equal(taken(&b.got), "");
    client_says(&a, "{\"id\":1,\"method\":\"Page.enable\",\"sessionId\":\"A1\"}");
    assert_non_null(strstr(taken(&world.sent), "\"params\":{},\"sessionId\":\"A1\"}"));
    browser_says("{\"method\":\"Page.loadEventFired\",\"params\":{},\"sessionId\":\"A1\"}");
    assert_string_equal(taken(&a.got), "{\"method\":\"Page.loadEventFired\",\"params\":{},\"sessionId\":\"A1\"}\n");
    static const char *const others[] = {
        "{\"id\":2,\"method\":\"Page.enable\",\"sessionId\":\"A1\"}",
        "{\"id\":2,\"method\":\"Page.enable\",\"session\\u0049d\":\"\\u00411\"}",
        "{\"id\":2,\"method\":\"Page.enable\",\"sessionId\":\"AA\"}",
        "{\"id\":2,\"method\":\"Page.enable\",\"sessionId\":\"BB\"}",
        "{\"id\":2,\"method\":\"Page.enable\",\"sessionId\":\"none\"}",
    };
    for (size_t i = 0; i < ARRAY_LENGTH(others); i++) {
        client_says(&b, others[i]);
        assert_string_equal(taken(&world.sent), "");
        assert_string_equal(
            taken(&b.got), "{\"id\":2,\"error\":{\"code\":-32001,\"message\":\"Session with given id not found.\"}}\n");
    }
    peer_done(&a);
    peer_done(&b);
}

static void a_session_ends_with_its_parent(void **state) {
    struct peer a;
    connect_peer(&a, "AA");
    browser_says("{\"method\":\"Target.attachedToTarget\",\"params\":{\"sessionId\":\"A1\"},\"sessionId\":\"AA\"}");
    browser_says("{\"method\":\"Target.attachedToTarget\",\"params\":{\"sessionId\":\"A2\"},\"sessionId\":\"A1\"}");
    client_says(&a, "{\"id\":1,\"method\":\"Page.enable\",\"sessionId\":\"A2\"}");
    long long id = last_id(taken(&world.sent));
    browser_says("{\"method\":\"Target.detachedFromTarget\",\"params\":{\"sessionId\":\"A1\"},\"sessionId\":\"AA\"}");
    taken(&a.got);
    answer(id, "\"result\":{},\"sessionId\":\"A2\"");
    browser_says("{\"method\":\"Page.x\",\"params\":{},\"sessionId\":\"A2\"}");
    assert_string_equal(taken(&a.got), "");
    client_says(&a, "{\"id\":2,\"method\":\"Page.enable\",\"sessionId\":\"A2\"}");
    assert_non_null(strstr(taken(&a.got), "-32001"));
    peer_done(&a);
}

static void messages_that_are_none_never_reach_the_browser(void **state) {
#define CASE(text, code)                                                                                               \
    { text, sizeof(text) - 1, code }
    static const struct {
        const char *text;
        size_t length;
        const char *code;
    } cases[] = {
        CASE("{\"id\":1,\"method\":\"Page.enable\"}\0{\"id\":2,\"method\":\"Browser.crash\"}", "-32700"),
        CASE("{\"id\":1,\"method\":\"Page.enable\",\"params\":{\"a\":\"\0\"}}", "-32700"),
        CASE("{\"id\":1,\"method\":\"Page.enable\",\"params\":{\"a\":\"\xFF\"}}", "-32700"),
        CASE("nonsense", "-32700"),
        CASE("", "-32700"),
        CASE("{\"id\":2147483648,\"method\":\"Page.enable\"}", "-32700"),
        CASE("{\"method\":\"Page.enable\"}", "-32600"),
        CASE("{\"id\":1}", "-32600"),
        CASE("{\"id\":1,\"method\":\"Page.enable\\\",\\\"sessionId\\\":\\\"BB\"}", "-32600"),
        CASE("{\"id\":1,\"method\":\"Page.enable\",\"params\":[]}", "-32600"),
        CASE("{\"id\":1,\"method\":\"Browser.crash\"}", "-32000"),
        CASE("{\"id\":1,\"method\":\"Brand.new\"}", "-32000"),
    };
    struct peer a;
    connect_peer(&a, "AA");
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        client_says_bytes(&a, cases[i].text, cases[i].length);
        assert_string_equal(taken(&world.sent), "");
        assert_non_null(strstr(taken(&a.got), cases[i].code));
    }
    peer_done(&a);
}

static void checked_params_are_replaced(void **state) {
    struct peer a;
    connect_peer(&a, "AA");
    client_says(&a, "{\"id\":1,\"method\":\"Browser.setDownloadBehavior\",\"params\":{\"behavior\":\"allow\","
                    "\"downloadPath\":\"/etc\"}}");
    assert_non_null(
        strstr(taken(&world.sent), "\"params\":{\"behavior\":\"allow\",\"downloadPath\":\"/home/browser/transfer\"}"));
    peer_done(&a);
}

static void browser_close_is_for_its_caller_only(void **state) {
    struct peer a, b;
    connect_peer(&a, "AA");
    connect_peer(&b, "BB");
    client_says(&a, "{\"id\":9,\"method\":\"Browser.close\"}");
    assert_string_equal(taken(&a.got), "{\"id\":9,\"result\":{}}\n");
    assert_string_equal(taken(&world.sent), "");
    assert_int_equal(a.closed, 1000);
    assert_int_equal(b.closed, 0);
    peer_done(&a);
    peer_done(&b);
}

static void who_leaves_leaves_nothing(void **state) {
    struct peer a, b;
    connect_peer(&a, "AA");
    connect_peer(&b, "BB");
    browser_says("{\"method\":\"Target.attachedToTarget\",\"params\":{\"sessionId\":\"A1\"},\"sessionId\":\"AA\"}");
    client_says(&a, "{\"id\":1,\"method\":\"Page.enable\",\"sessionId\":\"A1\"}");
    long long id = last_id(taken(&world.sent));
    mux_remove(a.client);
    assert_non_null(strstr(taken(&world.sent), "\"Target.detachFromTarget\",\"params\":{\"sessionId\":\"AA\"}"));
    taken(&a.got);
    answer(id, "\"result\":{},\"sessionId\":\"A1\"");
    browser_says("{\"method\":\"Page.x\",\"params\":{},\"sessionId\":\"A1\"}");
    assert_string_equal(taken(&a.got), "");
    client_says(&b, "{\"id\":1,\"method\":\"Page.enable\",\"sessionId\":\"A1\"}");
    assert_non_null(strstr(taken(&b.got), "-32001"));
    peer_done(&a);
    peer_done(&b);
}

static void who_leaves_early_is_detached_later(void **state) {
    struct peer a = {0};
    a.client = mux_add(world.mux, &a);
    long long id = last_id(taken(&world.sent));
    mux_remove(a.client);
    assert_string_equal(taken(&world.sent), "");
    answer(id, "\"result\":{\"sessionId\":\"AA\"}");
    assert_false(a.ready);
    assert_non_null(strstr(taken(&world.sent), "\"Target.detachFromTarget\",\"params\":{\"sessionId\":\"AA\"}"));
}

static void a_root_that_cannot_be_had_ends_the_client(void **state) {
    struct peer a = {0};
    a.client = mux_add(world.mux, &a);
    answer(last_id(taken(&world.sent)), "\"error\":{\"code\":-32000,\"message\":\"no\"}");
    assert_false(a.ready);
    assert_int_equal(a.closed, 1011);
    mux_remove(a.client);
}

static void ids_stay_below_two_to_the_31(void **state) {
    struct peer a;
    connect_peer(&a, "AA");
    for (int i = 0; i < 100000; i++) {
        client_says(&a, "{\"id\":1,\"method\":\"Page.enable\"}");
        long long id = last_id(taken(&world.sent));
        assert_in_range(id, 0, INT32_MAX);
        answer(id, "\"result\":{}");
        assert_string_equal(taken(&a.got), "{\"id\":1,\"result\":{}}\n");
    }
    peer_done(&a);
}

static void unanswered_calls_have_a_limit(void **state) {
    struct peer a, b;
    connect_peer(&a, "AA");
    connect_peer(&b, "BB");
    for (int i = 0; i < 16384; i++) {
        client_says(&a, "{\"id\":1,\"method\":\"Page.enable\"}");
        text_clear(&world.sent);
    }
    assert_string_equal(taken(&a.got), "");
    client_says(&a, "{\"id\":5,\"method\":\"Page.enable\"}");
    assert_non_null(strstr(taken(&a.got), "\"id\":5,\"error\""));
    assert_string_equal(taken(&world.sent), "");
    client_says(&b, "{\"id\":1,\"method\":\"Page.enable\"}");
    assert_non_null(strstr(taken(&world.sent), "Page.enable"));
    peer_done(&a);
    peer_done(&b);
}

static void an_answer_too_large_is_an_error(void **state) {
    struct peer a;
    connect_peer(&a, "AA");
    client_says(&a, "{\"id\":3,\"method\":\"Page.printToPDF\"}");
    mux_answer_too_large(world.mux, last_id(taken(&world.sent)), 64 << 20);
    assert_non_null(strstr(taken(&a.got), "{\"id\":3,\"error\":{\"code\":-32000,\"message\":\"The answer is larger"));
    mux_answer_too_large(world.mux, -1, 64 << 20);
    peer_done(&a);
}

static void own_events_go_to_those_who_asked(void **state) {
    struct peer a, b;
    connect_peer(&a, "AA");
    connect_peer(&b, "BB");
    client_says(&a, "{\"id\":1,\"method\":\"Replinet.enable\"}");
    assert_string_equal(taken(&a.got), "{\"id\":1,\"result\":{}}\n");
    mux_announce(world.mux, "Replinet.ending", "{\"reason\":\"idle\"}");
    assert_string_equal(taken(&a.got), "{\"method\":\"Replinet.ending\",\"params\":{\"reason\":\"idle\"}}\n");
    assert_string_equal(taken(&b.got), "");
    peer_done(&a);
    peer_done(&b);
}

static void crashed_targets_are_noticed(void **state) {
    struct peer a;
    connect_peer(&a, "AA");
    browser_says("{\"method\":\"Target.targetCrashed\",\"params\":{},\"sessionId\":\"AA\"}");
    assert_int_equal(world.crashes, 1);
    assert_non_null(strstr(taken(&a.got), "Target.targetCrashed"));
    peer_done(&a);
}

static void targets_of_chromium_itself_are_hidden(void **state) {
    struct peer a;
    connect_peer(&a, "AA");
    browser_says("{\"method\":\"Target.attachedToTarget\",\"params\":{\"sessionId\":\"A1\",\"targetInfo\":{"
                 "\"type\":\"page\",\"url\":\"chrome://omnibox-popup.top-chrome/\"},\"waitingForDebugger\":true},"
                 "\"sessionId\":\"AA\"}");
    const char *sent = taken(&world.sent);
    assert_non_null(strstr(sent, "\"Runtime.runIfWaitingForDebugger\",\"params\":{},\"sessionId\":\"A1\"}"));
    assert_non_null(strstr(sent, "\"Target.detachFromTarget\",\"params\":{\"sessionId\":\"A1\"},"
                                 "\"sessionId\":\"AA\"}"));
    browser_says("{\"method\":\"Target.targetCreated\",\"params\":{\"targetInfo\":{\"url\":\"devtools://x\"}},"
                 "\"sessionId\":\"AA\"}");
    browser_says("{\"method\":\"Target.detachedFromTarget\",\"params\":{\"sessionId\":\"A1\"},\"sessionId\":\"AA\"}");
    assert_string_equal(taken(&a.got), "");
    client_says(&a, "{\"id\":1,\"method\":\"Runtime.enable\",\"sessionId\":\"A1\"}");
    assert_non_null(strstr(taken(&a.got), "-32001"));
    static const char *const shown[] = {
        "", "about:blank", "https://a.test/", "chrome-error://chromewebdata/",
        "data:text/html,aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"};
    for (size_t i = 0; i < ARRAY_LENGTH(shown); i++) {
        cleanup_free char *event = memory_print("{\"method\":\"Target.targetCreated\",\"params\":{\"targetInfo\":{"
                                                "\"url\":\"%s\"}},\"sessionId\":\"AA\"}",
                                                shown[i]);
        browser_says(event);
        assert_non_null(strstr(taken(&a.got), "targetCreated"));
    }
    peer_done(&a);
}

static void nonsense_from_the_browser_harms_nobody(void **state) {
    static const char *const lines[] = {"",
                                        "{",
                                        "[]",
                                        "{\"id\":65535,\"result\":{}}",
                                        "{\"id\":2147483647,\"result\":{}}",
                                        "{\"method\":\"A.b\"}",
                                        "{\"method\":\"Target.attachedToTarget\",\"params\":{\"sessionId\":\"X\"}}",
                                        "{\"method\":\"A\\\"b\",\"params\":{},\"sessionId\":\"AA\"}",
                                        "{\"method\":\"Target.attachedToTarget\",\"sessionId\":\"AA\"}",
                                        ("{\"method\":\"Target.detachedFromTarget\",\"params\":{\"sessionId\":\"AA\"},"
                                         "\"sessionId\":\"AA\"}")};
    struct peer a;
    connect_peer(&a, "AA");
    for (size_t i = 0; i < ARRAY_LENGTH(lines); i++)
        browser_says(lines[i]);
    text_clear(&a.got);
    client_says(&a, "{\"id\":1,\"method\":\"Page.enable\"}");
    assert_non_null(strstr(taken(&world.sent), "Page.enable"));
    peer_done(&a);
}

/* What a hijacked browser may do: give a second client the root session of the first. */
static void a_root_session_belongs_to_one_client(void **state) {
    struct peer a, b = {0};
    connect_peer(&a, "AA");
    b.client = mux_add(world.mux, &b);
    answer(last_id(taken(&world.sent)), "\"result\":{\"sessionId\":\"AA\"}");
    assert_false(b.ready);
    assert_int_equal(b.closed, 1011);
    mux_remove(a.client);
    client_says(&b, "{\"id\":1,\"method\":\"Browser.getVersion\"}");
    mux_remove(b.client);
    peer_done(&a);
    peer_done(&b);
}

static void sessions_are_bounded(void **state) {
    struct peer a;
    connect_peer(&a, "AA");
    for (int i = 0; i < 2 * MUX_SESSIONS_MAX; i++) {
        cleanup_free char *event =
            memory_print("{\"method\":\"Target.attachedToTarget\",\"params\":{\"sessionId\":\"S%d\","
                         "\"targetInfo\":{}},\"sessionId\":\"AA\"}",
                         i);
        browser_says(event);
        text_clear(&a.got);
    }
    assert_int_equal(world.mux->sessions.count, MUX_SESSIONS_MAX);
    peer_done(&a);
}

/* Without room for its own calls the keeper could not even ask whether the browser lives. */
static void the_keeper_can_call_however_much_clients_wait_for(void **state) {
    static struct peer peers[8];
    char root[8];
    for (size_t i = 0; i < ARRAY_LENGTH(peers); i++) {
        snprintf(root, sizeof(root), "R%zu", i);
        connect_peer(&peers[i], root);
    }
    for (int n = 0; n < 10000; n++)
        for (size_t i = 0; i < ARRAY_LENGTH(peers); i++) {
            client_says(&peers[i], "{\"id\":1,\"method\":\"Browser.getVersion\"}");
            text_clear(&world.sent);
            text_clear(&peers[i].got);
        }
    mux_call(world.mux, "Browser.getVersion", "{}", NULL, NULL);
    assert_non_null(strstr(taken(&world.sent), "Browser.getVersion"));
    for (size_t i = 0; i < ARRAY_LENGTH(peers); i++)
        peer_done(&peers[i]);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(calls_get_a_fresh_envelope),
        TEST(sessions_belong_to_whom_they_were_announced),
        TEST(a_session_ends_with_its_parent),
        TEST(messages_that_are_none_never_reach_the_browser),
        TEST(checked_params_are_replaced),
        TEST(browser_close_is_for_its_caller_only),
        TEST(who_leaves_leaves_nothing),
        TEST(who_leaves_early_is_detached_later),
        TEST(a_root_that_cannot_be_had_ends_the_client),
        TEST(ids_stay_below_two_to_the_31),
        TEST(unanswered_calls_have_a_limit),
        TEST(an_answer_too_large_is_an_error),
        TEST(own_events_go_to_those_who_asked),
        TEST(crashed_targets_are_noticed),
        TEST(targets_of_chromium_itself_are_hidden),
        TEST(nonsense_from_the_browser_harms_nobody),
        TEST(a_root_session_belongs_to_one_client),
        TEST(sessions_are_bounded),
        TEST(the_keeper_can_call_however_much_clients_wait_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
