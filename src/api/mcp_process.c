/* The process of a session: `replinet mcp`, spoken to and heard through pipes, a line of JSON each. It dies with us. */
#include "api/mcp_client.h"
#include "base/log.h"
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#define GONE "the session's process has ended; begin a new session"

static void handle_closed(uv_handle_t *handle) {
    struct mcp_client *client = handle->data;
    client->open_handles--;
    mcp_client_forget(client);
}

static void close_handle(void *handle) {
    if (!uv_is_closing(handle))
        uv_close(handle, handle_closed);
}

static void process_ended(uv_process_t *process, int64_t status, int signal_number) {
    struct mcp_client *client = process->data;
    if (!client->ended)
        log_warn("an MCP session's process ended", LOG_TEXT("user.id", client->standing.user_id),
                 LOG_INT("replinet.status", status), LOG_INT("replinet.signal", signal_number));
    mcp_client_end(client, GONE);
    mcp_process_close(client);
}

/* What it says */

static void take_line(struct mcp_client *client, char *line, size_t length) {
    char *tab = memchr(line, '\t', length);
    line[length] = '\0';
    if (!tab)
        return;
    *tab = '\0';
    mcp_reply_deliver(client, line, tab + 1, length - (size_t)(tab + 1 - line));
}

/* What came before was looked through already. */
static void take_lines(struct mcp_client *client, size_t before) {
    struct text *unread = &client->unread;
    char *from = unread->data, *fresh = from + before, *end = from + unread->length, *newline;
    while ((newline = memchr(fresh, '\n', (size_t)(end - fresh)))) {
        take_line(client, from, (size_t)(newline - from));
        from = fresh = newline + 1;
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
        take_lines(client, client->unread.length - (size_t)length);
    }
    if (length < 0 || client->unread.length > MCP_LINE_MAX) {
        mcp_client_end(client, GONE);
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

bool mcp_process_listens(const struct mcp_client *client) {
    return uv_stream_get_write_queue_size((const uv_stream_t *)&client->in) <= MCP_TOLD_MAX;
}

/* What cannot be said any more is answered when the process's end is noticed. */
void mcp_process_say(struct mcp_client *client, const char *line) {
    size_t length = strlen(line);
    struct sent *sent = memory_alloc(sizeof *sent + length + 2);
    memcpy(sent->text, line, length);
    sent->text[length] = '\n';
    uv_buf_t buffer = uv_buf_init(sent->text, (unsigned)length + 1);
    if (uv_write(&sent->write, (uv_stream_t *)&client->in, &buffer, 1, on_sent) < 0)
        free(sent);
}

/* Its beginning and end */

int mcp_process_start(struct mcp_client *client, const struct api_call *call) {
    uv_loop_t *loop = &client->api->loop;
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

void mcp_process_hold(struct mcp_client *client, bool hold) {
    if (client->held == hold || uv_is_closing((uv_handle_t *)&client->out))
        return;
    client->held = hold;
    if (hold)
        uv_read_stop((uv_stream_t *)&client->out);
    else
        uv_read_start((uv_stream_t *)&client->out, give_room, on_words);
}

void mcp_process_end(struct mcp_client *client) {
    close_handle(&client->in);
}

void mcp_process_kill(struct mcp_client *client) {
    uv_process_kill(&client->process, SIGKILL);
}

void mcp_process_close(struct mcp_client *client) {
    close_handle(&client->out);
    close_handle(&client->process);
}
