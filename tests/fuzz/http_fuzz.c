/* Whatever bytes come, the HTTP server answers in whole answers below 500, and with the same ones however the bytes are
 * cut. The first byte of the input says how. */
#include "base/io.h"
#include "base/memory.h"
#include "base/text.h"
#include "fuzz.h"
#include "net/http_server.h"
#include <signal.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define INPUT_MAX 32768
#define START     "HTTP/1.1 "

#define DEMAND(condition)                                                                                              \
    do {                                                                                                               \
        if (!(condition))                                                                                              \
            abort();                                                                                                   \
    } while (0)

static void echo(struct http_request *request, void *user) {
    size_t length;
    const char *body = http_body(request, &length);
    DEMAND(length <= 1000 && !body[length]);
    http_query(request, "ticket");
    http_bearer(request);
    http_respond(request, 200, "text/plain", "text", 4);
}

static void as_json(struct http_request *request, void *user) {
    cleanup_json json_t *json = NULL;
    struct error e;
    if (http_body_json(request, &json, &e) < 0)
        http_respond_error(request, &e);
    else
        http_respond_json(request, 200, json);
}

static void stream(struct http_request *request, void *user) {
    http_stream_begin(request, 200, "text/plain", -1);
    DEMAND(*http_parameter(request, "id"));
    http_stream_write(request, "text", 4);
    http_stream_end(request);
}

static void upgrade(struct http_request *request, void *user) {
    cleanup_free char *head = NULL;
    size_t length;
    int fd = http_upgrade(request, &head, &length);
    if (fd >= 0)
        close(fd);
}

/* A body taken piece by piece, each kept waiting until the loop's next turn; 'x' in it ends it with a refusal. */
struct intake {
    struct http_request *request;
    uv_idle_t later;
    bool bad, gone;
};

static void intake_closed(uv_handle_t *handle) {
    free(handle->data);
}

static void intake_answer(struct intake *intake, int status) {
    http_respond(intake->request, status, "text/plain", "", 0);
    uv_close((uv_handle_t *)&intake->later, intake_closed);
}

static void intake_later(uv_idle_t *idle) {
    struct intake *intake = idle->data;
    uv_idle_stop(idle);
    if (intake->bad || intake->gone)
        intake_answer(intake, 422);
    else
        http_body_resume(intake->request);
}

static void intake_piece(void *user, const void *data, size_t length) {
    struct intake *intake = user;
    DEMAND(length);
    intake->bad = memchr(data, 'x', length);
    http_body_pause(intake->request);
    uv_idle_start(&intake->later, intake_later);
}

static void intake_end(void *user) {
    intake_answer(user, 200);
}

static void intake_gone(void *user) {
    struct intake *intake = user;
    intake->gone = true;
    if (!uv_is_active((uv_handle_t *)&intake->later))
        intake_answer(intake, 422);
}

static void take_in(struct http_request *request, void *user) {
    struct intake *intake = memory_alloc(sizeof *intake);
    intake->request = request;
    uv_idle_init(user, &intake->later);
    intake->later.data = intake;
    http_body_take(request, intake_piece, intake_end, intake);
    http_on_close(request, intake_gone, intake);
}

static const struct http_route routes[] = {
    {"PUT", "/a", take_in, .flags = HTTP_ROUTE_BODY_STREAM},
    {"GET", "/a", echo},
    {"POST", "/a", echo, .body_max = 1000},
    {"POST", "/json", as_json, .body_max = 1000},
    {"GET", "/a/{id}/stream", stream},
    {"GET", "/ws", upgrade, .flags = HTTP_ROUTE_UPGRADE},
    {NULL},
};

static void turn(uv_loop_t *loop, int times) {
    while (times--)
        uv_run(loop, UV_RUN_NOWAIT);
}

static void receive(int fd, struct text *answer) {
    char data[4096];
    ssize_t n;
    while ((n = read(fd, data, sizeof data)) > 0)
        text_append(answer, data, (size_t)n);
}

/* Where the body of the answer whose head ends at `at` ends. HEAD's answers have none, whatever their head says. */
static const char *after_body(const char *head, const char *at, const char *end) {
    const char *length = memmem(head, (size_t)(at - head), "Content-Length: ", 16);
    if (at == end || !memcmp(at, START, strlen(START)))
        return at;
    if (length)
        return at + strtoul(length + 16, NULL, 10);
    if (!memmem(head, (size_t)(at - head), "chunked", 7))
        return end; /* to the end of the connection */
    const char *last = memmem(at, (size_t)(end - at), "0\r\n\r\n", 5);
    DEMAND(last);
    return last + 5;
}

/* The statuses of all answers, one after the other: "200 404 400 ". */
static void take_statuses(const struct text *answer, struct text *statuses) {
    const char *at = answer->data, *end = at + answer->length;
    while (at && at < end) {
        const char *head_end = memmem(at, (size_t)(end - at), "\r\n\r\n", 4);
        DEMAND(head_end && !memcmp(at, START, strlen(START)));
        int status = atoi(at + strlen(START));
        DEMAND(status < 500 || status == 501);
        text_print(statuses, "%d ", status);
        at = after_body(at, head_end + 4, end);
        DEMAND(at <= end);
    }
}

static void serve(const uint8_t *data, size_t size, size_t piece, struct text *statuses) {
    struct http_options options = {.routes = routes, .head_max = 4096, .headers_max = 20};
    uv_loop_t loop;
    options.user = &loop;
    int ends[2];
    cleanup_text struct text answer = {0};
    uv_loop_init(&loop);
    struct http_server *server = http_server_new(&loop, &options);
    DEMAND(!socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends));
    io_set_nonblocking(ends[0], true);
    DEMAND(!http_server_adopt(server, ends[1], NULL));
    for (size_t at = 0; at < size; at += piece) {
        size_t part = piece < size - at ? piece : size - at;
        if (write(ends[0], data + at, part) < 0)
            break;
        turn(&loop, 2);
        receive(ends[0], &answer);
    }
    turn(&loop, 4);
    receive(ends[0], &answer);
    close(ends[0]);
    http_server_drain(server, 0, NULL, NULL);
    for (int i = 0; i < 1000 && uv_loop_alive(&loop); i++)
        uv_run(&loop, UV_RUN_ONCE);
    DEMAND(!uv_loop_close(&loop));
    if (answer.length)
        take_statuses(&answer, statuses);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    cleanup_text struct text whole = {0}, cut = {0};
    if (!size || size > INPUT_MAX)
        return 0;
    signal(SIGPIPE, SIG_IGN);
    DEMAND(sodium_init() >= 0);
    size_t piece = data[0] ? data[0] : 1;
    serve(data + 1, size - 1, INPUT_MAX, &whole);
    serve(data + 1, size - 1, size / piece > 64 ? size / 64 : piece, &cut);
    DEMAND(whole.length == cut.length && (!whole.length || !memcmp(whole.data, cut.data, whole.length)));
    return 0;
}
