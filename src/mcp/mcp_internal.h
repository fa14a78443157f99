/* What the parts of a session offer each other. */
#pragma once

#include "base/log.h"
#include "base/text.h"
#include "mcp/rpc.h"
#include "mcp/session.h"

/* A call of a tool while it is carried out. */
struct mcp_call {
    struct mcp_session *session;
    const struct mcp_tool *tool;
    const json_t *arguments; /* checked */
    const json_t *progress;  /* the token that progress is told with; NULL: nobody asks */
    int64_t progress_told;
    json_t *content;    /* list of content blocks */
    json_t *structured; /* the same as an object; NULL: none */
};

typedef int mcp_tool_handler(struct mcp_call *call, struct error *e);

enum mcp_hints { MCP_READ_ONLY = 1, MCP_DESTRUCTIVE = 2, MCP_IDEMPOTENT = 4, MCP_OPEN_WORLD = 8 };

struct mcp_tool {
    const char *name, *title, *doc;
    mcp_tool_handler *handler;
    unsigned hints; /* of enum mcp_hints */
    enum permission permission;
    enum mcp_scope scope;
    const char *schema; /* properties and required, as JSON without the outer braces */
};

/* tools.c: {"tools": [...]} that the caller may use, and one call ({"content", "isError", ...}). NULL and `ret_code`
 * for what is no call at all. */
json_t *mcp_tools_list(const struct mcp_session *session);
json_t *mcp_tools_call(struct mcp_session *session, const json_t *params, enum rpc_code *ret_code, struct error *e);
bool mcp_may(const struct mcp_session *session, enum permission permission, unsigned scope);

/* Content of an answer. Everything is copied. */
void mcp_add_text(struct mcp_call *call, const char *text);
void mcp_add_json(struct mcp_call *call, const char *json); /* an object: as text and as structured content */
void mcp_add_image(struct mcp_call *call, const void *data, size_t length, const char *media_type);
void mcp_add_link(struct mcp_call *call, const char *uri, const char *name, const char *media_type);
/* Tells how far it is, when anybody asked. `total` 0: unknown. */
void mcp_progress(struct mcp_call *call, int64_t done, int64_t total, const char *message);

/* resources.c: results, or NULL with what is wrong in `e`. */
json_t *mcp_resources_list(struct mcp_session *session, const json_t *params, struct error *e);
json_t *mcp_resources_templates(void);
json_t *mcp_resources_read(struct mcp_session *session, const json_t *params, struct error *e);

/* Sends a log message when the client wants to hear of such. */
void mcp_log(struct mcp_session *session, enum log_level level, const char *logger, const char *message);
