#include "api/mcp_peers.h"
#include "api/api_internal.h"
#include "base/instance.h"
#include "base/io.h"
#include "base/log.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define NAME_LENGTH   (MCP_PEER_NAME_SIZE - 1)
#define SOCKET_ENDING ".sock"
#define PEERS_MAX     256 /* far more than API_PROCESSES may be */
#define REQUEST_MAX   ((off_t)32 << 20)
#define MESSAGE_MS    50

struct mcp_peers {
    struct api *api;
    char name[MCP_PEER_NAME_SIZE];
    char *folder; /* NULL: alone */
    int fd;
    uv_poll_t poll;
    uint64_t numbers;
};

const char *mcp_peers_name(const struct mcp_peers *peers) {
    return peers->name;
}

static char *path_of(const struct mcp_peers *peers, const char *name) {
    return memory_print("%s/%s" SOCKET_ENDING, peers->folder, name);
}

static bool is_name(const char *text) {
    return strspn(text, "0123456789abcdef") >= NAME_LENGTH;
}

/* Handing over: the request's bytes travel in memory of their own, so one message has it all and never waits. */

static int put_into_memory(const void *bytes, size_t length) {
    cleanup_close int fd = memfd_create("mcp request", MFD_CLOEXEC);
    if (fd < 0)
        return -errno;
    int r = io_write_full(fd, bytes, length);
    return r < 0 ? r : take_fd(fd);
}

static int send_to(void *user, int fd, const void *bytes, size_t length) {
    cleanup_close int memory = put_into_memory(bytes, length);
    if (memory < 0)
        return -EAGAIN;
    ssize_t n = io_send_message(*(int *)user, "", 1, (int[]){fd, memory}, 2);
    return n >= 0 ? 0 : n == -EPIPE || n == -ECONNRESET ? -ENOENT : -EAGAIN;
}

int mcp_peers_hand_over(const struct mcp_peers *peers, const char *session_id, struct http_request *request) {
    if (!peers->folder || !is_name(session_id) || !strncmp(session_id, peers->name, NAME_LENGTH))
        return -ENOENT;
    cleanup_free char *name = memory_copy_bytes(session_id, NAME_LENGTH), *path = path_of(peers, name);
    cleanup_close int fd = io_unix_connect(path, SOCK_SEQPACKET | SOCK_NONBLOCK, NULL);
    if (fd < 0)
        return fd == -EAGAIN ? fd : -ENOENT;
    return http_hand_over(request, send_to, &fd);
}

/* Taking over */

static void take_over(struct mcp_peers *peers, int fd, int memory) {
    struct stat status;
    struct error e;
    cleanup_close int socket = fd;
    if (fstat(memory, &status) || status.st_size > REQUEST_MAX)
        return;
    size_t length = (size_t)status.st_size;
    cleanup_free char *bytes = memory_alloc(length + 1);
    if (io_pread_full(memory, bytes, length, 0) != (ssize_t)length)
        return;
    if (http_server_take_over(peers->api->server, take_fd(socket), bytes, length, &e) < 0)
        log_failure(&e, "a request of another api process cannot be taken over");
}

/* Whoever connects sends at once; only one that was stopped between the two is waited for, a moment. */
static void take_one(struct mcp_peers *peers, int connection) {
    char nothing;
    int fds[2];
    size_t count = ARRAY_LENGTH(fds);
    struct pollfd there = {.fd = connection, .events = POLLIN};
    uid_t sender;
    if (io_unix_peer(connection, &sender, NULL) < 0 || sender != geteuid() || poll(&there, 1, MESSAGE_MS) != 1 ||
        io_receive_message(connection, &nothing, 1, fds, &count) < 0)
        return;
    if (count == ARRAY_LENGTH(fds))
        take_over(peers, fds[0], fds[1]);
    for (size_t i = count == ARRAY_LENGTH(fds); i < count; i++)
        close(fds[i]);
}

static void on_connection(uv_poll_t *poll, int status, int events) {
    struct mcp_peers *peers = poll->data;
    for (;;) {
        cleanup_close int connection = accept4(peers->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (connection < 0)
            return;
        take_one(peers, connection);
    }
}

/* Beginning and end */

/* The socket gets its name once somebody listens: a socket that refuses is one of a process that is gone. */
static int listen_at(struct mcp_peers *peers, struct error *e) {
    cleanup_free char *path = path_of(peers, peers->name);
    cleanup_free char *early = memory_print("%s/.%s", peers->folder, peers->name);
    cleanup_close int fd = io_unix_listen(early, SOCK_SEQPACKET | SOCK_NONBLOCK, 0600, geteuid(), getegid(), e);
    if (fd < 0)
        return fd;
    if (rename(early, path))
        return error_errno(e, errno, ERROR_INTERNAL, "cannot rename %s", early);
    peers->fd = take_fd(fd);
    return 0;
}

struct mcp_peers *mcp_peers_new(struct api *api) {
    struct mcp_peers *peers = memory_alloc(sizeof *peers);
    unsigned char random[NAME_LENGTH / 2];
    int64_t all, own;
    struct error e;
    randombytes_buf(random, sizeof random);
    sodium_bin2hex(peers->name, sizeof peers->name, random, sizeof random);
    peers->api = api;
    peers->folder = instance_run_path("mcp");
    if (listen_at(peers, &e) < 0) {
        log_failure(&e, "MCP sessions are not shared with other api processes");
        free(take_pointer(peers->folder));
        return peers;
    }
    uv_poll_init(&api->loop, &peers->poll, peers->fd);
    peers->poll.data = peers;
    uv_poll_start(&peers->poll, UV_READABLE, on_connection);
    mcp_peers_count(peers, "", &all, &own); /* removes what was left */
    return peers;
}

static void free_peers(uv_handle_t *handle) {
    struct mcp_peers *peers = handle->data;
    close(peers->fd);
    free(peers->folder);
    free(peers);
}

void mcp_peers_close(struct mcp_peers *peers) {
    if (!peers->folder) {
        free(peers);
        return;
    }
    cleanup_free char *path = path_of(peers, peers->name);
    unlink(path);
    on_connection(&peers->poll, 0, UV_READABLE); /* what came already is told that this process ends */
    uv_close((uv_handle_t *)&peers->poll, free_peers);
}

/* Counting */

static char *note_path(const struct mcp_peers *peers, const char *user_id, uint64_t number) {
    return memory_print("%s/%s.%s.%llu", peers->folder, peers->name, user_id, (unsigned long long)number);
}

uint64_t mcp_peers_note(struct mcp_peers *peers, const char *user_id) {
    uint64_t number = ++peers->numbers;
    if (!peers->folder)
        return number;
    cleanup_free char *path = note_path(peers, user_id, number);
    cleanup_close int fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    if (fd < 0)
        log_warn("an MCP session cannot be noted for the other api processes", LOG_TEXT("file.path", path));
    return number;
}

void mcp_peers_forget(struct mcp_peers *peers, const char *user_id, uint64_t number) {
    cleanup_free char *path = peers->folder ? note_path(peers, user_id, number) : NULL;
    if (path)
        unlink(path);
}

struct living {
    char names[PEERS_MAX][MCP_PEER_NAME_SIZE];
    size_t count;
};

static void look_at_socket(const struct mcp_peers *peers, const char *file, struct living *living) {
    cleanup_free char *path = memory_print("%s/%s", peers->folder, file);
    cleanup_close int fd = io_unix_connect(path, SOCK_SEQPACKET | SOCK_NONBLOCK, NULL);
    if (fd == -ECONNREFUSED)
        unlink(path);
    else if (living->count < PEERS_MAX)
        snprintf(living->names[living->count++], MCP_PEER_NAME_SIZE, "%.*s", NAME_LENGTH, file);
}

static bool is_alive(const struct living *living, const char *file) {
    for (size_t i = 0; i < living->count; i++)
        if (!strncmp(living->names[i], file, NAME_LENGTH))
            return true;
    return false;
}

static void look_at_note(const struct mcp_peers *peers, const char *file, const struct living *living,
                         const char *user_id, int64_t *all, int64_t *own) {
    cleanup_free char *path = memory_print("%s/%s", peers->folder, file);
    if (!is_alive(living, file)) {
        unlink(path);
        return;
    }
    ++*all;
    *own += text_starts_with(file + NAME_LENGTH + 1, user_id);
}

void mcp_peers_count(struct mcp_peers *peers, const char *user_id, int64_t *ret_all, int64_t *ret_own) {
    cleanup_dir DIR *folder = peers->folder ? opendir(peers->folder) : NULL;
    struct living living = {.count = 0};
    *ret_all = *ret_own = 0;
    for (struct dirent *entry; folder && (entry = readdir(folder));)
        if (is_name(entry->d_name) && text_ends_with(entry->d_name, SOCKET_ENDING))
            look_at_socket(peers, entry->d_name, &living);
    if (folder)
        rewinddir(folder);
    for (struct dirent *entry; folder && (entry = readdir(folder));)
        if (is_name(entry->d_name) && !text_ends_with(entry->d_name, SOCKET_ENDING))
            look_at_note(peers, entry->d_name, &living, user_id, ret_all, ret_own);
}
