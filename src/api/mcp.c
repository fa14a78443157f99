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

static int read_posted(struct api_call *call, struct rpc_input *ret_input, struct error *e) {
    cleanup_json json_t *problem = NULL;
    if (!rpc_read(call->raw.data ? call->raw.data : "", call->raw.length, ret_input, &problem))
        return 0;
    return error_set(e, EINVAL, ERROR_BAD_INPUT, "%s",
                     json_text_or(json_object_get(problem, "error"), "message", "this is no message"));
}

static const char *keep_json(struct arena *arena, const json_t *json) {
    cleanup_free char *text = json_dumps(json, JSON_ENCODE_ANY | JSON_COMPACT);
    return arena_copy_text(arena, text);
}

static void keep_part(struct arena *arena, const struct rpc_part *part, struct mcp_posted *posted) {
    bool asks = part->message && part->kind == RPC_REQUEST;
    posted->messages[posted->count++] =
        (struct mcp_message){.text = keep_json(arena, part->message ? part->message : part->refusal),
                             .route = asks ? keep_json(arena, json_object_get(part->message, "id")) : NULL,
                             .refused = !part->message};
    posted->answers += asks || !part->message;
    posted->streams |= asks && !strcmp(json_text_or(part->message, "method", ""), "tools/call");
}

static int check_ids(const struct mcp_posted *posted, struct error *e) {
    for (size_t i = 0; i < posted->count; i++)
        for (size_t j = 0; posted->messages[i].route && j < i; j++)
            if (posted->messages[j].route && !strcmp(posted->messages[i].route, posted->messages[j].route))
                return error_set(e, EINVAL, ERROR_BAD_INPUT, "two requests of the batch have the id %.40s",
                                 posted->messages[i].route);
    return 0;
}

/* `initialize` comes alone. */
static void note_beginning(struct arena *arena, const json_t *message, struct mcp_posted *posted) {
    const char *version = json_text_or(json_object_get(message, "params"), "protocolVersion", NULL);
    posted->begins = !posted->batch && !strcmp(json_text_or(message, "method", ""), "initialize");
    posted->version = version ? arena_copy_text(arena, version) : NULL;
}

static int take_posted(struct api_call *call, struct error *e) {
    cleanup_rpc_input struct rpc_input input = {0};
    int r = check(call, e);
    if (!r)
        r = read_posted(call, &input, e);
    if (r < 0)
        return r;
    struct mcp_posted *posted = arena_alloc(&call->arena, sizeof *posted);
    posted->batch = input.batch;
    posted->messages = arena_alloc(&call->arena, input.count * sizeof *posted->messages);
    for (size_t i = 0; i < input.count; i++)
        keep_part(&call->arena, &input.parts[i], posted);
    note_beginning(&call->arena, input.parts[0].message, posted);
    call->user = posted;
    return check_ids(posted, e);
}

#define SPEAKS                                                                                                         \
    .lane = LANE_DATABASE, .permission = PERMISSION_AGENTS_READ, .scope = SCOPE_MCP, .form = FORM_NOTHING, .tag = "mcp"

const struct api_route mcp_routes[] = {
    {"POST", "//mcp", take_posted, SPEAKS, .park = mcp_park_post, .flags = API_RAW_BODY, .rate = RATE_READ,
     .status = 200, .body_max = MESSAGE_MAX,
     .summary = "A message of the Model Context Protocol (streamable HTTP); docs/mcp.md"},
    {"GET", "//mcp", check, SPEAKS, .park = mcp_park_stream, .status = 200,
     .summary = "Messages of the server that answer no request (text/event-stream)"},
    {"DELETE", "//mcp", check, SPEAKS, .park = mcp_park_end, .rate = RATE_WRITE, .summary = "End the session"},
    {NULL},
};
