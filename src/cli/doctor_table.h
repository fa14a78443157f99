/* What `replinet doctor` looks at, a row each: name, check, mend (NULL: a person does it), what it is needed for, how
 * to mend it. To add a check: a row, and a function in doctor_machine.c or doctor_services.c.
 *
 * A check fills the text with what it found and returns its verdict; it may print a mend of its own when it knows
 * better than the row. It changes nothing. A mend function makes the thing and is followed by the check again. */
#pragma once

#include "base/error.h"

enum doctor_verdict { DOCTOR_OK, DOCTOR_WARN, DOCTOR_FAIL };

struct doctor_finding {
    char text[320]; /* what was found */
    char mend[320]; /* empty: the row's */
};

#define DOCTOR_TABLE(X)                                                                                                \
    X("root", doctor_root, NULL, "Containers and services of users of their own are made by root.",                    \
      "Run as root (sudo).")                                                                                           \
    X("kernel", doctor_kernel, NULL, "pidfds and openat2 with RESOLVE_BENEATH need Linux 5.6 or newer.",               \
      "Use a newer kernel; Debian 12 has 6.1.")                                                                        \
    X("user namespaces", doctor_user_namespaces, NULL,                                                                 \
      "Each browser has a user namespace, and Chromium's own sandbox makes further ones inside it.",                   \
      "sysctl user.max_user_namespaces=15000 kernel.unprivileged_userns_clone=1")                                      \
    X("seccomp", doctor_seccomp, NULL, "A list of allowed system calls stands around each browser.",                   \
      "Use a kernel built with CONFIG_SECCOMP_FILTER.")                                                                \
    X("cgroups", doctor_cgroups, NULL, "Memory, CPU and processes of each browser are limited by them.",               \
      "Mount /sys/fs/cgroup with the memory, cpu, pids and freezer controllers; in a container give it its cgroup.")   \
    X("memory", doctor_memory, NULL, "A browser may use BROWSER_MEMORY_MB.",                                           \
      "Lower BROWSER_MEMORY_MB or MAX_BROWSERS, or add memory.")                                                       \
    X("disk", doctor_disk, NULL, "The database, artifacts and profiles lie in STATE_DIR.",                             \
      "Free space, or set STATE_DIR to a larger disk.")                                                                \
    X("clock", doctor_clock, NULL, "Tickets are valid for seconds, and people compare times.",                         \
      "Set the clock; install an NTP client (apt-get install systemd-timesyncd).")                                     \
    X("users", doctor_users, doctor_mend_users, "Each process runs as a user of its own.", "replinet doctor --mend")   \
    X("folders", doctor_folders, NULL, "Other users must be able to enter STATE_DIR and RUN_DIR.",                     \
      "Choose places such as /var/lib/replinet and /run/replinet.")                                                    \
    X("ports", doctor_ports, NULL, "The door and the worker's metrics listen on TCP ports.",                           \
      "Set DOOR_PORT and WORKER_METRICS_PORT to free ports (ss -ltnp shows who has them).")                            \
    X("postgresql", doctor_postgres, NULL, "Everything that must be kept is in PostgreSQL.",                           \
      "apt-get install postgresql-15, or set DATABASE_URL.")                                                           \
    X("connections", doctor_connections, NULL,                                                                         \
      "Each api thread, worker, job and MCP session has a database connection of its own.",                            \
      "Raise max_connections of PostgreSQL, or lower API_PROCESSES, API_DATABASE_LANES, MCP_SESSIONS or "              \
      "WORKER_CONCURRENCY.")                                                                                           \
    X("redis", doctor_redis, NULL, "Redis wakes workers and carries live updates.",                                    \
      "apt-get install redis-server, or set REDIS_URL.")                                                               \
    X("crun", doctor_crun, NULL, "The OCI runtime makes the containers.", "apt-get install crun, or set CRUN_PATH.")   \
    X("chromium", doctor_chromium, NULL, "The browser.",                                                               \
      "apt-get install chromium, or set CHROMIUM_PATH to the binary itself (not a wrapper script).")                   \
    X("fonts", doctor_fonts, NULL, "Without fonts for Chinese, Japanese, Korean and emoji, pages show empty boxes.",   \
      "apt-get install fonts-dejavu-core fonts-noto-cjk fonts-noto-color-emoji")                                       \
    X("models", doctor_models, NULL, "Providers of models that the configuration names must be reachable.",            \
      "Check OPENAI_BASE_URL, ANTHROPIC_BASE_URL and MODEL_PROVIDERS; `replinet model test PROVIDER/MODEL` says "      \
      "more.")

#define X(name, check, mend, why, how) enum doctor_verdict check(struct doctor_finding *finding);
DOCTOR_TABLE(X)
#undef X

int doctor_mend_users(struct error *e);
