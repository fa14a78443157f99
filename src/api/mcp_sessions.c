#include "api/mcp_sessions.h"
#include "api/api_internal.h"
#include "api/mcp_peers.h"
#include "api/standing.h"
#include "base/clock.h"
#include "base/config.h"
#include "base/log.h"
#include "base/metrics.h"
#include "mcp/rpc.h"
#include "mcp/versions.h"
#include <errno.h>
#include <signal.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#define ID_BYTES       24
#define BEAT_MS        15000 /* a stream that is silent is kept open by words that mean nothing */
#define TICK_MS        1000
#define CHECK_MS       60000 /* keys lapse without anybody's word */
#define END_MS         10000 /* a process that does not end by itself is killed */
#define WAITING_MAX    64
#define UNREAD_MAX     ((size_t)32 << 20)
#define LINE_MAX_BYTES ((size_t)64 << 20)
#define SESSION_HEADER "Mcp-Session-Id"

/* A request of the client that has not been answered yet. */
struct waiting {
    struct waiting *next;
    char *route;
    struct http_request *request;
    bool streams; /* the answer is a stream that has begun */
};

struct mcp_client {
    struct mcp_client *next;
    struct mcp_sessions *sessions;
    char id[MCP_PEER_NAME_SIZE + 2 * ID_BYTES];
    uint64_t noted; /* its number among the peers */
    struct standing standing;
    uv_process_t process;
    uv_pipe_t in, out; /* of the process */
    int open_handles;
    bool ended; /* takes no further request */
    int64_t used_ms, checked_ms, kill_ms;
    struct text unread; /* of its words, the last line that is not whole */
    struct waiting *waiting;
    size_t waiting_count;
    struct http_request *stream; /* of the client's GET; NULL */
    bool stream_gone;
};

struct mcp_sessions {
    struct api *api;
    struct mcp_peers *peers;
    uv_timer_t tick;
    struct mcp_client *list;
    size_t count;
    int64_t beat_ms;
    bool closing;
};

/* Answers */

static void write_event(struct http_request *request, const char *text, size_t length) {
    http_stream_write(request, "event: message\ndata: ", 21);
    http_stream_write(request, text, length);
    http_stream_write(request, "\n\n", 2);
}

static void begin_stream(struct http_request *request) {
    http_add_header(request, "Cache-Control", "no-store");
    http_add_header(request, "X-Accel-Buffering", "no"); /* nginx holds answers back otherwise */
    http_stream_begin(request, 200, "text/event-stream", -1);
    http_stream_write(request, ":\n\n", 3); /* and the head goes out */
}

/* `text` NULL: there is no answer. */
static void answer(struct waiting *waiting, const char *text, size_t length) {
    if (waiting->streams && text)
        write_event(waiting->request, text, length);
    if (waiting->streams)
        http_stream_end(waiting->request);
    else if (text)
        http_respond(waiting->request, 200, "application/json", text, length);
    else
        http_respond(waiting->request, 202, NULL, "", 0);
    free(waiting->route);
    free(waiting);
}

static void refuse(struct http_request *request, int err, enum error_code code, const char *text, const char *hint) {
    struct error e;
    error_set(&e, err, code, "%s", text);
    if (hint)
        error_hint(&e, "%s", hint);
    http_respond_error(request, &e);
}

static void answer_all(struct mcp_client *client, const char *why) {
    while (client->waiting) {
        struct waiting *one = client->waiting;
        cleanup_json json_t *id = json_loads(one->route, JSON_DECODE_ANY, NULL);
        cleanup_json json_t *message = rpc_error(id, RPC_INTERNAL, why);
        cleanup_free char *text = json_print(message);
        client->waiting = one->next;
        answer(one, text, strlen(text));
    }
    client->waiting_count = 0;
}

static void end_stream(struct mcp_client *client) {
    if (!client->stream)
        return;
    http_on_close(client->stream, NULL, NULL);
    http_stream_end(client->stream);
    client->stream = NULL;
    client->stream_gone = false;
}

/* The end of a session */

static void free_sessions(uv_handle_t *handle) {
    free(handle->data);
}

static void forget(struct mcp_client *client) {
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

static void handle_closed(uv_handle_t *handle) {
    struct mcp_client *client = handle->data;
    client->open_handles--;
    forget(client);
}

static void close_handle(void *handle) {
    if (!uv_is_closing(handle))
        uv_close(handle, handle_closed);
}

/* Its process hears the end of its input, gives its browser back and ends. */
static void end_client(struct mcp_client *client, const char *why) {
    if (client->ended)
        return;
    client->ended = true;
    mcp_peers_forget(client->sessions->peers, client->standing.user_id, client->noted);
    client->kill_ms = clock_deadline(END_MS);
    answer_all(client, why);
    end_stream(client);
    close_handle(&client->in);
}

static void process_ended(uv_process_t *process, int64_t status, int signal_number) {
    struct mcp_client *client = process->data;
    if (!client->ended)
        log_warn("an MCP session's process ended", LOG_TEXT("user.id", client->standing.user_id),
                 LOG_INT("replinet.status", status), LOG_INT("replinet.signal", signal_number));
    end_client(client, "the session's process has ended; begin a new session");
    close_handle(&client->out);
    close_handle(&client->process);
}

/* What the process says */

static struct waiting *take_waiting(struct mcp_client *client, const char *route) {
    struct waiting **link = &client->waiting;
    while (*link && strcmp((*link)->route, route))
        link = &(*link)->next;
    struct waiting *found = *link;
    if (found) {
        *link = found->next;
        client->waiting_count--;
    }
    return found;
}

static struct waiting *find_waiting(const struct mcp_client *client, const char *route) {
    struct waiting *one = client->waiting;
    while (one && strcmp(one->route, route))
        one = one->next;
    return one;
}

/* Its own messages begin with what they are: jansson keeps the order of members. */
static bool is_notification(const char *text) {
    return text_starts_with(text, "{\"jsonrpc\":\"2.0\",\"method\":");
}

static void deliver(struct mcp_client *client, const char *route, const char *text, size_t length) {
    struct waiting *waiting = *route ? find_waiting(client, route) : NULL;
    if (waiting && is_notification(text)) {
        if (waiting->streams)
            write_event(waiting->request, text, length);
        else if (client->stream && !client->stream_gone)
            write_event(client->stream, text, length);
    } else if (waiting)
        answer(take_waiting(client, route), length ? text : NULL, length);
    else if (client->stream && !client->stream_gone && is_notification(text))
        write_event(client->stream, text, length);
}

static void take_line(struct mcp_client *client, char *line, size_t length) {
    char *tab = memchr(line, '\t', length);
    line[length] = '\0';
    if (!tab)
        return;
    *tab = '\0';
    deliver(client, line, tab + 1, length - (size_t)(tab + 1 - line));
}

static void take_lines(struct mcp_client *client) {
    struct text *unread = &client->unread;
    char *from = unread->data, *end = unread->data + unread->length, *newline;
    while ((newline = memchr(from, '\n', (size_t)(end - from)))) {
        take_line(client, from, (size_t)(newline - from));
        from = newline + 1;
    }
    memmove(unread->data, from, (size_t)(end - from));
    unread->length = (size_t)(end - from);
}

static void give_room(uv_handle_t *handle, size_t wanted, uv_buf_t *buffer) {
    struct mcp_client *client = handle->data;
    text_reserve(&client->unread, wanted);
    *buffer = uv_buf_init(client->unread.data + client->unread.length, (unsigned)wanted);
}

static void on_words(uv_stream_t *stream, ssize_t length, const uv_buf_t *buffer) {
    struct mcp_client *client = stream->data;
    if (length > 0) {
        client->unread.length += (size_t)length;
        take_lines(client);
    }
    if (length < 0 || client->unread.length > LINE_MAX_BYTES) {
        end_client(client, "the session's process has ended; begin a new session");
        close_handle(&client->out);
    }
}

/* What is said to it */

struct sent {
    uv_write_t write;
    char text[];
};

static void on_sent(uv_write_t *write, int status) {
    free(write);
}

static bool say(struct mcp_client *client, const char *text) {
    size_t length = strlen(text);
    if (uv_stream_get_write_queue_size((uv_stream_t *)&client->in) > UNREAD_MAX)
        return false;
    struct sent *sent = memory_alloc(sizeof *sent + length + 2);
    memcpy(sent->text, text, length);
    sent->text[length] = '\n';
    uv_buf_t buffer = uv_buf_init(sent->text, (unsigned)length + 1);
    if (uv_write(&sent->write, (uv_stream_t *)&client->in, &buffer, 1, on_sent) >= 0)
        return true;
    free(sent);
    return false;
}

/* Beginning one */

static void standing_told(struct standing *standing) {
    struct mcp_client *client = (struct mcp_client *)((char *)standing - offsetof(struct mcp_client, standing));
    if (standing->lost)
        end_client(client, "the session has ended: its key or sign-in does not count any more");
    else if (!client->ended)
        standing_ask_again(standing, client->sessions->api->lanes);
    forget(client);
}

static void check_standing(struct mcp_client *client) {
    client->checked_ms = clock_monotonic_ms();
    if (!client->ended && standing_ask(&client->standing, client->sessions->api->lanes) < 0)
        end_client(client, "the session has ended: its right could not be looked at");
}

static int spawn(struct mcp_client *client, const struct api_call *call) {
    uv_loop_t *loop = &client->sessions->api->loop;
    char scopes[16];
    snprintf(scopes, sizeof scopes, "%u", call->who.scopes);
    char *arguments[] = {
        "replinet", "mcp",  "--user",    client->standing.user_id, "--role", (char *)role_name(call->who.caller.role),
        "--scopes", scopes, "--address", (char *)call->address,    NULL};
    uv_stdio_container_t stdio[] = {
        {.flags = UV_CREATE_PIPE | UV_READABLE_PIPE, .data.stream = (uv_stream_t *)&client->in},
        {.flags = UV_CREATE_PIPE | UV_WRITABLE_PIPE, .data.stream = (uv_stream_t *)&client->out},
        {.flags = UV_INHERIT_FD, .data.fd = 2}};
    uv_process_options_t options = {.file = "/proc/self/exe",
                                    .args = arguments,
                                    .cwd = "/",
                                    .stdio = stdio,
                                    .stdio_count = (int)ARRAY_LENGTH(stdio),
                                    .exit_cb = process_ended};
    uv_pipe_init(loop, &client->in, 0);
    uv_pipe_init(loop, &client->out, 0);
    client->in.data = client->out.data = client->process.data = client;
    client->open_handles = 3; /* uv_spawn makes the process's, also when it fails */
    int r = uv_spawn(loop, &client->process, &options);
    return r < 0 ? r : uv_read_start((uv_stream_t *)&client->out, give_room, on_words);
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

static void make_id(const struct mcp_sessions *sessions, char id[MCP_PEER_NAME_SIZE + 2 * ID_BYTES]) {
    unsigned char random[ID_BYTES];
    randombytes_buf(random, sizeof random);
    snprintf(id, MCP_PEER_NAME_SIZE, "%s", mcp_peers_name(sessions->peers));
    sodium_bin2hex(id + MCP_PEER_NAME_SIZE - 1, 2 * ID_BYTES + 1, random, sizeof random);
}

static struct mcp_client *begin(struct mcp_sessions *sessions, const struct api_call *call, uint64_t noted) {
    struct mcp_client *client = memory_alloc(sizeof *client);
    make_id(sessions, client->id);
    client->sessions = sessions;
    client->noted = noted;
    client->checked_ms = clock_monotonic_ms();
    standing_begin(&client->standing, call, standing_told);
    client->next = sessions->list;
    sessions->list = client;
    metrics_set(METRIC_MCP_SESSIONS, NULL, (double)++sessions->count);
    if (spawn(client, call) >= 0)
        return client;
    end_client(client, "");
    close_handle(&client->out);
    close_handle(&client->process);
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
    if (posted->route)
        return begin_counted(api->mcp, request, call);
    refuse(request, EINVAL, ERROR_BAD_INPUT, "initialize is a request: it needs an id", NULL);
    return NULL;
}

static bool takes_streams(struct http_request *request) {
    const char *accept = http_header(request, "accept");
    return accept && strstr(accept, "text/event-stream");
}

static void wait_for_answer(struct mcp_client *client, struct http_request *request, const struct mcp_posted *posted) {
    struct waiting *waiting = memory_alloc(sizeof *waiting);
    *waiting = (struct waiting){client->waiting, memory_copy_text(posted->route), request,
                                posted->streams && takes_streams(request)};
    client->waiting = waiting;
    client->waiting_count++;
    if (waiting->streams)
        begin_stream(request);
}

static void take_post(struct mcp_client *client, struct http_request *request, const struct mcp_posted *posted) {
    client->used_ms = clock_monotonic_ms();
    if (posted->route && find_waiting(client, posted->route))
        refuse(request, EBUSY, ERROR_CONFLICT, "a request with this id is being worked on already", NULL);
    else if (client->waiting_count >= WAITING_MAX || !say(client, posted->text))
        refuse(request, EAGAIN, ERROR_CAPACITY, "too many messages wait in this session", NULL);
    else if (posted->route)
        wait_for_answer(client, request, posted);
    else
        http_respond(request, 202, NULL, "", 0);
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

/* Ended by the next tick: this may be called in the midst of a write. */
static void on_stream_gone(void *user) {
    ((struct mcp_client *)user)->stream_gone = true;
}

static void take_stream(struct mcp_client *client, struct http_request *request) {
    if (client->stream && client->stream_gone)
        end_stream(client);
    if (client->stream) {
        refuse(request, EBUSY, ERROR_CONFLICT, "the session has a stream already", NULL);
        return;
    }
    client->used_ms = clock_monotonic_ms();
    client->stream = request;
    begin_stream(request);
    http_on_close(request, on_stream_gone, client);
}

void mcp_park_stream(struct api *api, struct http_request *request, struct api_call *call) {
    struct mcp_client *client = is_ending(api, request) ? NULL : find(api, request, call);
    if (client && (strcmp(call->method, "GET") || !takes_streams(request)))
        refuse(request, EINVAL, ERROR_BAD_INPUT, "a GET here needs Accept: text/event-stream", NULL);
    else if (client)
        take_stream(client, request);
    api_call_free(call);
}

void mcp_park_end(struct api *api, struct http_request *request, struct api_call *call) {
    struct mcp_client *client = is_ending(api, request) ? NULL : find(api, request, call);
    if (client) {
        end_client(client, "the session was ended");
        http_respond(request, 204, NULL, "", 0);
    }
    api_call_free(call);
}

/* Time */

static void beat(struct mcp_client *client) {
    for (struct waiting *one = client->waiting; one; one = one->next)
        if (one->streams)
            http_stream_write(one->request, ":\n\n", 3);
    if (client->stream && !client->stream_gone)
        http_stream_write(client->stream, ":\n\n", 3);
}

static void look_after(struct mcp_client *client, int64_t now, bool beats) {
    if (client->stream_gone)
        end_stream(client);
    if (beats)
        beat(client);
    if (client->waiting)
        client->used_ms = now;
    if (client->ended && client->open_handles && now > client->kill_ms) {
        uv_process_kill(&client->process, SIGKILL);
        client->kill_ms = INT64_MAX;
    } else if (now - client->used_ms > config_int(CONFIG_MCP_IDLE_MINUTES) * 60000)
        end_client(client, "the session was idle for too long");
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
        if (!strcmp(one->standing.user_id, user_id))
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
        end_client(one, "this server is about to end; begin a new session");
    mcp_peers_close(sessions->peers);
    if (!sessions->count)
        uv_close((uv_handle_t *)&sessions->tick, free_sessions);
}
