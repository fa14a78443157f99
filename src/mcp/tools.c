/* Which tools there are, and carrying one out. */
#include "base/memory.h"
#include "base/schema.h"
#include "mcp/browser_tools.h"
#include "mcp/mcp_internal.h"
#include "mcp/tool_table.h"
#include "mcp/tools_threads.h"
#include <errno.h>
#include <string.h>

static const struct mcp_tool tools[] = {
#define X(name, title, doc, handler, hints, permission, scope, schema)                                                 \
    {name, title, doc, handler, hints, permission, scope, schema},
    MCP_TOOL_TABLE(X)
#undef X
};

bool mcp_may(const struct mcp_session *session, enum permission permission, unsigned scope) {
    return permission_allows(session->caller.role, permission) && (session->scopes & scope);
}

static json_t *schema_of(const struct mcp_tool *tool) {
    cleanup_free char *text =
        memory_print("{\"type\":\"object\",\"additionalProperties\":false,\"properties\":{%s}", tool->schema);
    return json_loads(text, 0, NULL);
}

static json_t *describe(const char *name, const char *title, const char *doc, json_t *schema, unsigned hints) {
    return json_pack("{s:s, s:s, s:s, s:o, s:{s:s, s:b, s:b, s:b, s:b}}", "name", name, "title", title, "description",
                     doc, "inputSchema", schema, "annotations", "title", title, "readOnlyHint",
                     (hints & MCP_READ_ONLY) != 0, "destructiveHint", (hints & MCP_DESTRUCTIVE) != 0, "idempotentHint",
                     (hints & MCP_IDEMPOTENT) != 0, "openWorldHint", (hints & MCP_OPEN_WORLD) != 0);
}

json_t *mcp_tools_list(const struct mcp_session *session) {
    json_t *list = json_array();
    for (size_t i = 0; i < ARRAY_LENGTH(tools); i++)
        if (mcp_may(session, tools[i].permission, tools[i].scope))
            json_array_append_new(
                list, describe(tools[i].name, tools[i].title, tools[i].doc, schema_of(&tools[i]), tools[i].hints));
    for (size_t i = 0; mcp_may(session, PERMISSION_BROWSERS_USE, MCP_BROWSERS) && i < browser_tool_count(); i++) {
        struct browser_tool tool = browser_tool_at(i);
        json_array_append_new(list, describe(tool.name, tool.title, tool.doc, tool.schema, tool.hints));
    }
    return json_pack("{s:o}", "tools", list);
}

/* Content */

void mcp_add_text(struct mcp_call *call, const char *text) {
    json_t *value = json_string(text);
    json_array_append_new(call->content, json_pack("{s:s, s:o}", "type", "text", "text",
                                                   value ? value : json_string("(this text cannot be shown)")));
}

void mcp_add_json(struct mcp_call *call, const char *json) {
    json_t *object = json_loads(json, 0, NULL);
    mcp_add_text(call, json);
    if (json_is_object(object))
        call->structured = object;
    else
        json_decref(object);
}

void mcp_add_image(struct mcp_call *call, const void *data, size_t length, const char *media_type) {
    cleanup_text struct text encoded = {0};
    text_append_base64(&encoded, data, length);
    json_array_append_new(call->content, json_pack("{s:s, s:s, s:s}", "type", "image", "data",
                                                   encoded.data ? encoded.data : "", "mimeType", media_type));
}

void mcp_add_link(struct mcp_call *call, const char *uri, const char *name, const char *media_type) {
    json_array_append_new(call->content, json_pack("{s:s, s:s, s:s, s:s}", "type", "resource_link", "uri", uri, "name",
                                                   name, "mimeType", media_type));
}

void mcp_progress(struct mcp_call *call, int64_t done, int64_t total, const char *message) {
    if (!call->progress || done <= call->progress_told) /* it must rise */
        return;
    call->progress_told = done;
    json_t *params = json_pack("{s:O, s:I, s:s*}", "progressToken", call->progress, "progress", (json_int_t)done,
                               "message", message);
    if (params && total)
        json_object_set_new(params, "total", json_integer((json_int_t)total));
    if (params)
        mcp_channel_notify(call->session->channel, "notifications/progress", params);
}

/* Calls */

static const struct mcp_tool *find(const char *name) {
    for (size_t i = 0; i < ARRAY_LENGTH(tools); i++)
        if (!strcmp(tools[i].name, name))
            return &tools[i];
    return NULL;
}

static int check_right(const struct mcp_session *session, enum permission permission, unsigned scope, struct error *e) {
    if (!permission_allows(session->caller.role, permission))
        return error_set(e, EACCES, ERROR_FORBIDDEN, "a %s may not do this (%s)", role_name(session->caller.role),
                         permission_name(permission));
    if (!(session->scopes & scope))
        return error_set(e, EACCES, ERROR_FORBIDDEN, "the API key has no scope for this");
    return 0;
}

static int check_arguments(const struct mcp_tool *tool, const json_t *arguments, struct error *e) {
    cleanup_json json_t *schema = schema_of(tool), *problems = NULL;
    return schema_validate(schema, arguments, "arguments", &problems, e);
}

static int carry_out(struct mcp_call *call, const char *name, struct error *e) {
    struct mcp_session *session = call->session;
    int r;
    if (!call->tool) {
        r = check_right(session, PERMISSION_BROWSERS_USE, MCP_BROWSERS, e);
        return r < 0 ? r : browser_tool_call(call, name, e);
    }
    r = check_right(session, call->tool->permission, call->tool->scope, e);
    if (!r)
        r = check_arguments(call->tool, call->arguments, e);
    return r < 0 ? r : call->tool->handler(call, e);
}

/* What went wrong is for the client's model to read: an answer, not an error of the protocol. */
static json_t *result_of(struct mcp_call *call, int r, const struct error *e) {
    if (r < 0) {
        cleanup_free char *text = memory_print("%s%s%s", e->text, *e->hint ? ". " : "", e->hint);
        mcp_add_text(call, text);
    }
    return json_pack("{s:o, s:o*, s:b}", "content", call->content, "structuredContent",
                     r < 0 ? NULL : json_incref(call->structured), "isError", r < 0);
}

json_t *mcp_tools_call(struct mcp_session *session, const json_t *params, enum rpc_code *ret_code, struct error *e) {
    const char *name = json_text_or(params, "name", "");
    const json_t *given = json_object_get(params, "arguments");
    cleanup_json json_t *none = json_object();
    struct mcp_call call = {.session = session,
                            .tool = find(name),
                            .arguments = given ? given : none,
                            .progress = json_object_get(json_object_get(params, "_meta"), "progressToken")};
    *ret_code = RPC_INVALID_PARAMS;
    if (!call.tool && !browser_tool_is(name))
        return error_set(e, ENOENT, ERROR_NOT_FOUND, "there is no tool %.60s", name), NULL;
    if (!json_is_object(call.arguments))
        return error_set(e, EINVAL, ERROR_BAD_INPUT, "arguments must be an object"), NULL;
    call.content = json_array();
    int r = carry_out(&call, name, e);
    json_t *result = result_of(&call, r, e);
    json_decref(call.structured);
    return result;
}
