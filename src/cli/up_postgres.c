#include "cli/up_postgres.h"
#include "base/clock.h"
#include "base/config.h"
#include "base/instance.h"
#include "base/io.h"
#include "base/memory.h"
#include "base/process.h"
#include "cli/up_folders.h"
#include "cli/up_leftover.h"
#include <errno.h>
#include <fcntl.h>
#include <libpq-fe.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#define POSTGRES_BINARIES "/usr/lib/postgresql/15/bin"
#define INITDB_MS         120000

/* The role has no password: peer authentication is its only way in. */
static const char create_sql[] = "CREATE ROLE replinet LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION;\n"
                                 "CREATE DATABASE replinet OWNER replinet;\n"
                                 "REVOKE CONNECT ON DATABASE postgres, template1 FROM PUBLIC;\n";

static const char hba_text[] = "# Written by replinet up at each start.\n"
                               "local replinet replinet peer map=replinet\n"
                               "local all postgres peer map=replinet\n";

static const char ident_text[] = "# Written by replinet up at each start.\n"
                                 "replinet root replinet\n"
                                 "replinet " INSTANCE_USER_API " replinet\n"
                                 "replinet " INSTANCE_USER_WORKER " replinet\n"
                                 "replinet " INSTANCE_USER_POSTGRES " postgres\n";

/* What differs from PostgreSQL's defaults. Parallel queries are off because they use /dev/shm, of which containers have
 * little; they would gain nothing on rows this small. */
static const char *const settings[] = {
    "listen_addresses=",
    "unix_socket_permissions=0777", /* the folder decides */
    "max_connections=200",
    "max_parallel_workers_per_gather=0",
    "shared_buffers=128MB",
    "password_encryption=scram-sha-256",
    "timezone=UTC",
    "log_timezone=UTC",
    "logging_collector=on",
    "log_filename=postgres-%a.log",
    "log_truncate_on_rotation=on",
    "log_rotation_age=1d",
    "log_rotation_size=0",
    "log_min_messages=warning",
    "idle_in_transaction_session_timeout=60s",
};

static char environment_path[] = "PATH=/usr/bin:/bin", environment_locale[] = "LANG=C.UTF-8";
static char *const server_environment[] = {environment_path, environment_locale, NULL};

/* Starts one of PostgreSQL's programs as its user; arguments[0] is for us to fill in (they find each other by it). What
 * it says goes to a file; a server soon writes its own. */
static int spawn(const char *program, char **arguments, int stdin_fd, pid_t *ret_pid, int *ret_pidfd, struct error *e) {
    struct process_user user;
    int r = process_find_user(INSTANCE_USER_POSTGRES, &user, e);
    if (r < 0)
        return r;
    cleanup_free char *path = memory_print(POSTGRES_BINARIES "/%s", program);
    cleanup_free char *log = instance_state_path("log/postgres/%s.log", program);
    cleanup_close int output = open(log, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (output < 0)
        return error_errno(e, errno, ERROR_STORAGE, "cannot write %s", log);
    arguments[0] = path;
    struct process_spec spec = {
        .path = path,
        .arguments = arguments,
        .environment = server_environment,
        .user = &user,
        .death_signal = SIGINT, /* PostgreSQL's fast shutdown */
        .new_session = true,
        .stdin_fd = stdin_fd,
        .stdout_fd = output,
        .stderr_fd = output,
    };
    r = process_spawn(&spec, ret_pid, ret_pidfd, e);
    arguments[0] = NULL;
    if (r == -ENOENT)
        error_hint(e, "Install PostgreSQL 15 (apt-get install postgresql-15) or set DATABASE_URL");
    return r;
}

static int run(const char *program, char **arguments, int stdin_fd, struct error *e) {
    cleanup_close int pidfd = -1;
    pid_t pid;
    int status = 0;
    char text[48];
    int r = spawn(program, arguments, stdin_fd, &pid, &pidfd, e);
    if (r < 0)
        return r;
    r = process_wait(pidfd, clock_deadline(INITDB_MS), &status);
    if (r == -ETIMEDOUT)
        process_stop(pidfd, 1000);
    if (r < 0)
        return error_errno(e, -r, ERROR_UNAVAILABLE, "%s", program);
    if (status)
        return error_set(e, EIO, ERROR_UNAVAILABLE, "%s failed (%s); %s/log/postgres/%s.log says why", program,
                         process_describe_status(status, text), config_text(CONFIG_STATE_DIR), program);
    return 0;
}

/* Feeds SQL to a single-user server: no socket exists yet, and the server is gone afterwards. */
static int run_sql(const char *data, const char *sql, struct error *e) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC))
        return error_errno(e, errno, ERROR_INTERNAL, "cannot make a pipe");
    cleanup_close int reading = ends[0], writing = ends[1];
    int r = io_write_full(writing, sql, strlen(sql)); /* less than a pipe holds */
    close(take_fd(writing));
    char *arguments[] = {NULL, (char[]){"--single"}, (char[]){"-D"}, (char *)data, (char[]){"postgres"}, NULL};
    return r < 0 ? error_errno(e, -r, ERROR_INTERNAL, "cannot write to a pipe")
                 : run("postgres", arguments, reading, e);
}

/* The data is complete under another name before it gets its own. */
static int create_data(const char *data, struct error *e) {
    cleanup_free char *fresh = memory_print("%s.new", data);
    char *arguments[] = {NULL,
                         (char[]){"-D"},
                         fresh,
                         (char[]){"--username=postgres"},
                         (char[]){"--encoding=UTF8"},
                         (char[]){"--locale=C.UTF-8"},
                         (char[]){"--auth=peer"},
                         (char[]){"--data-checksums"},
                         NULL};
    int r = io_remove_tree(fresh);
    if (r < 0)
        return error_errno(e, -r, ERROR_STORAGE, "cannot remove %s", fresh);
    r = up_make_folder(fresh, 0700, INSTANCE_USER_POSTGRES, INSTANCE_USER_POSTGRES, e);
    if (!r)
        r = run("initdb", arguments, -1, e);
    if (!r)
        r = run_sql(fresh, create_sql, e);
    if (!r && rename(fresh, data))
        r = error_errno(e, errno, ERROR_STORAGE, "cannot rename %s", fresh);
    return r;
}

int up_postgres_create(struct error *e) {
    cleanup_free char *data = instance_state_path("postgres");
    if (!access(data, F_OK))
        return 0;
    int r = create_data(data, e);
    if (r < 0)
        error_prefix(e, "cannot make the private PostgreSQL in %s", data);
    return r;
}

int up_postgres_configure(struct error *e) {
    cleanup_free char *folder = instance_run_path("postgres");
    cleanup_free char *url = memory_print("postgresql:///replinet?host=%s&user=replinet", folder);
    return config_set(CONFIG_DATABASE_URL, url, e);
}

static int write_owned(const char *path, const char *text, struct error *e) {
    struct process_user user;
    int r = process_find_user(INSTANCE_USER_POSTGRES, &user, e);
    if (!r)
        r = io_write_file(path, 0400, text, strlen(text), e);
    if (!r && chown(path, user.uid, user.gid))
        r = error_errno(e, errno, ERROR_STORAGE, "cannot change the owner of %s", path);
    return r;
}

int up_postgres_prepare(void *user, struct error *e) {
    cleanup_free char *data = instance_state_path("postgres"), *sockets = instance_run_path("postgres");
    cleanup_free char *pid_file = memory_print("%s/postmaster.pid", data);
    cleanup_free char *hba = memory_print("%s/replinet_hba.conf", data);
    cleanup_free char *ident = memory_print("%s/replinet_ident.conf", data);
    up_stop_leftover(pid_file, data, SIGINT, SIGQUIT);
    unlink(pid_file); /* after a power cut its number may be some other process's */
    io_remove_tree(sockets);
    int r = up_make_folder(sockets, 0750, INSTANCE_USER_POSTGRES, INSTANCE_GROUP_DATA, e);
    if (!r)
        r = write_owned(hba, hba_text, e);
    return r < 0 ? r : write_owned(ident, ident_text, e);
}

int up_postgres_start(void *user, pid_t *ret_pid, int *ret_pidfd, struct error *e) {
    cleanup_arena struct arena arena = {0};
    cleanup_free char *data = instance_state_path("postgres"), *sockets = instance_run_path("postgres");
    cleanup_free char *logs = instance_state_path("log/postgres");
    char *arguments[2 * ARRAY_LENGTH(settings) + 16];
    size_t n = 0;
    n++; /* the program */
    arguments[n++] = arena_print(&arena, "-D%s", data);
    for (size_t i = 0; i < ARRAY_LENGTH(settings); i++)
        arguments[n++] = arena_print(&arena, "--%s", settings[i]);
    arguments[n++] = arena_print(&arena, "--unix_socket_directories=%s", sockets);
    arguments[n++] = arena_print(&arena, "--log_directory=%s", logs);
    arguments[n++] = arena_print(&arena, "--hba_file=%s/replinet_hba.conf", data);
    arguments[n++] = arena_print(&arena, "--ident_file=%s/replinet_ident.conf", data);
    arguments[n] = NULL;
    return spawn("postgres", arguments, -1, ret_pid, ret_pidfd, e);
}

bool up_postgres_is_ready(void *user) {
    return PQping(config_text(CONFIG_DATABASE_URL)) == PQPING_OK;
}
