/* A session of the Model Context Protocol: one client, in a process of its own, with the rights of one user.
 *
 * `replinet mcp` owns it: on standard input and output for a program of this machine, or started by the api for a
 * client over HTTP. Requests are carried out one after the other, on one thread. README.md has the picture. */
#pragma once

#include "domain/roles.h"
#include "mcp/channel.h"
#include "store/postgres.h"
#include "store/redis.h"

/* What a key may be used for, as the API has it; a person at this machine may do all. */
enum mcp_scope { MCP_READ = 1, MCP_RUN = 4, MCP_BROWSERS = 8, MCP_ALL = 15 };

struct mcp_browser;

struct mcp_session {
    struct postgres db;
    struct redis redis;
    struct caller caller;
    unsigned scopes;
    const char *agent;   /* whose browser_config and credentials a browser gets when none is named; NULL: none */
    const char *address; /* where the client is, for the audit */
    struct mcp_channel *channel;
    struct mcp_browser *browser; /* NULL: none is open */
    bool initialized;
    int level; /* the least severe log message that is sent; LOG_* */
};

/* Serves the client until it goes. The session's connections, caller, scopes and channel are there already. */
void mcp_serve(struct mcp_session *session);
