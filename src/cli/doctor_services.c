/* Checks of `replinet doctor` about users, programs and servers. */
#include "base/clock.h"
#include "base/config.h"
#include "base/instance.h"
#include "base/io.h"
#include "base/memory.h"
#include "base/process.h"
#include "base/text.h"
#include "cli/doctor_table.h"
#include "cli/up_folders.h"
#include "cli/up_ports.h"
#include "store/postgres.h"
#include "store/redis.h"
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <libpq-fe.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define COMMAND_MS         15000
#define POSTGRES_PROGRAM   "/usr/lib/postgresql/15/bin/postgres"
#define REDIS_PROGRAM      "/usr/bin/redis-server"
#define POSTGRES_ASK_MS    5000
#define CRUN_LEAST_VERSION 1.0

#define FOUND(...) snprintf(finding->text, sizeof finding->text, __VA_ARGS__)

static const struct {
    const char *user;
    bool data, cache; /* member of replinet-data, replinet-cache */
} users[] = {
    {INSTANCE_USER_ENGINE, false, true},    {INSTANCE_USER_WORKER, true, true},  {INSTANCE_USER_API, true, true},
    {INSTANCE_USER_POSTGRES, false, false}, {INSTANCE_USER_REDIS, false, false},
};

/* Runs a program and keeps the beginning of what it prints. Returns its status, or -errno. */
static int run(char *const *arguments, char *output, size_t room) {
    int ends[2], status = 0;
    if (pipe2(ends, O_CLOEXEC))
        return -errno;
    cleanup_close int reading = ends[0], writing = ends[1], pidfd = -1;
    char path[] = "PATH=/usr/sbin:/usr/bin:/sbin:/bin", locale[] = "LANG=C.UTF-8", home[] = "HOME=/nonexistent";
    char *environment[] = {path, locale, home, NULL};
    struct process_spec spec = {.path = arguments[0],
                                .arguments = arguments,
                                .environment = environment,
                                .death_signal = 9,
                                .stdin_fd = -1,
                                .stdout_fd = writing,
                                .stderr_fd = writing};
    pid_t pid;
    int r = process_spawn(&spec, &pid, &pidfd, NULL);
    if (r < 0)
        return r;
    close(take_fd(writing));
    r = process_wait(pidfd, clock_deadline(COMMAND_MS), &status);
    if (r < 0)
        process_stop(pidfd, 0);
    io_set_nonblocking(reading, true);
    ssize_t n = read(reading, output, room - 1);
    output[n > 0 ? n : 0] = '\0';
    return r < 0 ? r : status;
}

static bool is_member(const char *user, const char *group) {
    struct group *entry = getgrnam(group);
    for (char **member = entry ? entry->gr_mem : NULL; member && *member; member++)
        if (!strcmp(*member, user))
            return true;
    return false;
}

static void append_missing(struct doctor_finding *finding, const char *what) {
    size_t n = strlen(finding->text);
    snprintf(finding->text + n, sizeof finding->text - n, "%s%s", n ? ", " : "missing: ", what);
}

enum doctor_verdict doctor_users(struct doctor_finding *finding) {
    static const char *const groups[] = {INSTANCE_GROUP_DATA, INSTANCE_GROUP_REDIS};
    for (size_t i = 0; i < ARRAY_LENGTH(groups); i++)
        if (!getgrnam(groups[i]))
            append_missing(finding, groups[i]);
    for (size_t i = 0; i < ARRAY_LENGTH(users); i++) {
        char what[128];
        if (!getpwnam(users[i].user))
            append_missing(finding, users[i].user);
        for (size_t g = 0; g < ARRAY_LENGTH(groups); g++)
            if ((g ? users[i].cache : users[i].data) && !is_member(users[i].user, groups[g])) {
                snprintf(what, sizeof what, "%s in %s", users[i].user, groups[g]);
                append_missing(finding, what);
            }
    }
    if (*finding->text)
        return DOCTOR_FAIL;
    FOUND("%zu users and %zu groups", ARRAY_LENGTH(users), ARRAY_LENGTH(groups));
    return DOCTOR_OK;
}

static int run_tool(struct error *e, char *const *arguments) {
    char output[200];
    int status = run(arguments, output, sizeof output);
    return status ? error_set(e, EIO, ERROR_INTERNAL, "%s failed: %s", arguments[0],
                              status < 0 ? strerror(-status) : output)
                  : 0;
}

static int make_group(const char *name, struct error *e) {
    char *const add[] = {(char[]){"/usr/sbin/groupadd"}, (char[]){"--system"}, (char *)name, NULL};
    return getgrnam(name) ? 0 : run_tool(e, add);
}

static int make_user(const char *name, struct error *e) {
    char *const add[] = {(char[]){"/usr/sbin/useradd"},
                         (char[]){"--system"},
                         (char[]){"--user-group"},
                         (char[]){"--no-create-home"},
                         (char[]){"--home-dir=/nonexistent"},
                         (char[]){"--shell=/usr/sbin/nologin"},
                         (char *)name,
                         NULL};
    return getpwnam(name) ? 0 : run_tool(e, add);
}

static int join(const char *user, const char *group, struct error *e) {
    char *const add[] = {
        (char[]){"/usr/sbin/usermod"}, (char[]){"--append"}, (char[]){"--groups"}, (char *)group, (char *)user, NULL};
    return is_member(user, group) ? 0 : run_tool(e, add);
}

int doctor_mend_users(struct error *e) {
    int r = make_group(INSTANCE_GROUP_DATA, e);
    if (!r)
        r = make_group(INSTANCE_GROUP_REDIS, e);
    for (size_t i = 0; !r && i < ARRAY_LENGTH(users); i++) {
        r = make_user(users[i].user, e);
        if (!r && users[i].data)
            r = join(users[i].user, INSTANCE_GROUP_DATA, e);
        if (!r && users[i].cache)
            r = join(users[i].user, INSTANCE_GROUP_REDIS, e);
    }
    return r;
}

enum doctor_verdict doctor_folders(struct doctor_finding *finding) {
    struct error e;
    if (up_check_places(&e) < 0) {
        FOUND("%s", e.text);
        return DOCTOR_FAIL;
    }
    FOUND("%s, %s", config_text(CONFIG_STATE_DIR), config_text(CONFIG_RUN_DIR));
    return DOCTOR_OK;
}

/* Whether `replinet up` holds this instance's lock; looking does not make one. */
static bool instance_runs(void) {
    cleanup_free char *path = instance_run_path("up.lock");
    cleanup_close int lock = access(path, F_OK) ? -ENOENT : instance_lock(path, NULL);
    return lock == -EBUSY;
}

enum doctor_verdict doctor_ports(struct doctor_finding *finding) {
    struct error e;
    if (instance_runs()) {
        FOUND("in use by this instance, which is running");
        return DOCTOR_OK;
    }
    if (up_check_ports(0, &e) < 0) {
        FOUND("%s", e.text);
        return DOCTOR_FAIL;
    }
    FOUND("free");
    return DOCTOR_OK;
}

/* The first line of what `program --version` prints. */
static int version_of(const char *program, char *line, size_t room) {
    char *const ask[] = {(char *)program, (char[]){"--version"}, NULL};
    int status = run(ask, line, room);
    line[strcspn(line, "\n")] = '\0';
    return status;
}

static enum doctor_verdict check_program(const char *program, struct doctor_finding *finding) {
    char line[200] = "";
    int status = version_of(program, line, sizeof line);
    if (status)
        FOUND("cannot run %s: %s", program, status < 0 ? strerror(-status) : line);
    else
        FOUND("%s", line);
    return status ? DOCTOR_FAIL : DOCTOR_OK;
}

static bool postgres_answers(char *why, size_t room) {
    struct error e;
    cleanup_postgres struct postgres db = {0};
    static const char ask[] = "SELECT 1";
    if (postgres_open(&(struct postgres_options){.purpose = "doctor", .timeout_ms = POSTGRES_ASK_MS}, &db, &e) == 0 &&
        postgres_script(&db, ask, &e) == 0)
        return true;
    snprintf(why, room, "%s", e.text);
    return false;
}

enum doctor_verdict doctor_postgres(struct doctor_finding *finding) {
    char why[240];
    bool own = !*config_text(CONFIG_DATABASE_URL);
    if (own && !instance_runs())
        return check_program(POSTGRES_PROGRAM, finding);
    bool answers = postgres_answers(why, sizeof why);
    FOUND("%s %s", own ? "the private server" : "DATABASE_URL", answers ? "answers" : why);
    return answers ? DOCTOR_OK : DOCTOR_FAIL;
}

/* What the private server allows (up_postgres.c) unless a server that answers says otherwise. */
#define PRIVATE_CONNECTIONS 200
#define SPARE_CONNECTIONS   10 /* the server's own reserve, command lines, migrations */

static int64_t connections_allowed(void) {
    static const struct statement ask = {"doctor_max_connections", "SELECT current_setting('max_connections')::int"};
    cleanup_postgres struct postgres db = {0};
    cleanup_result struct pg_result *row = NULL;
    if (postgres_open(&(struct postgres_options){.purpose = "doctor", .timeout_ms = POSTGRES_ASK_MS}, &db, NULL) < 0 ||
        postgres_query(&db, &ask, &row, NULL) < 0)
        return PRIVATE_CONNECTIONS;
    return result_int(row, 0, 0);
}

static int64_t connections_needed(void) {
    int64_t lanes = config_int(CONFIG_API_DATABASE_LANES) + config_int(CONFIG_API_SLOW_LANES);
    int64_t jobs = config_int(CONFIG_WORKER_CONCURRENCY) + config_int(CONFIG_WORKER_WAITING) +
                   config_int(CONFIG_WORKER_QUICK_CONCURRENCY) + config_int(CONFIG_WORKER_MAINTENANCE_CONCURRENCY);
    return config_int(CONFIG_API_PROCESSES) * lanes + config_int(CONFIG_MCP_SESSIONS) + jobs + 1 + SPARE_CONNECTIONS;
}

enum doctor_verdict doctor_connections(struct doctor_finding *finding) {
    int64_t needed = connections_needed(), allowed = connections_allowed();
    FOUND("up to %lld are needed, %lld are allowed", (long long)needed, (long long)allowed);
    return needed > allowed ? DOCTOR_FAIL : DOCTOR_OK;
}

enum doctor_verdict doctor_redis(struct doctor_finding *finding) {
    bool own = !*config_text(CONFIG_REDIS_URL);
    if (own && !instance_runs())
        return check_program(REDIS_PROGRAM, finding);
    struct error e;
    cleanup_redis struct redis redis = {0};
    redis_open(&redis, NULL);
    bool answers = !redis_ping(&redis, &e);
    FOUND("%s %s", own ? "the private server" : "REDIS_URL", answers ? "answers" : e.text);
    return answers ? DOCTOR_OK : DOCTOR_FAIL;
}

enum doctor_verdict doctor_crun(struct doctor_finding *finding) {
    char *const ask[] = {(char *)config_text(CONFIG_CRUN_PATH), (char[]){"--version"}, NULL};
    char output[500];
    double version = 0;
    int status = run(ask, output, sizeof output);
    if (status || sscanf(output, "crun version %lf", &version) != 1) {
        FOUND("cannot run %s: %s", ask[0], status < 0 ? strerror(-status) : output);
        return DOCTOR_FAIL;
    }
    bool has_seccomp = strstr(output, "+SECCOMP");
    output[strcspn(output, "\n")] = '\0';
    FOUND("%s%s", output, has_seccomp ? "" : ", built without seccomp");
    return version < CRUN_LEAST_VERSION || !has_seccomp ? DOCTOR_FAIL : DOCTOR_OK;
}

enum doctor_verdict doctor_chromium(struct doctor_finding *finding) {
    const char *program = config_text(CONFIG_CHROMIUM_PATH);
    char magic[4] = "";
    cleanup_close int fd = open(program, O_RDONLY | O_CLOEXEC);
    if (fd >= 0 && (io_read_full(fd, magic, sizeof magic) != sizeof magic || memcmp(magic, "\177ELF", 4))) {
        FOUND("%s is not a program but a script", program);
        return DOCTOR_FAIL;
    }
    return check_program(program, finding);
}

static bool has_font(const char *pattern) {
    char output[200] = "";
    char *const ask[] = {(char[]){"/usr/bin/fc-list"}, (char *)pattern, (char[]){"family"}, NULL};
    return run(ask, output, sizeof output) == 0 && *output;
}

enum doctor_verdict doctor_fonts(struct doctor_finding *finding) {
    static const struct {
        const char *what, *pattern;
    } needed[] = {
        {"Latin", ":lang=en"},    {"Cyrillic", ":lang=ru"}, {"Chinese", ":lang=zh-cn"},
        {"Japanese", ":lang=ja"}, {"Korean", ":lang=ko"},   {"emoji", ":charset=1f600"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(needed); i++)
        if (!has_font(needed[i].pattern))
            append_missing(finding, needed[i].what);
    if (*finding->text)
        return DOCTOR_WARN;
    FOUND("Latin, Cyrillic, Chinese, Japanese, Korean and emoji");
    return DOCTOR_OK;
}
