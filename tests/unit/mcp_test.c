/* JSON-RPC as the Model Context Protocol has it, and a client's channel. */
#include "unit_test.h"

#include "base/clock.h"
#include "base/io.h"
#include "base/memory.h"
#include "base/text.h"
#include "mcp/channel.h"
#include "mcp/event_id.h"
#include "mcp/rpc.h"
#include "mcp/versions.h"
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void messages_are_told_apart_and_wrong_ones_are_answered(void **state) {
    static const struct {
        const char *line;
        int kind; /* -1: refused */
        int code;
    } cases[] = {
        {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}", RPC_REQUEST, 0},
        {"{\"jsonrpc\":\"2.0\",\"id\":\"a\",\"method\":\"x\",\"params\":{}}", RPC_REQUEST, 0},
        {"{\"jsonrpc\":\"2.0\",\"method\":\"notifications/initialized\"}", RPC_NOTIFICATION, 0},
        {"{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{}}", RPC_RESPONSE, 0},
        {"{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{\"code\":1}}", RPC_RESPONSE, 0},
        {"{\"jsonrpc\":\"2.0\",\"id\":1", -1, RPC_PARSE_ERROR},
        {"", -1, RPC_PARSE_ERROR},
        {"[]", -1, RPC_INVALID_REQUEST},
        {"5", -1, RPC_INVALID_REQUEST},
        {"{\"id\":1,\"method\":\"ping\"}", -1, RPC_INVALID_REQUEST},
        {"{\"jsonrpc\":\"2.0\",\"id\":null,\"method\":\"ping\"}", -1, RPC_INVALID_REQUEST},
        {"{\"jsonrpc\":\"2.0\",\"id\":1.5,\"method\":\"ping\"}", -1, RPC_INVALID_REQUEST},
        {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\",\"params\":[]}", -1, RPC_INVALID_REQUEST},
        {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":5}", -1, RPC_INVALID_REQUEST},
        {"{\"jsonrpc\":\"2.0\",\"id\":1}", -1, RPC_INVALID_REQUEST},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        cleanup_rpc_input struct rpc_input input = {0};
        cleanup_json json_t *answer = NULL;
        int r = rpc_read(cases[i].line, strlen(cases[i].line), &input, &answer);
        if ((r < 0) != (cases[i].kind < 0) || (!r && (int)input.parts[0].kind != cases[i].kind))
            fail_msg("%s: %d", cases[i].line, r);
        if (r < 0)
            assert_int_equal(json_int_or(json_object_get(answer, "error"), "code", 0), cases[i].code);
    }
}

#define PING(id) "{\"jsonrpc\":\"2.0\",\"id\":" id ",\"method\":\"ping\"}"

static void a_batch_is_read_in_parts_each_good_or_refused(void **state) {
    static const char line[] =
        "[" PING("1") ",5,{\"jsonrpc\":\"2.0\",\"method\":\"notifications/x\"},[],"
                      "{\"jsonrpc\":\"2.0\",\"id\":\"i\",\"method\":\"initialize\",\"params\":{}},"
                      "{\"jsonrpc\":\"2.0\",\"id\":3,\"result\":{}}]";
    static const int kinds[] = {RPC_REQUEST, -1, RPC_NOTIFICATION, -1, -1, RPC_RESPONSE};
    cleanup_rpc_input struct rpc_input input = {0};
    json_t *answer = NULL;
    assert_int_equal(rpc_read(line, strlen(line), &input, &answer), 0);
    assert_true(input.batch && input.count == ARRAY_LENGTH(kinds));
    for (size_t i = 0; i < input.count; i++) {
        assert_int_equal(!input.parts[i].message, kinds[i] < 0);
        assert_int_equal(!input.parts[i].refusal, kinds[i] >= 0);
        if (kinds[i] >= 0)
            assert_int_equal(input.parts[i].kind, kinds[i]);
    }
    assert_string_equal(json_text_or(input.parts[4].refusal, "id", ""), "i");
    cleanup_text struct text many = {0};
    for (int i = 0; i <= RPC_BATCH_MAX; i++)
        text_print(&many, "%c%s", i ? ',' : '[', "5");
    text_append_char(&many, ']');
    cleanup_rpc_input struct rpc_input none = {0};
    cleanup_json json_t *refusal = NULL;
    assert_int_equal(rpc_read(many.data, many.length, &none, &refusal), -EINVAL);
}

static void revisions_are_agreed_on(void **state) {
    assert_string_equal(mcp_version_for("2025-06-18")->name, "2025-06-18");
    assert_string_equal(mcp_version_for("2099-01-01")->name, "2025-11-25");
    assert_string_equal(mcp_version_for(NULL)->name, "2025-11-25");
    assert_false(mcp_version_is_known("2099-01-01"));
}

static void ids_of_events_are_read_as_they_are_printed(void **state) {
    static const char *const bad[] = {"",     "1",    "-",    "1-",   "-1",  "01-1", "1-01",  "1 -1",
                                      " 1-1", "1-1 ", "+1-1", "1--1", "1-x", "x-1",  "1-2-3", "18446744073709551616-1"};
    char id[MCP_EVENT_ID_SIZE];
    uint64_t stream, event;
    mcp_event_id_print(UINT64_MAX, 7, id);
    assert_string_equal(id, "18446744073709551615-7");
    assert_int_equal(mcp_event_id_read(id, &stream, &event), 0);
    assert_true(stream == UINT64_MAX && event == 7);
    for (size_t i = 0; i < ARRAY_LENGTH(bad); i++)
        assert_int_equal(mcp_event_id_read(bad[i], &stream, &event), -EINVAL);
}

struct ends {
    int client; /* ours */
    int server;
    struct mcp_channel *channel;
};

static struct ends begin(bool routed) {
    int fds[2];
    struct error e;
    struct ends ends;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    ends = (struct ends){.client = fds[0], .server = fds[1]};
    assert_int_equal(mcp_channel_open(fds[1], fds[1], routed, &ends.channel, &e), 0);
    return ends;
}

static void end(struct ends *ends) {
    mcp_channel_close(ends->channel);
    close(ends->client);
    close(ends->server);
}

static void say(const struct ends *ends, const char *text) {
    assert_int_equal(io_write_full(ends->client, text, strlen(text)), 0);
}

/* The next line that the client gets. */
static char *hear(const struct ends *ends, char line[4096]) {
    for (size_t n = 0; n < 4095; n++) {
        assert_int_equal(io_read_full(ends->client, line + n, 1), 1);
        if (line[n] == '\n') {
            line[n] = '\0';
            return line;
        }
    }
    fail_msg("no line");
    return line;
}

static json_t *take(const struct ends *ends) {
    json_t *message = NULL;
    assert_int_equal(mcp_channel_take(ends->channel, 10000, &message), 1);
    return message;
}

static void requests_come_in_order_and_pings_are_answered_meanwhile(void **state) {
    struct ends ends = begin(false);
    char line[4096];
    say(&ends, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"a\"}\r\n{\"jsonrpc\":\"2.0\",\"id\":2,\"met");
    cleanup_json json_t *first = take(&ends);
    assert_string_equal(json_text_or(first, "method", ""), "a");
    say(&ends, "hod\":\"b\"}\n\n{\"jsonrpc\":\"2.0\",\"id\":\"p\",\"method\":\"ping\"}\nwhat\n");
    assert_string_equal(hear(&ends, line), "{\"jsonrpc\":\"2.0\",\"id\":\"p\",\"result\":{}}");
    assert_non_null(strstr(hear(&ends, line), "-32700"));
    mcp_channel_notify(ends.channel, "n", json_object());
    assert_string_equal(hear(&ends, line), "{\"jsonrpc\":\"2.0\",\"method\":\"n\",\"params\":{}}");
    mcp_channel_answer(ends.channel, rpc_result(json_object_get(first, "id"), json_object()));
    assert_string_equal(hear(&ends, line), "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{}}");
    cleanup_json json_t *second = take(&ends);
    assert_string_equal(json_text_or(second, "method", ""), "b");
    end(&ends);
}

static void await_interrupt(const struct ends *ends) {
    struct pollfd fd = {.fd = mcp_channel_interrupt_fd(ends->channel), .events = POLLIN};
    assert_int_equal(poll(&fd, 1, 10000), 1);
}

static void a_cancelled_request_is_interrupted_or_never_begun_and_not_answered(void **state) {
    struct ends ends = begin(true);
    char line[4096];
    json_t *nothing = NULL;
    say(&ends,
        "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"a\"}\n{\"jsonrpc\":\"2.0\",\"id\":\"b\",\"method\":\"b\"}\n");
    cleanup_json json_t *first = take(&ends);
    assert_false(mcp_channel_is_interrupted(ends.channel));
    say(&ends, "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/cancelled\",\"params\":{\"requestId\":\"b\"}}\n");
    assert_string_equal(hear(&ends, line), "\"b\"\t");
    say(&ends, "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/cancelled\",\"params\":{\"requestId\":1}}\n");
    await_interrupt(&ends);
    mcp_channel_answer(ends.channel, rpc_result(json_object_get(first, "id"), json_object()));
    assert_string_equal(hear(&ends, line), "1\t");
    assert_int_equal(mcp_channel_take(ends.channel, 0, &nothing), 0);
    say(&ends, "{\"jsonrpc\":\"2.0\",\"id\":3,\"method\":\"c\"}\n");
    cleanup_json json_t *third = take(&ends);
    assert_false(mcp_channel_is_interrupted(ends.channel));
    mcp_channel_answer(ends.channel, rpc_result(json_object_get(third, "id"), json_object()));
    assert_string_equal(hear(&ends, line), "3\t{\"jsonrpc\":\"2.0\",\"id\":3,\"result\":{}}");
    end(&ends);
}

#define BEGIN(version)                                                                                                 \
    "{\"jsonrpc\":\"2.0\",\"id\":0,\"method\":\"initialize\",\"params\":{\"protocolVersion\":\"" version "\"}}\n"

static void take_and_answer(const struct ends *ends) {
    cleanup_json json_t *request = take(ends);
    mcp_channel_answer(ends->channel, rpc_result(json_object_get(request, "id"), json_object()));
}

static void begin_with(const struct ends *ends, const char *initialize) {
    char line[4096];
    say(ends, initialize);
    take_and_answer(ends);
    hear(ends, line);
}

static void batches_are_refused_where_the_revision_has_none(void **state) {
    struct ends ends = begin(false);
    char line[4096];
    say(&ends, "[" PING("1") "]\n");
    assert_non_null(strstr(hear(&ends, line), "batches are taken in sessions of the revisions"));
    begin_with(&ends, BEGIN("2025-06-18"));
    say(&ends, "[" PING("1") "]\n");
    assert_non_null(strstr(hear(&ends, line), "-32600"));
    end(&ends);
}

static void a_batch_is_answered_with_one_array(void **state) {
    struct ends ends = begin(false);
    char line[4096];
    begin_with(&ends, BEGIN("2025-03-26"));
    say(&ends, "[{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"a\"}," PING(
                   "\"p\"") ",5,"
                            "{\"jsonrpc\":\"2.0\",\"method\":\"n\"},{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"b\"},"
                            "{\"jsonrpc\":\"2.0\",\"id\":3,\"method\":\"c\"},{\"jsonrpc\":\"2.0\",\"method\":"
                            "\"notifications/cancelled\",\"params\":{\"requestId\":3}}]\n" PING("9") "\n");
    assert_string_equal(hear(&ends, line), "{\"jsonrpc\":\"2.0\",\"id\":9,\"result\":{}}");
    take_and_answer(&ends);
    take_and_answer(&ends); /* the notification */
    take_and_answer(&ends);
    cleanup_json json_t *answers = json_loads(hear(&ends, line), 0, NULL);
    assert_int_equal(json_array_size(answers), 4); /* 1, p, an error for 5, 2; 3 was cancelled */
    say(&ends, "[{\"jsonrpc\":\"2.0\",\"method\":\"n\"}]\n[5]\n[" PING("8") "]\n[]\n");
    assert_true(text_starts_with(hear(&ends, line), "[{\"jsonrpc\":\"2.0\",\"id\":null,\"error\""));
    assert_string_equal(hear(&ends, line), "[{\"jsonrpc\":\"2.0\",\"id\":8,\"result\":{}}]");
    assert_non_null(strstr(hear(&ends, line), "an empty batch"));
    end(&ends);
}

static void a_client_that_goes_interrupts_what_it_asked_for(void **state) {
    struct ends ends = begin(false);
    json_t *nothing = NULL;
    say(&ends, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"a\"}\n");
    cleanup_json json_t *first = take(&ends);
    shutdown(ends.client, SHUT_WR);
    await_interrupt(&ends);
    mcp_channel_answer(ends.channel, rpc_result(json_object_get(first, "id"), json_object()));
    assert_int_equal(mcp_channel_take(ends.channel, -1, &nothing), -EPIPE);
    end(&ends);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(messages_are_told_apart_and_wrong_ones_are_answered),
        cmocka_unit_test(a_batch_is_read_in_parts_each_good_or_refused),
        cmocka_unit_test(batches_are_refused_where_the_revision_has_none),
        cmocka_unit_test(a_batch_is_answered_with_one_array),
        cmocka_unit_test(revisions_are_agreed_on),
        cmocka_unit_test(ids_of_events_are_read_as_they_are_printed),
        cmocka_unit_test(requests_come_in_order_and_pings_are_answered_meanwhile),
        cmocka_unit_test(a_cancelled_request_is_interrupted_or_never_begun_and_not_answered),
        cmocka_unit_test(a_client_that_goes_interrupts_what_it_asked_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
