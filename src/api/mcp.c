/* /mcp: the Model Context Protocol, streamable HTTP. What a message is, and whether the client may speak at all, is
 * found out on a lane; its session is the loop's (mcp_sessions.c). */
#include "api/api_internal.h"
#include "api/mcp_sessions.h"
#include "api/origins.h"
#include "api/route_table.h"
#include "base/public_url.h"
#include "mcp/rpc.h"
#include <errno.h>
#include <string.h>

#define MESSAGE_MAX ((size_t)16 << 20)

/* A page that a browser on this machine shows may reach this port under a name of its own (DNS rebinding): only pages
 * of known origins may speak here, and programs, which send none. */
static int check(struct api_call *call, struct error *e) {
    cleanup_free char *own = public_url();
    if (!call->origin || !strcmp(call->origin, own) || origin_is_allowed(call->origin))
        return 0;
    error_set(e, EACCES, ERROR_FORBIDDEN, "pages of %.100s may not use /mcp", call->origin);
    error_hint(e, "CORS_ORIGINS names those that may");
    return -EACCES;
}

static int read_message(struct api_call *call, json_t **ret_message, enum rpc_kind *ret_kind, struct error *e) {
    cleanup_json json_t *problem = NULL;
    if (!rpc_read(call->raw.data ? call->raw.data : "", call->raw.length, ret_message, ret_kind, &problem))
        return 0;
    return error_set(e, EINVAL, ERROR_BAD_INPUT, "%s",
                     json_text_or(json_object_get(problem, "error"), "message", "this is no message"));
}

static int take_message(struct api_call *call, struct error *e) {
    cleanup_json json_t *message = NULL;
    enum rpc_kind kind = RPC_RESPONSE;
    int r = check(call, e);
    if (!r)
        r = read_message(call, &message, &kind, e);
    if (r < 0)
        return r;
    const char *method = json_text_or(message, "method", "");
    cleanup_free char *text = json_print(message);
    cleanup_free char *route = json_dumps(json_object_get(message, "id"), JSON_ENCODE_ANY | JSON_COMPACT);
    struct mcp_posted *posted = arena_alloc(&call->arena, sizeof *posted);
    const char *version = json_text_or(json_object_get(message, "params"), "protocolVersion", NULL);
    *posted = (struct mcp_posted){.text = arena_copy_text(&call->arena, text),
                                  .version = version ? arena_copy_text(&call->arena, version) : NULL,
                                  .route = kind == RPC_REQUEST ? arena_copy_text(&call->arena, route) : NULL,
                                  .begins = !strcmp(method, "initialize"),
                                  .streams = !strcmp(method, "tools/call")};
    call->user = posted;
    return 0;
}

#define SPEAKS                                                                                                         \
    .lane = LANE_DATABASE, .permission = PERMISSION_AGENTS_READ, .scope = SCOPE_MCP, .form = FORM_NOTHING, .tag = "mcp"

const struct api_route mcp_routes[] = {
    {"POST", "//mcp", take_message, SPEAKS, .park = mcp_park_post, .flags = API_RAW_BODY, .rate = RATE_READ,
     .status = 200, .body_max = MESSAGE_MAX,
     .summary = "A message of the Model Context Protocol (streamable HTTP); docs/mcp.md"},
    {"GET", "//mcp", check, SPEAKS, .park = mcp_park_stream, .status = 200,
     .summary = "Messages of the server that answer no request (text/event-stream)"},
    {"DELETE", "//mcp", check, SPEAKS, .park = mcp_park_end, .rate = RATE_WRITE, .summary = "End the session"},
    {NULL},
};
