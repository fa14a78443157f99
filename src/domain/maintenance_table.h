/* Upkeep of an instance, a row each: identifier, name, how often (HOURLY, DAILY), function, what it does. The functions
 * are in retention.c, months.c and maintenance.c; jobs of kind upkeep and check carry them out, and
 * `replinet maintenance` on demand. */
#pragma once

#define MAINTENANCE_TABLE(X)                                                                                           \
    X(MAKE_MONTHS, "months.make", HOURLY, months_make, "Partitions for the coming months; rows that came early move.") \
    X(THREADS, "threads", HOURLY, retention_threads, "Threads past RETENTION_THREADS_DAYS.")                           \
    X(SCREENSHOTS, "screenshots", HOURLY, retention_screenshots, "Screenshots past RETENTION_SCREENSHOTS_DAYS.")       \
    X(DOWNLOADS, "downloads", HOURLY, retention_downloads, "Other files past RETENTION_DOWNLOADS_DAYS.")               \
    X(JOBS, "jobs", HOURLY, retention_jobs, "Ended jobs past RETENTION_JOBS_DAYS.")                                    \
    X(AGENT_REVISIONS, "revisions.agents", HOURLY, retention_agent_revisions, "Past RETENTION_REVISIONS_DAYS.")        \
    X(PRESET_REVISIONS, "revisions.presets", HOURLY, retention_preset_revisions, "Past RETENTION_REVISIONS_DAYS.")     \
    X(FEED, "feed", HOURLY, retention_feed, "Users' feeds past RETENTION_FEED_DAYS.")                                  \
    X(MODEL_USAGE, "usage", HOURLY, retention_model_usage, "What models used, past RETENTION_MODEL_USAGE_DAYS.")       \
    X(DETACH_MONTHS, "months.detach", HOURLY, months_detach, "Months past their retention leave their table.")         \
    X(DROP_MONTHS, "months.drop", HOURLY, months_drop, "Months that left are archived (ARCHIVE_MONTHS) and dropped.")  \
    X(FILES, "files", HOURLY, maintenance_files, "Bytes that no artifact names any more.")                             \
    X(STRAYS, "files.strays", DAILY, maintenance_strays, "Bytes that no row names.")                                   \
    X(MISSING, "files.missing", DAILY, maintenance_missing, "Rows whose bytes are gone are marked.")
