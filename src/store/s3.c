#include "store/s3.h"
#include "base/clock.h"
#include "base/config.h"
#include "base/memory.h"
#include <curl/curl.h>
#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#define CONNECT_MS        5000L
#define ANSWER_MAX        ((size_t)4 << 20) /* a page of a list has at most 1000 keys */
#define PAUSE_MS          200
#define PAUSE_MAX_MS      5000
#define NOTHING_SHA256    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define LEAST_BYTES_PER_S 1L

struct s3 {
    CURL *easy;
    char *base; /* scheme://host[:port][/bucket] */
    char *signature;
    int64_t retry_ms;
    long timeout_s;
};

/* One try of a request. */
struct attempt {
    struct s3 *s3;
    const struct s3_request *request;
    struct curl_slist *headers;
    struct text body;
    int64_t sent;      /* of the upload */
    int64_t *received; /* of the download, over all tries */
    int stopped;       /* -errno of the request's own functions */
    char text[CURL_ERROR_SIZE];
};

static void attempt_done(struct attempt *attempt) {
    curl_slist_free_all(attempt->headers);
    text_done(&attempt->body);
}

static int refuse(const char *what, struct error *e) {
    error_set(e, EINVAL, ERROR_BAD_CONFIG, "the object store cannot be used: %s", what);
    error_hint(e, "Set S3_URL, S3_BUCKET, S3_REGION, S3_ACCESS_KEY and S3_SECRET_KEY");
    return -EINVAL;
}

static char *base_of(const char *url, const char *bucket) {
    const char *host = strstr(url, "://") + 3;
    int length = (int)strlen(url);
    while (length && url[length - 1] == '/')
        length--;
    if (config_bool(CONFIG_S3_PATH_STYLE))
        return memory_print("%.*s/%s", length, url, bucket);
    return memory_print("%.*s%s.%.*s", (int)(host - url), url, bucket, length - (int)(host - url), host);
}

int s3_open(struct s3 **ret_s3, struct error *e) {
    const char *url = config_text(CONFIG_S3_URL), *bucket = config_text(CONFIG_S3_BUCKET);
    if (strncmp(url, "http://", 7) && strncmp(url, "https://", 8))
        return refuse(*url ? "S3_URL is no http:// or https:// address" : "S3_URL is empty", e);
    if (!*bucket || strspn(bucket, "abcdefghijklmnopqrstuvwxyz0123456789.-") != strlen(bucket))
        return refuse(*bucket ? "S3_BUCKET is no name of a bucket" : "S3_BUCKET is empty", e);
    if (!*config_text(CONFIG_S3_ACCESS_KEY) || !*config_text(CONFIG_S3_SECRET_KEY))
        return refuse("S3_ACCESS_KEY or S3_SECRET_KEY is empty", e);
    struct s3 *s3 = memory_alloc(sizeof *s3);
    s3->easy = curl_easy_init();
    s3->base = base_of(url, bucket);
    s3->signature = memory_print("aws:amz:%s:s3", config_text(CONFIG_S3_REGION));
    s3->retry_ms = config_int(CONFIG_S3_RETRY_SECONDS) * 1000;
    s3->timeout_s = (long)config_int(CONFIG_S3_TIMEOUT_SECONDS);
    *ret_s3 = s3;
    return 0;
}

void s3_close(struct s3 *s3) {
    if (!s3)
        return;
    curl_easy_cleanup(s3->easy);
    free(s3->base);
    free(s3->signature);
    free(s3);
}

static long status_of(const struct attempt *attempt) {
    long status = 0;
    curl_easy_getinfo(attempt->s3->easy, CURLINFO_RESPONSE_CODE, &status);
    return status;
}

static bool is_good(long status) {
    return status >= 200 && status < 300;
}

static size_t on_body(char *data, size_t size, size_t count, void *user) {
    struct attempt *attempt = user;
    size_t length = size * count;
    if (attempt->request->write && is_good(status_of(attempt))) {
        attempt->stopped = attempt->request->write(attempt->request->user, data, length);
        *attempt->received += (int64_t)length;
        return attempt->stopped ? CURL_WRITEFUNC_ERROR : length;
    }
    if (attempt->body.length + length > ANSWER_MAX)
        return CURL_WRITEFUNC_ERROR;
    text_append(&attempt->body, data, length);
    return length;
}

static size_t on_upload(char *data, size_t size, size_t count, void *user) {
    struct attempt *attempt = user;
    ssize_t n = attempt->request->read(attempt->request->user, attempt->sent, data, size * count);
    if (n < 0) {
        attempt->stopped = (int)n;
        return CURL_READFUNC_ABORT;
    }
    attempt->sent += n;
    return (size_t)n;
}

/* No "Name:" to leave a header of curl's out: curl 7.88 would sign it all the same. */
static void add_header(struct attempt *attempt, const char *name, const char *value) {
    cleanup_free char *line = memory_print("%s: %s", name, value);
    attempt->headers = curl_slist_append(attempt->headers, line);
}

static void set_method(struct attempt *attempt) {
    const struct s3_request *request = attempt->request;
    CURL *easy = attempt->s3->easy;
    if (request->read) {
        curl_easy_setopt(easy, CURLOPT_UPLOAD, 1L);
        curl_easy_setopt(easy, CURLOPT_READFUNCTION, on_upload);
        curl_easy_setopt(easy, CURLOPT_READDATA, attempt);
        curl_easy_setopt(easy, CURLOPT_INFILESIZE_LARGE, (curl_off_t)request->length);
    } else if (!strcmp(request->method, "HEAD"))
        curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
    else
        curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, request->method);
    if (request->write) {
        cleanup_free char *range = memory_print("%lld-%lld", (long long)(request->offset + *attempt->received),
                                                (long long)(request->offset + request->length - 1));
        curl_easy_setopt(easy, CURLOPT_RANGE, range);
    }
}

static void set_up(struct attempt *attempt) {
    struct s3 *s3 = attempt->s3;
    CURL *easy = s3->easy;
    const struct s3_request *request = attempt->request;
    cleanup_free char *url =
        memory_print("%s%s%s%s%s", s3->base, request->key ? "/" : "", request->key ? request->key : "",
                     request->query ? "?" : "", request->query ? request->query : "");
    curl_easy_reset(easy); /* keeps the connection */
    set_method(attempt);
    add_header(attempt, "x-amz-content-sha256", request->sha256 ? request->sha256 : NOTHING_SHA256);
    if (request->read)
        add_header(attempt, "Content-Type", "application/octet-stream");
    curl_easy_setopt(easy, CURLOPT_URL, url);
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, attempt->headers);
    curl_easy_setopt(easy, CURLOPT_AWS_SIGV4, s3->signature);
    curl_easy_setopt(easy, CURLOPT_USERNAME, config_text(CONFIG_S3_ACCESS_KEY));
    curl_easy_setopt(easy, CURLOPT_PASSWORD, config_text(CONFIG_S3_SECRET_KEY));
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, CONNECT_MS);
    curl_easy_setopt(easy, CURLOPT_LOW_SPEED_LIMIT, LEAST_BYTES_PER_S);
    curl_easy_setopt(easy, CURLOPT_LOW_SPEED_TIME, s3->timeout_s);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, attempt);
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, attempt->text);
}

/* <Code>NoSuchBucket</Code> of an error's body; empty when there is none. */
static void read_code(const struct text *body, char code[64]) {
    const char *begin = body->data ? strstr(body->data, "<Code>") : NULL;
    size_t length = begin ? strcspn(begin + 6, "<") : 0;
    snprintf(code, 64, "%.*s", length < 64 ? (int)length : 0, begin ? begin + 6 : "");
}

/* What a person must mend. */
static const struct {
    const char *code, *hint;
} mends[] = {
    {"SignatureDoesNotMatch", "S3_SECRET_KEY is not that of S3_ACCESS_KEY, or a proxy changes requests"},
    {"InvalidAccessKeyId", "The object store does not know S3_ACCESS_KEY"},
    {"NoSuchBucket", "Make the bucket, or set S3_BUCKET"},
    {"AuthorizationHeaderMalformed", "S3_REGION is not the bucket's region"},
    {"RequestTimeTooSkewed", "Set this machine's clock: `replinet doctor clock`"},
    {"AccessDenied", "The key needs s3:GetObject, PutObject, DeleteObject and ListBucket on the bucket"},
};

static int refused(const struct s3_request *request, long status, const char *code, struct error *e) {
    error_set(e, EACCES, ERROR_BAD_CONFIG, "the object store refuses to %s %s: %ld %s", request->method,
              request->key ? request->key : "its list", status, code);
    error_hint(e, "Check S3_URL, S3_BUCKET, S3_REGION and the keys");
    for (size_t i = 0; i < ARRAY_LENGTH(mends); i++)
        if (!strcmp(mends[i].code, code))
            error_hint(e, "%s", mends[i].hint);
    return -EACCES;
}

static bool status_may_pass(long status, const char *code) {
    return status >= 500 || status == 429 || status == 408 || !strcmp(code, "RequestTimeout") ||
           !strcmp(code, "XAmzContentSHA256Mismatch") || !strcmp(code, "BadDigest") || !strcmp(code, "IncompleteBody");
}

/* -EAGAIN: it may go well the next time. */
static int judge(struct attempt *attempt, CURLcode verdict, struct s3_answer *ret_answer, struct error *e) {
    const struct s3_request *request = attempt->request;
    char code[64];
    long status = status_of(attempt);
    if (attempt->stopped)
        return error_errno(e, -attempt->stopped, ERROR_STORAGE, "cannot pass on %s", request->key);
    if (verdict == CURLE_UNSUPPORTED_PROTOCOL || verdict == CURLE_URL_MALFORMAT)
        return refuse(curl_easy_strerror(verdict), e);
    if (verdict == CURLE_PEER_FAILED_VERIFICATION || verdict == CURLE_SSL_CACERT_BADFILE)
        return refuse(*attempt->text ? attempt->text : curl_easy_strerror(verdict), e);
    read_code(&attempt->body, code);
    if (verdict != CURLE_OK || status_may_pass(status, code)) {
        cleanup_free char *said = memory_print("%ld %s", status, code);
        const char *why = *attempt->text ? attempt->text : curl_easy_strerror(verdict);
        return error_set(e, EAGAIN, ERROR_STORAGE, "the object store fails to %s %s: %s", request->method,
                         request->key ? request->key : "its list", verdict == CURLE_OK ? said : why);
    }
    bool missing = status == 404 && request->key && strcmp(code, "NoSuchBucket") != 0;
    if (!is_good(status) && !missing)
        return refused(request, status, code, e);
    curl_off_t length = -1;
    curl_easy_getinfo(attempt->s3->easy, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
    *ret_answer = (struct s3_answer){.status = (int)status, .length = length, .body = attempt->body};
    attempt->body = (struct text){0};
    return 0;
}

static int try_once(struct s3 *s3, const struct s3_request *request, int64_t *received, struct s3_answer *ret_answer,
                    struct error *e) {
    __attribute__((cleanup(attempt_done))) struct attempt attempt = {
        .s3 = s3, .request = request, .received = received};
    set_up(&attempt);
    CURLcode verdict = curl_easy_perform(s3->easy);
    /* a body that ended early, and whose end the server did not announce */
    if (verdict == CURLE_OK && request->write && is_good(status_of(&attempt)) && *received < request->length)
        verdict = CURLE_PARTIAL_FILE;
    return judge(&attempt, verdict, ret_answer, e);
}

int s3_call(struct s3 *s3, const struct s3_request *request, struct s3_answer *ret_answer, struct error *e) {
    int64_t deadline = clock_deadline(s3->retry_ms), received = 0;
    for (int64_t pause = PAUSE_MS;; pause = pause * 2 < PAUSE_MAX_MS ? pause * 2 : PAUSE_MAX_MS) {
        int64_t before = received;
        int r = try_once(s3, request, &received, ret_answer, e);
        if (r != -EAGAIN)
            return r;
        if (received > before) /* it comes, if in pieces */
            deadline = clock_deadline(s3->retry_ms);
        int64_t wait = pause / 2 + randombytes_uniform((uint32_t)pause);
        if (clock_remaining_ms(deadline) < wait) {
            error_hint(e, "Look at the object store; it was asked for S3_RETRY_SECONDS=%lld",
                       (long long)s3->retry_ms / 1000);
            return -EIO;
        }
        clock_sleep_ms(wait);
    }
}
