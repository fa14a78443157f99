/* What the engine may ask of the launcher: a closed list of operations in fixed-size structs over a SEQPACKET Unix
 * socket (RUN_DIR/launcher.sock, mode 0600 of the engine's user; the launcher checks SO_PEERCRED as well). No text
 * format is parsed by root. One engine at a time; a new connection replaces the old one, browsers are not touched by
 * that.
 *
 * Every request gets exactly one reply with its serial, except LIST, whose replies carry `more` until the last.
 * Operations may take long (CREATE until crun is done, DESTROY until nothing is left); the launcher goes on serving
 * meanwhile. EXITED messages come unasked (serial 0) when a browser has ended for any reason and everything of it is
 * gone.
 *
 * Profiles: a CREATE with `profile` may bring a descriptor, the profile that Chromium is to find (as an earlier EXITED
 * gave it); -EBADMSG when it is refused. When such a browser ended well (released, and Chromium closed by itself) its
 * EXITED carries the descriptor of the profile that it leaves. */
#pragma once

#include "browsers/protocol/end_reason.h"
#include <stdint.h>

#define LAUNCHER_ID_SIZE       37 /* UUID text and a NUL */
#define LAUNCHER_FILE_MAX      128
#define LAUNCHER_TEXT_MAX      256
#define LAUNCHER_TRANSFER_PATH "/home/browser/transfer" /* inside the container */

#define LAUNCHER_OPERATION_TABLE(X)                                                                                    \
    X(CREATE, "create", "Make namespace, gate listener, keeper and container; reply when crun is done.")               \
    X(LIST, "list", "One reply per browser that exists, then one with more = 0 and an empty id.")                      \
    X(FREEZE, "freeze", "Freeze its cgroup.")                                                                          \
    X(THAW, "thaw", "Thaw its cgroup.")                                                                                \
    X(SET_LIMITS, "set_limits", "Change memory and CPU limit; cpu_millis 0 lifts the CPU quota.")                      \
    X(STATISTICS, "statistics", "Memory, CPU time, processes.")                                                        \
    X(OPEN_FILE, "open_file", "Open a regular file of its transfer folder for reading; the reply carries the fd.")     \
    X(CREATE_FILE, "create_file", "Make a new file in its transfer folder; the reply carries the fd to write it.")     \
    X(REMOVE_FILE, "remove_file", "Remove a file of its transfer folder: an upload that was not finished.")            \
    X(REPORT, "report", "What the launcher itself does: its metrics, for the engine to show.")                         \
    X(DESTROY, "destroy", "Kill everything of it; reply when nothing is left. Sends no EXITED.")

enum launcher_operation {
    LAUNCHER_NONE,
#define X(id, name, doc) LAUNCHER_##id,
    LAUNCHER_OPERATION_TABLE(X)
#undef X
        LAUNCHER_OPERATION_COUNT,
    LAUNCHER_EXITED = 100 /* launcher to engine only */
};

struct launcher_request {
    uint32_t operation; /* enum launcher_operation */
    uint32_t serial;    /* the engine's, not 0 */
    char browser_id[LAUNCHER_ID_SIZE];
    uint64_t memory_bytes; /* CREATE, SET_LIMITS; at most what BROWSER_MEMORY_MB or the request's ticket allowed */
    uint32_t cpu_millis;   /* CREATE: limit after the start; SET_LIMITS; 1000 is one core */
    char file[LAUNCHER_FILE_MAX]; /* OPEN_FILE, CREATE_FILE, REMOVE_FILE: one name, no slash */
    uint32_t profile;             /* CREATE: it has one; comes with a descriptor, or begins with an empty one */
    /* CREATE, for cold starts that CDP cannot reach; empty: defaults. */
    char locale[32];   /* BCP 47, "ru-RU" */
    char timezone[64]; /* IANA, "Europe/Moscow" */
};

struct launcher_reply {
    uint32_t operation; /* that of the request, or LAUNCHER_EXITED */
    uint32_t serial;
    int32_t status; /* 0 or -errno */
    uint32_t more;  /* LIST */
    char browser_id[LAUNCHER_ID_SIZE];
    char text[LAUNCHER_TEXT_MAX]; /* what went wrong, when status < 0 */
    uint32_t frozen;              /* LIST */
    uint32_t profile;             /* LIST: it was made with one, so nobody but who asked for it may get it */
    uint32_t end_reason;          /* EXITED: enum end_reason */
    uint64_t oom_kills;           /* EXITED, STATISTICS */
    uint64_t memory_bytes;        /* STATISTICS: now */
    uint64_t memory_limit_bytes;  /* STATISTICS, LIST */
    uint64_t cpu_us;              /* STATISTICS: since the start */
    uint32_t pids;                /* STATISTICS */
    int64_t created_wall_us;      /* LIST */
    /* REPORT, with memory_bytes: */
    uint64_t operations[LAUNCHER_OPERATION_COUNT], failed; /* since its start, by operation; all that failed */
    uint32_t browsers, descriptors;
};
