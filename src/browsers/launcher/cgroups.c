#include "browsers/launcher/cgroups.h"
#include "base/io.h"
#include "base/memory.h"
#include "base/text.h"
#include "browsers/launcher/cgroup_files.h"
#include "browsers/protocol/launcher_protocol.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#define UNIFIED            "unified"
#define MOVE_ROUNDS        16
#define LEAF               "replinet-main" /* where processes of the delegated folder move on v2 */
#define PARENT_WEIGHT_V1   4096            /* a process weighs 1024 */
#define PARENT_WEIGHT_V2   400             /* 100 */
#define CPU_PERIOD_US      100000
#define CPU_QUOTA_LEAST_US 1000

static struct {
    const char *root; /* where cgroups are mounted */
    const char *own;  /* the file that names this process's cgroup */
    enum cgroups_mode mode;
    char parent[512]; /* "/replinet-INSTANCE", on v2 with the delegated folder before it; from the hierarchy's root */
} state = {.root = "/sys/fs/cgroup", .own = "/proc/self/cgroup"};

static const struct {
    const char *controller /* v1 */, *v1, *v2;
} files[CGROUP_FILE_COUNT] = {
#define X(id, controller, v1, v2) {controller, v1, v2},
    CGROUP_FILE_TABLE(X)
#undef X
};

#define V2_CONTROLLERS 3
static const char *const needed_controllers[] = {"memory", "cpu", "pids", "freezer", "cpuacct"};

void cgroups_set_places(const char *root, const char *own) {
    state.root = root;
    state.own = own;
}

static bool has_file(const char *folder, const char *name) {
    cleanup_free char *path = memory_print("%s/%s", folder, name);
    return !access(path, F_OK);
}

/* The kernel puts cgroup.procs into every cgroup, and cgroup.controllers into those of v2. */
static bool is_cgroup(const char *folder) {
    return has_file(folder, "cgroup.procs");
}

static bool is_cgroup2(const char *folder) {
    return has_file(folder, "cgroup.controllers");
}

static bool is_hierarchy(const char *name) {
    cleanup_free char *folder = memory_print("%s/%s", state.root, name);
    return is_cgroup(folder);
}

enum cgroups_mode cgroups_detect(void) {
    cleanup_free char *unified = memory_print("%s/" UNIFIED, state.root);
    if (is_cgroup2(state.root))
        return CGROUPS_V2;
    if (!is_hierarchy("memory"))
        return CGROUPS_NONE;
    return is_cgroup2(unified) ? CGROUPS_HYBRID : CGROUPS_V1;
}

enum cgroups_mode cgroups_current(void) {
    return state.mode;
}

const char *cgroups_mode_name(enum cgroups_mode mode) {
    static const char *const names[] = {"none", "v1", "hybrid", "v2"};
    return names[mode];
}

static bool v2_has_controller(const char *folder, const char *controller) {
    char list[512];
    cleanup_free char *path = memory_print("%s/cgroup.controllers", folder);
    if (io_read_at(AT_FDCWD, path, list, sizeof list) < 0)
        return false;
    for (char *rest = list, *word; (word = strsep(&rest, " "));)
        if (!strcmp(word, controller))
            return true;
    return false;
}

/* v2 freezes and counts CPU time without a controller. */
static const char *v2_missing_controller(const char *folder) {
    for (size_t i = 0; i < V2_CONTROLLERS; i++)
        if (!v2_has_controller(folder, needed_controllers[i]))
            return needed_controllers[i];
    return NULL;
}

const char *cgroups_missing_controller(enum cgroups_mode mode) {
    if (mode == CGROUPS_V2)
        return v2_missing_controller(state.root);
    for (size_t i = 0; i < ARRAY_LENGTH(needed_controllers); i++)
        if (!is_hierarchy(needed_controllers[i]))
            return needed_controllers[i];
    return NULL;
}

/* --- where a browser's files are --- */

static char *folder_of(const char *controller, const char *id) {
    bool v2 = state.mode == CGROUPS_V2;
    return memory_print("%s%s%s%s%s%s", state.root, v2 ? "" : "/", v2 ? "" : controller, state.parent, id ? "/" : "",
                        id ? id : "");
}

static const char *file_name(enum cgroup_file file) {
    return state.mode == CGROUPS_V2 ? files[file].v2 : files[file].v1;
}

static char *file_path(const char *id, enum cgroup_file file) {
    cleanup_free char *folder = folder_of(files[file].controller, id);
    return memory_print("%s/%s", folder, file_name(file));
}

static int write_file(const char *id, enum cgroup_file file, const char *value) {
    if (!file_name(file))
        return -EOPNOTSUPP;
    cleanup_free char *path = file_path(id, file);
    return io_write_at(AT_FDCWD, path, value);
}

static int write_number(const char *id, enum cgroup_file file, long long value) {
    char text[24];
    snprintf(text, sizeof text, "%lld", value);
    return write_file(id, file, text);
}

static int read_text(const char *id, enum cgroup_file file, char *text, size_t room) {
    cleanup_free char *path = file_path(id, file);
    return io_read_at(AT_FDCWD, path, text, room);
}

/* A file of one number, or, with a key, of "key number" lines. "max" reads as 0. */
static int read_number(const char *id, enum cgroup_file file, const char *key, uint64_t *ret_value) {
    char content[4096];
    int r = read_text(id, file, content, sizeof content);
    if (r < 0)
        return r;
    const char *value = content;
    if (key) {
        size_t length = strlen(key);
        while (value && !(!strncmp(value, key, length) && value[length] == ' ')) {
            value = strchr(value, '\n');
            value = value ? value + 1 : NULL;
        }
        if (!value)
            return -ENOENT;
        value += length + 1;
    }
    *ret_value = strtoull(value, NULL, 10);
    return 0;
}

/* --- preparation --- */

/* crun refuses a hybrid host ("cgroups in hybrid mode not supported"), so in this mount namespace the v2 tree goes; the
 * place is covered because crun makes folders there, which would stay on the host's tmpfs beneath the mount. */
static int hide_unified(struct error *e) {
    cleanup_free char *unified = memory_print("%s/" UNIFIED, state.root);
    if (umount2(unified, MNT_DETACH) ||
        mount("replinet", unified, "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, "size=1m,mode=0755"))
        return error_errno(e, errno, ERROR_INTERNAL, "cannot hide %s from the OCI runtime", unified);
    return 0;
}

static int move_everyone(const char *from, const char *to) {
    cleanup_free char *source = memory_print("%s/cgroup.procs", from), *target = memory_print("%s/cgroup.procs", to);
    cleanup_file FILE *list = fopen(source, "re");
    char line[32];
    while (list && fgets(line, sizeof line, list))
        io_write_at(AT_FDCWD, target, line); /* one that has just ended cannot be moved, nor need it be */
    return list ? 0 : -errno;
}

/* v2 has no processes in a cgroup that hands controllers on (its root excepted): those of the delegated folder go into
 * a leaf. They may fork meanwhile, and a list that shrinks while it is read may leave one out. */
static int enable_controllers(const char *folder) {
    static const char *const wanted = "+memory +cpu +pids";
    cleanup_free char *control = memory_print("%s/cgroup.subtree_control", folder);
    cleanup_free char *leaf = memory_print("%s/" LEAF, folder);
    int r = io_write_at(AT_FDCWD, control, wanted);
    for (int round = 0; r == -EBUSY && round < MOVE_ROUNDS; round++) {
        if (mkdir(leaf, 0755) && errno != EEXIST)
            return -errno;
        int moved = move_everyone(folder, leaf);
        r = moved < 0 ? moved : io_write_at(AT_FDCWD, control, wanted);
    }
    return r;
}

/* systemd marks what it hands over (Delegate=yes). */
static bool is_delegated(const char *path) {
    static const char *const marks[] = {"trusted.delegate", "user.delegate"};
    cleanup_free char *folder = memory_print("%s%s", state.root, path);
    for (size_t i = 0; i < ARRAY_LENGTH(marks); i++) {
        char value;
        if (getxattr(folder, marks[i], &value, sizeof value) == sizeof value && value == '1')
            return true;
    }
    return false;
}

/* The folder that this process may use, from the hierarchy's root: its own when it was handed over, or the one above
 * when it already sits in a leaf of ours; else the root. The scope of a login or a unit without Delegate=yes belongs to
 * systemd, which neither passes every controller on to it nor expects others' cgroups in there; at the root it leaves
 * alone what it did not make. */
static int find_delegated(char *path, size_t room) {
    char own[4096];
    int r = io_read_at(AT_FDCWD, state.own, own, sizeof own);
    if (r < 0 || !text_starts_with(own, "0::/") || text_starts_with(own, "0::/..")) /* outside of this namespace */
        return r < 0 ? r : -EINVAL;
    own[strcspn(own, "\n")] = '\0';
    const char *found = own + strlen("0::");
    if (text_ends_with(own, "/" LEAF))
        own[strlen(own) - strlen("/" LEAF)] = '\0';
    else if (!strcmp(found, "/") || !is_delegated(found))
        found = "";
    return snprintf(path, room, "%s", found) < (int)room ? 0 : -ENAMETOOLONG;
}

/* A cgroup counts as one process to the scheduler, however many browsers are in it: on a busy machine all of them
 * together would get as much as one compiler. Within it each browser weighs the same. */
static int weigh_parent(struct error *e) {
    cleanup_free char *folder = folder_of("cpu", NULL);
    int r = io_make_dirs(folder, 0755, e);
    if (!r)
        r = write_number(NULL, CGROUP_CPU_WEIGHT, state.mode == CGROUPS_V2 ? PARENT_WEIGHT_V2 : PARENT_WEIGHT_V1);
    return r < 0 ? error_errno(e, -r, ERROR_INTERNAL, "cannot set the CPU weight of %s", folder) : 0;
}

static int check_delegated(const char *folder, struct error *e) {
    const char *missing = v2_missing_controller(folder);
    int r = missing ? -ENOSYS : enable_controllers(folder);
    if (!r)
        return 0;
    if (missing)
        error_set(e, ENOSYS, ERROR_UNAVAILABLE, "the cgroup controller %s is not handed down to %s", missing, folder);
    else
        error_errno(e, -r, ERROR_INTERNAL, "cannot pass cgroup controllers on from %s", folder);
    error_hint(e, "under systemd the unit needs Delegate=yes; in a container %s must be writable", state.root);
    return r;
}

static int prepare_v2(const char *instance, struct error *e) {
    char delegated[400];
    int r = find_delegated(delegated, sizeof delegated);
    if (r < 0)
        return error_errno(e, -r, ERROR_INTERNAL, "cannot tell this process's cgroup from %s", state.own);
    cleanup_free char *folder = memory_print("%s%s", state.root, delegated);
    r = check_delegated(folder, e);
    if (r < 0)
        return r;
    snprintf(state.parent, sizeof state.parent, "%s/replinet-%s", delegated, instance);
    cleanup_free char *parent = folder_of(NULL, NULL);
    if (mkdir(parent, 0755) && errno != EEXIST)
        return error_errno(e, errno, ERROR_INTERNAL, "cannot make the cgroup %s", parent);
    r = enable_controllers(parent);
    if (r < 0)
        return error_errno(e, -r, ERROR_INTERNAL, "cannot pass cgroup controllers on from %s", parent);
    return weigh_parent(e);
}

int cgroups_prepare(const char *instance, struct error *e) {
    state.mode = cgroups_detect();
    const char *missing = state.mode == CGROUPS_NONE ? "memory" : cgroups_missing_controller(state.mode);
    if (missing) {
        error_set(e, ENOSYS, ERROR_UNAVAILABLE, "the cgroup controller %s is not there", missing);
        error_hint(e, "mount cgroups at %s (v2, or v1 with a folder per controller)", state.root);
        return -ENOSYS;
    }
    if (state.mode == CGROUPS_V2)
        return prepare_v2(instance, e);
    snprintf(state.parent, sizeof state.parent, "/replinet-%s", instance);
    int r = state.mode == CGROUPS_HYBRID ? hide_unified(e) : 0;
    return r < 0 ? r : weigh_parent(e);
}

/* Calls `each` with every hierarchy's folder beneath which this instance has, or may have, its cgroups. */
static int for_each_hierarchy(int (*each)(const char *folder, void *context), void *context) {
    if (state.mode == CGROUPS_V2) {
        cleanup_free char *folder = folder_of(NULL, NULL);
        return each(folder, context);
    }
    int worst = 0;
    cleanup_dir DIR *root = opendir(state.root);
    for (struct dirent *entry; root && (entry = readdir(root));) {
        if (entry->d_type != DT_DIR || *entry->d_name == '.') /* links are second names of joined controllers */
            continue;
        cleanup_free char *folder = memory_print("%s/%s%s", state.root, entry->d_name, state.parent);
        int r = each(folder, context);
        if (r < 0)
            worst = r;
    }
    return worst;
}

/* A cgroup goes by rmdir or says EBUSY. What is "not empty" are plain files: crun's in the cover of UNIFIED, where it
 * also leaves a cgroup.procs. */
static int remove_folder(const char *folder, void *id) {
    cleanup_free char *path = id ? memory_print("%s/%s", folder, (const char *)id) : memory_copy_text(folder);
    if (!rmdir(path) || errno == ENOENT)
        return 0;
    return errno == ENOTEMPTY ? io_remove_tree(path) : -errno;
}

void cgroups_finish(void) {
    for_each_hierarchy(remove_folder, NULL);
}

/* --- one browser --- */

char *cgroup_oci_path(const char *id) {
    return memory_print("%s/%s", state.parent, id);
}

int cgroup_make(const char *id, struct error *e) {
    cleanup_free char *path = folder_of("memory", id);
    return io_make_dirs(path, 0755, e);
}

int cgroup_open_memory(const char *id) {
    cleanup_free char *path = folder_of("memory", id);
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return fd < 0 ? -errno : fd;
}

/* v1 counts swap and memory together and wants that limit never below the other, so the order depends on the
 * direction; kernels without swap accounting lack the file. */
static int set_memory_v1(const char *id, uint64_t bytes) {
    int r = write_number(id, CGROUP_MEMORY_LIMIT, (long long)bytes);
    int both = write_number(id, CGROUP_SWAP_LIMIT, (long long)bytes);
    if (r < 0 && !both)
        r = write_number(id, CGROUP_MEMORY_LIMIT, (long long)bytes);
    return r < 0 ? r : both == -ENOENT ? 0 : both;
}

int cgroup_set_memory(const char *id, uint64_t bytes) {
    uint64_t used = 0;
    int r = read_number(id, CGROUP_MEMORY_USED, NULL, &used);
    if (r < 0)
        return r;
    if (used > bytes) /* the kernel would try to reclaim meanwhile, for long */
        return -EBUSY;
    if (state.mode != CGROUPS_V2)
        return set_memory_v1(id, bytes);
    r = write_number(id, CGROUP_MEMORY_LIMIT, (long long)bytes);
    int swap = write_number(id, CGROUP_SWAP_LIMIT, 0);
    return r < 0 ? r : swap == -ENOENT ? 0 : swap;
}

int cgroup_set_cpu(const char *id, uint32_t millis) {
    long long quota = (long long)millis * CPU_PERIOD_US / 1000;
    char value[48];
    if (millis && quota < CPU_QUOTA_LEAST_US)
        quota = CPU_QUOTA_LEAST_US;
    if (state.mode != CGROUPS_V2)
        return write_number(id, CGROUP_CPU_LIMIT, millis ? quota : -1); /* the period is CPU_PERIOD_US by default */
    if (millis)
        snprintf(value, sizeof value, "%lld %d", quota, CPU_PERIOD_US);
    else
        snprintf(value, sizeof value, "max %d", CPU_PERIOD_US);
    return write_file(id, CGROUP_CPU_LIMIT, value);
}

int cgroup_set_pids(const char *id, int64_t most) {
    return write_number(id, CGROUP_PIDS_LIMIT, most);
}

int cgroup_freeze(const char *id, bool frozen) {
    if (state.mode == CGROUPS_V2)
        return write_file(id, CGROUP_FREEZE, frozen ? "1" : "0");
    return write_file(id, CGROUP_FREEZE, frozen ? "FROZEN" : "THAWED");
}

int cgroup_kill(const char *id) {
    cleanup_free char *path = file_path(id, CGROUP_PROCESSES);
    cleanup_file FILE *list = fopen(path, "re");
    int count = 0;
    char line[32];
    while (list && fgets(line, sizeof line, list)) {
        pid_t pid = atoi(line); /* 0: one of another pid namespace */
        if (pid > 0 && !kill(pid, SIGKILL))
            count++;
    }
    if (count && state.mode == CGROUPS_V2)
        write_file(id, CGROUP_KILL, "1"); /* also what forked meanwhile */
    return count;
}

int cgroup_read(const char *id, struct cgroup_usage *ret_usage) {
    struct cgroup_usage usage = {0};
    uint64_t pids = 0, inactive = 0;
    bool v2 = state.mode == CGROUPS_V2;
    int r = read_number(id, CGROUP_MEMORY_USED, NULL, &usage.memory_bytes);
    if (r < 0)
        return r;
    /* File pages that nobody uses any more are counted but given back whenever memory is short. */
    read_number(id, CGROUP_MEMORY_DETAILS, v2 ? "inactive_file" : "total_inactive_file", &inactive);
    usage.memory_bytes -= inactive < usage.memory_bytes ? inactive : 0;
    read_number(id, CGROUP_MEMORY_LIMIT, NULL, &usage.memory_limit_bytes);
    read_number(id, CGROUP_OOM, "oom_kill", &usage.oom_kills);
    read_number(id, CGROUP_PIDS, NULL, &pids);
    read_number(id, CGROUP_CPU_USED, v2 ? "usage_usec" : NULL, &usage.cpu_us);
    usage.cpu_us /= v2 ? 1 : 1000; /* v1 counts nanoseconds */
    usage.pids = (uint32_t)pids;
    *ret_usage = usage;
    return 0;
}

int cgroup_remove(const char *id) {
    return for_each_hierarchy(remove_folder, (void *)id);
}

struct listing {
    void (*each)(const char *id, void *context);
    void *context;
};

static int list_folder(const char *folder, void *context) {
    struct listing *listing = context;
    cleanup_dir DIR *dir = opendir(folder);
    for (struct dirent *entry; dir && (entry = readdir(dir));)
        if (entry->d_type == DT_DIR && *entry->d_name != '.' && strlen(entry->d_name) < LAUNCHER_ID_SIZE)
            listing->each(entry->d_name, listing->context);
    return 0;
}

void cgroups_list(void (*each)(const char *id, void *context), void *context) {
    struct listing listing = {each, context};
    for_each_hierarchy(list_folder, &listing);
}
