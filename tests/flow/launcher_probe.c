/* Drives a launcher from a test, without the engine.
 *
 *   launcher_probe launcher         the product's launcher; its keepers are the next line
 *   launcher_probe keeper ID        a keeper that guards nothing: it passes CDP on as it comes. So the isolation suite
 *                                   sees what the container alone holds back, as if a keeper had been taken over.
 *   launcher_probe talk RUN_DIR     JSON lines between a test and a launcher and its keepers:
 *     in   {"op":"create","serial":1,"id":ID,"memory":N,"cpu":N,"file":F,"locale":L,"timezone":T}
 *     in   {"browser":ID,"message":{...}}       to that keeper's control socket
 *     out  {"serial":1,"op":N,"status":0,...}   and {"browser":ID,"message":{...}} */
#include "base/config.h"
#include "base/io.h"
#include "base/json.h"
#include "base/memory.h"
#include "browsers/launcher/launcher.h"
#include "browsers/protocol/end_reason.h"
#include "browsers/protocol/keeper_protocol.h"
#include "browsers/protocol/launcher_protocol.h"
#include <poll.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define MESSAGE_MAX (8 * 1024 * 1024)
#define KEEPERS_MAX 64

static const char *const operation_names[] = {
#define X(id, name, doc) [LAUNCHER_##id] = name,
    LAUNCHER_OPERATION_TABLE(X)
#undef X
};

/* --- keeper --- */

/* Whole messages of Chromium, cut to what a control message may hold. */
static size_t pass_on(char *data, size_t length, int connection) {
    for (char *end; (end = memchr(data, '\0', length));) {
        size_t part = (size_t)(end - data);
        if (connection >= 0 && part <= KEEPER_MESSAGE_MAX)
            io_send_message(connection, data, part, NULL, 0);
        length -= part + 1;
        memmove(data, end + 1, length);
    }
    return length;
}

static int keep(void) {
    char *data = memory_alloc(MESSAGE_MAX), *message = memory_alloc(KEEPER_MESSAGE_MAX + 1);
    size_t length = 0;
    int connection = -1;
    for (;;) {
        struct pollfd fds[] = {{.fd = KEEPER_FD_FROM_BROWSER, .events = POLLIN},
                               {.fd = KEEPER_FD_CONTROL, .events = POLLIN},
                               {.fd = connection, .events = POLLIN}};
        poll(fds, ARRAY_LENGTH(fds), -1);
        if (fds[0].revents) {
            ssize_t n = read(KEEPER_FD_FROM_BROWSER, data + length, MESSAGE_MAX - length);
            if (n <= 0)
                _exit(END_REASON_EXIT_BASE + END_REASON_CRASH);
            length = pass_on(data, length + (size_t)n, connection);
        }
        if (fds[2].revents) {
            ssize_t n = io_receive_message(connection, message, KEEPER_MESSAGE_MAX, NULL, NULL);
            if (n <= 0) {
                close(take_fd(connection));
                continue;
            }
            message[n] = '\0';
            io_write_full(KEEPER_FD_TO_BROWSER, message, (size_t)n + 1);
        }
        if (fds[1].revents) {
            if (connection >= 0)
                close(connection);
            connection = accept(KEEPER_FD_CONTROL, NULL, NULL);
        }
    }
}

/* --- talk --- */

static struct {
    const char *run;
    int launcher;
    struct {
        char id[LAUNCHER_ID_SIZE];
        int fd;
    } keepers[KEEPERS_MAX];
} talk;

static void say(json_t *json) {
    cleanup_free char *line = json_print(json);
    json_decref(json);
    puts(line);
    fflush(stdout);
}

static void copy_member(char *place, size_t room, const json_t *json, const char *name) {
    snprintf(place, room, "%s", json_text_or(json, name, ""));
}

static void send_request(const json_t *json) {
    struct launcher_request request = {.serial = (uint32_t)json_int_or(json, "serial", 1),
                                       .memory_bytes = (uint64_t)json_int_or(json, "memory", 0),
                                       .cpu_millis = (uint32_t)json_int_or(json, "cpu", 0)};
    for (uint32_t i = 1; i < LAUNCHER_OPERATION_COUNT; i++)
        if (!strcmp(operation_names[i], json_text_or(json, "op", "")))
            request.operation = i;
    copy_member(request.browser_id, sizeof request.browser_id, json, "id");
    copy_member(request.file, sizeof request.file, json, "file");
    copy_member(request.locale, sizeof request.locale, json, "locale");
    copy_member(request.timezone, sizeof request.timezone, json, "timezone");
    io_send_message(talk.launcher, &request, sizeof request, NULL, 0);
}

static void drop_keeper(size_t i) {
    close(take_fd(talk.keepers[i].fd));
}

static int find_keeper(const char *id) {
    int place = -1;
    for (size_t i = 0; i < KEEPERS_MAX; i++) {
        if (talk.keepers[i].fd >= 0 && !strcmp(talk.keepers[i].id, id))
            return talk.keepers[i].fd;
        if (talk.keepers[i].fd < 0)
            place = (int)i;
    }
    if (place < 0)
        return -1;
    cleanup_free char *path = memory_print("%s/keepers/%s.sock", talk.run, id);
    snprintf(talk.keepers[place].id, LAUNCHER_ID_SIZE, "%s", id);
    return talk.keepers[place].fd = io_unix_connect(path, SOCK_SEQPACKET, NULL);
}

static void send_to_keeper(const json_t *json) {
    const char *id = json_text_or(json, "browser", "");
    cleanup_free char *text = json_print(json_object_get(json, "message"));
    int fd = find_keeper(id);
    if (fd < 0 || io_send_message(fd, text, strlen(text), NULL, 0) < 0)
        say(json_pack("{s:s, s:b}", "browser", id, "gone", 1));
}

static void show_reply(void) {
    struct launcher_reply reply;
    int fd = -1;
    size_t count = 1;
    ssize_t n = io_receive_message(talk.launcher, &reply, sizeof reply, &fd, &count);
    if (n != sizeof reply)
        exit(0);
    char content[256] = "";
    if (count) {
        n = read(fd, content, sizeof content - 1);
        content[n > 0 ? n : 0] = '\0';
        close(fd);
    }
    say(json_pack("{s:i, s:i, s:i, s:b, s:s, s:s, s:b, s:s, s:I, s:I, s:I, s:I, s:i, s:s?}", "serial",
                  (int)reply.serial, "op", (int)reply.operation, "status", reply.status, "more", (int)reply.more, "id",
                  reply.browser_id, "text", reply.text, "frozen", (int)reply.frozen, "reason",
                  end_reason_name((enum end_reason)reply.end_reason), "oom_kills", (json_int_t)reply.oom_kills,
                  "memory", (json_int_t)reply.memory_bytes, "memory_limit", (json_int_t)reply.memory_limit_bytes,
                  "cpu_us", (json_int_t)reply.cpu_us, "pids", (int)reply.pids, "content", count ? content : NULL));
}

static void show_keeper(size_t i, char *message) {
    json_t *json = NULL;
    ssize_t n = io_receive_message(talk.keepers[i].fd, message, KEEPER_MESSAGE_MAX, NULL, NULL);
    if (n <= 0) {
        drop_keeper(i);
        say(json_pack("{s:s, s:b}", "browser", talk.keepers[i].id, "gone", 1));
    } else if (!json_parse(message, (size_t)n, "message", &json, NULL))
        say(json_pack("{s:s, s:o}", "browser", talk.keepers[i].id, "message", json));
}

static void read_line(void) {
    static char *line;
    static size_t room;
    cleanup_json json_t *json = NULL;
    ssize_t n = getline(&line, &room, stdin);
    if (n <= 0)
        exit(0);
    if (json_parse(line, (size_t)n, "line", &json, NULL))
        return;
    if (json_object_get(json, "browser"))
        send_to_keeper(json);
    else
        send_request(json);
}

static int talk_to(const char *run) {
    struct error e = {0};
    char *message = memory_alloc(KEEPER_MESSAGE_MAX), path[512];
    snprintf(path, sizeof path, "%s/launcher.sock", run);
    talk.run = run;
    talk.launcher = io_unix_connect(path, SOCK_SEQPACKET, &e);
    if (talk.launcher < 0) {
        fprintf(stderr, "%s\n", e.text);
        return 1;
    }
    for (size_t i = 0; i < KEEPERS_MAX; i++)
        talk.keepers[i].fd = -1;
    setvbuf(stdin, NULL, _IONBF, 0); /* so that poll sees every line */
    for (;;) {
        struct pollfd fds[2 + KEEPERS_MAX] = {{.fd = STDIN_FILENO, .events = POLLIN},
                                              {.fd = talk.launcher, .events = POLLIN}};
        for (size_t i = 0; i < KEEPERS_MAX; i++)
            fds[2 + i] = (struct pollfd){.fd = talk.keepers[i].fd, .events = POLLIN};
        poll(fds, ARRAY_LENGTH(fds), -1);
        if (fds[1].revents)
            show_reply();
        for (size_t i = 0; i < KEEPERS_MAX; i++)
            if (talk.keepers[i].fd >= 0 && fds[2 + i].revents)
                show_keeper(i, message);
        if (fds[0].revents)
            read_line();
    }
}

int main(int count, char **arguments) {
    cleanup_free char *complaints = NULL;
    const char *what = count > 1 ? arguments[1] : "";
    signal(SIGPIPE, SIG_IGN);
    if (sodium_init() < 0 || config_load(NULL, &complaints) < 0) {
        fprintf(stderr, "%s", complaints ? complaints : "libsodium does not start\n");
        return 1;
    }
    config_start_log(what);
    if (!strcmp(what, "launcher"))
        return launcher_command(count - 1, arguments + 1);
    if (!strcmp(what, "keeper"))
        return keep();
    if (!strcmp(what, "talk") && count == 3)
        return talk_to(arguments[2]);
    fprintf(stderr, "usage: launcher_probe launcher | keeper ID | talk RUN_DIR\n");
    return 2;
}
