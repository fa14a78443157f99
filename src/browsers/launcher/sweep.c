#include "browsers/launcher/sweep.h"
#include "base/clock.h"
#include "base/instance.h"
#include "base/io.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/text.h"
#include "browsers/launcher/browser.h"
#include "browsers/launcher/browser_start.h"
#include "browsers/launcher/cgroups.h"
#include "browsers/launcher/files.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SWEEP_LIMIT_MS 15000
#define PAUSE_MS       5

struct found {
    char (*ids)[LAUNCHER_ID_SIZE];
    size_t count;
};

static void add_found(const char *id, void *context) {
    struct found *found = context;
    for (size_t i = 0; i < found->count; i++)
        if (!strcmp(found->ids[i], id))
            return;
    found->ids = memory_resize(found->ids, (found->count + 1) * sizeof *found->ids);
    snprintf(found->ids[found->count++], LAUNCHER_ID_SIZE, "%s", id);
}

/* Names in a folder of RUN_DIR, without the ending, are ids; hidden ones (crun's cache) are not. */
static void add_names(const char *folder, const char *ending, struct found *found) {
    cleanup_free char *path = instance_run_path("%s", folder);
    cleanup_dir DIR *dir = opendir(path);
    for (struct dirent *entry; dir && (entry = readdir(dir));) {
        char *name = entry->d_name;
        if (*name == '.' || !text_ends_with(name, ending))
            continue;
        name[strlen(name) - strlen(ending)] = '\0';
        if (strlen(name) < LAUNCHER_ID_SIZE)
            add_found(name, found);
    }
}

/* Whether the recorded process still runs; sends it the signal. A pid that now belongs to another is left alone. */
static bool signal_recorded(const char *id, const char *name, int signal) {
    cleanup_free char *folder = browser_folder(id);
    cleanup_free char *path = memory_print("%s/%s", folder, name);
    char line[64], *ticks_text;
    if (io_read_at(AT_FDCWD, path, line, sizeof line) < 0)
        return false;
    pid_t pid = (pid_t)strtol(line, &ticks_text, 10);
    uint64_t recorded = strtoull(ticks_text, NULL, 10), now = 0;
    if (pid < 2 || files_process_start(pid, &now) < 0 || now != recorded)
        return false;
    return kill(pid, signal) == 0;
}

static bool kill_everything(const char *id) {
    bool runtime = signal_recorded(id, "runtime", 0); /* crun ends soon; killed halfway it leaves a container behind */
    bool keeper = signal_recorded(id, "keeper", SIGKILL), container = signal_recorded(id, "container", SIGKILL);
    bool members = cgroup_kill(id) > 0;
    cgroup_freeze(id, false); /* on v1 a frozen process dies only now */
    return runtime || keeper || container || members;
}

static int sweep_one(const char *id) {
    int64_t deadline = clock_deadline(SWEEP_LIMIT_MS);
    int r = -EBUSY;
    while (kill_everything(id) || (r = browsers_remove_remains(id)) < 0) {
        if (clock_monotonic_ms() >= deadline) {
            log_failure(NULL, "something of an earlier browser is left behind", LOG_BROWSER(id),
                        LOG_TEXT("error.message", strerror(-r)));
            return -EBUSY;
        }
        clock_sleep_ms(PAUSE_MS);
    }
    log_info("an earlier launcher's browser was removed", LOG_BROWSER(id));
    return 0;
}

int sweep_run(void) {
    struct found found = {0};
    cgroups_list(add_found, &found);
    add_names("browsers", "", &found);
    add_names("crun", "", &found);
    add_names("keepers", ".sock", &found);
    int worst = 0;
    for (size_t i = 0; i < found.count; i++)
        if (sweep_one(found.ids[i]) < 0)
            worst = -EBUSY;
    free(found.ids);
    return worst < 0 ? worst : (int)found.count;
}
