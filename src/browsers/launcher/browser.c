#include "browsers/launcher/browser.h"
#include "base/clock.h"
#include "base/config.h"
#include "base/io.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/uuid.h"
#include "browsers/launcher/browser_start.h"
#include "browsers/launcher/cgroups.h"
#include "browsers/launcher/connection.h"
#include "browsers/launcher/profile.h"
#include <ctype.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define START_LIMIT_MS     30000 /* crun; Chromium's own start is watched by the keeper */
#define END_LIMIT_MS       10000
#define KEEPER_GRACE_MS    2000 /* to notice the pipe's end, tell its clients and say why */
#define KEEPER_FAREWELL_MS 500  /* after SIGTERM */
#define CLOSE_LIMIT_MS     8000 /* for Chromium to write its profile, once it was asked to close */
#define PACK_LIMIT_MS      20000
#define RETRY_MS           5
#define MESSAGES_MAX       65536
#define MESSAGES_SHOWN     1500

static const struct browsers_setup *setup;
static struct browser *first;
static size_t count;

void browsers_start(const struct browsers_setup *given) {
    setup = given;
}

struct browser *browsers_find(const char *id) {
    struct browser *browser = first;
    while (browser && strcmp(browser->id, id))
        browser = browser->next;
    return browser;
}

void browsers_each(void (*each)(struct browser *browser, void *context), void *context) {
    for (struct browser *browser = first, *next; browser; browser = next) {
        next = browser->next;
        each(browser, context);
    }
}

size_t browsers_count(void) {
    return count;
}

static bool runs(const struct browser_child *child) {
    return child->pid && !child->ended;
}

static void signal_child(const struct browser_child *child, int signal) {
    if (runs(child))
        kill(child->pid, signal);
}

/* --- the beginning --- */

static bool has_only(const char *text, const char *others) {
    for (; *text; text++)
        if (!isalnum((unsigned char)*text) && !strchr(others, *text))
            return false;
    return true;
}

bool browsers_may_have_memory(uint64_t bytes) {
    int64_t mb = (int64_t)(bytes >> 20);
    return bytes >= BROWSER_MEMORY_LEAST &&
           (mb <= config_int(CONFIG_BROWSER_MEMORY_MAX_MB) || mb <= config_int(CONFIG_BROWSER_MEMORY_MB));
}

bool browsers_may_have_cpu(uint32_t millis) {
    return millis <= config_real(CONFIG_BROWSER_CPUS_MAX) * 1000 || millis <= config_real(CONFIG_BROWSER_CPUS) * 1000;
}

static int check_request(const struct launcher_request *request, struct error *e) {
    if (!uuid_is_valid(request->browser_id))
        return error_set(e, EINVAL, ERROR_BAD_INPUT, "the browser's id is no UUID");
    if (browsers_find(request->browser_id))
        return error_set(e, EEXIST, ERROR_CONFLICT, "a browser with this id exists");
    if (!browsers_may_have_memory(request->memory_bytes))
        return error_set(e, EINVAL, ERROR_BAD_INPUT, "a memory limit of %llu bytes is out of range",
                         (unsigned long long)request->memory_bytes);
    if (!has_only(request->locale, "-") || !has_only(request->timezone, "/_+-") || *request->timezone == '/')
        return error_set(e, EINVAL, ERROR_BAD_INPUT, "locale or time zone is malformed");
    if (count >= (size_t)config_int(CONFIG_MAX_BROWSERS))
        return error_set(e, EAGAIN, ERROR_CAPACITY, "there are %zu browsers already, as many as MAX_BROWSERS allows",
                         count);
    return 0;
}

static void start_failed(struct browser *browser, int err) {
    browser->failure = -err;
    browsers_end(browser, END_REASON_START_FAILED);
}

static int start(struct browser *browser) {
    return browser_start(browser, setup, &browser->request, &browser->failure_error);
}

/* Chromium reads its profile when it starts, so it is unpacked before. */
static int start_profile(struct browser *browser, int profile) {
    int r = profile_make_home(browser->id, &browser->ids, browser->request.memory_bytes / 2, &browser->failure_error);
    if (!r && profile < 0)
        return start(browser);
    return r < 0 ? r
                 : profile_spawn_child(browser->id, &browser->ids, "unpack", profile, &browser->packer.pid,
                                       &browser->failure_error);
}

static void profile_unpacked(struct browser *browser) {
    int r = browser->packer.status ? -EBADMSG : start(browser);
    if (browser->packer.status)
        error_set(&browser->failure_error, EBADMSG, ERROR_BAD_INPUT, "the profile cannot be unpacked: %s",
                  profile_describe_status(browser->packer.status));
    if (r < 0)
        start_failed(browser, -r);
}

int browsers_create(const struct launcher_request *request, int profile, struct error *e) {
    struct ids ids;
    struct launcher_request filled = *request;
    if (!filled.memory_bytes)
        filled.memory_bytes = (uint64_t)config_int(CONFIG_BROWSER_MEMORY_MB) << 20;
    int r = check_request(&filled, e);
    if (!r && ids_take(&ids) < 0)
        r = error_set(e, EAGAIN, ERROR_CAPACITY, "all user ids are in use");
    if (r < 0)
        return r;
    struct browser *browser = memory_alloc(sizeof *browser);
    *browser = (struct browser){.state = BROWSER_STARTING,
                                .ids = ids,
                                .netns = -1,
                                .messages = -1,
                                .profile = filled.profile,
                                .archive = -1,
                                .request = filled,
                                .created_wall_us = clock_wall_us(),
                                .deadline = clock_deadline(START_LIMIT_MS),
                                .create_serial = request->serial,
                                .next = first};
    snprintf(browser->id, sizeof browser->id, "%s", request->browser_id);
    first = browser;
    count++;
    r = browser->profile ? start_profile(browser, profile) : start(browser);
    if (r < 0)
        start_failed(browser, -r);
    return 0;
}

static void close_netns(struct browser *browser) {
    if (browser->netns >= 0)
        close(take_fd(browser->netns));
}

/* The end of what crun and Chromium said, as far as the pipe could hold it, for the log; printable characters only. */
static char *read_messages(struct browser *browser) {
    cleanup_free char *all = memory_alloc(MESSAGES_MAX + 1);
    ssize_t n = browser->messages >= 0 ? read(browser->messages, all, MESSAGES_MAX) : 0;
    size_t length = n > 0 ? (size_t)n : 0;
    for (size_t i = 0; i < length; i++)
        if (!isprint((unsigned char)all[i]))
            all[i] = ' ';
    return memory_copy_text(all + (length > MESSAGES_SHOWN ? length - MESSAGES_SHOWN : 0));
}

/* Kills whatever is the container's. A frozen process dies only once it is thawed, on v1. */
static void kill_container(struct browser *browser) {
    signal_child(&browser->container, SIGKILL);
    cgroup_kill(browser->id);
    cgroup_freeze(browser->id, false);
}

/* The end came while crun was at work; only now is there something that can be killed. */
static void end_late_start(struct browser *browser) {
    if (!browser->runtime.status)
        browser_adopt_container(browser, NULL);
    kill_container(browser);
}

static void runtime_ended(struct browser *browser) {
    close_netns(browser);
    if (browser->state != BROWSER_STARTING) {
        end_late_start(browser);
        return;
    }
    if (browser->runtime.status) {
        cleanup_free char *said = read_messages(browser);
        error_set(&browser->failure_error, EIO, ERROR_INTERNAL, "crun failed: %s", *said ? said : "it said nothing");
        start_failed(browser, EIO);
        return;
    }
    int r = browser_adopt_container(browser, &browser->failure_error);
    if (r < 0) {
        start_failed(browser, -r);
        return;
    }
    browser->state = BROWSER_RUNNING;
    connection_answer(LAUNCHER_CREATE, browser->create_serial, browser->id, 0, NULL);
    browser->create_serial = 0;
}

/* --- the end --- */

static void note_oom(struct browser *browser) {
    struct cgroup_usage usage;
    if (!cgroup_read(browser->id, &usage) && usage.oom_kills > browser->oom_kills)
        browser->oom_kills = usage.oom_kills;
}

void browsers_end(struct browser *browser, enum end_reason reason) {
    if (browser->kill_at) /* whoever ends it now does not want to wait */
        browser->kill_at = clock_monotonic_ms();
    if (browser->state >= BROWSER_ENDING)
        return;
    bool by_itself = browser->keeper.ended || browser->container.ended;
    note_oom(browser);
    browser->state = BROWSER_ENDING;
    browser->reason = reason;
    browser->deadline = clock_deadline(END_LIMIT_MS);
    browser->keeper_deadline = clock_deadline(by_itself ? KEEPER_GRACE_MS : KEEPER_FAREWELL_MS);
    if (!by_itself)
        signal_child(&browser->keeper, SIGTERM);
    signal_child(&browser->packer, SIGKILL);
    if (!runs(&browser->runtime)) /* crun takes milliseconds, and killed halfway it would leave a container behind */
        kill_container(browser);
}

static bool was_released(const struct browser *browser) {
    return browser->keeper.ended && end_reason_from_status(browser->keeper.status) == END_REASON_RELEASED;
}

/* The keeper ended in good order: Chromium was asked to close and is writing its profile. */
static void wait_for_close(struct browser *browser) {
    note_oom(browser);
    browser->state = BROWSER_ENDING;
    browser->reason = END_REASON_KEEPER_CRASH; /* final_reason has the keeper's own word */
    browser->kill_at = clock_deadline(CLOSE_LIMIT_MS);
    browser->deadline = clock_deadline(END_LIMIT_MS);
}

static bool may_pack(const struct browser *browser) {
    return browser->profile && was_released(browser) && !browser->destroy_serial && browser->container.ended &&
           !browser->container.status;
}

static void start_packing(struct browser *browser) {
    struct error e = {0};
    browser->packer = (struct browser_child){0};
    browser->state = BROWSER_PACKING;
    browser->deadline = clock_deadline(PACK_LIMIT_MS);
    browser->archive = profile_make_archive();
    int r = browser->archive < 0
                ? browser->archive
                : profile_spawn_child(browser->id, &browser->ids, "pack", browser->archive, &browser->packer.pid, &e);
    if (r < 0)
        log_warning(&e, "a profile cannot be packed", LOG_BROWSER(browser->id));
}

static void drop_archive(struct browser *browser) {
    if (browser->archive >= 0)
        close(take_fd(browser->archive));
}

/* True when it is over, one way or the other. */
static bool packing_ended(struct browser *browser) {
    if (runs(&browser->packer) && clock_monotonic_ms() < browser->deadline)
        return false;
    signal_child(&browser->packer, SIGKILL);
    if (runs(&browser->packer))
        return false;
    if (browser->packer.pid && browser->packer.status)
        log_warn("a profile was not packed", LOG_BROWSER(browser->id),
                 LOG_TEXT("error.message", profile_describe_status(browser->packer.status)));
    if (!browser->packer.pid || browser->packer.status)
        drop_archive(browser);
    return true;
}

static void end_one(struct browser *browser, void *reason) {
    browsers_end(browser, *(enum end_reason *)reason);
}

void browsers_end_all(enum end_reason reason) {
    browsers_each(end_one, &reason);
}

static void forget_serials(struct browser *browser, void *context) {
    browser->create_serial = 0;
    browser->destroy_serial = 0;
}

void browsers_forget_serials(void) {
    browsers_each(forget_serials, NULL);
}

/* What the engine is told. A keeper that could still speak knows best, but only the kernel counts OOM kills. */
static enum end_reason final_reason(const struct browser *browser) {
    if (browser->reason != END_REASON_CRASH && browser->reason != END_REASON_KEEPER_CRASH)
        return browser->reason;
    enum end_reason said = browser->keeper.ended ? end_reason_from_status(browser->keeper.status) : END_REASON_NONE;
    bool container_first = browser->reason == END_REASON_CRASH;
    if (said == END_REASON_NONE || (container_first && said == END_REASON_KEEPER_CRASH))
        said = browser->reason;
    return said == END_REASON_CRASH && browser->oom_kills ? END_REASON_OOM : said;
}

static void report(struct browser *browser) {
    enum end_reason reason = final_reason(browser);
    if (browser->create_serial)
        connection_answer(LAUNCHER_CREATE, browser->create_serial, browser->id,
                          browser->failure ? browser->failure : -ECANCELED, &browser->failure_error);
    else if (!browser->destroy_serial) {
        struct launcher_reply reply = connection_reply(LAUNCHER_EXITED, 0, browser->id);
        reply.end_reason = reason;
        reply.oom_kills = browser->oom_kills;
        connection_send(&reply, take_fd(browser->archive));
    }
    if (browser->destroy_serial)
        connection_answer(LAUNCHER_DESTROY, browser->destroy_serial, browser->id, 0, NULL);
    bool bad = reason == END_REASON_START_FAILED || reason == END_REASON_CRASH || reason == END_REASON_KEEPER_CRASH;
    if (!bad || browser->destroy_serial) {
        log_info("browser ended", LOG_BROWSER(browser->id), LOG_TEXT("event.reason", end_reason_name(reason)));
        return;
    }
    cleanup_free char *said = read_messages(browser);
    log_warning(browser->failure ? &browser->failure_error : NULL, "browser ended", LOG_BROWSER(browser->id),
                LOG_TEXT("event.reason", end_reason_name(reason)), LOG_TEXT("process.stderr", said));
}

static void forget(struct browser *browser) {
    struct browser **place = &first;
    while (*place != browser)
        place = &(*place)->next;
    *place = browser->next;
    count--;
    close_netns(browser);
    drop_archive(browser);
    if (browser->messages >= 0)
        close(browser->messages);
    free(browser);
}

int browsers_remove_remains(const char *id) {
    cleanup_free char *folder = browser_folder(id), *runtime = browser_runtime_folder(id), *socket = browser_socket(id);
    int cgroup = cgroup_remove(id);
    int first_failure = io_remove_tree(folder), home = profile_remove_home(id);
    int r = io_remove_tree(runtime);
    if (unlink(socket) && errno != ENOENT && !first_failure)
        first_failure = -errno;
    return cgroup < 0 ? cgroup : first_failure < 0 ? first_failure : home < 0 ? home : r;
}

static bool everyone_ended(const struct browser *browser) {
    bool packing = runs(&browser->packer) && browser->state != BROWSER_PACKING;
    return !runs(&browser->keeper) && !runs(&browser->runtime) && !runs(&browser->container) && !packing;
}

static void clean(struct browser *browser) {
    int r = browsers_remove_remains(browser->id);
    if (r < 0 && clock_monotonic_ms() < browser->deadline) {
        kill_container(browser); /* somebody is still in there */
        return;
    }
    if (r < 0)
        log_failure(NULL, "something of a browser is left behind", LOG_BROWSER(browser->id),
                    LOG_TEXT("error.message", strerror(-r)));
    else if (everyone_ended(browser)) /* else its ids go to no other browser */
        ids_give_back(&browser->ids);
    report(browser);
    forget(browser);
}

static void begin_cleaning(struct browser *browser) {
    browser->state = BROWSER_CLEANING;
    browser->deadline = clock_deadline(END_LIMIT_MS);
}

static void finish(struct browser *browser) {
    int64_t now = clock_monotonic_ms();
    if (browser->state == BROWSER_ENDING) {
        if (now >= browser->keeper_deadline)
            signal_child(&browser->keeper, SIGKILL);
        bool patience_ended = now >= browser->deadline;
        if (patience_ended) {
            log_failure(NULL, "a process of a browser does not die", LOG_BROWSER(browser->id));
            signal_child(&browser->runtime, SIGKILL);
            kill_container(browser);
        }
        if (browser->kill_at && now >= browser->kill_at) {
            browser->kill_at = 0;
            kill_container(browser);
        }
        if (!everyone_ended(browser) && !patience_ended)
            return;
        note_oom(browser);
        if (may_pack(browser))
            start_packing(browser);
        else
            begin_cleaning(browser);
    }
    if (browser->state == BROWSER_PACKING && packing_ended(browser))
        begin_cleaning(browser);
    if (browser->state == BROWSER_CLEANING)
        clean(browser);
}

static bool note_ended(struct browser_child *child, pid_t pid, int status) {
    if (!runs(child) || child->pid != pid)
        return false;
    child->ended = true;
    child->status = status;
    return true;
}

void browsers_child_ended(pid_t pid, int status) {
    struct browser *browser = first;
    for (; browser; browser = browser->next) {
        if (note_ended(&browser->runtime, pid, status)) {
            runtime_ended(browser);
            break;
        }
        if (note_ended(&browser->container, pid, status)) {
            browsers_end(browser, END_REASON_CRASH);
            break;
        }
        if (note_ended(&browser->packer, pid, status)) {
            if (browser->state == BROWSER_STARTING)
                profile_unpacked(browser);
            break;
        }
        if (note_ended(&browser->keeper, pid, status)) {
            if (browser->profile && browser->state == BROWSER_RUNNING && was_released(browser) &&
                runs(&browser->container))
                wait_for_close(browser);
            else
                browsers_end(browser, END_REASON_KEEPER_CRASH);
            break;
        }
    }
    if (browser)
        finish(browser);
}

static int64_t next_due(const struct browser *browser) {
    switch (browser->state) {
    case BROWSER_STARTING:
        return browser->deadline;
    case BROWSER_RUNNING:
        return INT64_MAX;
    case BROWSER_PACKING:
        return browser->deadline;
    case BROWSER_ENDING:
        if (browser->kill_at)
            return browser->kill_at;
        return runs(&browser->keeper) && clock_monotonic_ms() < browser->keeper_deadline ? browser->keeper_deadline
                                                                                         : browser->deadline;
    case BROWSER_CLEANING:
        break;
    }
    return clock_deadline(RETRY_MS);
}

static void tick(struct browser *browser, void *context) {
    if (browser->state == BROWSER_STARTING && clock_monotonic_ms() >= browser->deadline) {
        error_set(&browser->failure_error, ETIMEDOUT, ERROR_TIMEOUT, "crun did not end within %d s",
                  START_LIMIT_MS / 1000);
        start_failed(browser, ETIMEDOUT);
    }
    finish(browser);
}

int browsers_tick(void) {
    browsers_each(tick, NULL);
    int64_t due = INT64_MAX;
    for (struct browser *browser = first; browser; browser = browser->next) {
        int64_t own = next_due(browser);
        due = own < due ? own : due;
    }
    return due == INT64_MAX ? -1 : clock_remaining_ms(due);
}
