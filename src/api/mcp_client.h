/* A session of an MCP client, for the files that it is made of: mcp_sessions.c (who may, beginning and end, time),
 * mcp_process.c (its process), mcp_replies.c and mcp_events.c (what goes back to the client). The loop's thread. */
#pragma once

#include "api/api_internal.h"
#include "api/mcp_peers.h"
#include "api/standing.h"
#include "mcp/versions.h"

#define MCP_ID_BYTES    24
#define MCP_ID_SIZE     (MCP_PEER_NAME_SIZE + 2 * MCP_ID_BYTES)
#define MCP_TOLD_MAX    ((size_t)32 << 20) /* that waits for a session's process to read it */
#define MCP_LINE_MAX    ((size_t)64 << 20)
#define MCP_KEPT_MAX    ((size_t)16 << 20) /* of a session's events, for a client that lost its connection */
#define MCP_KEPT_MS     300000
#define MCP_REPLIES_MAX 256                /* streams that are over and still kept */
#define MCP_QUEUED_MAX  ((size_t)16 << 20) /* past it the process is not heard until its client reads */

/* A message that went out, or is to, as an event of a stream. */
struct mcp_event {
    struct mcp_event *next;
    uint64_t number;
    int64_t at_ms;
    size_t length;
    char text[];
};

/* What goes back to one HTTP request: a body of JSON once all is answered, or a stream of events. A stream outlives its
 * connection: the client may come back for what it missed, and for the rest. */
struct mcp_reply {
    struct mcp_reply *next; /* older */
    struct mcp_client *client;
    struct http_request *request; /* NULL: nobody reads; only of streams */
    bool streams;
    bool batch;      /* a body is an array */
    bool listens;    /* the client's GET: it is never over */
    size_t expected; /* answers that are still to come */
    struct text body;
    uint64_t number;
    struct mcp_event *first, *last;
    struct mcp_event *unsent; /* the first that is not written yet; NULL: none, or nobody reads */
    uint64_t lost;            /* the number of the last event that is not kept any more; 0: none was lost */
    int64_t left_ms;          /* when its reader went */
};

/* A request of the client that has not been answered yet. */
struct mcp_waiting {
    struct mcp_waiting *next;
    struct mcp_reply *reply;
    char *route; /* its id, as JSON */
};

struct mcp_client {
    struct mcp_client *next;
    struct mcp_sessions *sessions;
    struct api *api;
    char id[MCP_ID_SIZE];
    uint64_t noted; /* its number among the peers */
    struct standing standing;
    const struct mcp_version *version;
    uv_process_t process;
    uv_pipe_t in, out; /* of the process */
    int open_handles;
    bool ended; /* takes no further request */
    bool held;  /* its process is not heard */
    int64_t used_ms, checked_ms, kill_ms;
    struct text unread; /* of the process's words, the last line that is not whole */
    struct mcp_waiting *waiting;
    size_t waiting_count;
    struct mcp_reply *replies;
    struct mcp_reply *listener; /* the reply to the client's newest GET; NULL */
    uint64_t replies_made, events_made;
    size_t kept; /* bytes of all events */
};

/* mcp_sessions.c */
void mcp_client_end(struct mcp_client *client, const char *why); /* answers all; its process is to end */
void mcp_client_forget(struct mcp_client *client);               /* frees it once nothing of it is open */

/* mcp_process.c */
int mcp_process_start(struct mcp_client *client, const struct api_call *call);
bool mcp_process_listens(const struct mcp_client *client); /* whether it has little to read */
void mcp_process_say(struct mcp_client *client, const char *line);
void mcp_process_hold(struct mcp_client *client, bool hold); /* does not hear it for a while */
void mcp_process_end(struct mcp_client *client);             /* it hears the end of its input */
void mcp_process_kill(struct mcp_client *client);
void mcp_process_close(struct mcp_client *client); /* of one that has ended, or never began */

/* mcp_replies.c */
struct mcp_posted;
struct mcp_reply *mcp_reply_new(struct mcp_client *client, struct http_request *request, bool streams, size_t expected);
/* Sends the messages on, and makes a reply for their answers; without any the request is answered at once. */
void mcp_reply_post(struct mcp_client *client, struct http_request *request, bool streams,
                    const struct mcp_posted *posted);
struct mcp_waiting *mcp_reply_find(const struct mcp_client *client, const char *route);
/* A line of the process: a message, and the request that it belongs to ("": none); without a message that request ends
 * unanswered. */
void mcp_reply_deliver(struct mcp_client *client, const char *route, const char *text, size_t length);
/* The client's GET. -errno: the request still needs its answer. */
int mcp_reply_listen(struct mcp_client *client, struct http_request *request, const char *last_event_id,
                     struct error *e);
/* Answers whatever waits with an error; all replies end. */
void mcp_replies_end(struct mcp_client *client, const char *why);
void mcp_replies_tick(struct mcp_client *client, int64_t now, bool beats);

/* mcp_events.c: the events of a reply that streams. */
void mcp_events_attach(struct mcp_reply *reply, struct http_request *request); /* begins the answer */
void mcp_events_leave(struct mcp_reply *reply);                                /* ends it; the events stay */
void mcp_events_add(struct mcp_reply *reply, const char *text, size_t length);
/* Writes what waits; all of it, or as much as a slow reader should have queued. Ends the answer of what is over. */
void mcp_events_write(struct mcp_reply *reply, bool all);
/* The first event behind a number; NULL: none. */
struct mcp_event *mcp_events_behind(const struct mcp_reply *reply, uint64_t number);
void mcp_events_forget(struct mcp_reply *reply, int64_t before_ms); /* those that are older */
bool mcp_reply_is_over(const struct mcp_reply *reply);
