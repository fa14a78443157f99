/* The gate by itself, for the flow tests: serves on 127.0.0.1 (the port is the first line of its output), takes one
 * JSON command per line and prints every event as one JSON line.
 *   {"open": EGRESS} {"close": true} {"count": true} {"stop": true}; EGRESS is the lease's member of that name. */
#include "base/config.h"
#include "base/json.h"
#include "base/memory.h"
#include "browsers/keeper/gate.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct gate *gate;
static uv_pipe_t input;
static char line[65536];
static size_t line_length;

static void print_json(json_t *json) {
    cleanup_free char *text = json_print(json);
    json_decref(json);
    printf("%s\n", text);
    fflush(stdout);
}

static void on_event(void *context, const struct gate_event *event) {
    print_json(gate_event_json(event));
}

static void print_counters(void) {
    struct gate_counters c;
    gate_count(gate, &c);
    print_json(json_pack("{s:I,s:I,s:I,s:I,s:I,s:i}", "connections", (json_int_t)c.connections, "refused",
                         (json_int_t)c.refused, "failed", (json_int_t)c.failed, "bytes_up", (json_int_t)c.bytes_up,
                         "bytes_down", (json_int_t)c.bytes_down, "open", (int)c.open));
}

static void stop(void) {
    gate_stop(take_pointer(gate));
    uv_close((uv_handle_t *)&input, NULL);
}

static void carry_out(const char *text, size_t length) {
    cleanup_json json_t *command = NULL;
    struct error e = {0};
    if (json_parse(text, length, "command", &command, &e))
        return print_json(json_pack("{s:s}", "error", e.text));
    if (json_object_get(command, "open"))
        print_json(gate_open(gate, json_object_get(command, "open"), &e) ? json_pack("{s:s}", "error", e.text)
                                                                         : json_pack("{s:b}", "opened", 1));
    if (json_object_get(command, "close"))
        gate_close(gate), print_json(json_pack("{s:b}", "shut", 1));
    if (json_object_get(command, "count"))
        print_counters();
    if (json_object_get(command, "stop"))
        stop();
}

static void give_line(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer) {
    *buffer = uv_buf_init(line + line_length, (unsigned)(sizeof line - line_length));
}

static void on_input(uv_stream_t *stream, ssize_t length, const uv_buf_t *buffer) {
    if (length < 0)
        return stop();
    line_length += (size_t)length;
    for (char *end; gate && (end = memchr(line, '\n', line_length));) {
        carry_out(line, (size_t)(end - line));
        line_length -= (size_t)(end + 1 - line);
        memmove(line, end + 1, line_length);
    }
}

static int listen_on_loopback(unsigned *ret_port) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t size = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, size) || listen(fd, 16) ||
        getsockname(fd, (struct sockaddr *)&address, &size))
        return -errno;
    *ret_port = ntohs(address.sin_port);
    return fd;
}

int main(void) {
    uv_loop_t *loop = uv_default_loop();
    unsigned port = 0;
    struct error e = {0};
    cleanup_free char *complaints = NULL;
    if (config_load(NULL, &complaints)) {
        fputs(complaints, stderr);
        return 1;
    }
    int fd = listen_on_loopback(&port);
    const struct gate_options options = {.allow = config_text(CONFIG_EGRESS_ALLOW),
                                         .dns = config_text(CONFIG_EGRESS_DNS),
                                         .max_connections = (unsigned)config_int(CONFIG_EGRESS_MAX_CONNECTIONS),
                                         .on_event = on_event};
    if (fd < 0 || gate_start(loop, fd, &options, &gate, &e)) {
        fprintf(stderr, "%s\n", e.text);
        return 1;
    }
    printf("%u\n", port);
    fflush(stdout);
    uv_pipe_init(loop, &input, 0);
    uv_pipe_open(&input, STDIN_FILENO);
    uv_read_start((uv_stream_t *)&input, give_line, on_input);
    uv_run(loop, UV_RUN_DEFAULT);
    uv_loop_close(loop);
    return 0;
}
