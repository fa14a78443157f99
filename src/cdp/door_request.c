#include "cdp/door_request.h"
#include "base/clock.h"
#include "base/memory.h"
#include "browsers/protocol/door_protocol.h"
#include "cdp/door_error.h"
#include <curl/curl.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define CONNECT_MS 5000L
#define WAKE_MS    1000 /* curl_multi_poll's longest sleep: curl's own timers never need more */

struct transfer {
    const struct door_request *request;
    CURL *easy;
    CURLM *multi;
    struct curl_slist *headers;
    struct text body;
    int stopped; /* -errno of `write` or of the limit */
    char text[CURL_ERROR_SIZE];
};

static void transfer_done(struct transfer *transfer) {
    if (transfer->multi && transfer->easy)
        curl_multi_remove_handle(transfer->multi, transfer->easy);
    curl_easy_cleanup(transfer->easy);
    curl_multi_cleanup(transfer->multi);
    curl_slist_free_all(transfer->headers);
    text_done(&transfer->body);
}

static bool is_success(int status) {
    return status >= 200 && status < 300;
}

static size_t on_body(char *data, size_t size, size_t count, void *user) {
    struct transfer *transfer = user;
    size_t length = size * count;
    long status = 0;
    curl_easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &status);
    if (transfer->request->write && is_success((int)status))
        transfer->stopped = transfer->request->write(transfer->request->user, data, length);
    else if (transfer->body.length + length > DOOR_ANSWER_MAX)
        transfer->stopped = -EMSGSIZE;
    else
        text_append(&transfer->body, data, length);
    return transfer->stopped ? CURL_WRITEFUNC_ERROR : length;
}

static size_t on_upload(char *data, size_t size, size_t count, void *user) {
    struct transfer *transfer = user;
    ssize_t n = transfer->request->read(transfer->request->user, data, size * count);
    if (n >= 0)
        return (size_t)n;
    transfer->stopped = (int)n;
    return CURL_READFUNC_ABORT;
}

static void set_upload(struct transfer *transfer) {
    curl_easy_setopt(transfer->easy, CURLOPT_UPLOAD, 1L);
    curl_easy_setopt(transfer->easy, CURLOPT_READFUNCTION, on_upload);
    curl_easy_setopt(transfer->easy, CURLOPT_READDATA, transfer);
    curl_easy_setopt(transfer->easy, CURLOPT_INFILESIZE_LARGE, (curl_off_t)transfer->request->upload_size);
}

static void set_up(struct transfer *transfer, const struct door *door) {
    const struct door_request *request = transfer->request;
    bool v6 = strchr(door->host, ':') != NULL;
    cleanup_free char *url =
        memory_print("http://%s%s%s:%d%s", v6 ? "[" : "", door->host, v6 ? "]" : "", door->port, request->path);
    CURL *easy = transfer->easy;
    if (request->ticket) {
        cleanup_free char *header = memory_print("Authorization: Bearer %s", request->ticket);
        transfer->headers = curl_slist_append(NULL, header);
    }
    curl_easy_setopt(easy, CURLOPT_URL, url);
    if (request->read)
        set_upload(transfer);
    curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, request->method);
    if (!strcmp(request->method, "POST") && !request->read)
        curl_easy_setopt(easy, CURLOPT_POSTFIELDS, "");
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, transfer->headers);
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http");
    curl_easy_setopt(easy, CURLOPT_PROXY, ""); /* http_proxy in the environment is not for the door */
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, CONNECT_MS);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, transfer);
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, transfer->text);
}

/* Drives the transfer until curl is done with it; ret_code is curl's verdict. */
static int drive(struct transfer *transfer, const struct door *door, CURLcode *ret_code, struct error *e) {
    for (;;) {
        int running = 0, left = 0;
        curl_multi_perform(transfer->multi, &running);
        CURLMsg *message = curl_multi_info_read(transfer->multi, &left);
        if (message) {
            *ret_code = message->data.result;
            return 0;
        }
        int remaining = clock_remaining_ms(transfer->request->deadline);
        if (!remaining)
            return error_set(e, ETIMEDOUT, ERROR_TIMEOUT, "cannot %s: the door did not answer in time",
                             transfer->request->what);
        struct curl_waitfd interrupt = {.fd = door->interrupt_fd, .events = CURL_WAIT_POLLIN};
        curl_multi_poll(transfer->multi, &interrupt, door->interrupt_fd >= 0, remaining < WAKE_MS ? remaining : WAKE_MS,
                        NULL);
        if (interrupt.revents)
            return error_set(e, ECANCELED, ERROR_CANCELLED, "cannot %s: stopped", transfer->request->what);
    }
}

static const struct {
    CURLcode curl;
    int err;
    enum error_code code;
} verdicts[] = {
    {CURLE_COULDNT_CONNECT, ECONNREFUSED, ERROR_UNAVAILABLE},
    {CURLE_COULDNT_RESOLVE_HOST, EHOSTUNREACH, ERROR_UNAVAILABLE},
    {CURLE_OPERATION_TIMEDOUT, ECONNREFUSED, ERROR_UNAVAILABLE}, /* only connecting has a time limit of curl's */
    {CURLE_GOT_NOTHING, ECONNRESET, ERROR_UNAVAILABLE},
    {CURLE_RECV_ERROR, ECONNRESET, ERROR_UNAVAILABLE},
    {CURLE_SEND_ERROR, ECONNRESET, ERROR_UNAVAILABLE},
    {CURLE_PARTIAL_FILE, ECONNRESET, ERROR_UNAVAILABLE},
};

static int explain(const struct transfer *transfer, const struct door *door, CURLcode code, struct error *e) {
    const char *what = transfer->request->what;
    if (transfer->stopped == -EMSGSIZE)
        return error_set(e, EMSGSIZE, ERROR_TOO_LARGE, "cannot %s: the answer is over %d bytes", what, DOOR_ANSWER_MAX);
    if (transfer->stopped)
        return error_errno(e, -transfer->stopped, ERROR_STORAGE, "cannot %s", what);
    const char *text = *transfer->text ? transfer->text : curl_easy_strerror(code);
    for (size_t i = 0; i < ARRAY_LENGTH(verdicts); i++)
        if (verdicts[i].curl == code) {
            error_set(e, 0, verdicts[i].code, "cannot %s: no answer from the door at %s:%d (%s)", what, door->host,
                      door->port, text);
            error_hint(e, "`replinet up` (or `replinet browser-manager`) starts the Browser Manager");
            return -verdicts[i].err;
        }
    return error_set(e, EPROTO, ERROR_PROTOCOL, "cannot %s: %s", what, text);
}

int door_request_run(const struct door *door, const struct door_request *request, struct text *ret_body,
                     struct error *e) {
    __attribute__((cleanup(transfer_done))) struct transfer transfer = {
        .request = request, .easy = curl_easy_init(), .multi = curl_multi_init()};
    CURLcode code = CURLE_OK;
    long status = 0;
    if (!transfer.easy || !transfer.multi)
        return error_set(e, ENOMEM, ERROR_INTERNAL, "cannot %s: libcurl does not start", request->what);
    set_up(&transfer, door);
    curl_multi_add_handle(transfer.multi, transfer.easy);
    int r = drive(&transfer, door, &code, e);
    if (r < 0)
        return r;
    if (code != CURLE_OK)
        return explain(&transfer, door, code, e);
    curl_easy_getinfo(transfer.easy, CURLINFO_RESPONSE_CODE, &status);
    if (!is_success((int)status))
        return door_error_from_answer((int)status, transfer.body.data, transfer.body.length, request->what, e);
    if (ret_body) {
        *ret_body = transfer.body;
        transfer.body = (struct text){0};
    }
    return 0;
}

char *door_request_escape(const char *name) {
    char *escaped = curl_easy_escape(NULL, name, 0), *copy = memory_copy_text(escaped ? escaped : "");
    curl_free(escaped);
    return copy;
}
