/* Why a browser ended. One row each: identifier, name (DELETE, tombstones, thread.reason, metrics), what a person is
 * told.
 *
 * A keeper says it with its exit status (END_REASON_EXIT_BASE + reason), because that reaches the launcher whatever
 * else is broken; the launcher passes it on to the engine, and the keeper tells its clients with WebSocket close code
 * END_REASON_CLOSE_BASE + reason and the name as the close reason. */
#pragma once

#define END_REASON_TABLE(X)                                                                                            \
    X(NONE, "none", "The browser has not ended.")                                                                      \
    X(RELEASED, "released", "Its lease was given back.")                                                               \
    X(KILLED, "killed", "Somebody ended it.")                                                                          \
    X(DISCONNECTED, "disconnected", "Its client went away and did not come back.")                                     \
    X(IDLE, "idle", "Nobody used it for too long.")                                                                    \
    X(TIMEOUT, "timeout", "It reached the end of its allowed life.")                                                   \
    X(OOM, "oom", "It reached its memory limit.")                                                                      \
    X(CRASH, "crash", "Chromium crashed or ended by itself.")                                                          \
    X(UNRESPONSIVE, "unresponsive", "It stopped answering.")                                                           \
    X(START_FAILED, "start_failed", "It did not start in time.")                                                       \
    X(KEEPER_CRASH, "keeper_crash", "The process that guards the browser crashed.")                                    \
    X(SHUTDOWN, "shutdown", "Replinet was stopped.")

enum end_reason {
#define X(id, name, doc) END_REASON_##id,
    END_REASON_TABLE(X)
#undef X
        END_REASON_COUNT
};

#define END_REASON_EXIT_BASE  64
#define END_REASON_CLOSE_BASE 4000

const char *end_reason_name(enum end_reason reason);
const char *end_reason_text(enum end_reason reason);
enum end_reason end_reason_from_name(const char *name);
/* From a keeper's wait status and the container's OOM count; a status of no row is KEEPER_CRASH. */
enum end_reason end_reason_from_status(int wait_status);
