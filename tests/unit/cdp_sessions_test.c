/* cdp/sessions: what becomes of calls to pages and frames that leave, crash, or go on in another process. */
#include "cdp_pair.h"

#include "base/config.h"
#include <errno.h>
#include <signal.h>
#include <sodium.h>
#include <string.h>

static const char ATTACH_PAGE[] =
    "{\"method\":\"Target.attachedToTarget\",\"params\":{\"sessionId\":\"P\",\"targetInfo\":{\"targetId\":\"T1\"}}}";
static const char ATTACH_FRAME[] = "{\"method\":\"Target.attachedToTarget\",\"sessionId\":\"P\",\"params\":"
                                   "{\"sessionId\":\"F\",\"targetInfo\":{\"targetId\":\"T2\"}}}";
static const char DETACH_PAGE[] = "{\"method\":\"Target.detachedFromTarget\",\"params\":{\"sessionId\":\"P\"}}";

/* Two sessions, a call into the frame, then the event that the test gave. */
static const char *loss_event;

static void serve_loss(struct peer *peer) {
    peer_send_text(peer, ATTACH_PAGE);
    peer_send_text(peer, ATTACH_FRAME);
    peer_read_call(peer, NULL);
    peer_send_text(peer, loss_event);
    serve_silence(peer);
}

static void calls_of_a_page_or_frame_that_went_fail_at_once(void **state) {
    static const char *const events[] = {
        "{\"method\":\"Inspector.detached\",\"sessionId\":\"F\",\"params\":{\"reason\":\"target_closed\"}}",
        DETACH_PAGE,
    };
    for (size_t i = 0; i < ARRAY_LENGTH(events); i++) {
        loss_event = events[i];
        PAIR(pair, serve_loss);
        struct error e = {0};
        int64_t start = clock_monotonic_ms();
        assert_int_equal(cdp_call(pair.client, "F", "Runtime.evaluate", NULL, WAIT_MS, NULL, &e), -ESTALE);
        assert_int_equal(e.code, ERROR_BROWSER);
        assert_true(clock_monotonic_ms() - start < WAIT_MS / 2);
    }
}

/* What Chromium says when a page's process went, by crash or because the page closes. */
#define CRASHES 4
static const char *const crash_events[CRASHES] = {
    "{\"method\":\"Target.targetCrashed\",\"params\":{\"targetId\":\"T0\",\"status\":\"crashed\"}}",
    "{\"method\":\"Inspector.targetCrashed\",\"sessionId\":\"S1\",\"params\":{}}",
    "{\"method\":\"Inspector.detached\",\"sessionId\":\"S2\",\"params\":{\"reason\":\"Render process gone.\"}}",
    "{\"id\":4,\"error\":{\"code\":-32000,\"message\":\"Target crashed\"}}",
};
static const char *const crash_sessions[CRASHES] = {"S0", "S1", "S2", "S3"};

static void serve_crashes(struct peer *peer) {
    for (int i = 0; i < CRASHES; i++) {
        cleanup_free char *attached = memory_print("{\"method\":\"Target.attachedToTarget\",\"params\":"
                                                   "{\"sessionId\":\"S%d\",\"targetInfo\":{\"targetId\":\"T%d\"}}}",
                                                   i, i);
        peer_send_text(peer, attached);
    }
    for (int i = 0; i < CRASHES; i++)
        peer_read_call(peer, NULL);
    for (int i = 0; i < CRASHES; i++)
        peer_send_text(peer, crash_events[i]);
}

static void serve_crashes_that_stay(struct peer *peer) {
    serve_crashes(peer);
    serve_silence(peer);
}

static void count_crashes(void *user, const char *session_id, const char *method, const json_t *params) {
    assert_string_not_equal(method, "Target.targetCrashed");
    *(int *)user += !strcmp(method, "Inspector.targetCrashed");
}

static void call_each(struct cdp_client *client, int err, enum error_code code) {
    struct error e = {0};
    struct cdp_request requests[CRASHES] = {0};
    for (int i = 0; i < CRASHES; i++)
        requests[i] = (struct cdp_request){.session_id = crash_sessions[i], .method = "Runtime.evaluate"};
    assert_int_equal(cdp_call_many(client, requests, CRASHES, WAIT_MS, &e), 0);
    for (int i = 0; i < CRASHES; i++) {
        assert_int_equal(requests[i].error.code, code);
        assert_int_equal(cdp_call(client, crash_sessions[i], "Runtime.evaluate", NULL, WAIT_MS, NULL, &e), err);
    }
}

static void calls_of_a_crashed_page_fail_and_so_do_later_ones(void **state) {
    PAIR(pair, serve_crashes_that_stay);
    int crashes = 0;
    cdp_client_set_handler(pair.client, count_crashes, &crashes);
    call_each(pair.client, -EIO, ERROR_BROWSER_CRASH);
    assert_int_equal(crashes, CRASHES); /* each told once, whatever the browser called it */
}

static void serve_crashes_that_close(struct peer *peer) {
    serve_crashes(peer);
    peer_send_text(peer, "{\"method\":\"Test.going\"}");
    clock_sleep_ms(100); /* so that the client hears of the one before the other */
    for (int i = 0; i < CRASHES; i++) {
        cleanup_free char *detached =
            memory_print("{\"method\":\"Target.detachedFromTarget\",\"params\":{\"sessionId\":\"S%d\"}}", i);
        peer_send_text(peer, detached);
    }
    for (int i = 0; i < CRASHES; i++) {
        cleanup_free char *gone = memory_print(
            "{\"id\":%d,\"error\":{\"message\":\"Session with given id not found.\"}}", peer_read_call(peer, NULL));
        peer_send_text(peer, gone);
    }
}

static void a_page_that_closes_has_not_crashed(void **state) {
    PAIR(pair, serve_crashes_that_close);
    int crashes = 0;
    cdp_client_set_handler(pair.client, count_crashes, &crashes);
    call_each(pair.client, -ESTALE, ERROR_BROWSER);
    assert_int_equal(crashes, 0);
}

static void note_going(void *user, const char *session_id, const char *method, const json_t *params) {
    *(bool *)user |= !strcmp(method, "Test.going");
}

static bool is_set(void *user) {
    return *(bool *)user;
}

/* In each call of the run: also in one that is made between the two words. */
static void a_call_to_a_page_that_goes_waits_for_what_becomes_of_it(void **state) {
    PAIR(pair, serve_crashes_that_close);
    struct error e = {0};
    bool going = false;
    cdp_client_set_handler(pair.client, note_going, &going);
    for (int i = 0; i < CRASHES; i++)
        assert_int_equal(cdp_send(pair.client, crash_sessions[i], "Runtime.evaluate", NULL, &e), 0);
    assert_int_equal(cdp_wait(pair.client, is_set, &going, clock_deadline(WAIT_MS), &e), 0);
    for (int i = 0; i < CRASHES - 1; i++) /* nobody waits for the answer that told of the last one */
        assert_int_equal(cdp_call(pair.client, crash_sessions[i], "Runtime.evaluate", NULL, WAIT_MS, NULL, &e),
                         -ESTALE);
}

static void serve_other_loss(struct peer *peer) {
    peer_send_text(peer, ATTACH_PAGE);
    peer_send_text(peer, ATTACH_FRAME);
    int id = peer_read_call(peer, NULL);
    peer_send_text(peer, "{\"method\":\"Inspector.targetCrashed\",\"sessionId\":\"F\",\"params\":{}}");
    reply(peer, id, "{}");
    id = peer_read_call(peer, NULL); /* the frame lives again */
    peer_send_text(peer, "{\"method\":\"Inspector.targetReloadedAfterCrash\",\"sessionId\":\"F\",\"params\":{}}");
    reply(peer, id, "{}");
    reply(peer, peer_read_call(peer, NULL), "{}");
}

static void a_crash_hits_nobody_else_and_may_end(void **state) {
    PAIR(pair, serve_other_loss);
    struct error e = {0};
    assert_int_equal(cdp_call(pair.client, "P", "Runtime.evaluate", NULL, WAIT_MS, NULL, &e), 0);
    assert_int_equal(cdp_call(pair.client, "F", "Page.reload", NULL, WAIT_MS, NULL, &e), 0);
    assert_int_equal(cdp_call(pair.client, "F", "Runtime.evaluate", NULL, WAIT_MS, NULL, &e), 0);
}

static void serve_page_taken_over(struct peer *peer) {
    peer_send_text(peer, ATTACH_PAGE);
    cleanup_free char *crashed = memory_print("{\"id\":%d,\"error\":{\"code\":-32000,\"message\":\"Target crashed\"}}",
                                              peer_read_call(peer, NULL));
    peer_send_text(peer, crashed);
    peer_send_text(peer, "{\"method\":\"Runtime.executionContextCreated\",\"sessionId\":\"P\",\"params\":{}}");
    reply(peer, peer_read_call(peer, NULL), "{}");
}

static void a_page_that_another_process_takes_over_has_not_crashed(void **state) {
    PAIR(pair, serve_page_taken_over);
    struct error e = {0};
    int crashes = 0;
    cdp_client_set_handler(pair.client, count_crashes, &crashes);
    assert_int_equal(cdp_call(pair.client, "P", "Runtime.evaluate", NULL, WAIT_MS, NULL, &e), -ESTALE);
    assert_int_equal(cdp_call(pair.client, "P", "Runtime.evaluate", NULL, WAIT_MS, NULL, &e), 0);
    assert_int_equal(crashes, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(calls_of_a_page_or_frame_that_went_fail_at_once),
        cmocka_unit_test(calls_of_a_crashed_page_fail_and_so_do_later_ones),
        cmocka_unit_test(a_page_that_closes_has_not_crashed),
        cmocka_unit_test(a_call_to_a_page_that_goes_waits_for_what_becomes_of_it),
        cmocka_unit_test(a_crash_hits_nobody_else_and_may_end),
        cmocka_unit_test(a_page_that_another_process_takes_over_has_not_crashed),
    };
    char *complaints = NULL;
    signal(SIGPIPE, SIG_IGN);
    return sodium_init() < 0 || config_load(NULL, &complaints) < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
