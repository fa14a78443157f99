/* What is answered from memory: /health, the OpenAPI document and its page. */
#include "api/api_internal.h"
#include "api/route_table.h"
#include <errno.h>
#include <string.h>

#define DOCS_PAGE "/api-docs/index.html"

static void answer_health(struct api *api, struct http_request *request, struct api_call *call) {
    static const char health[] = "{\"status\":\"ok\",\"version\":\"" REPLINET_VERSION "\"}";
    http_respond(request, 200, "application/json", health, sizeof health - 1);
}

static void answer_document(struct api *api, struct http_request *request, struct api_call *call) {
    http_add_header(request, "Cache-Control", "no-cache");
    http_respond(request, 200, "application/json", api->openapi, strlen(api->openapi));
}

static void answer_docs(struct api *api, struct http_request *request, struct api_call *call) {
    struct error e;
    if (static_files_answer(api->files, request, DOCS_PAGE))
        return;
    error_set(&e, ENOENT, ERROR_NOT_FOUND, "the page is a part of the web app, which is not installed here");
    error_hint(&e, "build it (./dev build) and set WEB_DIR; /openapi.json is there without it");
    http_respond_error(request, &e);
}

static const struct schema_field health_fields[] = {
    {"status", SCHEMA_TEXT, SCHEMA_REQUIRED, .choices = SCHEMA_CHOICES("ok"), .doc = "Always ok: it answers."},
    {"version", SCHEMA_TEXT, SCHEMA_REQUIRED, .doc = "Of Replinet."},
    {NULL},
};
static const struct schema health_schema = {"Health", health_fields, .doc = "This process answers."};

#define MEMORY .lane = LANE_LOOP, .access = ACCESS_PUBLIC, .rate = RATE_NONE, .tag = "health"

const struct api_route health_routes[] = {
    {"GET", "//health", .park = answer_health, MEMORY, .answer = &health_schema,
     .summary = "Whether this process answers"},
    {"GET", "//openapi.json", .park = answer_document, MEMORY, .summary = "This document"},
    {"GET", "//docs", .park = answer_docs, MEMORY, .summary = "This document as a page"},
    {NULL},
};
