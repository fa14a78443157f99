/* What happens to an instance and is kept. A row: identifier, kind (system_events.kind), level, what it says. The kinds
 * migration.applied and job.dead are written by triggers (db/migrations/0030_history.sql), browser.incident likewise
 * (0067_browser_incidents.sql). */
#pragma once

#define SYSTEM_EVENT_TABLE(X)                                                                                          \
    X(PROCESS_STARTED, "process.started", "info", "A process of the instance serves from here on.")                    \
    X(PROCESS_STOPPED, "process.stopped", "info", "It ended in order.")                                                \
    X(BROWSER_INCIDENT, "browser.incident", "warn", "A run lost its browser, or got none: crash, oom, capacity.")      \
    X(DISK_LOW, "disk.low", "error", "A disk has less room than DISK_MIN_FREE_MB: runs and files are refused.")        \
    X(DISK_OK, "disk.ok", "info", "It has room again: runs and files are taken.")                                      \
    X(MIGRATION_APPLIED, "migration.applied", "info", "The database's schema changed.")                                \
    X(JOB_DEAD, "job.dead", "error", "A job was given up after its last attempt.")
