/* launcher/cgroups on real cgroup v2: the first process of a User-Mode Linux that cgroup_v2.test.mjs boots, because a
 * machine of hybrid or v1 cgroups has no controllers to offer to a v2 tree. Nothing but the kernel is played here. */
#include "../unit/unit_test.h"

#include "base/clock.h"
#include "base/io.h"
#include "base/memory.h"
#include "browsers/keeper/memory_watch.h"
#include "browsers/launcher/cgroups.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#define ROOT     "/sys/fs/cgroup"
#define ID       "01900000-0000-7000-8000-000000000001"
#define MEGABYTE (1 << 20)

static struct error e;

static char *read_file(const char *path) {
    static char content[4096];
    int r = io_read_at(AT_FDCWD, path, content, sizeof content);
    if (r < 0)
        print_error("%s: %s\n", path, strerror(-r));
    assert_int_equal(r, 0);
    return content;
}

static char *read_member(const char *name) {
    cleanup_free char *oci = cgroup_oci_path(ID), *path = memory_print(ROOT "%s/%s", oci, name);
    return read_file(path);
}

static void enter(const char *folder) {
    cleanup_free char *path = memory_print(ROOT "%s/cgroup.procs", folder);
    assert_int_equal(io_write_at(AT_FDCWD, path, "0"), 0);
}

static bool wait_for(bool (*check)(void)) {
    for (int64_t deadline = clock_deadline(10000); !check();)
        if (clock_monotonic_ms() > deadline)
            return false;
        else
            clock_sleep_ms(10);
    return true;
}

/* --- what members of a browser's cgroup do --- */

static void sleep_on(void) {
    for (;;)
        pause();
}

static void spin(void) {
    for (volatile unsigned n = 0;; n++)
        ;
}

static void eat_memory(void) {
    for (;;)
        memset(memory_alloc(MEGABYTE), 1, MEGABYTE);
}

static void fork_on(void) {
    int made = 0;
    while (fork() > 0)
        made++;
    _exit(made);
}

/* The child acts once it is in the browser's cgroup. */
static pid_t member(void (*act)(void)) {
    int gate[2];
    assert_int_equal(pipe(gate), 0);
    pid_t child = fork();
    close(gate[child ? 0 : 1]);
    if (!child) {
        char byte;
        if (read(gate[0], &byte, 1) == 0)
            act();
        _exit(0);
    }
    cleanup_free char *oci = cgroup_oci_path(ID), *path = memory_print(ROOT "%s/cgroup.procs", oci);
    cleanup_free char *pid = memory_print("%d", child);
    int r = io_write_at(AT_FDCWD, path, pid);
    close(gate[1]);
    assert_int_equal(r, 0);
    return child;
}

static int reap(pid_t child) {
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    return status;
}

static struct cgroup_usage usage(void) {
    struct cgroup_usage seen;
    assert_int_equal(cgroup_read(ID, &seen), 0);
    return seen;
}

/* --- setting up --- */

static int leave(void **state) {
    enter("");
    return 0;
}

static int begin(void **state) {
    if (cgroups_prepare("x", &e) || cgroup_make(ID, &e)) {
        print_error("%s\n", e.text);
        return -1;
    }
    return 0;
}

static bool is_removed(void) {
    return cgroup_remove(ID) == 0;
}

static int end(void **state) {
    cgroup_kill(ID);
    while (waitpid(-1, NULL, WNOHANG) > 0)
        ;
    assert_true(wait_for(is_removed));
    cgroups_finish();
    return leave(state);
}

/* --- tests --- */

static void the_host_is_v2(void **state) {
    assert_int_equal(cgroups_detect(), CGROUPS_V2);
    assert_null(cgroups_missing_controller(CGROUPS_V2));
}

static void a_login_scope_is_left_alone(void **state) {
    assert_int_equal(mkdir(ROOT "/session.scope", 0755), 0);
    enter("/session.scope");
    assert_int_equal(cgroups_prepare("x", &e), 0);
    cleanup_free char *path = cgroup_oci_path(ID);
    assert_string_equal(path, "/replinet-x/" ID);
    assert_string_equal(read_file("/proc/self/cgroup"), "0::/session.scope");
    assert_string_equal(read_file(ROOT "/replinet-x/cgroup.subtree_control"), "cpu memory pids");
    assert_string_equal(read_file(ROOT "/replinet-x/cpu.weight"), "400");
    cgroups_finish();
    assert_int_equal(access(ROOT "/replinet-x", F_OK), -1);
    leave(state);
    assert_int_equal(rmdir(ROOT "/session.scope"), 0);
}

/* A unit with Delegate=yes and other processes in it, as `replinet up` has. */
static void a_delegated_unit_is_used_and_its_processes_make_room(void **state) {
    pid_t others[8];
    assert_int_equal(io_write_at(AT_FDCWD, ROOT "/cgroup.subtree_control", "+memory +cpu +pids"), 0);
    assert_int_equal(mkdir(ROOT "/r.service", 0755), 0);
    assert_int_equal(setxattr(ROOT "/r.service", "trusted.delegate", "1", 1, 0), 0);
    enter("/r.service");
    for (size_t i = 0; i < ARRAY_LENGTH(others); i++)
        if (!(others[i] = fork()))
            sleep_on();
    for (int start = 0; start < 2; start++) { /* the second finds the first one's leaf */
        assert_int_equal(cgroups_prepare("x", &e), 0);
        assert_string_equal(read_file("/proc/self/cgroup"), "0::/r.service/replinet-main");
        assert_string_equal(read_file(ROOT "/r.service/cgroup.subtree_control"), "cpu memory pids");
        assert_string_equal(read_file(ROOT "/r.service/cgroup.procs"), "");
        assert_int_equal(cgroup_make(ID, &e), 0);
        assert_string_equal(read_member("cgroup.controllers"), "cpu memory pids");
        pid_t browser = member(sleep_on);
        cgroup_kill(ID);
        reap(browser);
        assert_int_equal(cgroup_remove(ID), 0);
        cgroups_finish();
    }
    for (size_t i = 0; i < ARRAY_LENGTH(others); i++) {
        kill(others[i], SIGKILL);
        reap(others[i]);
    }
    leave(state);
    assert_int_equal(rmdir(ROOT "/r.service/replinet-main"), 0);
    assert_int_equal(rmdir(ROOT "/r.service"), 0);
}

static void limits_are_taken(void **state) {
    assert_int_equal(cgroup_set_memory(ID, 64 * MEGABYTE), 0);
    assert_int_equal(cgroup_set_cpu(ID, 500), 0);
    assert_int_equal(cgroup_set_pids(ID, 100), 0);
    assert_string_equal(read_member("memory.max"), "67108864");
    assert_string_equal(read_member("memory.swap.max"), "0");
    assert_string_equal(read_member("cpu.max"), "50000 100000");
    assert_string_equal(read_member("pids.max"), "100");
    assert_int_equal(usage().memory_limit_bytes, 64 * MEGABYTE);
    assert_int_equal(cgroup_set_cpu(ID, 0), 0);
    assert_string_equal(read_member("cpu.max"), "max 100000");
}

static void out_of_memory_kills_and_is_counted(void **state) {
    struct memory_counts counts;
    int folder = cgroup_open_memory(ID);
    assert_int_equal(cgroup_set_memory(ID, 16 * MEGABYTE), 0);
    int status = reap(member(eat_memory));
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    assert_int_equal(usage().oom_kills, 1);
    memory_watch_read(folder, &counts);
    close(folder);
    assert_int_equal(counts.oom_kills, 1);
    assert_true(counts.at_limit > 0);
}

static void less_memory_than_is_used_is_refused(void **state) {
    assert_int_equal(cgroup_set_memory(ID, 64 * MEGABYTE), 0);
    member(sleep_on);
    clock_sleep_ms(100);
    assert_true(usage().memory_bytes > 4096);
    assert_int_equal(cgroup_set_memory(ID, 4096), -EBUSY);
    assert_string_equal(read_member("memory.max"), "67108864");
}

static void processes_are_limited(void **state) {
    assert_int_equal(cgroup_set_pids(ID, 10), 0);
    int status = reap(member(fork_on));
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 9);
}

static bool is_throttled(void) {
    const char *row = strstr(read_member("cpu.stat"), "nr_throttled ");
    return row && atoi(row + strlen("nr_throttled ")) > 2;
}

static void the_cpu_quota_throttles(void **state) {
    assert_int_equal(cgroup_set_cpu(ID, 200), 0);
    member(spin);
    assert_true(wait_for(is_throttled));
    assert_true(usage().cpu_us > 20000);
}

static bool is_frozen(void) {
    return strstr(read_member("cgroup.events"), "frozen 1");
}

static void a_frozen_one_stands_still_thaws_and_dies_frozen(void **state) {
    pid_t spinning = member(spin);
    clock_sleep_ms(100);
    assert_int_equal(cgroup_freeze(ID, true), 0);
    assert_true(wait_for(is_frozen));
    uint64_t before = usage().cpu_us;
    clock_sleep_ms(300);
    assert_int_equal(usage().cpu_us, before);
    assert_int_equal(cgroup_freeze(ID, false), 0);
    clock_sleep_ms(300);
    assert_true(usage().cpu_us > before + 50000);
    assert_int_equal(cgroup_freeze(ID, true), 0);
    assert_true(wait_for(is_frozen));
    assert_int_equal(usage().pids, 1);
    assert_int_equal(cgroup_remove(ID), -EBUSY);
    cgroups_finish();
    read_member("cgroup.procs"); /* the parent of a browser stays */
    assert_int_equal(cgroup_kill(ID), 1);
    int status = reap(spinning);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    assert_int_equal(cgroup_kill(ID), 0);
    assert_int_equal(cgroup_remove(ID), 0);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, begin, end)

static int run_all(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_host_is_v2),
        cmocka_unit_test(a_login_scope_is_left_alone),
        cmocka_unit_test(a_delegated_unit_is_used_and_its_processes_make_room),
        CASE(limits_are_taken),
        CASE(out_of_memory_kills_and_is_counted),
        CASE(less_memory_than_is_used_is_refused),
        CASE(processes_are_limited),
        CASE(the_cpu_quota_throttles),
        CASE(a_frozen_one_stands_still_thaws_and_dies_frozen),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

int main(void) {
    if (getpid() != 1) {
        fprintf(stderr, "this is the first process of a User-Mode Linux; see cgroup_v2.test.mjs\n");
        return 2;
    }
    if (mount("proc", "/proc", "proc", 0, NULL) || mount("sysfs", "/sys", "sysfs", 0, NULL) ||
        mount("cgroup2", ROOT, "cgroup2", 0, NULL))
        printf("cannot mount: %s\n", strerror(errno));
    int failed = run_all();
    printf("failed: %d\n", failed);
    fflush(NULL);
    reboot(RB_POWER_OFF);
    return 1;
}
