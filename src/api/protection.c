#include "api/protection.h"
#include "api/api_internal.h"
#include "api/origins.h"
#include "base/config.h"
#include "base/text.h"
#include <string.h>

/* Constant texts, so that they cost no printing. */
#define SECURE                                                                                                         \
    "X-Content-Type-Options: nosniff\r\nX-Frame-Options: DENY\r\nReferrer-Policy: no-referrer\r\n"                     \
    "Cross-Origin-Opener-Policy: same-origin\r\nPermissions-Policy: camera=(), microphone=(), geolocation=()\r\n"
#define DATA_CSP            "Content-Security-Policy: default-src 'none'; frame-ancestors 'none'\r\n"
#define HSTS                "Strict-Transport-Security: max-age=31536000\r\n"
#define ADD(request, lines) http_add_lines(request, lines, sizeof(lines) - 1)

static void add_cors(struct http_request *request) {
    const char *origin = http_header(request, "origin");
    if (!*config_text(CONFIG_CORS_ORIGINS))
        return;
    http_add_header(request, "Vary", "Origin");
    if (!origin || !origin_is_allowed(origin))
        return;
    http_add_header(request, "Access-Control-Allow-Origin", origin);
    http_add_header(request, "Access-Control-Allow-Credentials", "true");
    http_add_header(request, "Access-Control-Expose-Headers",
                    "ETag, Location, Retry-After, X-Request-Id, Idempotency-Replayed, Content-Disposition, "
                    "RateLimit-Limit, RateLimit-Remaining, RateLimit-Reset");
}

void protection_decorate(struct http_request *request, int status, void *user) {
    if (!http_answer_has(request, "Content-Security-Policy"))
        ADD(request, DATA_CSP);
    ADD(request, SECURE);
    if (text_starts_with(config_text(CONFIG_PUBLIC_URL), "https:"))
        ADD(request, HSTS);
    add_cors(request);
}

static bool is_preflight(struct http_request *request) {
    return !strcmp(http_method(request), "OPTIONS") && http_header(request, "origin") &&
           http_header(request, "access-control-request-method");
}

static void answer_preflight(struct http_request *request) {
    if (origin_is_allowed(http_header(request, "origin"))) {
        http_add_header(request, "Access-Control-Allow-Methods", "GET, POST, PUT, PATCH, DELETE");
        http_add_header(request, "Access-Control-Allow-Headers",
                        "Authorization, Content-Type, If-Match, If-None-Match, Idempotency-Key, X-Request-Id, "
                        "Last-Event-ID, Range");
        http_add_header(request, "Access-Control-Max-Age", "600");
    }
    http_respond(request, 204, NULL, "", 0);
}

/* A path below /api is never the web app's: who mistypes one gets a plain 404. */
static bool is_for_files(struct http_request *request) {
    const char *method = http_method(request), *path = http_path(request);
    return (!strcmp(method, "GET") || !strcmp(method, "HEAD")) && strcmp(path, "/api") &&
           !text_starts_with(path, "/api/");
}

void protection_unmatched(struct http_request *request, const struct error *error, void *user) {
    struct api *api = user;
    if (is_preflight(request))
        answer_preflight(request);
    else if (error->code != ERROR_NOT_FOUND || !is_for_files(request) ||
             !static_files_answer(api->files, request, http_path(request)))
        http_respond_error(request, error);
}
