#include "cli/run_instance.h"
#include "base/clock.h"
#include "base/config.h"
#include "base/io.h"
#include "base/memory.h"
#include "base/process.h"
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define FOLDER_PATTERN "/run/replinet-run-XXXXXX"
#define READY_MS       20000
#define LOOK_MS        20
#define STOP_MS        20000
#define SECRET_BYTES   32
#define LOG_MAX        (1 << 20)

static int free_port(struct error *e) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;
    cleanup_close int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof address) ||
        getsockname(fd, (struct sockaddr *)&address, &length))
        return error_errno(e, errno, ERROR_INTERNAL, "cannot find a free port");
    return ntohs(address.sin_port);
}

static int set_text(enum config_id id, char *owned_value, struct error *e) {
    cleanup_free char *value = owned_value;
    return config_set(id, value, e);
}

static int set_key(struct error *e) {
    unsigned char bytes[SECRET_BYTES];
    char secret[SECRET_BYTES * 2 + 1];
    struct ticket_key key;
    randombytes_buf(bytes, sizeof bytes);
    sodium_bin2hex(secret, sizeof secret, bytes, sizeof bytes);
    int r = config_set(CONFIG_SECRET_KEY, secret, e);
    if (!r)
        r = ticket_derive_key(secret, &key, e);
    if (!r)
        r = config_set(CONFIG_TICKET_PUBLIC_KEY, key.public_hex, e);
    sodium_memzero(&key, sizeof key);
    sodium_memzero(secret, sizeof secret);
    return r;
}

/* The private instance is ours alone: one browser, started when it is leased. */
static int configure(const char *folder, const char *allow, int64_t memory_mb, struct error *e) {
    int port = free_port(e), r = port < 0 ? port : set_key(e);
    const char *egress = config_text(CONFIG_EGRESS_ALLOW);
    if (!r)
        r = set_text(CONFIG_STATE_DIR, memory_print("%s/state", folder), e);
    if (!r)
        r = set_text(CONFIG_RUN_DIR, memory_print("%s/run", folder), e);
    if (!r)
        r = set_text(CONFIG_DOOR_PORT, memory_print("%d", port), e);
    if (!r)
        r = config_set(CONFIG_DOOR_HOST, "127.0.0.1", e);
    if (!r)
        r = config_set(CONFIG_POOL_WARM, "0", e);
    if (!r)
        r = config_set(CONFIG_MAX_BROWSERS, "1", e);
    if (!r && memory_mb > 0)
        r = set_text(CONFIG_BROWSER_MEMORY_MB, memory_print("%lld", (long long)memory_mb), e);
    if (!r && allow)
        r = set_text(CONFIG_EGRESS_ALLOW, memory_print("%s%s%s", egress, *egress ? "," : "", allow), e);
    return r;
}

static void export_configuration(void) {
    for (int i = 0; i < CONFIG_COUNT; i++)
        setenv(config_rows[i].name, config_text((enum config_id)i), 1);
}

static int spawn(const char *folder, int *ret_pidfd, struct error *e) {
    cleanup_free char *log = memory_print("%s/log", folder);
    cleanup_close int log_fd = open(log, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (log_fd < 0)
        return error_errno(e, errno, ERROR_STORAGE, "cannot write %s", log);
    export_configuration();
    struct process_spec spec = {.arguments = (char *[]){"replinet", "browser-manager", NULL},
                                .environment = environ,
                                .death_signal = SIGTERM,
                                .stdin_fd = -1,
                                .stdout_fd = log_fd,
                                .stderr_fd = log_fd,
                                .new_session = true};
    pid_t pid;
    return process_spawn(&spec, &pid, ret_pidfd, e);
}

/* The last line of its log says more than any guess of ours. */
static int explain_end(const char *folder, struct error *e) {
    cleanup_free char *path = memory_print("%s/log", folder), *log = NULL;
    size_t length = 0;
    error_set(e, ECHILD, ERROR_UNAVAILABLE, "the private Browser Manager did not start");
    if (io_read_file(path, LOG_MAX, &log, &length, NULL) < 0 || !length)
        return -ECHILD;
    log[length - (log[length - 1] == '\n')] = '\0';
    const char *line = strrchr(log, '\n');
    error_hint(e, "Its last words: %s", line ? line + 1 : log);
    return -ECHILD;
}

static int wait_ready(const struct run_instance *instance, int interrupt_fd, struct error *e) {
    struct ticket_key key;
    struct door door;
    int64_t deadline = clock_deadline(READY_MS);
    int r = door_open(&key, &door, e);
    while (!r) {
        cleanup_json json_t *statistics = NULL;
        if (!door_statistics(&door, &statistics, e))
            break;
        struct pollfd fds[] = {{.fd = instance->pidfd, .events = POLLIN}, {.fd = interrupt_fd, .events = POLLIN}};
        int n = poll(fds, ARRAY_LENGTH(fds), LOOK_MS);
        if (n > 0 && fds[1].revents)
            r = error_set(e, ECANCELED, ERROR_CANCELLED, "stopped while the Browser Manager started");
        else if (n > 0 || !clock_remaining_ms(deadline))
            r = explain_end(instance->folder, e);
    }
    sodium_memzero(&key, sizeof key);
    return r;
}

int run_instance_start(const char *allow, int64_t memory_mb, int interrupt_fd, struct run_instance *ret_instance,
                       struct error *e) {
    char folder[] = FOLDER_PATTERN;
    cleanup_run_instance struct run_instance instance = RUN_INSTANCE_NONE;
    if (!mkdtemp(folder) || chmod(folder, 0755))
        return error_errno(e, errno, ERROR_STORAGE, "cannot make the folder %s", folder);
    instance.folder = memory_copy_text(folder);
    int r = configure(folder, allow, memory_mb, e);
    if (!r)
        r = spawn(folder, &instance.pidfd, e);
    if (!r)
        r = wait_ready(&instance, interrupt_fd, e);
    if (r < 0)
        return r;
    *ret_instance = instance;
    instance = RUN_INSTANCE_NONE;
    return 0;
}

void run_instance_stop(struct run_instance *instance) {
    if (instance->pidfd >= 0) {
        process_stop(instance->pidfd, STOP_MS);
        close(instance->pidfd);
    }
    if (instance->folder)
        io_remove_tree(instance->folder);
    free(instance->folder);
    *instance = RUN_INSTANCE_NONE;
}
