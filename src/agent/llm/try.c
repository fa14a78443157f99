#include "agent/llm/try.h"
#include "agent/llm/session.h"
#include "agent/llm/sse.h"
#include "base/clock.h"
#include "base/memory.h"
#include <curl/curl.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#define CONNECT_MS 10000L
#define SERVE_MS   100
#define WAKE_MS    1000                /* curl_multi_poll's longest sleep: curl's own timers never need more */
#define BODY_MAX   ((size_t)16 << 20)  /* of an answer in one piece: its text is limited on its own */
#define STREAM_MAX ((size_t)128 << 20) /* each token of a stream has an envelope of some 250 bytes */
#define ERROR_MAX  ((size_t)64 << 10)

struct llm_session *llm_session_new(void) {
    struct llm_session *session = memory_alloc(sizeof *session);
    session->easy = curl_easy_init();
    session->multi = curl_multi_init();
    return session;
}

void llm_session_free(struct llm_session *session) {
    if (!session)
        return;
    curl_easy_cleanup(session->easy);
    curl_multi_cleanup(session->multi);
    free(session);
}

/* The answer comes as a stream when its first byte is none of a JSON object: some servers name the wrong type. */
enum form { FORM_UNKNOWN, FORM_STREAM, FORM_WHOLE, FORM_ERROR };

struct transfer {
    struct llm_try *attempt;
    struct curl_slist *headers;
    enum form form;
    struct text body;
    struct sse sse;
    size_t received;
    int stopped; /* -errno of reading, its error in `e` */
    struct error *e;
    char text[CURL_ERROR_SIZE];
};

static void transfer_done(struct transfer *transfer) {
    curl_multi_remove_handle(transfer->attempt->session->multi, transfer->attempt->session->easy);
    curl_slist_free_all(transfer->headers);
    text_done(&transfer->body);
    sse_done(&transfer->sse);
}

static int on_event(void *user, const char *name, const char *data, size_t length, struct error *e) {
    struct transfer *transfer = user;
    struct llm_try *attempt = transfer->attempt;
    return llm_protocol_read(attempt->protocol, &attempt->reading, name, data, length, &attempt->failure, e);
}

static long status_of(const struct transfer *transfer) {
    long status = 0;
    curl_easy_getinfo(transfer->attempt->session->easy, CURLINFO_RESPONSE_CODE, &status);
    return status;
}

static enum form form_of(const struct transfer *transfer, const char *data, size_t length) {
    long status = status_of(transfer);
    if (status < 200 || status > 299)
        return FORM_ERROR;
    size_t blank = 0;
    while (blank < length && strchr(" \t\r\n", data[blank]))
        blank++;
    return blank == length ? FORM_UNKNOWN : strchr("{<", data[blank]) ? FORM_WHOLE : FORM_STREAM;
}

static int take_body(struct transfer *transfer, const char *data, size_t length) {
    if (transfer->form == FORM_ERROR) {
        size_t room = ERROR_MAX - transfer->body.length;
        text_append(&transfer->body, data, length < room ? length : room);
        return 0;
    }
    text_append(&transfer->body, data, length);
    return transfer->body.length <= BODY_MAX
               ? 0
               : error_set(transfer->e, EMSGSIZE, ERROR_MODEL_PROTOCOL, "the answer is over %zu bytes", BODY_MAX);
}

static size_t on_body(char *data, size_t size, size_t count, void *user) {
    struct transfer *transfer = user;
    size_t length = size * count;
    transfer->received += length;
    if (transfer->form == FORM_UNKNOWN)
        transfer->form = form_of(transfer, data, length);
    if (transfer->received > STREAM_MAX)
        transfer->stopped = error_set(transfer->e, EMSGSIZE, ERROR_MODEL_PROTOCOL,
                                      "the stream of the answer is over %zu bytes", STREAM_MAX);
    else if (transfer->form == FORM_STREAM)
        transfer->stopped = sse_feed(&transfer->sse, data, length, transfer->e);
    else
        transfer->stopped = take_body(transfer, data, length);
    return transfer->stopped ? CURL_WRITEFUNC_ERROR : length;
}

static void add_header(void *user, const char *line) {
    struct transfer *transfer = user;
    transfer->headers = curl_slist_append(transfer->headers, line);
}

/* base URL + path; a base that lacks or has the version is met halfway. */
static char *url_of(const struct llm_settings *settings, const struct llm_protocol *protocol) {
    int length = (int)strlen(settings->base_url);
    while (length && settings->base_url[length - 1] == '/')
        length--;
    bool has = length >= 3 && !strncmp(settings->base_url + length - 3, "/v1", 3);
    return memory_print("%.*s%s", length, settings->base_url,
                        protocol->path + (has && !protocol->base_has_version ? 3 : 0));
}

/* The base URL for people: a name, password or query in it may be secret. free(). */
static char *shown_url(const struct llm_settings *settings) {
    static const CURLUPart secret[] = {CURLUPART_USER, CURLUPART_PASSWORD, CURLUPART_OPTIONS, CURLUPART_QUERY};
    CURLU *url = curl_url();
    char *text = NULL;
    bool good = !curl_url_set(url, CURLUPART_URL, settings->base_url, 0);
    for (size_t i = 0; good && i < ARRAY_LENGTH(secret); i++)
        curl_url_set(url, secret[i], NULL, 0);
    if (good)
        curl_url_get(url, CURLUPART_URL, &text, 0);
    char *shown = memory_copy_text(text ? text : "(it cannot be read)");
    llm_redact(shown, settings->api_key);
    curl_free(text);
    curl_url_cleanup(url);
    return shown;
}

static void set_up(struct transfer *transfer, const char *body) {
    const struct llm_try *attempt = transfer->attempt;
    CURL *easy = attempt->session->easy;
    cleanup_free char *url = url_of(attempt->settings, attempt->protocol);
    curl_easy_reset(easy); /* keeps the connection */
    add_header(transfer, "Content-Type: application/json");
    add_header(transfer, "Expect:"); /* no waiting for "100 Continue" */
    attempt->protocol->headers(attempt->settings, add_header, transfer);
    curl_easy_setopt(easy, CURLOPT_URL, url);
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, transfer->headers);
    curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)strlen(body));
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS, body);
    curl_easy_setopt(easy, CURLOPT_USERAGENT, "Replinet/" REPLINET_VERSION);
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_ACCEPT_ENCODING, ""); /* what curl can unpack */
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, CONNECT_MS);
    curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, transfer);
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, transfer->text);
}

static int cancelled(struct error *e) {
    return error_set(e, ECANCELED, ERROR_CANCELLED, "the call of the model was stopped");
}

/* After a wait: was it interrupted, is there something to serve? */
static int attend(const struct llm_request *request, short interrupted, short extra, int64_t *next_serve,
                  struct error *e) {
    if (interrupted)
        return cancelled(e);
    if (!request->serve || (!extra && clock_monotonic_ms() < *next_serve))
        return 0;
    *next_serve = clock_monotonic_ms() + SERVE_MS;
    return request->serve(request->user, e);
}

int llm_pause(const struct llm_request *request, int64_t pause_ms, struct error *e) {
    int64_t end = clock_deadline(pause_ms), next_serve = 0;
    for (int r = 0, left; (left = clock_remaining_ms(end)) > 0;) {
        struct pollfd fds[] = {{.fd = request->interrupt_fd, .events = POLLIN},
                               {.fd = request->serve ? request->extra_fd : -1, .events = POLLIN}};
        poll(fds, 2, request->serve && left > SERVE_MS ? SERVE_MS : left);
        r = attend(request, fds[0].revents, fds[1].revents, &next_serve, e);
        if (r < 0)
            return r;
    }
    return 0;
}

/* How long one wait may be: curl's timers, the try's deadline and serving set it. */
static int wait_ms(const struct llm_try *attempt) {
    int wait = attempt->request->serve ? SERVE_MS : WAKE_MS, left = clock_remaining_ms(attempt->deadline);
    return wait < left ? wait : left;
}

static unsigned fill_waits(const struct llm_request *request, struct curl_waitfd waits[2]) {
    unsigned count = 0;
    if (request->interrupt_fd >= 0)
        waits[count++] = (struct curl_waitfd){.fd = request->interrupt_fd, .events = CURL_WAIT_POLLIN};
    if (request->serve && request->extra_fd >= 0)
        waits[count++] = (struct curl_waitfd){.fd = request->extra_fd, .events = CURL_WAIT_POLLIN};
    return count;
}

static int timed_out(const struct llm_try *attempt, struct error *e) {
    bool begun = attempt->reading.first_token != 0;
    error_set(e, ETIMEDOUT, ERROR_TIMEOUT, "%s did not answer in time: %s", attempt->settings->provider,
              begun ? "the answer began but did not end" : "not one word came");
    error_hint(e, "Raise the time of a call, or take a faster model");
    return -EAGAIN;
}

/* Drives the transfer until curl is done with it; ret_code is curl's verdict. */
static int drive(struct llm_try *attempt, CURLcode *ret_code, struct error *e) {
    const struct llm_request *request = attempt->request;
    CURLM *multi = attempt->session->multi;
    int64_t next_serve = 0;
    for (;;) {
        int running = 0, left = 0;
        curl_multi_perform(multi, &running);
        CURLMsg *message = curl_multi_info_read(multi, &left);
        if (message) {
            *ret_code = message->data.result;
            return 0;
        }
        if (!clock_remaining_ms(attempt->deadline))
            return timed_out(attempt, e);
        struct curl_waitfd waits[2];
        unsigned count = fill_waits(request, waits), interrupt = request->interrupt_fd >= 0;
        curl_multi_poll(multi, waits, count, wait_ms(attempt), NULL);
        short heard = 0, more = 0;
        if (interrupt)
            heard = waits[0].revents;
        if (count > interrupt)
            more = waits[interrupt].revents;
        int r = attend(request, heard, more, &next_serve, e);
        if (r < 0)
            return r;
    }
}

/* -EAGAIN for what the network may mend by itself. */
static int explain_curl(const struct transfer *transfer, CURLcode code, struct error *e) {
    const struct llm_settings *settings = transfer->attempt->settings;
    char why[CURL_ERROR_SIZE];
    snprintf(why, sizeof why, "%s", *transfer->text ? transfer->text : curl_easy_strerror(code));
    llm_redact(why, settings->api_key);
    bool final = code == CURLE_URL_MALFORMAT || code == CURLE_UNSUPPORTED_PROTOCOL ||
                 code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_SSL_CACERT_BADFILE;
    error_set(e, 0, ERROR_MODEL_UNAVAILABLE, "%s cannot be reached, or cut its answer off: %s", settings->provider,
              why);
    cleanup_free char *url = shown_url(settings);
    error_hint(e, "Is the provider up, and its base URL right? %s", url);
    return final ? -EIO : -EAGAIN;
}

static int cut_off(const struct llm_try *attempt, struct error *e) {
    error_set(e, 0, ERROR_MODEL_UNAVAILABLE, "%s cut its answer off before the end", attempt->settings->provider);
    error_hint(e, "Try again later");
    return -EAGAIN;
}

static int refused(const struct llm_try *attempt, struct error *e) {
    char said[200] = "";
    for (size_t i = 0; i < attempt->reading.count; i++)
        if (attempt->reading.parts[i].kind == LLM_PART_TEXT && attempt->reading.parts[i].content.length)
            snprintf(said, sizeof said, ": %s", attempt->reading.parts[i].content.data);
    error_set(e, EPERM, ERROR_MODEL_REFUSED, "%s refuses to answer (its policy)%s", attempt->settings->model, said);
    error_hint(e, "Word the task differently, or take another model");
    return -EPERM;
}

/* Retry-After in seconds or as a date (curl reads both), or OpenAI's in milliseconds. */
static void read_advice(struct transfer *transfer) {
    struct llm_failure *failure = &transfer->attempt->failure;
    CURL *easy = transfer->attempt->session->easy;
    struct curl_header *header;
    curl_off_t seconds = 0;
    failure->should_retry = -1;
    failure->retry_after_ms = -1;
    if (!curl_easy_getinfo(easy, CURLINFO_RETRY_AFTER, &seconds) && seconds > 0)
        failure->retry_after_ms = (int64_t)seconds * 1000;
    if (!curl_easy_header(easy, "retry-after-ms", 0, CURLH_HEADER, -1, &header))
        text_parse_int(header->value, 0, INT32_MAX, &failure->retry_after_ms);
    if (!curl_easy_header(easy, "x-should-retry", 0, CURLH_HEADER, -1, &header))
        failure->should_retry = !strcmp(header->value, "true");
}

static int explain_failure(struct llm_try *attempt, struct error *e) {
    unsigned quirk = llm_failure_quirk(&attempt->failure);
    int r = llm_failure_explain(&attempt->failure, attempt->settings, e);
    if (!quirk || attempt->session->quirks & quirk || e->code != ERROR_MODEL_PROTOCOL)
        return r;
    attempt->session->quirks |= quirk;
    return -ENOTSUP;
}

/* The transfer is over: what came? */
static int judge(struct transfer *transfer, CURLcode code, struct error *e) {
    struct llm_try *attempt = transfer->attempt;
    const struct text *body = &transfer->body;
    int r = transfer->stopped;
    read_advice(transfer);
    if (!r && code == CURLE_OK && transfer->form == FORM_STREAM)
        r = sse_end(&transfer->sse, e);
    if (!r && code == CURLE_OK && transfer->form == FORM_WHOLE)
        r = llm_protocol_read(attempt->protocol, &attempt->reading, NULL, body->data, body->length, &attempt->failure,
                              e);
    if (r == -EREMOTEIO)
        return explain_failure(attempt, e);
    if (r == -EPROTO) {
        cleanup_free char *url = shown_url(attempt->settings);
        error_hint(e, "Is the base URL that of a server of models? %s", url);
        return -EAGAIN;
    }
    if (r)
        return r;
    if (code == CURLE_OK && (status_of(transfer) < 200 || status_of(transfer) > 299)) {
        attempt->failure.status = (int)status_of(transfer);
        llm_failure_read(&attempt->failure, body->data, body->length);
        return explain_failure(attempt, e);
    }
    if (code != CURLE_OK && !attempt->reading.whole) /* a connection that breaks after the end is no matter */
        return explain_curl(transfer, code, e);
    if (!attempt->reading.whole)
        return cut_off(attempt, e);
    return attempt->reading.refused ? refused(attempt, e) : 0;
}

int llm_try_once(struct llm_try *attempt, struct error *e) {
    cleanup_json json_t *body = NULL;
    cleanup_free char *text = NULL;
    struct error own = {0};
    CURLcode code = CURLE_OK;
    int r = attempt->protocol->write(attempt->settings, attempt->request, attempt->session->quirks, &body, e);
    if (r < 0)
        return r;
    __attribute__((cleanup(transfer_done))) struct transfer transfer = {
        .attempt = attempt, .e = &own, .sse = {.event = on_event, .user = &transfer}};
    text = json_print(body);
    set_up(&transfer, text);
    curl_multi_add_handle(attempt->session->multi, attempt->session->easy);
    r = drive(attempt, &code, &own);
    if (!r)
        r = judge(&transfer, code, &own);
    if (r < 0 && e)
        *e = own;
    return r;
}
