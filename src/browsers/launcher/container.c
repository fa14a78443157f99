#include "browsers/launcher/container.h"
#include "base/config.h"
#include "base/json.h"
#include "base/memory.h"
#include "browsers/launcher/cgroups.h"
#include "browsers/launcher/chromium_flags.h"
#include "browsers/launcher/files.h"
#include "browsers/launcher/seccomp.h"
#include "browsers/protocol/keeper_protocol.h"
#include "browsers/protocol/launcher_protocol.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#define INSIDE_ROOT    0
#define INSIDE_USER    1000
#define MEGABYTE       (1024 * 1024)
#define HOME           "/home/browser"
#define DEFAULT_LOCALE "en-US"
#define OPEN_FILES     8192
/* Browsers go before the rest of Replinet; below what Chromium gives its renderers, which go first. */
#define OOM_SCORE 100

static const char *const flags[] = {
#define X(flag, why) flag,
    CHROMIUM_FLAGS(X)
#undef X
};

static void append_texts(json_t *array, const char *const *list, size_t count) {
    for (size_t i = 0; i < count; i++)
        json_array_append_new(array, json_string(list[i]));
}

static json_t *texts(const char *const *list, size_t count) {
    json_t *array = json_array();
    append_texts(array, list, count);
    return array;
}

static json_t *print_json(char *text) {
    json_t *json = json_string(text);
    free(text);
    return json;
}

static json_t *arguments(const struct container_spec *spec) {
    const char *locale = *spec->locale ? spec->locale : DEFAULT_LOCALE;
    json_t *list = json_array();
    json_array_append_new(list, json_string(spec->program));
    append_texts(list, flags, ARRAY_LENGTH(flags));
    json_array_append_new(list, print_json(memory_print("--proxy-server=socks5://127.0.0.1:%d", KEEPER_GATE_PORT)));
    json_array_append_new(list, print_json(memory_print("--lang=%s", locale)));
    json_array_append_new(list, print_json(memory_print("--accept-lang=%s", locale)));
    json_array_append_new(list, json_string("about:blank"));
    return list;
}

static json_t *environment(const struct container_spec *spec) {
    static const char *const fixed[] = {"PATH=/usr/bin", "HOME=/home/browser", "LANG=C.UTF-8", "LC_ALL=C.UTF-8"};
    json_t *list = texts(fixed, ARRAY_LENGTH(fixed));
    json_array_append_new(list, print_json(memory_print("LANGUAGE=%s", *spec->locale ? spec->locale : DEFAULT_LOCALE)));
    json_array_append_new(list, print_json(memory_print("TZ=%s", *spec->timezone ? spec->timezone : "UTC")));
    return list;
}

/* No core file: it would hold what pages showed. Raising a hard limit may be beyond this process. */
static json_t *limits(void) {
    struct rlimit own = {0, 0};
    getrlimit(RLIMIT_NOFILE, &own);
    json_int_t files = own.rlim_max < OPEN_FILES ? (json_int_t)own.rlim_max : OPEN_FILES;
    return json_pack("[{s:s, s:i, s:i}, {s:s, s:I, s:I}]", "type", "RLIMIT_CORE", "hard", 0, "soft", 0, "type",
                     "RLIMIT_NOFILE", "hard", files, "soft", files);
}

static json_t *process(const struct container_spec *spec) {
    return json_pack("{s:b, s:{s:i, s:i}, s:o, s:o, s:s, s:b, s:{}, s:o, s:i}", "terminal", 0, "user", "uid",
                     INSIDE_USER, "gid", INSIDE_USER, "args", arguments(spec), "env", environment(spec), "cwd",
                     "/home/browser", "noNewPrivileges", 1, "capabilities", "rlimits", limits(), "oomScoreAdj",
                     OOM_SCORE);
}

static json_t *tmpfs(const char *path, const char *mode, int64_t bytes, bool user, bool executable) {
    json_t *options = json_pack("[s, s, s]", "nosuid", "nodev", mode);
    json_array_append_new(options, print_json(memory_print("size=%lld", (long long)bytes)));
    if (!executable)
        json_array_append_new(options, json_string("noexec"));
    if (user) {
        json_array_append_new(options, print_json(memory_print("uid=%d", INSIDE_USER)));
        json_array_append_new(options, print_json(memory_print("gid=%d", INSIDE_USER)));
    }
    return json_pack("{s:s, s:s, s:s, s:o}", "destination", path, "type", "tmpfs", "source", "tmpfs", "options",
                     options);
}

static json_t *bind_mount(const char *path, const char *source) {
    return json_pack("{s:s, s:s, s:s, s:[s, s, s, s]}", "destination", path, "type", "bind", "source", source,
                     "options", "bind", "nosuid", "nodev", "noexec");
}

/* What is written there counts against the browser's memory. */
static json_t *mounts(const struct container_spec *spec) {
    int64_t share = (int64_t)spec->memory_bytes / 2;
    int64_t transfer = config_int(CONFIG_TRANSFER_MAX_MB) * MEGABYTE;
    json_t *list = json_pack("[{s:s, s:s, s:s, s:[s, s, s]}]", "destination", "/proc", "type", "proc", "source", "proc",
                             "options", "nosuid", "noexec", "nodev");
    json_array_append_new(list, tmpfs("/dev", "mode=0755", 65536, false, false));
    json_array_append_new(list, tmpfs("/dev/shm", "mode=1777", share, false, false));
    json_array_append_new(list, tmpfs("/tmp", "mode=1777", share, false, false));
    json_array_append_new(list,
                          spec->home ? bind_mount(HOME, spec->home) : tmpfs(HOME, "mode=0700", share, true, false));
    json_array_append_new(list, tmpfs(LAUNCHER_TRANSFER_PATH, "mode=0700", transfer, true, false));
    return list;
}

static json_t *namespaces(const struct container_spec *spec) {
    static const char *const kinds[] = {"pid", "ipc", "uts", "mount", "cgroup", "user"};
    json_t *list = json_array();
    for (size_t i = 0; i < ARRAY_LENGTH(kinds); i++)
        json_array_append_new(list, json_pack("{s:s}", "type", kinds[i]));
    json_array_append_new(list, json_pack("{s:s, s:o}", "type", "network", "path",
                                          print_json(memory_print("/proc/%d/fd/%d", getpid(), spec->netns))));
    return list;
}

static json_t *id_mappings(const struct ids *ids) {
    return json_pack("[{s:i, s:I, s:i}, {s:i, s:I, s:i}]", "containerID", INSIDE_ROOT, "hostID", (json_int_t)ids->root,
                     "size", 1, "containerID", INSIDE_USER, "hostID", (json_int_t)ids->user, "size", 1);
}

/* No CPU quota: it would slow the start, and is set when a lease begins. */
static json_t *resources(const struct container_spec *spec) {
    json_int_t memory = (json_int_t)spec->memory_bytes;
    return json_pack("{s:{s:I, s:I}, s:{s:I}}", "memory", "limit", memory, "swap", memory, "pids", "limit",
                     (json_int_t)config_int(CONFIG_BROWSER_PIDS));
}

static json_t *confinement(const struct container_spec *spec) {
    static const char *const masked[] = {
        "/proc/kcore", "/proc/keys",      "/proc/key-users",     "/proc/timer_list",  "/proc/acpi", "/proc/asound",
        "/proc/scsi",  "/proc/config.gz", "/proc/latency_stats", "/proc/sched_debug", "/proc/kmsg", "/proc/interrupts"};
    static const char *const read_only[] = {"/proc/sys", "/proc/sysrq-trigger", "/proc/irq", "/proc/bus", "/proc/fs"};
    return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "namespaces", namespaces(spec), "uidMappings",
                     id_mappings(&spec->ids), "gidMappings", id_mappings(&spec->ids), "seccomp", seccomp_profile(),
                     "resources", resources(spec), "maskedPaths", texts(masked, ARRAY_LENGTH(masked)), "readonlyPaths",
                     texts(read_only, ARRAY_LENGTH(read_only)), "cgroupsPath", print_json(cgroup_oci_path(spec->id)));
}

int container_write_bundle(const char *bundle, const struct container_spec *spec, struct error *e) {
    cleanup_json json_t *config = json_pack(
        "{s:s, s:s, s:{s:s, s:b}, s:o, s:o, s:o}", "ociVersion", "1.0.2", "hostname", "browser", "root", "path",
        spec->rootfs, "readonly", 1, "process", process(spec), "mounts", mounts(spec), "linux", confinement(spec));
    if (!config)
        return error_set(e, EINVAL, ERROR_INTERNAL, "the container's configuration cannot be built");
    cleanup_free char *text = json_print(config);
    cleanup_free char *path = memory_print("%s/config.json", bundle);
    return files_write_quick(path, text, strlen(text), e);
}
