/* The insides of a session's browser, shared by browser.c (opening, files) and browser_tools.c. */
#pragma once

#include "agent/hands.h"
#include "cdp/door_client.h"
#include "mcp/browser.h"
#include "mcp/mcp_internal.h"

#define BROWSER_FILES_MAX 64

struct browser_file {
    char *name, *media_type;
    struct text data;
};

struct mcp_browser {
    struct mcp_session *session;
    struct hands *hands; /* NULL: none is open */
    struct ticket_key key;
    struct door door;
    struct agent_options options;
    struct agent_sink sink;
    json_t *lease, *config, *credentials;
    char lease_id[UUID_TEXT_SIZE];
    struct browser_file files[BROWSER_FILES_MAX]; /* of all browsers so far, the oldest first */
    size_t file_count, first_number;              /* the first one's number */
    struct mcp_call *call;                        /* the one that is carried out; NULL */
};

/* {"agent", "browser_config"}; ERROR_CONFLICT when one is open. */
int mcp_browser_open(struct mcp_session *session, const json_t *arguments, struct error *e);
