/* How much a role may have. A row: identifier, name on the wire, what is counted (ends the sentence "may have at most N
 * ..."), then a limit per role, rising. QUOTAS in the configuration overrides single limits.
 *
 * What exists at once is counted where it is created, in the same statement: quota_take(name, ...) (migration 0060)
 * asks the SQL function quota_used_<name>. Sizes and times are caps on what one browser may
 * ask for: browser_limits.h. */
#pragma once

#define QUOTA_TABLE(X)                                                                                                 \
    X(PRESETS, "presets", "presets", 2, 10, 100, 100, 500, 5000, 5000)                                                 \
    X(AGENTS, "agents", "agents", 2, 20, 500, 500, 2000, 20000, 20000)                                                 \
    X(CREDENTIALS, "credentials", "credentials", 2, 20, 500, 500, 2000, 20000, 20000)                                  \
    X(API_KEYS, "api_keys", "API keys", 1, 5, 50, 50, 100, 1000, 1000)                                                 \
    X(PARALLEL_THREADS, "parallel_threads", "threads at once", 1, 2, 10, 10, 20, 100, 100)                             \
    X(QUEUED_THREADS, "queued_threads", "waiting threads", 10, 100, 2000, 2000, 5000, 100000, 100000)                  \
    X(BROWSERS, "browsers", "browsers of their own at once", 1, 1, 5, 5, 10, 100, 100)                                 \
    X(BROWSER_MEMORY_MB, "browser_memory_mb", "MB of memory per browser", 1024, 1024, 4096, 4096, 8192, 65536, 65536)  \
    X(BROWSER_CPU_PERCENT, "browser_cpu_percent", "percent of a core per browser", 100, 100, 200, 200, 400, 6400,      \
      6400)                                                                                                            \
    X(THREAD_MINUTES, "thread_minutes", "minutes per thread or browser", 10, 30, 120, 120, 240, 1440, 1440)            \
    X(MODEL_STEPS, "model_steps", "answers of a model per thread", 50, 100, 500, 500, 1000, 10000, 10000)              \
    X(MODEL_TOKENS_DAY, "model_tokens_day", "tokens of models per day", 100000, 1000000, 20000000, 20000000,           \
      100000000, 2000000000, 2000000000)                                                                               \
    X(MODEL_COST_DAY, "model_cost_day", "millionths of the accounting currency for models per day", 100000, 1000000,   \
      20000000, 20000000, 100000000, 1000000000, 1000000000)                                                           \
    X(STORED_MB, "stored_mb", "MB of files", 100, 1024, 20480, 20480, 102400, 1048576, 1048576)
