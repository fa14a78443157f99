/* One row per metric: identifier, type, name, help. Counters and gauges may have one label whose values are a fixed
 * list (never ids, hosts or anything else that grows). A process shows the rows that it touched. */
#pragma once

#define METRICS_TABLE(X)                                                                                               \
    X(BROWSERS, GAUGE, "replinet_browsers", "Browsers by state.", "state")                                             \
    X(BROWSERS_STARTED, COUNTER, "replinet_browsers_started_total", "Browsers started.", NULL)                         \
    X(BROWSERS_ENDED, COUNTER, "replinet_browsers_ended_total", "Browsers ended, by reason.", "reason")                \
    X(BROWSER_MEMORY, GAUGE, "replinet_browsers_memory_bytes", "Memory of all browsers together.", NULL)               \
    X(BROWSER_CPU, COUNTER, "replinet_browsers_cpu_ms_total", "CPU time of all browsers, milliseconds.", NULL)         \
    X(LEASES, COUNTER, "replinet_leases_total", "Leases by outcome.", "outcome")                                       \
    X(LEASE_WAIT, HISTOGRAM, "replinet_lease_wait_seconds", "From request of a browser to its lease.", NULL)           \
    X(LEASE_QUEUE, GAUGE, "replinet_lease_queue", "Requests that wait for a browser.", NULL)                           \
    X(BROWSER_START, HISTOGRAM, "replinet_browser_start_seconds", "From start of a container to its first answer.",    \
      NULL)                                                                                                            \
    X(CDP_MESSAGES, COUNTER, "replinet_cdp_messages_total", "CDP messages that keepers passed on, by sender.", "from") \
    X(CDP_REFUSED, COUNTER, "replinet_cdp_refused_total", "CDP calls that keepers refused.", NULL)                     \
    X(GATE_CONNECTIONS, COUNTER, "replinet_gate_connections_total", "Connections of browsers, by outcome.", "outcome") \
    X(GATE_BYTES, COUNTER, "replinet_gate_bytes_total", "Bytes of browsers' connections, by direction.", "direction")  \
    X(LIVE_FRAMES, COUNTER, "replinet_live_frames_total", "Pictures sent to viewers.", NULL)                           \
    X(KEEPERS, GAUGE, "replinet_keepers", "Keepers that the engine is connected to.", NULL)                            \
    X(LAUNCHER_UP, GAUGE, "replinet_launcher_up", "1 while the engine is connected to the launcher.", NULL)            \
    X(LAUNCHER_OPERATIONS, COUNTER, "replinet_launcher_operations_total",                                              \
      "What the launcher was asked for, by operation.", "operation")                                                   \
    X(LAUNCHER_FAILED, COUNTER, "replinet_launcher_failed_total", "Operations of the launcher that failed.", NULL)     \
    X(LAUNCHER_BROWSERS, GAUGE, "replinet_launcher_browsers", "Containers that the launcher keeps.", NULL)             \
    X(LAUNCHER_MEMORY, GAUGE, "replinet_launcher_resident_memory_bytes", "The launcher's own memory.", NULL)           \
    X(LAUNCHER_FDS, GAUGE, "replinet_launcher_open_fds", "The launcher's own descriptors.", NULL)                      \
    X(HTTP_REQUESTS, COUNTER, "replinet_http_requests_total", "Requests by class of status.", "status")                \
    X(API_CONNECTIONS, GAUGE, "replinet_api_connections", "Connections to the API.", NULL)                             \
    X(API_LANE_WAITING, GAUGE, "replinet_api_lane_waiting", "Requests that wait for a thread, by lane.", "lane")       \
    X(DATABASE_TIME, HISTOGRAM, "replinet_database_seconds", "Statements, from sending to the answer.", NULL)          \
    X(REDIS_TIME, HISTOGRAM, "replinet_redis_seconds", "Redis commands, from sending to the answer.", NULL)            \
    X(WEBSOCKETS, GAUGE, "replinet_websockets", "Open WebSockets, by kind.", "kind")                                   \
    X(MCP_SESSIONS, GAUGE, "replinet_mcp_sessions", "Open sessions of the Model Context Protocol.", NULL)              \
    X(JOBS, COUNTER, "replinet_jobs_total", "Jobs by outcome.", "outcome")                                             \
    X(JOB_QUEUE_DEPTH, GAUGE, "replinet_job_queue_depth", "Jobs ready to be taken, by lane.", "lane")                  \
    X(JOB_QUEUE_AGE, GAUGE, "replinet_job_queue_age_seconds", "Age of the oldest ready job, by lane.", "lane")         \
    X(JOB_WAIT, HISTOGRAM, "replinet_job_wait_seconds", "From a job's due time to its start.", NULL)                   \
    X(JOBS_RUNNING, GAUGE, "replinet_jobs_running", "Jobs running in this worker, by lane.", "lane")                   \
    X(JOBS_WAITING, GAUGE, "replinet_jobs_waiting", "Those of them that wait for a person, by lane.", "lane")          \
    X(MAINTENANCE, GAUGE, "replinet_maintenance_count",                                                                \
      "What upkeep has removed, made or marked since the instance was made, by task.", "task")                         \
    X(DISK_FREE, GAUGE, "replinet_disk_free_bytes", "Room on the fullest disk that the instance writes to.", NULL)     \
    X(DISK_LOW, GAUGE, "replinet_disk_low", "1 while that is below DISK_MIN_FREE_MB: runs and files are refused.", NULL)
