/* The life of one browser: ids, net namespace, keeper, container, cgroup and files, from CREATE until nothing is left.
 *
 *     STARTING   a profile is unpacked, then keeper and crun run -> RUNNING when crun has ended well, else ENDING
 *     RUNNING    keeper and Chromium run                   -> ENDING when either ends or DESTROY comes
 *     ENDING     everything was told to die                -> CLEANING (PACKING) when all are reaped
 *     PACKING    a profile that ended well is packed       -> CLEANING
 *     CLEANING   cgroups and files go, retried while busy  -> gone; the engine is told
 *
 * A browser that cannot start goes the same way, so whatever existed of it is taken down by the same code. Nothing here
 * waits: events arrive through browsers_child_ended and browsers_tick. One thread. */
#pragma once

#include "base/error.h"
#include "base/process.h"
#include "browsers/launcher/ids.h"
#include "browsers/protocol/launcher_protocol.h"
#include <stdbool.h>
#include <sys/types.h>

/* Less is refused whoever asks; the most is configured. */
#define BROWSER_MEMORY_LEAST (64ULL << 20)

enum browser_state { BROWSER_STARTING, BROWSER_RUNNING, BROWSER_ENDING, BROWSER_PACKING, BROWSER_CLEANING };

/* A child of this process; `pid` stays valid for signals until it is reaped, because only this process reaps it. */
struct browser_child {
    pid_t pid; /* 0: there is none */
    bool ended;
    int status; /* as waitpid's, once ended */
};

struct browser {
    char id[LAUNCHER_ID_SIZE];
    enum browser_state state;
    struct ids ids;
    struct browser_child keeper, runtime /* crun */, container, packer /* of its profile */;
    int netns;    /* STARTING: crun opens it by path */
    int messages; /* pipe: what crun and Chromium wrote to stderr, its first 64 KiB */
    bool frozen;
    bool profile;                    /* its home is the launcher's (profile.h) */
    int archive;                     /* PACKING, CLEANING: the profile that it leaves; -1: none */
    struct launcher_request request; /* STARTING: what was asked for */
    int64_t kill_at;                 /* ENDING: when Chromium's own end has taken too long; 0: not waited for */
    uint64_t oom_kills;
    int64_t created_wall_us;
    int64_t keeper_deadline;                /* ENDING: when the keeper is killed */
    int64_t deadline;                       /* STARTING, ENDING, CLEANING: when patience ends */
    uint32_t create_serial, destroy_serial; /* whoever waits for an answer; 0: nobody */
    int failure;                            /* why CREATE failed, -errno */
    struct error failure_error;
    enum end_reason reason;
    struct browser *next;
};

struct browsers_setup {
    const char *rootfs, *program;
    struct process_user engine;
};

/* `setup` is kept by pointer. */
void browsers_start(const struct browsers_setup *setup);

/* `profile` (-1: none) is borrowed. Answers CREATE when crun is done, or at once when the request is refused (< 0). */
int browsers_create(const struct launcher_request *request, int profile, struct error *e);

/* Whether a browser may be given such limits: up to BROWSER_..._MAX, and what every browser gets in any case. */
bool browsers_may_have_memory(uint64_t bytes);
bool browsers_may_have_cpu(uint32_t millis);
struct browser *browsers_find(const char *id);
/* Begins the end; harmless when it has begun. */
void browsers_end(struct browser *browser, enum end_reason reason);
void browsers_end_all(enum end_reason reason);
void browsers_each(void (*each)(struct browser *browser, void *context), void *context);
size_t browsers_count(void);

/* Removes files and cgroups of this id; 0 when nothing is left. Also for the sweep. */
int browsers_remove_remains(const char *id);

/* The engine that waited for answers is gone: nobody is told. */
void browsers_forget_serials(void);

void browsers_child_ended(pid_t pid, int status);
/* Does what is due by now; returns milliseconds until it must be called again, -1: no need. */
int browsers_tick(void);
