/* One row per configuration value: name, kind, default, least, most, which processes get it, what it is for.
 *
 * A value comes from the environment, else from the .env file, else from here. `replinet up` reads it all and hands
 * each process only the rows that name it (its environment holds nothing else), so a row's readers are also who may
 * know a secret. To add a value: add a row. `replinet config` and docs/configuration.md print this table.
 *
 * Kinds: TEXT, PATH (absolute or empty), INT, REAL, BOOL (true/false), LEVEL, HOSTPORTS (comma-separated host:port),
 * URL. Readers: A api, L launcher (it gets K's too), E engine, K keeper, W worker and job, U up only (implicit for
 * all). */
#pragma once

#define CONFIG_TABLE(X)                                                                                                \
    X(DATABASE_URL, TEXT, "", 0, 0, "AW", "PostgreSQL to use (libpq URL). Empty: a private PostgreSQL is started.")    \
    X(REDIS_URL, TEXT, "", 0, 0, "AW",                                                                                 \
      "Redis to use (redis://..., or unix:///path). Empty: a private Redis is started.")                               \
    X(SECRET_KEY, TEXT, "", 0, 0, "AW",                                                                                \
      "Root of all keys, 64 hex digits; comma-separated older keys may follow, accepted for reading. "                 \
      "Empty: made once and kept in STATE_DIR/secret.")                                                                \
    X(TICKET_PUBLIC_KEY, TEXT, "", 0, 0, "EK", "Public half of the ticket key, 64 hex digits; `up` derives it.")       \
    X(STATE_DIR, PATH, "/var/lib/replinet", 0, 0, "ALEKW", "Where everything that must be kept is stored.")            \
    X(RUN_DIR, PATH, "/run/replinet", 0, 0, "ALEKW",                                                                   \
      "Sockets, locks and browsers' working folders; one per instance.")                                               \
    X(LOG_LEVEL, LEVEL, "info", 0, 0, "ALEKW", "debug, info, warn or error.")                                          \
    X(LOG_FORMAT, TEXT, "auto", 0, 0, "ALEKW", "json, text, or auto: text on a terminal, else json.")                  \
    X(DOOR_HOST, TEXT, "127.0.0.1", 0, 0, "AEW", "Address on which the engine's door listens.")                        \
    X(DOOR_PORT, INT, "8001", 1, 65535, "AEW", "Port of the engine's door.")                                           \
    X(BACKEND_HOST, TEXT, "127.0.0.1", 0, 0, "A", "Address on which the API and the web app are served.")              \
    X(BACKEND_PORT, INT, "8000", 1, 65535, "A", "Port of the API and the web app.")                                    \
    X(PUBLIC_URL, URL, "", 0, 0, "AW",                                                                                 \
      "Where people reach Replinet, for links and cookies: https://replinet.example. Empty: BACKEND_HOST and _PORT.")  \
    X(REGISTRATION, TEXT, "open", 0, 0, "A", "open: anybody may make an account. closed: administrators make them.")   \
    X(ACCESS_TOKEN_EXPIRE_MINUTES, INT, "15", 1, 1440, "A", "How long an access token is good.")                       \
    X(REFRESH_TOKEN_EXPIRE_DAYS, INT, "30", 1, 3650, "A", "How long a session lasts that nobody uses.")                \
    X(SMTP_URL, TEXT, "", 0, 0, "AW", "Server that takes our mail: smtp://host:587 or smtps://host. Empty: no mail.")  \
    X(SMTP_USER, TEXT, "", 0, 0, "W", "User name there; empty: none.")                                                 \
    X(SMTP_PASSWORD, TEXT, "", 0, 0, "W", "Password there.")                                                           \
    X(SMTP_FROM, TEXT, "", 0, 0, "W", "Sender of our mail; empty: replinet@ the host of PUBLIC_URL.")                  \
    X(CORS_ORIGINS, TEXT, "", 0, 0, "A",                                                                               \
      "Origins of web pages elsewhere that may use the API, comma-separated: https://app.example.")                    \
    X(API_METRICS_PORT, INT, "9101", 0, 65535, "A", "Port on 127.0.0.1 of the API's metrics; 0: none.")                \
    X(WEB_DIR, PATH, "", 0, 0, "A", "Files of the web app. Empty: the folder web beside the binary.")                  \
    X(TRUSTED_PROXIES, TEXT, "", 0, 0, "A",                                                                            \
      "Addresses and networks whose X-Forwarded-For is believed, comma-separated: 10.0.0.0/8.")                        \
    X(RATE_LIMIT_READ, INT, "1200", 0, 1000000, "A", "Reading requests per minute of a user or key; 0: any number.")   \
    X(RATE_LIMIT_WRITE, INT, "300", 0, 1000000, "A", "Changing requests per minute of a user or key; 0: any number.")  \
    X(RATE_LIMIT_SIGN_IN, INT, "60", 0, 1000000, "A", "Requests to sign in per minute of an address; 0: any number.")  \
    X(API_PROCESSES, INT, "1", 1, 32, "A", "API processes that share the port.")                                       \
    X(MCP_SESSIONS, INT, "32", 0, 1000, "A", "MCP sessions that may be open at /mcp; 0: none.")                        \
    X(MCP_IDLE_MINUTES, REAL, "30", 0.1, 1440, "A", "An MCP session that nobody uses ends after so long.")             \
    X(API_DATABASE_LANES, INT, "4", 1, 64, "A", "Threads of an API process that work with the database.")              \
    X(API_SLOW_LANES, INT, "2", 1, 64, "A", "Threads of an API process for passwords, mail and other slow work.")      \
    X(API_QUEUE_MAX, INT, "256", 1, 100000, "A", "Requests that may wait for a thread; further ones get 503.")         \
    X(API_DRAIN_SECONDS, INT, "10", 0, 3600, "A", "How long an API that is told to end works on its requests.")        \
    X(DATABASE_TIMEOUT_SECONDS, INT, "5", 1, 300, "A", "Longest wait of a request for one answer of the database.")    \
    X(WORKER_METRICS_PORT, INT, "9102", 0, 65535, "W", "Port on 127.0.0.1 of the worker's metrics; 0: none.")          \
    X(MAX_BROWSERS, INT, "8", 1, 1000, "LE", "Browsers that may exist at once, warm ones included.")                   \
    X(POOL_WARM, INT, "1", 0, 100, "E", "Frozen browsers kept ready for a lease.")                                     \
    X(POOL_QUEUE_SECONDS, INT, "30", 0, 3600, "E", "Longest wait for a browser when all are busy.")                    \
    X(POOL_MIN_FREE_MB, INT, "512", 0, 1048576, "E", "No browser is started while less memory than this is free.")     \
    X(BROWSER_TIMEOUT, INT, "1800", 5, 86400, "AEKW", "Longest life of a leased browser, seconds.")                    \
    X(BROWSER_WAIT_MINUTES, INT, "720", 0, 1440, "W",                                                                  \
      "How long in sum a thread's browser is kept beyond its time while the thread waits for people.")                 \
    X(BROWSER_IDLE_SECONDS, INT, "300", 5, 86400, "EK", "A leased browser that nobody uses for so long ends.")         \
    X(BROWSER_MEMORY_MB, INT, "1024", 256, 65536, "ALEW", "Memory limit of a browser.")                                \
    X(BROWSER_CPUS, REAL, "1", 0.1, 64, "ALEW", "CPU limit of a browser, cores.")                                      \
    X(BROWSER_MEMORY_MAX_MB, INT, "8192", 256, 1048576, "LEW", "Most memory that a lease may ask for.")                \
    X(BROWSER_CPUS_MAX, REAL, "8", 0.1, 1024, "LEW", "Most CPU cores that a lease may ask for.")                       \
    X(BROWSER_PIDS, INT, "512", 64, 32768, "L", "Limit of a browser's processes and threads.")                         \
    X(BROWSER_START_SECONDS, INT, "30", 1, 600, "EK", "A browser must answer within so long of its start.")            \
    X(BROWSER_PING_SECONDS, INT, "5", 1, 300, "K", "How often a leased browser is asked whether it lives.")            \
    X(BROWSER_PING_TIMEOUT_SECONDS, INT, "20", 1, 600, "K",                                                            \
      "A browser that leaves a ping unanswered so long is ended.")                                                     \
    X(BROWSER_ID_BASE, INT, "300000", 65536, 2000000000, "L", "First of the user ids given to browsers and keepers.")  \
    X(CHROMIUM_PATH, PATH, "/usr/lib/chromium/chromium", 0, 0, "L", "The Chromium binary (not a wrapper script).")     \
    X(CRUN_PATH, PATH, "/usr/bin/crun", 0, 0, "L", "The OCI runtime.")                                                 \
    X(EGRESS_ALLOW, HOSTPORTS, "", 0, 0, "LK",                                                                         \
      "host:port pairs that browsers may reach although the egress policy refuses them.")                              \
    X(EGRESS_DNS, HOSTPORTS, "", 0, 0, "LK", "DNS servers of the egress gate; empty: those of /etc/resolv.conf.")      \
    X(EGRESS_MAX_CONNECTIONS, INT, "256", 1, 65535, "K", "Connections that one browser may have open at once.")        \
    X(CDP_MESSAGE_MAX_MB, INT, "64", 1, 1024, "EKW", "Largest CDP message in either direction.")                       \
    X(TRANSFER_MAX_MB, INT, "512", 1, 65536, "LEW", "Room for downloads and uploads of one browser.")                  \
    X(PROFILE_MAX_MB, INT, "64", 1, 4096, "LEKW", "Largest browser profile that is kept for an agent, packed or not.") \
    X(WORKER_CONCURRENCY, INT, "4", 0, 1000, "W", "Runs of agents that one worker carries out at once; 0: none.")      \
    X(WORKER_WAITING, INT, "8", 0, 1000, "W",                                                                          \
      "Runs that wait for people and give their places to others, of one worker; 0: they keep them.")                  \
    X(WORKER_QUICK_CONCURRENCY, INT, "2", 0, 100, "W",                                                                 \
      "Processes for quick jobs that one worker has at once, each for up to 1000 jobs; 0: none.")                      \
    X(WORKER_MAINTENANCE_CONCURRENCY, INT, "1", 0, 100, "W",                                                           \
      "Maintenance jobs that one worker runs at once; 0: none.")                                                       \
    X(JOB_LEASE_SECONDS, INT, "15", 3, 3600, "W", "A job whose worker is silent for so long is taken from it.")        \
    X(WORKER_DRAIN_SECONDS, INT, "10", 0, 86400, "W",                                                                  \
      "How long a worker that is told to end lets its runs go on before it stops them.")                               \
    X(JOB_STOP_SECONDS, INT, "10", 1, 3600, "W",                                                                       \
      "A run that is told to stop and has not ended so long after is killed.")                                         \
    X(QUOTAS, TEXT, "", 0, 0, "AW",                                                                                    \
      "Limits that differ from the roles' own, a JSON object: "                                                        \
      "{\"free_user\":{\"presets\":5,\"parallel_threads\":1}}.")                                                       \
    X(OPENAI_API_KEY, TEXT, "", 0, 0, "AW", "Key of the provider of models \"openai\"; empty: it is not set up.")      \
    X(OPENAI_BASE_URL, URL, "", 0, 0, "AW",                                                                            \
      "Where \"openai\" is reached, or whatever speaks as it does (Ollama, vLLM, OpenRouter); empty: OpenAI.")         \
    X(ANTHROPIC_API_KEY, TEXT, "", 0, 0, "AW",                                                                         \
      "Key of the provider of models \"anthropic\"; empty: it is not set up.")                                         \
    X(ANTHROPIC_BASE_URL, URL, "", 0, 0, "AW", "Where \"anthropic\" is reached; empty: Anthropic.")                    \
    X(MODEL_PROVIDERS, TEXT, "", 0, 0, "AW",                                                                           \
      "Further providers of models, a JSON object: {\"local\":{\"kind\":\"openai\",\"base_url\":"                      \
      "\"http://127.0.0.1:11434/v1\",\"models\":[{\"name\":\"qwen3\"}]}}.")                                            \
    X(MODEL_COST_DAY, INT, "0", 0, 9e15, "AW",                                                                         \
      "What models may cost all users together in a day (UTC), in millionths of the accounting currency; 0: any sum.") \
    X(DISK_MIN_FREE_MB, INT, "256", 0, 1000000000, "AW", "No run starts and no file is kept while less disk is free.") \
    X(ARTIFACTS_ON_S3, BOOL, "false", 0, 0, "AW",                                                                      \
      "New files of threads go to the object store, not to STATE_DIR/artifacts. Files stay readable where they are; "  \
      "`replinet artifact migrate` moves them.")                                                                       \
    X(S3_URL, URL, "", 0, 0, "AW", "Object store: https://s3.REGION.amazonaws.com, or one that speaks its protocol.")  \
    X(S3_BUCKET, TEXT, "", 0, 0, "AW", "The bucket; it must exist.")                                                   \
    X(S3_PREFIX, TEXT, "", 0, 0, "AW", "Put before every key in the bucket, such as \"replinet/\".")                   \
    X(S3_REGION, TEXT, "us-east-1", 0, 0, "AW", "The bucket's region; it is part of each signature.")                  \
    X(S3_ACCESS_KEY, TEXT, "", 0, 0, "AW", "Id of the access key.")                                                    \
    X(S3_SECRET_KEY, TEXT, "", 0, 0, "AW", "The access key's secret.")                                                 \
    X(S3_PATH_STYLE, BOOL, "true", 0, 0, "AW", "The bucket is named as URL/BUCKET/...; false: as BUCKET.host/...")     \
    X(S3_TIMEOUT_SECONDS, INT, "20", 1, 600, "AW", "A call to the object store that makes no progress so long fails.") \
    X(S3_RETRY_SECONDS, INT, "60", 0, 3600, "AW", "How long a failed call is tried again before a file is given up.")  \
    X(RETENTION_THREADS_DAYS, INT, "0", 0, 36500, "AW",                                                                \
      "Threads that ended so long ago are deleted, with their files; their events go with their month. 0: never.")     \
    X(RETENTION_EVENTS_DAYS, INT, "0", 0, 36500, "AW",                                                                 \
      "Months of threads' events that are older are taken out; 0: when RETENTION_THREADS_DAYS says so.")               \
    X(RETENTION_SCREENSHOTS_DAYS, INT, "0", 0, 36500, "AW",                                                            \
      "Screenshots of threads are deleted after so long; 0: with their thread.")                                       \
    X(RETENTION_DOWNLOADS_DAYS, INT, "0", 0, 36500, "AW",                                                              \
      "Downloads and other files of threads are deleted after so long; 0: with their thread.")                         \
    X(RETENTION_JOBS_DAYS, INT, "90", 0, 36500, "AW", "Jobs that ended so long ago are forgotten; 0: never.")          \
    X(RETENTION_REVISIONS_DAYS, INT, "0", 0, 36500, "AW",                                                              \
      "Revisions of presets and agents that are no longer in use are deleted after so long; 0: never.")                \
    X(RETENTION_FEED_DAYS, INT, "7", 0, 36500, "AW",                                                                   \
      "What live channels tell of a user's objects can be caught up with for so long; 0: for ever.")                   \
    X(RETENTION_MODEL_USAGE_DAYS, INT, "400", 0, 36500, "AW",                                                          \
      "What models used and cost per day, user and model is forgotten after so long; 0: never.")                       \
    X(RETENTION_AUDIT_DAYS, INT, "0", 0, 36500, "AW", "Months of the audit that are older are taken out; 0: never.")   \
    X(RETENTION_SYSTEM_EVENTS_DAYS, INT, "365", 0, 36500, "AW",                                                        \
      "Months of the instance's events that are older are taken out; 0: never.")                                       \
    X(ARCHIVE_MONTHS, BOOL, "false", 0, 0, "AW",                                                                       \
      "Months that are taken out are kept as JSON lines (zstd), below \"archive\" beside the artifacts.")              \
    X(STEP_TIMEOUT_SECONDS, INT, "15", 1, 3600, "WA", "How long a step waits for its target unless it says otherwise.")
