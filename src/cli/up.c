/* `replinet up`: everything of one instance, until Ctrl-C or SIGTERM.
 *
 * Root prepares (folders, keys, the private servers' data, migrations) and then only supervises: each process runs as a
 * user of its own with the configuration that its rows name. Two locks, RUN_DIR/up.lock and STATE_DIR/up.lock, keep a
 * second `up` away from the sockets and from the data; they end with this process, however it ends. */
#include "base/clock.h"
#include "base/config.h"
#include "base/instance.h"
#include "base/io.h"
#include "base/log.h"
#include "base/memory.h"
#include "cli/admin.h"
#include "cli/commands.h"
#include "cli/services.h"
#include "cli/up_folders.h"
#include "cli/up_ports.h"
#include "cli/up_postgres.h"
#include "cli/up_redis.h"
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define READY_MS         60000
#define MIGRATE_MS       600000
#define PORTS_MS         5000
#define POSTGRES_STOP_MS 20000
#define REDIS_STOP_MS    10000
#define PROCESSES_MAX    (8 + SERVICE_APIS_MOST)

struct up {
    struct supervisor_child children[PROCESSES_MAX];
    size_t count;
    int64_t began;
};

static void add(struct up *up, struct supervisor_child child) {
    child.ready_ms = READY_MS;
    up->children[up->count++] = child;
}

/* Once per start, by the worker's user: the database is reachable and nothing uses it yet. */
static int migrate(void *user, struct error *e) {
    cleanup_close int pidfd = -1;
    pid_t pid;
    int status = 0;
    char text[48];
    int r = supervisor_spawn_command("migrate", INSTANCE_USER_WORKER, 'W', &pid, &pidfd, e);
    if (r < 0)
        return r;
    r = process_wait(pidfd, clock_deadline(MIGRATE_MS), &status);
    if (r < 0) {
        process_stop(pidfd, 1000);
        return error_errno(e, -r, ERROR_UNAVAILABLE, "the database was not migrated");
    }
    return status ? error_set(e, EIO, ERROR_UNAVAILABLE, "the database was not migrated (%s)",
                              process_describe_status(status, text))
                  : 0;
}

static void list_processes(struct up *up, bool own_postgres, bool own_redis) {
    if (own_postgres)
        add(up, (struct supervisor_child){
                    .name = "postgres",
                    .prepare = up_postgres_prepare,
                    .start = up_postgres_start,
                    .is_ready = up_postgres_is_ready,
                    .when_ready = migrate,
                    .stop_signal = SIGINT, /* fast: ends sessions, writes a checkpoint */
                    .stop_ms = POSTGRES_STOP_MS,
                });
    if (own_redis)
        add(up, (struct supervisor_child){
                    .name = "redis",
                    .prepare = up_redis_prepare,
                    .start = up_redis_start,
                    .is_ready = up_redis_is_ready,
                    .stop_ms = REDIS_STOP_MS,
                });
    for (int service = 0; service < SERVICE_COUNT; service++)
        add(up, service_child(service, READY_MS));
    for (int i = 1; i < config_int(CONFIG_API_PROCESSES); i++)
        add(up, service_further_api(i, READY_MS));
}

static int take_lock(enum config_id place, int *ret_lock, struct error *e) {
    const char *folder = config_text(place), *name = config_rows[place].name;
    cleanup_free char *path = memory_print("%s/up.lock", folder), *holder = NULL;
    int r = io_make_dirs(folder, 0755, e);
    int fd = r < 0 ? r : instance_lock(path, e);
    if (fd == -EBUSY) {
        if (io_read_file(path, 32, &holder, NULL, NULL) == 0)
            holder[strcspn(holder, "\n")] = '\0';
        error_set(e, EBUSY, ERROR_CONFLICT, "`replinet up` already runs on %s=%s (process %s)", name, folder,
                  holder && *holder ? holder : "unknown");
        error_hint(e, "Stop it first, or give this one a STATE_DIR, RUN_DIR and ports of its own");
    }
    if (fd < 0)
        return fd;
    char pid[16];
    int length = snprintf(pid, sizeof pid, "%d\n", getpid());
    if (ftruncate(fd, 0) || pwrite(fd, pid, (size_t)length, 0) != length)
        log_warn("cannot note our process in the lock", LOG_TEXT("file.path", path));
    *ret_lock = fd;
    return 0;
}

static int prepare(bool *ret_own_postgres, bool *ret_own_redis, struct error *e) {
    *ret_own_postgres = !*config_text(CONFIG_DATABASE_URL);
    *ret_own_redis = !*config_text(CONFIG_REDIS_URL);
    int r = up_make_folders(e);
    if (!r)
        r = up_load_secret(e);
    if (!r)
        r = up_check_ports(PORTS_MS, e);
    if (!r && *ret_own_postgres)
        r = up_postgres_create(e);
    if (!r && *ret_own_postgres)
        r = up_postgres_configure(e);
    if (!r && *ret_own_redis)
        r = up_redis_configure(e);
    return r;
}

/* Where each process can be found; the rows of processes that this instance does not run are left out. */
static void print_place(const struct supervisor_child *child) {
    static const struct {
        const char *name, *socket /* below RUN_DIR */, *what;
        enum config_id host, port; /* instead of a socket */
    } places[] = {
        {"postgres", "postgres/.s.PGSQL.5432", "the private database", CONFIG_COUNT, CONFIG_COUNT},
        {"redis", "redis/redis.sock", "the private cache and doorbell", CONFIG_COUNT, CONFIG_COUNT},
        {"launcher", "launcher.sock", "makes browsers, for the engine alone", CONFIG_COUNT, CONFIG_COUNT},
        {"engine", NULL, "the door to browsers", CONFIG_DOOR_HOST, CONFIG_DOOR_PORT},
        {"api", NULL, "the API and the web app", CONFIG_BACKEND_HOST, CONFIG_BACKEND_PORT},
        {"worker", NULL, "runs threads; its metrics", CONFIG_COUNT, CONFIG_WORKER_METRICS_PORT},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(places); i++)
        if (strcmp(places[i].name, child->name))
            continue;
        else if (places[i].socket)
            printf("  %-9s %s/%s  (%s)\n", child->name, config_text(CONFIG_RUN_DIR), places[i].socket, places[i].what);
        else
            printf("  %-9s http://%s:%lld  (%s)\n", child->name,
                   places[i].host == CONFIG_COUNT ? "127.0.0.1" : config_text(places[i].host),
                   (long long)config_int(places[i].port), places[i].what);
}

/* The settings that other commands need to find this instance. */
static void print_settings(void) {
    static const enum config_id ids[] = {CONFIG_STATE_DIR, CONFIG_RUN_DIR, CONFIG_DOOR_HOST, CONFIG_DOOR_PORT};
    for (size_t i = 0; i < ARRAY_LENGTH(ids); i++)
        if (strcmp(config_text(ids[i]), config_rows[ids[i]].value))
            printf("%s=%s ", config_rows[ids[i]].name, config_text(ids[i]));
}

/* Whoever starts the instance for the first time becomes its administrator by this link. */
static void print_claim_link(void) {
    cleanup_postgres struct postgres db = {0};
    cleanup_free char *url = NULL;
    struct error e;
    int r = postgres_open(&(struct postgres_options){.purpose = "up"}, &db, &e);
    if (!r)
        r = admin_make_claim_link(&db, true, &url, &e);
    if (r < 0)
        log_warning(&e, "no link for the first administrator was made; `replinet admin link` makes one");
    if (url)
        printf("Nobody can sign in yet. This link makes you the administrator, once, within a week:\n  %s\n", url);
}

static void print_ready(void *user) {
    struct up *up = user;
    printf("Replinet is ready after %.1f s; Ctrl-C stops it. What is kept lies in %s.\n",
           (double)(clock_monotonic_ms() - up->began) / 1000, config_text(CONFIG_STATE_DIR));
    for (size_t i = 0; i < up->count; i++)
        print_place(&up->children[i]);
    print_claim_link();
    printf("To try next, as root in another terminal:\n  ");
    print_settings();
    printf("replinet browser ls\n");
    fflush(stdout);
}

static int run(struct error *e) {
    struct up up = {.began = clock_monotonic_ms()};
    cleanup_close int run_lock = -1, state_lock = -1;
    bool own_postgres = false, own_redis = false;
    if (geteuid()) {
        error_set(e, EPERM, ERROR_FORBIDDEN,
                  "`replinet up` starts processes as users of their own and must run as root");
        return -EPERM;
    }
    int r = up_check_places(e);
    if (!r)
        r = take_lock(CONFIG_RUN_DIR, &run_lock, e);
    if (!r)
        r = take_lock(CONFIG_STATE_DIR, &state_lock, e);
    if (!r)
        r = prepare(&own_postgres, &own_redis, e);
    if (!r && !own_postgres)
        r = migrate(NULL, e);
    if (r < 0)
        return r;
    list_processes(&up, own_postgres, own_redis);
    return supervisor_run(up.children, up.count, print_ready, &up, e);
}

int up_command(int count, char **arguments) {
    struct error e;
    if (count > 1) {
        fprintf(stderr, "Usage: replinet up\n");
        return 2;
    }
    if (run(&e) < 0) {
        log_failure(&e, "replinet up cannot go on");
        return 1;
    }
    log_info("stopped");
    return 0;
}
