#include "browsers/launcher/operations.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/metrics.h"
#include "browsers/launcher/browser.h"
#include "browsers/launcher/cgroups.h"
#include "browsers/launcher/connection.h"
#include "browsers/launcher/files.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>

static struct { uint64_t operations[LAUNCHER_OPERATION_COUNT], failed; } counts;

/* An operation answers by itself (ANSWERS_ITSELF), or returns 0 or -errno for the plain answer. */
#define ANSWERS_ITSELF 1

static int operate_CREATE(const struct launcher_request *request, int fd, struct browser *browser, struct error *e) {
    int r = browsers_create(request, fd, e);
    return r < 0 ? r : ANSWERS_ITSELF;
}

static void list_one(struct browser *browser, void *context) {
    const struct launcher_request *request = context;
    struct cgroup_usage usage = {0};
    cgroup_read(browser->id, &usage);
    struct launcher_reply reply = connection_reply(LAUNCHER_LIST, request->serial, browser->id);
    reply.more = 1;
    reply.frozen = browser->frozen;
    reply.profile = browser->profile;
    reply.memory_limit_bytes = usage.memory_limit_bytes;
    reply.created_wall_us = browser->created_wall_us;
    connection_send(&reply, -1);
}

static int operate_LIST(const struct launcher_request *request, int fd, struct browser *browser, struct error *e) {
    browsers_each(list_one, (void *)request);
    struct launcher_reply last = connection_reply(LAUNCHER_LIST, request->serial, "");
    connection_send(&last, -1);
    return ANSWERS_ITSELF;
}

static int set_frozen(struct browser *browser, bool frozen) {
    int r = cgroup_freeze(browser->id, frozen);
    if (!r)
        browser->frozen = frozen;
    return r;
}

static int operate_FREEZE(const struct launcher_request *request, int fd, struct browser *browser, struct error *e) {
    return set_frozen(browser, true);
}

static int operate_THAW(const struct launcher_request *request, int fd, struct browser *browser, struct error *e) {
    return set_frozen(browser, false);
}

static int operate_SET_LIMITS(const struct launcher_request *request, int fd, struct browser *browser,
                              struct error *e) {
    if (!browsers_may_have_cpu(request->cpu_millis) ||
        (request->memory_bytes && !browsers_may_have_memory(request->memory_bytes)))
        return error_set(e, EINVAL, ERROR_BAD_INPUT, "limits out of range; BROWSER_MEMORY_MAX_MB, BROWSER_CPUS_MAX");
    int r = request->memory_bytes ? cgroup_set_memory(browser->id, request->memory_bytes) : 0;
    return r < 0 ? r : cgroup_set_cpu(browser->id, request->cpu_millis);
}

static int operate_STATISTICS(const struct launcher_request *request, int fd, struct browser *browser,
                              struct error *e) {
    struct cgroup_usage usage;
    int r = cgroup_read(browser->id, &usage);
    if (r < 0)
        return r;
    struct launcher_reply reply = connection_reply(LAUNCHER_STATISTICS, request->serial, browser->id);
    reply.memory_bytes = usage.memory_bytes;
    reply.memory_limit_bytes = usage.memory_limit_bytes;
    reply.cpu_us = usage.cpu_us;
    reply.oom_kills = usage.oom_kills;
    reply.pids = usage.pids;
    connection_send(&reply, -1);
    return ANSWERS_ITSELF;
}

/* Gives the engine a descriptor, or passes on why there is none. */
static int answer_fd(const struct launcher_request *request, int fd) {
    if (fd < 0)
        return fd;
    struct launcher_reply reply =
        connection_reply((enum launcher_operation)request->operation, request->serial, request->browser_id);
    connection_send(&reply, fd);
    return ANSWERS_ITSELF;
}

static int operate_OPEN_FILE(const struct launcher_request *request, int fd, struct browser *browser, struct error *e) {
    return answer_fd(request, files_open_transfer(browser->container.pid, request->file));
}

static int operate_CREATE_FILE(const struct launcher_request *request, int fd, struct browser *browser,
                               struct error *e) {
    return answer_fd(request, files_create_transfer(browser->container.pid, browser->ids.user, request->file));
}

static int operate_REMOVE_FILE(const struct launcher_request *request, int fd, struct browser *browser,
                               struct error *e) {
    return files_remove_transfer(browser->container.pid, request->file);
}

/* It faces nobody, so it has no listener of its own either: the engine shows these among its metrics. */
static int operate_REPORT(const struct launcher_request *request, int fd, struct browser *browser, struct error *e) {
    struct launcher_reply reply = connection_reply(LAUNCHER_REPORT, request->serial, "");
    struct process_usage usage = process_own_usage();
    memcpy(reply.operations, counts.operations, sizeof reply.operations);
    reply.failed = counts.failed;
    reply.browsers = (uint32_t)browsers_count();
    reply.memory_bytes = (uint64_t)usage.memory_bytes;
    reply.descriptors = (uint32_t)usage.descriptors;
    connection_send(&reply, -1);
    return ANSWERS_ITSELF;
}

static int operate_DESTROY(const struct launcher_request *request, int fd, struct browser *browser, struct error *e) {
    if (browser->destroy_serial)
        return error_set(e, EALREADY, ERROR_CONFLICT, "the browser is being destroyed");
    browser->destroy_serial = request->serial;
    browsers_end(browser, END_REASON_KILLED);
    return ANSWERS_ITSELF;
}

static const struct {
    int (*operate)(const struct launcher_request *request, int fd, struct browser *browser, struct error *e);
} operations[LAUNCHER_OPERATION_COUNT] = {
#define X(id, name, doc) [LAUNCHER_##id] = {operate_##id},
    LAUNCHER_OPERATION_TABLE(X)
#undef X
};

static int operate(const struct launcher_request *request, int fd, struct error *e) {
    enum launcher_operation operation = (enum launcher_operation)request->operation;
    bool about_one = operation != LAUNCHER_CREATE && operation != LAUNCHER_LIST && operation != LAUNCHER_REPORT;
    struct browser *browser = about_one ? browsers_find(request->browser_id) : NULL;
    if (about_one && !browser)
        return error_set(e, ENOENT, ERROR_NOT_FOUND, "there is no such browser");
    if (about_one && operation != LAUNCHER_DESTROY && browser->state != BROWSER_RUNNING)
        return error_set(e, EBUSY, ERROR_CONFLICT, "the browser is starting or ending");
    return operations[operation].operate(request, fd, browser, e);
}

void operations_handle(const struct launcher_request *request, int fd) {
    struct error e = {0};
    int r = -ENOSYS;
    if (request->operation > LAUNCHER_NONE && request->operation < LAUNCHER_OPERATION_COUNT) {
        counts.operations[request->operation]++;
        r = operate(request, fd, &e);
    }
    counts.failed += r < 0;
    if (r == ANSWERS_ITSELF)
        return;
    if (r < 0)
        log_warning(&e, "an operation failed", LOG_BROWSER(request->browser_id),
                    LOG_INT("event.code", request->operation), LOG_INT("error.code", -r));
    connection_answer((enum launcher_operation)request->operation, request->serial, request->browser_id, r, &e);
}
