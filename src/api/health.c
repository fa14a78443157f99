/* /health: this process answers. */
#include "api/route_table.h"
#include "net/http_server.h"

static void answer_health(struct api *api, struct http_request *request, struct api_call *call) {
    static const char health[] = "{\"status\":\"ok\",\"version\":\"" REPLINET_VERSION "\"}";
    http_respond(request, 200, "application/json", health, sizeof health - 1);
}

static const struct schema_field health_fields[] = {
    {"status", SCHEMA_TEXT, SCHEMA_REQUIRED, .choices = SCHEMA_CHOICES("ok"), .doc = "Always ok: it answers."},
    {"version", SCHEMA_TEXT, SCHEMA_REQUIRED, .doc = "Of Replinet."},
    {NULL},
};
static const struct schema health_schema = {"Health", health_fields, .doc = "This process answers."};

const struct api_route health_routes[] = {
    {"GET", "//health", .park = answer_health, .lane = LANE_LOOP, .access = ACCESS_PUBLIC, .rate = RATE_NONE,
     .answer = &health_schema, .tag = "health", .summary = "Whether this process answers"},
    {NULL},
};
