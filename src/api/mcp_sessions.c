#include "api/mcp_sessions.h"
#include "api/mcp_client.h"
#include "base/clock.h"
#include "base/config.h"
#include "base/metrics.h"
#include "mcp/rpc.h"
#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#define BEAT_MS        15000 /* a stream that is silent is kept open by words that mean nothing */
#define TICK_MS        1000
#define CHECK_MS       60000 /* keys lapse without anybody's word */
#define END_MS         10000 /* a process that does not end by itself is killed */
#define WAITING_MAX    64
#define SESSION_HEADER "Mcp-Session-Id"

struct mcp_sessions {
    struct api *api;
    struct mcp_peers *peers;
    uv_timer_t tick;
    struct mcp_client *list;
    size_t count;
    int64_t beat_ms;
    bool closing;
};

static void refuse(struct http_request *request, int err, enum error_code code, const char *text, const char *hint) {
    struct error e;
    error_set(&e, err, code, "%s", text);
    if (hint)
        error_hint(&e, "%s", hint);
    http_respond_error(request, &e);
}

/* The end of a session */

static void free_sessions(uv_handle_t *handle) {
    free(handle->data);
}

void mcp_client_forget(struct mcp_client *client) {
    struct mcp_sessions *sessions = client->sessions;
    struct mcp_client **link = &sessions->list;
    if (client->open_handles || client->standing.asking)
        return;
    while (*link != client)
        link = &(*link)->next;
    *link = client->next;
    text_done(&client->unread);
    free(client);
    metrics_set(METRIC_MCP_SESSIONS, NULL, (double)--sessions->count);
    if (sessions->closing && !sessions->count)
        uv_close((uv_handle_t *)&sessions->tick, free_sessions);
}

/* Its process hears the end of its input, gives its browser back and ends. */
void mcp_client_end(struct mcp_client *client, const char *why) {
    if (client->ended)
        return;
    client->ended = true;
    mcp_peers_forget(client->sessions->peers, client->standing.user_id, client->noted);
    client->kill_ms = clock_deadline(END_MS);
    mcp_replies_end(client, why);
    mcp_process_end(client);
}

/* Beginning one */

static void standing_told(struct standing *standing) {
    struct mcp_client *client = (struct mcp_client *)((char *)standing - offsetof(struct mcp_client, standing));
    if (standing->lost)
        mcp_client_end(client, "the session has ended: its key or sign-in does not count any more");
    else if (!client->ended)
        standing_ask_again(standing, client->api->lanes);
    mcp_client_forget(client);
}

static void check_standing(struct mcp_client *client) {
    client->checked_ms = clock_monotonic_ms();
    if (!client->ended && standing_ask(&client->standing, client->api->lanes) < 0)
        mcp_client_end(client, "the session has ended: its right could not be looked at");
}

/* As many as browsers: each may have one. Those that are ending here still take room. */
static const char *refuse_more(const struct mcp_sessions *sessions, const struct api_call *call) {
    int64_t all, own, most = config_int(CONFIG_MCP_SESSIONS);
    mcp_peers_count(sessions->peers, call->who.caller.id, &all, &own);
    if (own > quota_limit(call->who.caller.role, QUOTA_BROWSERS))
        return "you have as many MCP sessions open as your role may have browsers";
    bool room = all <= most && (int64_t)sessions->count < most;
    return room ? NULL : "too many MCP sessions are open here (MCP_SESSIONS)";
}

static void make_id(const struct mcp_sessions *sessions, char id[MCP_ID_SIZE]) {
    unsigned char random[MCP_ID_BYTES];
    randombytes_buf(random, sizeof random);
    snprintf(id, MCP_PEER_NAME_SIZE, "%s", mcp_peers_name(sessions->peers));
    sodium_bin2hex(id + MCP_PEER_NAME_SIZE - 1, 2 * MCP_ID_BYTES + 1, random, sizeof random);
}

static struct mcp_client *begin(struct mcp_sessions *sessions, const struct api_call *call, uint64_t noted) {
    const struct mcp_posted *posted = call->user;
    struct mcp_client *client = memory_alloc(sizeof *client);
    make_id(sessions, client->id);
    client->sessions = sessions;
    client->api = sessions->api;
    client->version = mcp_version_for(posted->version);
    client->noted = noted;
    client->checked_ms = clock_monotonic_ms();
    standing_begin(&client->standing, call, standing_told);
    client->next = sessions->list;
    sessions->list = client;
    metrics_set(METRIC_MCP_SESSIONS, NULL, (double)++sessions->count);
    if (mcp_process_start(client, call) >= 0)
        return client;
    mcp_client_end(client, "");
    mcp_process_close(client);
    return NULL;
}

/* Requests */

/* It may live in another process. */
static void find_elsewhere(const struct mcp_sessions *sessions, const char *id, struct http_request *request) {
    int r = mcp_peers_hand_over(sessions->peers, id, request);
    if (r == -EAGAIN)
        refuse(request, EAGAIN, ERROR_UNAVAILABLE, "the process of this session has too much to do", "Try again");
    else if (r < 0)
        refuse(request, ENOENT, ERROR_NOT_FOUND, "there is no such MCP session, or it has ended", "Begin a new one");
}

/* The one that the request names; else it is not ours to answer any more. */
static struct mcp_client *find(struct api *api, struct http_request *request, const struct api_call *call) {
    const char *id = http_header(request, SESSION_HEADER), *version = http_header(request, "mcp-protocol-version");
    if (version && !mcp_version_is_known(version)) {
        refuse(request, EINVAL, ERROR_BAD_INPUT, "this MCP-Protocol-Version is not spoken here", NULL);
        return NULL;
    }
    if (!id) {
        refuse(request, EINVAL, ERROR_BAD_INPUT, "the header " SESSION_HEADER " is missing",
               "A session begins with the request initialize, whose answer has it");
        return NULL;
    }
    for (struct mcp_client *one = api->mcp->list; one; one = one->next)
        if (!one->ended && !strcmp(one->id, id) &&
            !strcmp(one->standing.reference, call->inside->credentials.reference))
            return one;
    find_elsewhere(api->mcp, id, request);
    return NULL;
}

/* It is noted before all are counted: two processes that begin at once refuse one too many rather than one too few. */
static struct mcp_client *begin_counted(struct mcp_sessions *sessions, struct http_request *request,
                                        const struct api_call *call) {
    uint64_t noted = mcp_peers_note(sessions->peers, call->who.caller.id);
    const char *why = refuse_more(sessions, call);
    struct mcp_client *client = why ? NULL : begin(sessions, call, noted);
    if (why) {
        mcp_peers_forget(sessions->peers, call->who.caller.id, noted);
        refuse(request, EDQUOT, ERROR_QUOTA, why, "End one with DELETE /mcp");
    } else if (!client)
        refuse(request, EAGAIN, ERROR_UNAVAILABLE, "the session's process cannot be started", NULL);
    else
        http_add_header(request, SESSION_HEADER, client->id);
    return client;
}

static struct mcp_client *find_or_begin(struct api *api, struct http_request *request, const struct api_call *call,
                                        const struct mcp_posted *posted) {
    if (!posted->begins || http_header(request, SESSION_HEADER))
        return find(api, request, call);
    if (posted->answers)
        return begin_counted(api->mcp, request, call);
    refuse(request, EINVAL, ERROR_BAD_INPUT, "initialize is a request: it needs an id", NULL);
    return NULL;
}

static bool takes_streams(struct http_request *request) {
    const char *accept = http_header(request, "accept");
    return accept && strstr(accept, "text/event-stream");
}

static int check_post(const struct mcp_client *client, const struct mcp_posted *posted, struct error *e) {
    if (posted->batch && !client->version->batches)
        return error_set(e, EINVAL, ERROR_BAD_INPUT, RPC_NO_BATCHES);
    for (size_t i = 0; i < posted->count; i++)
        if (posted->messages[i].route && mcp_reply_find(client, posted->messages[i].route))
            return error_set(e, EBUSY, ERROR_CONFLICT, "a request with the id %.40s is being worked on already",
                             posted->messages[i].route);
    if (client->waiting_count + posted->answers > WAITING_MAX || !mcp_process_listens(client))
        return error_set(e, EAGAIN, ERROR_CAPACITY, "too many messages wait in this session");
    return 0;
}

static void take_post(struct mcp_client *client, struct http_request *request, const struct mcp_posted *posted) {
    struct error e;
    client->used_ms = clock_monotonic_ms();
    if (check_post(client, posted, &e) < 0)
        http_respond_error(request, &e);
    else
        mcp_reply_post(client, request, posted->streams && takes_streams(request), posted);
}

static bool is_ending(struct api *api, struct http_request *request) {
    if (api->mcp)
        return false;
    refuse(request, EAGAIN, ERROR_UNAVAILABLE, "this server is about to end", NULL);
    return true;
}

void mcp_park_post(struct api *api, struct http_request *request, struct api_call *call) {
    struct mcp_client *client = is_ending(api, request) ? NULL : find_or_begin(api, request, call, call->user);
    if (client)
        take_post(client, request, call->user);
    api_call_free(call);
}

static int begin_listening(struct mcp_client *client, struct http_request *request, const struct api_call *call,
                           struct error *e) {
    client->used_ms = clock_monotonic_ms();
    if (!strcmp(call->method, "GET") && takes_streams(request))
        return mcp_reply_listen(client, request, call->last_event_id, e);
    return error_set(e, EINVAL, ERROR_BAD_INPUT, "a GET here needs Accept: text/event-stream");
}

void mcp_park_stream(struct api *api, struct http_request *request, struct api_call *call) {
    struct mcp_client *client = is_ending(api, request) ? NULL : find(api, request, call);
    struct error e;
    if (client && begin_listening(client, request, call, &e) < 0)
        http_respond_error(request, &e);
    api_call_free(call);
}

void mcp_park_end(struct api *api, struct http_request *request, struct api_call *call) {
    struct mcp_client *client = is_ending(api, request) ? NULL : find(api, request, call);
    if (client) {
        mcp_client_end(client, "the session was ended");
        http_respond(request, 204, NULL, "", 0);
    }
    api_call_free(call);
}

/* Time */

static void look_after(struct mcp_client *client, int64_t now, bool beats) {
    mcp_replies_tick(client, now, beats);
    if (client->waiting)
        client->used_ms = now;
    if (client->ended && client->open_handles && now > client->kill_ms) {
        mcp_process_kill(client);
        client->kill_ms = INT64_MAX;
    } else if (now - client->used_ms > (int64_t)(config_real(CONFIG_MCP_IDLE_MINUTES) * 60000))
        mcp_client_end(client, "the session was idle for too long");
    else if (now - client->checked_ms > CHECK_MS)
        check_standing(client);
}

static void on_tick(uv_timer_t *timer) {
    struct mcp_sessions *sessions = timer->data;
    int64_t now = clock_monotonic_ms();
    bool beats = now > sessions->beat_ms;
    if (beats)
        sessions->beat_ms = now + BEAT_MS;
    for (struct mcp_client *one = sessions->list; one; one = one->next)
        look_after(one, now, beats);
}

void mcp_sessions_check_user(struct mcp_sessions *sessions, const char *user_id) {
    for (struct mcp_client *one = sessions->list; one; one = one->next)
        if (!user_id || !strcmp(one->standing.user_id, user_id))
            check_standing(one);
}

struct mcp_sessions *mcp_sessions_new(struct api *api) {
    struct mcp_sessions *sessions = memory_alloc(sizeof *sessions);
    sessions->api = api;
    sessions->peers = mcp_peers_new(api);
    uv_timer_init(&api->loop, &sessions->tick);
    sessions->tick.data = sessions;
    uv_timer_start(&sessions->tick, on_tick, TICK_MS, TICK_MS);
    return sessions;
}

void mcp_sessions_close(struct mcp_sessions *sessions) {
    sessions->closing = true;
    for (struct mcp_client *one = sessions->list; one; one = one->next)
        mcp_client_end(one, "this server is about to end; begin a new session");
    mcp_peers_close(sessions->peers);
    if (!sessions->count)
        uv_close((uv_handle_t *)&sessions->tick, free_sessions);
}
