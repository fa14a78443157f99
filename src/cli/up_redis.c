#include "cli/up_redis.h"
#include "base/config.h"
#include "base/instance.h"
#include "base/io.h"
#include "base/memory.h"
#include "base/process.h"
#include "base/text.h"
#include "cli/up_folders.h"
#include "cli/up_leftover.h"
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#define REDIS_BINARY "/usr/bin/redis-server"
#define PING_MS      200

/* Everything but administering the server, scripts and what walks the whole keyspace. */
static const char acl_text[] = "user default on nopass ~* &* +@all -@admin -@dangerous -@scripting\n";

/* %1$s RUN_DIR/redis, %2$s STATE_DIR/redis, %3$s STATE_DIR/log/redis. Redis is a cache and a doorbell: when it is full
 * the least used keys that expire go first. */
static const char config_format[] = "# Written by replinet up at each start.\n"
                                    "port 0\n"
                                    "unixsocket \"%1$s/redis.sock\"\n"
                                    "unixsocketperm 777\n" /* the folder decides */
                                    "pidfile \"%1$s/redis.pid\"\n"
                                    "aclfile \"%1$s/users.acl\"\n"
                                    "dir \"%2$s\"\n"
                                    "logfile \"%3$s/redis.log\"\n"
                                    "loglevel warning\n"
                                    "daemonize no\n"
                                    "appendonly yes\n"
                                    "aof-load-truncated yes\n"
                                    "save \"\"\n"
                                    "maxmemory 256mb\n"
                                    "maxmemory-policy volatile-lru\n"
                                    "enable-debug-command no\n"
                                    "enable-module-command no\n"
                                    "enable-protected-configs no\n";

int up_redis_configure(struct error *e) {
    cleanup_free char *socket = instance_run_path("redis/redis.sock");
    cleanup_free char *url = memory_print("unix://%s", socket);
    return config_set(CONFIG_REDIS_URL, url, e);
}

static int write_readable(const char *folder, const char *name, const char *text, struct error *e) {
    struct process_user user;
    cleanup_free char *path = memory_print("%s/%s", folder, name);
    int r = process_find_user(INSTANCE_USER_REDIS, &user, e);
    if (!r)
        r = io_write_file(path, 0400, text, strlen(text), e);
    if (!r && chown(path, user.uid, user.gid))
        r = error_errno(e, errno, ERROR_STORAGE, "cannot change the owner of %s", path);
    return r;
}

int up_redis_prepare(void *user, struct error *e) {
    cleanup_free char *run = instance_run_path("redis"), *data = instance_state_path("redis");
    cleanup_free char *logs = instance_state_path("log/redis"), *pid_file = memory_print("%s/redis.pid", run);
    cleanup_text struct text config = {0};
    up_stop_leftover(pid_file, data, SIGTERM, SIGKILL);
    io_remove_tree(run);
    int r = up_make_folder(run, 0750, INSTANCE_USER_REDIS, INSTANCE_GROUP_REDIS, e);
    if (!r)
        r = write_readable(run, "users.acl", acl_text, e);
    text_print(&config, config_format, run, data, logs);
    return r < 0 ? r : write_readable(run, "redis.conf", config.data, e);
}

int up_redis_start(void *unused, pid_t *ret_pid, int *ret_pidfd, struct error *e) {
    struct process_user user;
    int r = process_find_user(INSTANCE_USER_REDIS, &user, e);
    if (r < 0)
        return r;
    cleanup_free char *config = instance_run_path("redis/redis.conf");
    char program[] = "redis-server", path[] = "PATH=/usr/bin:/bin", locale[] = "LANG=C.UTF-8";
    char *arguments[] = {program, config, NULL}, *environment[] = {path, locale, NULL};
    struct process_spec spec = {
        .path = REDIS_BINARY,
        .arguments = arguments,
        .environment = environment,
        .user = &user,
        .death_signal = SIGTERM,
        .new_session = true,
        .stdin_fd = -1,
        .stdout_fd = -1,
        .stderr_fd = -1,
    };
    r = process_spawn(&spec, ret_pid, ret_pidfd, e);
    if (r == -ENOENT)
        error_hint(e, "Install Redis (apt-get install redis-server) or set REDIS_URL");
    return r;
}

/* PING without a client library: "+PONG" once the append-only file is loaded, "-LOADING" before. */
bool up_redis_is_ready(void *user) {
    cleanup_free char *path = instance_run_path("redis/redis.sock");
    cleanup_close int fd = io_unix_connect(path, SOCK_STREAM, NULL);
    struct timeval limit = {.tv_usec = PING_MS * 1000};
    char answer[5] = "";
    return fd >= 0 && !setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit) &&
           !io_write_full(fd, "PING\r\n", 6) && io_read_full(fd, answer, sizeof answer) == sizeof answer &&
           !memcmp(answer, "+PONG", sizeof answer);
}
