/* What a worker looks at beside its queue: the disks, and what upkeep has done. */
#include "base/log.h"
#include "base/metrics.h"
#include "domain/disk.h"
#include "domain/maintenance.h"
#include "domain/system_events.h"
#include "worker/worker_internal.h"

/* Room that came back counts at once: whoever starts a run or keeps a file looks anew (disk_check). */
void worker_watch_disk(struct worker *worker) {
    struct error why = {0}, e;
    bool low = disk_check(&why) < 0;
    metrics_set(METRIC_DISK_FREE, NULL, (double)disk_least_free());
    metrics_set(METRIC_DISK_LOW, NULL, low);
    if (low == worker->disk_low)
        return;
    if (low)
        log_warning(&why, "the disk is low: runs and files are refused");
    else
        log_info("there is room on the disk again");
    int r = system_events_write(&worker->db, low ? SYSTEM_EVENT_DISK_LOW : SYSTEM_EVENT_DISK_OK, "worker",
                                low ? why.text : "There is room on the disk again.", NULL, &e);
    if (r < 0)
        log_warning(&e, "an event of the system was not written");
    worker->disk_low = low;
}

static void show_total(void *user, enum maintenance_task task, int64_t removed) {
    metrics_set(METRIC_MAINTENANCE, maintenance_task_name(task), (double)removed);
}

int worker_show_totals(struct worker *worker, struct error *e) {
    return maintenance_totals(&worker->db, show_total, NULL, e);
}
