/* The HTTP server over socketpairs: every request is also sent cut in two at each byte, and byte by byte. */
#include "unit_test.h"

#include "base/clock.h"
#include "base/io.h"
#include "base/memory.h"
#include "base/text.h"
#include "net/http_server.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static struct {
    struct http_request *parked;
    int closes, afters, last_status, upgraded_fd;
    char *upgraded_head;
    size_t upgraded_length, drains, largest_piece;
    struct http_server *other; /* NULL: nobody takes anything over */
} seen;

static void on_parked_close(void *user) {
    seen.closes++;
}

static void echo(struct http_request *request, void *user) {
    size_t length;
    const char *body = http_body(request, &length), *query = http_query(request, "q");
    cleanup_json json_t *answer =
        json_pack("{s:s, s:s, s:s%, s:s?, s:s?}", "method", http_method(request), "id", http_parameter(request, "id"),
                  "body", body, length, "q", query, "x", http_header(request, "X-Test"));
    http_respond_json(request, 200, answer);
}

static void park(struct http_request *request, void *user) {
    seen.parked = request;
    http_on_close(request, on_parked_close, NULL);
}

static void stream_more(void *user) {
    static char piece[60000];
    while (seen.drains < 50) {
        seen.drains++;
        memset(piece, 'a' + (int)(seen.drains % 26), sizeof piece);
        if (http_stream_write(user, piece, sizeof piece) > HTTP_STREAM_HIGH)
            return;
    }
    http_stream_end(user);
}

static void stream(struct http_request *request, void *user) {
    seen.drains = 0;
    seen.parked = request;
    http_stream_on_drain(request, stream_more, request);
    http_stream_begin(request, 200, "text/plain", http_query(request, "length") ? 50 * 60000 : -1);
    stream_more(request);
}

static void upgrade(struct http_request *request, void *user) {
    seen.upgraded_fd = http_upgrade(request, &seen.upgraded_head, &seen.upgraded_length);
}

static int give_to_other(void *user, int fd, const void *bytes, size_t length) {
    return seen.other ? http_server_take_over(seen.other, fcntl(fd, F_DUPFD_CLOEXEC, 3), bytes, length, NULL) : -EAGAIN;
}

static void hand_over(struct http_request *request, void *user) {
    if (http_was_handed_over(request))
        echo(request, user);
    else if (http_hand_over(request, give_to_other, NULL) < 0)
        http_respond(request, 503, NULL, "", 0);
}

static void cut_short(struct http_request *request, void *user) {
    http_stream_begin(request, 200, "text/plain", 100);
    http_stream_write(request, "only this", 9);
    http_stream_end(request);
}

/* Takes a body as a stream: every other piece is looked at only on a later turn of the loop. The body may say what to
 * do: "!" refuses it there, "?" refuses it in the head's handler. */
struct intake {
    struct http_request *request;
    uv_idle_t later;
    struct text body;
    size_t pieces, taken;
    const char *data;
    size_t length;
    bool gone;
};

static void intake_closed(uv_handle_t *handle) {
    struct intake *intake = handle->data;
    text_done(&intake->body);
    free(intake);
}

static void intake_answer(struct intake *intake, int status) {
    cleanup_json json_t *answer =
        json_pack("{s:s%, s:I, s:I}", "body", intake->body.data ? intake->body.data : "", intake->body.length,
                  "announced", (json_int_t)http_body_announced(intake->request), "taken", (json_int_t)intake->taken);
    http_respond_json(intake->request, status, answer);
    uv_close((uv_handle_t *)&intake->later, intake_closed);
}

static void intake_look(struct intake *intake, const char *data, size_t length) {
    intake->taken += length;
    if (length > seen.largest_piece)
        seen.largest_piece = length;
    if (intake->taken < 1000)
        text_append(&intake->body, data, length);
    if (memchr(data, '!', length) || intake->gone)
        intake_answer(intake, intake->gone ? 499 : 422);
}

static void intake_later(uv_idle_t *idle) {
    struct intake *intake = idle->data;
    struct http_request *request = intake->request;
    bool over = intake->gone || memchr(intake->data, '!', intake->length);
    uv_idle_stop(idle);
    intake_look(intake, intake->data, intake->length);
    if (!over)
        http_body_resume(request);
}

static void intake_piece(void *user, const void *data, size_t length) {
    struct intake *intake = user;
    if (intake->pieces++ % 2) {
        intake_look(intake, data, length);
        return;
    }
    intake->data = data;
    intake->length = length;
    http_body_pause(intake->request);
    uv_idle_start(&intake->later, intake_later);
}

static void intake_end(void *user) {
    intake_answer(user, 200);
}

static void intake_gone(void *user) {
    struct intake *intake = user;
    seen.closes++;
    intake->gone = true;
    if (!uv_is_active((uv_handle_t *)&intake->later))
        intake_answer(intake, 499);
}

static void take_in(struct http_request *request, void *user) {
    if (http_query(request, "no")) {
        http_respond(request, 403, NULL, "", 0);
        return;
    }
    struct intake *intake = memory_alloc(sizeof *intake);
    intake->request = request;
    uv_idle_init(user, &intake->later);
    intake->later.data = intake;
    http_body_take(request, intake_piece, intake_end, intake);
    http_on_close(request, intake_gone, intake);
}

static const struct http_route routes[] = {
    {"PUT", "/intake", take_in, .flags = HTTP_ROUTE_BODY_STREAM},
    {"GET", "/things/{id}", echo},
    {"POST", "/things/{id}", echo, .body_max = 64},
    {"DELETE", "/things/{id}", echo},
    {"GET", "/things/fixed/part", echo},
    {"GET", "/park", park},
    {"GET", "/stream", stream},
    {"GET", "/short", cut_short},
    {"POST", "/elsewhere/{id}", hand_over, .body_max = 64},
    {"GET", "/ws", upgrade, .flags = HTTP_ROUTE_UPGRADE},
    {"GET", "/secret", echo, .tag = "secret"},
    {NULL},
};

static int before(struct http_request *request, void *user, struct error *e) {
    const char *bearer = http_bearer(request);
    if (http_request_route(request)->tag && (!bearer || strcmp(bearer, "sesame")))
        return error_set(e, EACCES, ERROR_UNAUTHENTICATED, "say the word");
    return 0;
}

static void after(const struct http_request *request, int status, int64_t duration_ms, void *user) {
    seen.afters++;
    seen.last_status = status;
}

struct bench {
    uv_loop_t loop;
    struct http_server *server;
    bool drained;
};

static void on_drained(void *user) {
    ((struct bench *)user)->drained = true;
}

static void bench_start(struct bench *bench, struct http_options options) {
    *bench = (struct bench){0};
    free(seen.upgraded_head);
    memset(&seen, 0, sizeof seen);
    options.routes = routes;
    options.before = before;
    options.after = after;
    options.user = &bench->loop;
    uv_loop_init(&bench->loop);
    bench->server = http_server_new(&bench->loop, &options);
}

static int bench_connect(struct bench *bench) {
    int ends[2];
    struct error e;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    io_set_nonblocking(ends[0], true);
    assert_int_equal(http_server_adopt(bench->server, ends[1], &e), 0);
    return ends[0];
}

static void bench_turn(struct bench *bench, int times) {
    while (times--)
        uv_run(&bench->loop, UV_RUN_NOWAIT);
}

static void bench_stop(struct bench *bench) {
    http_server_drain(bench->server, 0, on_drained, bench);
    for (int i = 0; i < 2000 && !bench->drained; i++) {
        uv_run(&bench->loop, UV_RUN_NOWAIT);
        clock_sleep_ms(1);
    }
    assert_true(bench->drained);
    assert_int_equal(uv_loop_close(&bench->loop), 0);
}

/* What has come so far, appended. Returns false at the end of the stream. */
static bool receive(int fd, struct text *answer) {
    char data[65536];
    ssize_t n;
    while ((n = read(fd, data, sizeof data)) > 0)
        text_append(answer, data, (size_t)n);
    return n != 0;
}

/* Sends `request` in pieces cut at `first` and then every `step` bytes; returns everything answered. */
static char *exchange(struct bench *bench, const char *request, size_t length, size_t first, size_t step) {
    struct text answer = {0};
    int fd = bench_connect(bench);
    text_append_string(&answer, "");
    for (size_t at = 0, piece = first; at < length; at += piece, piece = step) {
        piece = piece < length - at ? piece : length - at;
        if (write(fd, request + at, piece) < 0)
            break;
        bench_turn(bench, 2);
        receive(fd, &answer);
    }
    bench_turn(bench, 12);
    receive(fd, &answer);
    close(fd);
    bench_turn(bench, 2);
    return answer.data;
}

static size_t count_of(const char *text, const char *part) {
    size_t n = 0;
    for (const char *p = text; (p = strstr(p, part)); p += strlen(part))
        n++;
    return n;
}

static const struct {
    const char *request, *expected[4];
    size_t answers;
} good[] = {
    {"GET /things/7?q=a%20b+c HTTP/1.1\r\nHost: x\r\nX-Test: yes  \r\n\r\n",
     {"HTTP/1.1 200 OK", "\"id\":\"7\"", "\"q\":\"a b c\"", "\"x\":\"yes\""},
     1},
    {"HEAD /things/7 HTTP/1.1\r\nHost: x\r\n\r\n", {"HTTP/1.1 200 OK", "Content-Length: "}, 1},
    {"POST /things/%D0%B6 HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello"
     "GET /things/2 HTTP/1.1\r\nHost: x\r\n\r\n\r\nDELETE /things/3 HTTP/1.1\r\nHost: x\r\n\r\n",
     {"\"id\":\"ж\"", "\"body\":\"hello\"", "\"id\":\"2\"", "\"id\":\"3\""},
     3},
    {"POST /things/1 HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n4;x=y\r\ndefg\r\n0\r\n"
     "X-Test: trailer\r\n\r\nGET /things/fixed/part HTTP/1.1\r\nHost: x\r\n\r\n",
     {"\"body\":\"abcdefg\"", "\"x\":null", "\"id\":\"\""},
     2},
    {"GET /things/1 HTTP/1.0\r\n\r\n", {"HTTP/1.1 200 OK", "Connection: close"}, 1},
    {"GET http://x/things/1 HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n",
     {"HTTP/1.1 200 OK"},
     1},
    {"GET /secret HTTP/1.1\r\nHost: x\r\nAuthorization: bearer sesame\r\n\r\n", {"HTTP/1.1 200 OK"}, 1},
    {"GET /things/1 HTTP/1.1\r\nHost: x\r\nX-Request-Id: abc-1\r\n\r\n", {"X-Request-Id: abc-1\r\n"}, 1},
    {"PUT /intake HTTP/1.1\r\nHost: x\r\nContent-Length: 11\r\n\r\nhello world"
     "PUT /intake HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n4\r\ndefg\r\n0\r\n\r\n"
     "PUT /intake HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\nPUT /intake HTTP/1.1\r\nHost: x\r\n\r\n"
     "GET /things/2 HTTP/1.1\r\nHost: x\r\n\r\n",
     {"{\"body\":\"hello world\",\"announced\":11,", "{\"body\":\"abcdefg\",\"announced\":-1,",
      "{\"body\":\"\",\"announced\":0,", "\"id\":\"2\""},
     5},
    {"GET /nowhere HTTP/1.1\r\nHost: x\r\n\r\nGET /things/1 HTTP/1.1\r\nHost: x\r\n\r\n",
     {"HTTP/1.1 404 Not Found", "\"code\":\"not_found\"", "HTTP/1.1 200 OK"},
     2},
    {"PUT /things/1 HTTP/1.1\r\nHost: x\r\n\r\n", {"HTTP/1.1 405", "Allow: GET, POST, DELETE", "request_id"}, 1},
    {"GET /secret HTTP/1.1\r\nHost: x\r\n\r\n", {"HTTP/1.1 401", "WWW-Authenticate: Bearer"}, 1},
    {"GET /ws HTTP/1.1\r\nHost: x\r\n\r\n", {"HTTP/1.1 426", "Upgrade: websocket"}, 1},
    {"POST /things/1 HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\nok",
     {"HTTP/1.1 100 Continue\r\n\r\n", "\"body\":\"ok\""},
     2},
};

static void check_good(struct bench *bench, size_t i, size_t first, size_t step) {
    cleanup_free char *answer = exchange(bench, good[i].request, strlen(good[i].request), first, step);
    for (size_t k = 0; k < 4 && good[i].expected[k]; k++)
        if (!strstr(answer, good[i].expected[k]))
            fail_msg("case %zu cut at %zu: no %s in\n%s", i, first, good[i].expected[k], answer);
    if (count_of(answer, "HTTP/1.1 ") != good[i].answers)
        fail_msg("case %zu cut at %zu: not %zu answers in\n%s", i, first, good[i].answers, answer);
}

static void requests_are_answered_however_they_are_cut(void **state) {
    struct bench bench;
    bench_start(&bench, (struct http_options){0});
    for (size_t i = 0; i < ARRAY_LENGTH(good); i++) {
        size_t length = strlen(good[i].request);
        check_good(&bench, i, 1, 1);
        for (size_t cut = 1; cut <= length; cut++)
            check_good(&bench, i, cut, length);
    }
    bench_stop(&bench);
}

static void head_answers_have_no_body(void **state) {
    struct bench bench;
    bench_start(&bench, (struct http_options){0});
    const char *request = "HEAD /things/7 HTTP/1.1\r\nHost: x\r\n\r\n";
    cleanup_free char *answer = exchange(&bench, request, strlen(request), 1000, 1);
    assert_true(text_ends_with(answer, "\r\n\r\n"));
    bench_stop(&bench);
}

#define BAD(text, status)                                                                                              \
    { text, sizeof text - 1, status }
static const struct {
    const char *request;
    size_t length;
    const char *status;
} bad[] = {
    BAD("GARBAGE\r\n\r\n", "400"),
    BAD("GET /things/1 HTTP/1.1\r\n\r\n", "400"),
    BAD("GET /things/1 HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n", "400"),
    BAD("GET /things/1 HTTP/1.1\r\nHost: x\r\nX: a\0b\r\n\r\n", "400"),
    BAD("GET /things/1 HTTP/1.1\r\nHost: x\r\nX : y\r\n\r\n", "400"),
    BAD("GET /things/1 HTTP/1.1\r\nHost: x\rX: y\r\n\r\n", "400"),
    BAD("GET /things/1 HTTP/3.0\r\nHost: x\r\n\r\n", "400"),
    BAD("GET /things/1 HTTP/2.0\r\nHost: x\r\n\r\n", "400"),
    BAD("GET /things/\xFF HTTP/1.1\r\nHost: x\r\n\r\n", "400"),
    BAD("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "400"),
    BAD("CONNECT x:1 HTTP/1.1\r\nHost: x\r\n\r\n", "404"),
    BAD("OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n", "404"),
    BAD("GET /things/%00 HTTP/1.1\r\nHost: x\r\n\r\n", "404"),
    BAD("GET /things/%zz HTTP/1.1\r\nHost: x\r\n\r\n", "404"),
    BAD("GET /things/../secret HTTP/1.1\r\nHost: x\r\n\r\n", "404"),
    BAD("GET /things/ HTTP/1.1\r\nHost: x\r\n\r\n", "404"),
    BAD("POST /things/1 HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab", "400"),
    BAD("POST /things/1 HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "400"),
    BAD("POST /things/1 HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", "501"),
    BAD("POST /things/1 HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "400"),
    BAD("POST /things/1 HTTP/1.1\r\nHost: x\r\nContent-Length: 65\r\n\r\n", "413"),
    BAD("POST /things/1 HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999999\r\n\r\n", "400"),
    BAD("POST /things/1 HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nffff\r\n"
        "0123456789012345678901234567890123456789012345678901234567890123456789",
        "413"),
    BAD("GET /park HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc", "413"),
    BAD("GET /secret HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc", "413"),
};

static void bad_requests_get_a_4xx_and_nothing_else(void **state) {
    struct bench bench;
    bench_start(&bench, (struct http_options){0});
    for (size_t i = 0; i < ARRAY_LENGTH(bad); i++)
        for (size_t step = 1; step <= bad[i].length; step += step == 1 ? bad[i].length - 1 : 1) {
            cleanup_free char *answer = exchange(&bench, bad[i].request, bad[i].length, step, step);
            if (!text_starts_with(answer, "HTTP/1.1 ") || memcmp(answer + 9, bad[i].status, 3) ||
                !strstr(answer, "\"request_id\":\"") || count_of(answer, "HTTP/1.1 ") != 1)
                fail_msg("case %zu in steps of %zu: not %s but\n%s", i, step, bad[i].status, answer);
        }
    bench_stop(&bench);
}

static void heads_are_limited_in_bytes_and_number(void **state) {
    struct bench bench;
    bench_start(&bench, (struct http_options){.head_max = 500, .headers_max = 5});
    cleanup_text struct text large = {0}, many = {0};
    text_print(&large, "GET /things/1?q=%0600d HTTP/1.1\r\nHost: x\r\n\r\n", 1);
    text_append_string(&many, "GET /things/1 HTTP/1.1\r\nHost: x\r\n");
    for (int i = 0; i < 5; i++)
        text_print(&many, "X-%d: y\r\n", i);
    text_append_string(&many, "\r\n");
    cleanup_free char *first = exchange(&bench, large.data, large.length, 100, 100);
    cleanup_free char *second = exchange(&bench, many.data, many.length, 1000, 1000);
    assert_true(text_starts_with(first, "HTTP/1.1 431 "));
    assert_true(text_starts_with(second, "HTTP/1.1 431 "));
    bench_stop(&bench);
}

static void an_answer_amid_a_streamed_body_ends_the_connection(void **state) {
    static const char *const requests[] = {
        "PUT /intake?no=1 HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello",
        "PUT /intake HTTP/1.1\r\nHost: x\r\nContent-Length: 500\r\n\r\nhe!lo",
        "PUT /intake HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nab!\r\n3\r\nabc\r\n",
    };
    static const char next[] = "GET /things/1 HTTP/1.1\r\nHost: x\r\n\r\n";
    struct bench bench;
    bench_start(&bench, (struct http_options){0});
    for (size_t i = 0; i < ARRAY_LENGTH(requests); i++)
        for (size_t step = 1; step < 200; step += step == 1 ? 198 : 1) {
            cleanup_free char *both = memory_print("%s%s", requests[i], i ? "" : next);
            cleanup_free char *answer = exchange(&bench, both, strlen(both), step, step);
            if (!text_starts_with(answer, i ? "HTTP/1.1 422 " : "HTTP/1.1 403 ") ||
                !strstr(answer, "Connection: close") || count_of(answer, "HTTP/1.1 ") != 1)
                fail_msg("case %zu in steps of %zu:\n%s", i, step, answer);
        }
    bench_stop(&bench);
}

static void a_streamed_body_that_breaks_off_is_told_to_its_handler(void **state) {
    static const char *const requests[] = {
        "PUT /intake HTTP/1.1\r\nHost: x\r\nContent-Length: 500\r\n\r\nhello",
        "PUT /intake HTTP/1.1\r\nHost: x\r\nContent-Length: 500\r\n\r\n",
        "PUT /intake HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nzz\r\n",
    };
    struct bench bench;
    bench_start(&bench, (struct http_options){0});
    for (size_t i = 0; i < ARRAY_LENGTH(requests); i++)
        for (size_t step = 1; step < 200; step += step == 1 ? 198 : 1) {
            seen.closes = seen.last_status = 0;
            cleanup_free char *answer = exchange(&bench, requests[i], strlen(requests[i]), step, step);
            bench_turn(&bench, 3);
            assert_int_equal(seen.closes, 1);
            assert_int_equal(seen.last_status, 499);
            assert_int_equal(strlen(answer), 0);
        }
    bench_stop(&bench);
}

static void a_streamed_body_must_keep_coming(void **state) {
    static const char request[] = "PUT /intake HTTP/1.1\r\nHost: x\r\nContent-Length: 500\r\n\r\nhello";
    struct bench bench;
    bench_start(&bench, (struct http_options){.body_ms = 100});
    int fd = bench_connect(&bench);
    assert_int_equal(write(fd, request, strlen(request)), (ssize_t)strlen(request));
    for (int i = 0; i < 3000 && !seen.closes; i++) {
        bench_turn(&bench, 1);
        clock_sleep_ms(1);
    }
    assert_int_equal(seen.closes, 1);
    close(fd);
    bench_stop(&bench);
}

static void a_large_streamed_body_is_never_whole_in_memory(void **state) {
    static const char head[] = "PUT /intake HTTP/1.1\r\nHost: x\r\nContent-Length: 30000000\r\n\r\n";
    static char part[100000];
    struct bench bench;
    cleanup_text struct text answer = {0};
    size_t sent = 0;
    bench_start(&bench, (struct http_options){0});
    int fd = bench_connect(&bench);
    assert_int_equal(write(fd, head, strlen(head)), (ssize_t)strlen(head));
    for (int i = 0; i < 1000000 && sent < 30000000; i++) {
        ssize_t n = write(fd, part, sizeof part);
        sent += n > 0 ? (size_t)n : 0;
        bench_turn(&bench, 1);
    }
    bench_turn(&bench, 20);
    receive(fd, &answer);
    assert_true(text_starts_with(answer.data, "HTTP/1.1 200 "));
    assert_non_null(strstr(answer.data, "\"taken\":30000000"));
    assert_true(seen.largest_piece > 0 && seen.largest_piece <= 128 * 1024);
    close(fd);
    bench_stop(&bench);
}

static void a_parked_request_is_told_when_its_client_leaves(void **state) {
    struct bench bench;
    const char *request = "GET /park HTTP/1.1\r\nHost: x\r\n\r\n";
    bench_start(&bench, (struct http_options){0});
    int fd = bench_connect(&bench);
    assert_int_equal(write(fd, request, strlen(request)), (ssize_t)strlen(request));
    bench_turn(&bench, 3);
    assert_non_null(seen.parked);
    assert_int_equal(seen.closes, 0);
    close(fd);
    bench_turn(&bench, 3);
    assert_int_equal(seen.closes, 1);
    assert_string_equal(http_path(seen.parked), "/park"); /* still valid */
    http_respond(seen.parked, 200, NULL, "late", 4);
    assert_int_equal(seen.last_status, 499);
    bench_stop(&bench);
}

static void a_parked_request_is_answered_later_and_the_next_waits(void **state) {
    struct bench bench;
    const char *request = "GET /park HTTP/1.1\r\nHost: x\r\n\r\nGET /things/9 HTTP/1.1\r\nHost: x\r\n\r\n";
    cleanup_text struct text answer = {0};
    bench_start(&bench, (struct http_options){0});
    int fd = bench_connect(&bench);
    assert_int_equal(write(fd, request, strlen(request)), (ssize_t)strlen(request));
    bench_turn(&bench, 5);
    receive(fd, &answer);
    assert_int_equal(answer.length, 0);
    http_respond(seen.parked, 200, "text/plain", "later", 5);
    bench_turn(&bench, 5);
    receive(fd, &answer);
    assert_int_equal(count_of(answer.data, "HTTP/1.1 200"), 2);
    assert_true(strstr(answer.data, "later") < strstr(answer.data, "\"id\":\"9\""));
    close(fd);
    bench_stop(&bench);
}

static void run_stream(const char *request, size_t expected_letters, const char *expected_head) {
    struct bench bench;
    cleanup_text struct text answer = {0};
    bench_start(&bench, (struct http_options){0});
    int fd = bench_connect(&bench);
    assert_int_equal(write(fd, request, strlen(request)), (ssize_t)strlen(request));
    bench_turn(&bench, 20);
    assert_true(seen.drains > 1 && seen.drains < 20); /* held back: nobody reads */
    for (int i = 0; i < 3000 && seen.afters == 0; i++) {
        receive(fd, &answer);
        bench_turn(&bench, 1);
    }
    bench_turn(&bench, 2);
    receive(fd, &answer);
    assert_non_null(strstr(answer.data, expected_head));
    size_t letters = 0;
    for (char *p = strstr(answer.data, "\r\n\r\n"); *p; p++)
        letters += *p >= 'a' && *p <= 'z';
    assert_int_equal(letters, expected_letters);
    close(fd);
    bench_stop(&bench);
}

static void streams_hold_back_for_a_slow_reader(void **state) {
    run_stream("GET /stream HTTP/1.1\r\nHost: x\r\n\r\n", 50 * 60000 + 50 * 2 /* ea60 */, "Transfer-Encoding: chunked");
    run_stream("GET /stream?length=1 HTTP/1.1\r\nHost: x\r\n\r\n", 50 * 60000, "Content-Length: 3000000");
}

static void a_stream_cut_short_is_noticed(void **state) {
    struct bench bench;
    const char *request = "GET /short HTTP/1.1\r\nHost: x\r\n\r\nGET /things/1 HTTP/1.1\r\nHost: x\r\n\r\n";
    bench_start(&bench, (struct http_options){0});
    cleanup_free char *answer = exchange(&bench, request, strlen(request), 1000, 1);
    assert_true(text_ends_with(answer, "only this"));
    bench_stop(&bench);
}

static void an_upgrade_hands_over_the_socket_and_what_was_read(void **state) {
    static const char request[] =
        "GET /ws HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nhead";
    struct bench bench;
    for (size_t cut = 1; cut < sizeof request; cut++) {
        char got[32] = "";
        bench_start(&bench, (struct http_options){0});
        int fd = bench_connect(&bench);
        assert_int_equal(write(fd, request, cut), (ssize_t)cut);
        bench_turn(&bench, 3);
        if (cut < sizeof request - 1)
            assert_true(write(fd, request + cut, sizeof request - 1 - cut) > 0);
        bench_turn(&bench, 3);
        assert_true(seen.upgraded_fd > 0);
        memcpy(got, seen.upgraded_head, seen.upgraded_length);
        ssize_t rest = read(seen.upgraded_fd, got + seen.upgraded_length, 16);
        (void)rest;
        assert_string_equal(got, "head"); /* every byte is in one of the two places */
        assert_int_equal(write(seen.upgraded_fd, "back", 4), 4);
        assert_int_equal(read(fd, got, sizeof got), 4);
        close(seen.upgraded_fd);
        close(fd);
        bench_stop(&bench);
    }
}

static void turn_for(struct bench *bench, int ms) {
    for (int64_t end = clock_deadline(ms); clock_monotonic_ms() < end; clock_sleep_ms(2))
        uv_run(&bench->loop, UV_RUN_NOWAIT);
}

static void slow_clients_are_closed(void **state) {
    struct bench bench;
    cleanup_text struct text head = {0}, body = {0}, idle = {0};
    bench_start(&bench, (struct http_options){.head_ms = 100, .body_ms = 100, .idle_ms = 100, .write_ms = 100});
    int slow_head = bench_connect(&bench), slow_body = bench_connect(&bench), silent = bench_connect(&bench);
    int deaf = bench_connect(&bench);
    assert_true(write(slow_head, "GET /things/1 HT", 16) > 0);
    assert_true(write(slow_body, "POST /things/1 HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nab", 57) > 0);
    assert_true(write(deaf, "GET /stream HTTP/1.1\r\nHost: x\r\n\r\n", 33) > 0);
    turn_for(&bench, 1000);
    assert_false(receive(slow_head, &head));
    assert_false(receive(slow_body, &body));
    assert_false(receive(silent, &idle));
    assert_true(text_starts_with(head.data, "HTTP/1.1 408 "));
    assert_true(text_starts_with(body.data, "HTTP/1.1 408 "));
    assert_int_equal(idle.length, 0);
    assert_int_equal(seen.afters, 2); /* the deaf one's stream was told on_close, and is still ours to end */
    close(slow_head);
    close(slow_body);
    close(silent);
    close(deaf);
    bench_turn(&bench, 3);
    assert_int_equal(http_server_connections(bench.server), 0);
    seen.drains = 50;
    stream_more(seen.parked);
    bench_stop(&bench);
}

static void draining_lets_the_request_in_progress_end(void **state) {
    struct bench bench;
    const char *request = "GET /park HTTP/1.1\r\nHost: x\r\n\r\n";
    cleanup_text struct text answer = {0}, nothing = {0};
    bench_start(&bench, (struct http_options){0});
    int fd = bench_connect(&bench), idle = bench_connect(&bench);
    assert_int_equal(write(fd, request, strlen(request)), (ssize_t)strlen(request));
    bench_turn(&bench, 3);
    http_server_drain(bench.server, 5000, on_drained, &bench);
    bench_turn(&bench, 3);
    assert_false(receive(idle, &nothing));
    assert_true(receive(fd, &answer));
    http_respond(seen.parked, 200, NULL, "end", 3);
    bench_turn(&bench, 3);
    assert_false(receive(fd, &answer));
    assert_non_null(strstr(answer.data, "Connection: close"));
    close(fd);
    close(idle);
    turn_for(&bench, 50);
    assert_true(bench.drained);
    assert_int_equal(uv_loop_close(&bench.loop), 0);
}

static void past_the_limit_connections_are_turned_away(void **state) {
    struct bench bench;
    struct error e;
    char answer[512] = "";
    bench_start(&bench, (struct http_options){.connections_max = 1});
    int listener = http_listen_socket("127.0.0.1", 0, &e);
    struct sockaddr_storage address;
    socklen_t length = sizeof address;
    assert_true(listener >= 0);
    assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &length), 0);
    assert_int_equal(http_server_listen(bench.server, listener, &e), 0);
    int first = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), second = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(first, (struct sockaddr *)&address, length), 0);
    bench_turn(&bench, 3);
    assert_int_equal(connect(second, (struct sockaddr *)&address, length), 0);
    bench_turn(&bench, 3);
    assert_true(read(second, answer, sizeof answer - 1) > 0);
    assert_true(text_starts_with(answer, "HTTP/1.1 503 "));
    assert_int_equal(strlen(strstr(answer, "\r\n\r\n") + 4),
                     (size_t)strtol(strstr(answer, "Content-Length: ") + 16, NULL, 10));
    close(first);
    close(second);
    bench_stop(&bench);
    assert_int_equal(http_listen_socket("not an address", 80, &e), -EINVAL);
}

/* Each request of the connection is handed over by whichever server gets it first, so they change places. */
static void a_request_is_handed_over_with_its_connection(void **state) {
    struct bench bench, second;
    const char *request = "POST /elsewhere/%D0%B6?q=1 HTTP/1.1\r\nHost: x\r\nX-Test: yes\r\nX-Request-Id: same\r\n"
                          "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\nGET /things/2 HTTP/1.1\r\nHost: x\r\n"
                          "\r\nPOST /elsewhere/3 HTTP/1.0\r\nContent-Length: 2\r\n\r\nok";
    bench_start(&second, (struct http_options){0});
    bench_start(&bench, (struct http_options){0});
    cleanup_free char *refused = exchange(&bench, request, strlen(request), 1000, 1);
    assert_int_equal(count_of(refused, "HTTP/1.1 503"), 2);
    seen.other = second.server;
    int fd = bench_connect(&bench);
    cleanup_text struct text answer = {0};
    assert_true(write(fd, request, strlen(request)) > 0);
    bench_turn(&bench, 3);
    assert_int_equal(http_server_connections(bench.server), 0);
    seen.other = bench.server;
    bench_turn(&second, 3);
    bench_turn(&bench, 3);
    receive(fd, &answer);
    assert_int_equal(count_of(answer.data, "HTTP/1.1 200"), 3);
    assert_non_null(strstr(answer.data, "X-Request-Id: same"));
    assert_non_null(strstr(answer.data, "\"id\":\"ж\",\"body\":\"abc\",\"q\":\"1\",\"x\":\"yes\""));
    assert_non_null(strstr(answer.data, "\"id\":\"3\",\"body\":\"ok\""));
    assert_non_null(strstr(answer.data, "Connection: close"));
    close(fd);
    bench_stop(&bench);
    bench_stop(&second);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests_are_answered_however_they_are_cut),
        cmocka_unit_test(head_answers_have_no_body),
        cmocka_unit_test(bad_requests_get_a_4xx_and_nothing_else),
        cmocka_unit_test(heads_are_limited_in_bytes_and_number),
        cmocka_unit_test(an_answer_amid_a_streamed_body_ends_the_connection),
        cmocka_unit_test(a_streamed_body_that_breaks_off_is_told_to_its_handler),
        cmocka_unit_test(a_streamed_body_must_keep_coming),
        cmocka_unit_test(a_large_streamed_body_is_never_whole_in_memory),
        cmocka_unit_test(a_parked_request_is_told_when_its_client_leaves),
        cmocka_unit_test(a_parked_request_is_answered_later_and_the_next_waits),
        cmocka_unit_test(streams_hold_back_for_a_slow_reader),
        cmocka_unit_test(a_stream_cut_short_is_noticed),
        cmocka_unit_test(an_upgrade_hands_over_the_socket_and_what_was_read),
        cmocka_unit_test(a_request_is_handed_over_with_its_connection),
        cmocka_unit_test(slow_clients_are_closed),
        cmocka_unit_test(draining_lets_the_request_in_progress_end),
        cmocka_unit_test(past_the_limit_connections_are_turned_away),
    };
    signal(SIGPIPE, SIG_IGN);
    int status = sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
    free(seen.upgraded_head);
    return status;
}
