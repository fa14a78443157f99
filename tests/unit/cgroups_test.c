/* launcher/cgroups on trees of plain files: which file gets what on v1, hybrid and v2. What only a kernel does (EBUSY,
 * kills, OOM) is tested on real v2 by tests/flow/cgroup_v2.test.mjs and on real v1 or hybrid by the flow suites. */
#include "unit_test.h"

#include "base/io.h"
#include "base/memory.h"
#include "browsers/launcher/cgroups.h"
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#define ID "01900000-0000-7000-8000-000000000001"

static char tree[] = "/tmp/replinet-cgroups-XXXXXX", own[64];
static struct error e;

static char *in_tree(const char *path) {
    return memory_print("%s/%s", tree, path);
}

static void given(const char *path, const char *content) {
    cleanup_free char *full = in_tree(path);
    char *slash = strrchr(full, '/');
    *slash = '\0';
    assert_int_equal(io_make_dirs(full, 0755, &e), 0);
    *slash = '/';
    assert_int_equal(io_write_file(full, 0644, content, strlen(content), &e), 0);
}

static void given_empty(const char *folder, const char *const *names) {
    for (; *names; names++) {
        cleanup_free char *path = memory_print("%s/%s", folder, *names);
        given(path, "");
    }
}

static void assert_file(const char *path, const char *expected) {
    char content[256];
    cleanup_free char *full = in_tree(path);
    assert_int_equal(io_read_at(AT_FDCWD, full, content, sizeof content), 0);
    assert_string_equal(content, expected);
}

static bool exists(const char *path) {
    cleanup_free char *full = in_tree(path);
    return !access(full, F_OK);
}

static int begin(void **state) {
    strcpy(strrchr(tree, '-'), "-XXXXXX");
    snprintf(own, sizeof own, "%s.own", mkdtemp(tree));
    cgroups_set_places(tree, own);
    e = (struct error){0};
    return 0;
}

static int end(void **state) {
    unlink(own);
    return io_remove_tree(tree);
}

static void this_process_is_in(const char *path) {
    cleanup_free char *line = memory_print("0::%s\n", path);
    assert_int_equal(io_write_file(own, 0644, line, strlen(line), &e), 0);
}

/* --- trees --- */

static const char *const v2_limits[] = {"cgroup.procs",   "memory.max",  "memory.swap.max", "cpu.max",  "pids.max",
                                        "cgroup.freeze",  "cgroup.kill", "cpu.weight",      "cpu.stat", "pids.current",
                                        "memory.current", "memory.stat", "memory.events",   NULL};

static void v2_folder(const char *folder) {
    static const char *const names[] = {"cgroup.procs", "cgroup.subtree_control", "cpu.weight", NULL};
    cleanup_free char *controllers = memory_print("%s/cgroup.controllers", folder);
    given(controllers, "cpuset cpu io memory hugetlb pids rdma misc\n");
    given_empty(folder, names);
}

static void v2_host(const char *parent) {
    v2_folder(".");
    v2_folder(parent);
    this_process_is_in("/");
}

static void v2_browser(void) {
    v2_host("replinet-x");
    assert_int_equal(cgroups_prepare("x", &e), 0);
    assert_int_equal(cgroup_make(ID, &e), 0);
    given_empty("replinet-x/" ID, v2_limits);
}

static const char *const v1_controllers[] = {"memory", "cpu", "pids", "freezer", "cpuacct"};

static void v1_host(void) {
    for (size_t i = 0; i < ARRAY_LENGTH(v1_controllers); i++) {
        cleanup_free char *path = memory_print("%s/cgroup.procs", v1_controllers[i]);
        given(path, "");
    }
    given("cpu/replinet-x/cpu.shares", "");
}

#define V1(controller, name) controller "/replinet-x/" ID "/" name

static void v1_browser(void) {
    static const char *const files[] = {V1("pids", "cgroup.procs"),
                                        V1("pids", "pids.max"),
                                        V1("pids", "pids.current"),
                                        V1("memory", "memory.limit_in_bytes"),
                                        V1("memory", "memory.memsw.limit_in_bytes"),
                                        V1("memory", "memory.usage_in_bytes"),
                                        V1("memory", "memory.stat"),
                                        V1("memory", "memory.oom_control"),
                                        V1("cpu", "cpu.cfs_quota_us"),
                                        V1("cpuacct", "cpuacct.usage"),
                                        V1("freezer", "freezer.state"),
                                        NULL};
    v1_host();
    assert_int_equal(cgroups_prepare("x", &e), 0);
    given_empty(".", files);
}

/* --- which host it is --- */

static void an_empty_host_has_none(void **state) {
    assert_int_equal(cgroups_detect(), CGROUPS_NONE);
    assert_int_equal(cgroups_prepare("x", &e), -ENOSYS);
    assert_non_null(strstr(e.text, "memory"));
    assert_non_null(strstr(e.hint, tree));
}

static void each_kind_of_host_is_told(void **state) {
    v1_host();
    assert_int_equal(cgroups_detect(), CGROUPS_V1);
    given("unified/cgroup.controllers", "");
    assert_int_equal(cgroups_detect(), CGROUPS_HYBRID);
    v2_folder(".");
    assert_int_equal(cgroups_detect(), CGROUPS_V2);
}

static void a_missing_controller_is_named(void **state) {
    v1_host();
    assert_null(cgroups_missing_controller(CGROUPS_V1));
    cleanup_free char *freezer = in_tree("freezer/cgroup.procs");
    unlink(freezer);
    assert_string_equal(cgroups_missing_controller(CGROUPS_V1), "freezer");
    given("cgroup.controllers", "cpuset cpu memory");
    assert_string_equal(cgroups_missing_controller(CGROUPS_V2), "pids");
    given("cgroup.controllers", "cpuset memory pids");
    assert_string_equal(cgroups_missing_controller(CGROUPS_V2), "cpu");
    given("cgroup.controllers", "memory cpu pids\n");
    assert_null(cgroups_missing_controller(CGROUPS_V2));
}

/* --- v2: where its cgroups go --- */

static void assert_parent(const char *path) {
    cleanup_free char *oci = cgroup_oci_path(ID), *expected = memory_print("%s/replinet-x/" ID, path);
    assert_string_equal(oci, expected);
}

static void at_the_root_it_makes_its_parent_there(void **state) {
    v2_host("replinet-x");
    assert_int_equal(cgroups_prepare("x", &e), 0);
    assert_parent("");
    assert_file("cgroup.subtree_control", "+memory +cpu +pids");
    assert_file("replinet-x/cgroup.subtree_control", "+memory +cpu +pids");
    assert_file("replinet-x/cpu.weight", "400");
}

static void a_login_scope_is_left_alone(void **state) {
    v2_host("replinet-x");
    v2_folder("user.slice/session-1.scope");
    this_process_is_in("/user.slice/session-1.scope");
    assert_int_equal(cgroups_prepare("x", &e), 0);
    assert_parent("");
    assert_file("user.slice/session-1.scope/cgroup.subtree_control", "");
    assert_false(exists("user.slice/session-1.scope/replinet-main"));
}

static bool delegate(const char *folder, const char *value) {
    cleanup_free char *path = in_tree(folder);
    return !setxattr(path, "trusted.delegate", value, strlen(value), 0) ||
           !setxattr(path, "user.delegate", value, strlen(value), 0);
}

static void what_systemd_delegates_is_used(void **state) {
    v2_host("system.slice/r.service/replinet-x");
    v2_folder("system.slice/r.service");
    this_process_is_in("/system.slice/r.service");
    if (!delegate("system.slice/r.service", "1"))
        skip();
    assert_int_equal(cgroups_prepare("x", &e), 0);
    assert_parent("/system.slice/r.service");
    assert_file("system.slice/r.service/cgroup.subtree_control", "+memory +cpu +pids");
    assert_file("cgroup.subtree_control", "");
}

static void a_later_start_knows_its_leaf(void **state) {
    v2_host("system.slice/r.service/replinet-x");
    v2_folder("system.slice/r.service");
    this_process_is_in("/system.slice/r.service/replinet-main");
    assert_int_equal(cgroups_prepare("x", &e), 0);
    assert_parent("/system.slice/r.service");
}

static void a_leaf_of_the_root_is_one_too(void **state) {
    v2_host("replinet-x");
    this_process_is_in("/replinet-main");
    assert_int_equal(cgroups_prepare("x", &e), 0);
    assert_parent("");
}

static void a_controller_that_is_not_handed_down_is_named(void **state) {
    v2_host("system.slice/r.service/replinet-x");
    v2_folder("system.slice/r.service");
    given("system.slice/r.service/cgroup.controllers", "memory pids\n");
    this_process_is_in("/system.slice/r.service/replinet-main");
    assert_int_equal(cgroups_prepare("x", &e), -ENOSYS);
    assert_non_null(strstr(e.text, "controller cpu"));
    assert_non_null(strstr(e.hint, "Delegate=yes"));
}

static void a_cgroup_beyond_the_namespace_is_refused(void **state) {
    v2_host("replinet-x");
    this_process_is_in("/../other");
    assert_int_equal(cgroups_prepare("x", &e), -EINVAL);
}

static void the_parent_goes_and_others_stay(void **state) {
    v2_host("replinet-y");
    v2_browser();
    cgroups_finish();
    assert_false(exists("replinet-x"));
    assert_true(exists("replinet-y"));
}

/* --- v2: one browser --- */

static void v2_limits_are_set(void **state) {
    v2_browser();
    given("replinet-x/" ID "/memory.current", "1048576\n");
    assert_int_equal(cgroup_set_memory(ID, 512 << 20), 0);
    assert_file("replinet-x/" ID "/memory.max", "536870912");
    assert_file("replinet-x/" ID "/memory.swap.max", "0");
    assert_int_equal(cgroup_set_memory(ID, 1000), -EBUSY);
    assert_int_equal(cgroup_set_cpu(ID, 1500), 0);
    assert_file("replinet-x/" ID "/cpu.max", "150000 100000");
    given("replinet-x/" ID "/cpu.max", "");
    assert_int_equal(cgroup_set_cpu(ID, 1), 0);
    assert_file("replinet-x/" ID "/cpu.max", "1000 100000");
    given("replinet-x/" ID "/cpu.max", "");
    assert_int_equal(cgroup_set_cpu(ID, 0), 0);
    assert_file("replinet-x/" ID "/cpu.max", "max 100000");
    assert_int_equal(cgroup_set_pids(ID, 512), 0);
    assert_file("replinet-x/" ID "/pids.max", "512");
}

static void v2_without_swap_accounting_is_well(void **state) {
    v2_browser();
    given("replinet-x/" ID "/memory.current", "0\n");
    cleanup_free char *swap = in_tree("replinet-x/" ID "/memory.swap.max");
    unlink(swap);
    assert_int_equal(cgroup_set_memory(ID, 512 << 20), 0);
}

static void v2_freezes_and_thaws(void **state) {
    v2_browser();
    assert_int_equal(cgroup_freeze(ID, true), 0);
    assert_file("replinet-x/" ID "/cgroup.freeze", "1");
    assert_int_equal(cgroup_freeze(ID, false), 0);
    assert_file("replinet-x/" ID "/cgroup.freeze", "0");
}

/* Kills a child that is listed in `procs` together with a process of another pid namespace, which reads as 0. */
static void assert_members_are_killed(const char *procs) {
    pid_t child = fork();
    if (!child)
        for (;;)
            pause();
    cleanup_free char *list = memory_print("0\n%d\n", child);
    given(procs, list);
    assert_int_equal(cgroup_kill(ID), 1);
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

static void v2_kills(void **state) {
    v2_browser();
    assert_int_equal(cgroup_kill(ID), 0);
    assert_file("replinet-x/" ID "/cgroup.kill", "");
    assert_members_are_killed("replinet-x/" ID "/cgroup.procs");
    assert_file("replinet-x/" ID "/cgroup.kill", "1");
}

static void v2_usage_is_read(void **state) {
    struct cgroup_usage usage;
    v2_browser();
    given("replinet-x/" ID "/memory.current", "700\n");
    given("replinet-x/" ID "/memory.stat", "anon 400\nfile 300\ninactive_file 200\nactive_file 100\n");
    given("replinet-x/" ID "/memory.max", "max\n");
    given("replinet-x/" ID "/memory.events", "low 0\nhigh 0\nmax 12\noom 3\noom_kill 2\noom_group_kill 9\n");
    given("replinet-x/" ID "/cpu.stat", "usage_usec 4321\nuser_usec 4000\nsystem_usec 321\n");
    given("replinet-x/" ID "/pids.current", "42\n");
    assert_int_equal(cgroup_read(ID, &usage), 0);
    assert_int_equal(usage.memory_bytes, 500);
    assert_int_equal(usage.memory_limit_bytes, 0);
    assert_int_equal(usage.oom_kills, 2);
    assert_int_equal(usage.cpu_us, 4321);
    assert_int_equal(usage.pids, 42);
    assert_int_equal(cgroup_read("nobody", &usage), -ENOENT);
}

static void note(const char *id, void *context) {
    strcat(context, id);
}

static void v2_lists_and_removes(void **state) {
    char seen[256] = "";
    v2_browser();
    cgroups_list(note, seen);
    assert_string_equal(seen, ID);
    assert_int_equal(cgroup_remove(ID), 0);
    assert_false(exists("replinet-x/" ID));
    assert_int_equal(cgroup_remove(ID), 0);
    assert_true(exists("replinet-x"));
}

/* --- v1 --- */

static void v1_limits_are_set(void **state) {
    v1_browser();
    assert_file("cpu/replinet-x/cpu.shares", "4096");
    assert_parent("");
    given(V1("memory", "memory.usage_in_bytes"), "4096\n");
    assert_int_equal(cgroup_set_memory(ID, 512 << 20), 0);
    assert_file(V1("memory", "memory.limit_in_bytes"), "536870912");
    assert_file(V1("memory", "memory.memsw.limit_in_bytes"), "536870912");
    assert_int_equal(cgroup_set_memory(ID, 1000), -EBUSY);
    assert_int_equal(cgroup_set_cpu(ID, 500), 0);
    assert_file(V1("cpu", "cpu.cfs_quota_us"), "50000");
    given(V1("cpu", "cpu.cfs_quota_us"), "");
    assert_int_equal(cgroup_set_cpu(ID, 0), 0);
    assert_file(V1("cpu", "cpu.cfs_quota_us"), "-1");
    assert_int_equal(cgroup_set_pids(ID, 100), 0);
    assert_file(V1("pids", "pids.max"), "100");
}

static void v1_freezes_kills_and_reads(void **state) {
    struct cgroup_usage usage;
    v1_browser();
    assert_int_equal(cgroup_freeze(ID, true), 0);
    assert_file(V1("freezer", "freezer.state"), "FROZEN");
    assert_int_equal(cgroup_freeze(ID, false), 0);
    assert_file(V1("freezer", "freezer.state"), "THAWED");
    assert_members_are_killed(V1("pids", "cgroup.procs"));
    given(V1("memory", "memory.usage_in_bytes"), "1000\n");
    given(V1("memory", "memory.stat"), "inactive_file 900\ntotal_inactive_file 300\n");
    given(V1("memory", "memory.limit_in_bytes"), "5000\n");
    given(V1("memory", "memory.oom_control"), "oom_kill_disable 0\nunder_oom 0\noom_kill 7\n");
    given(V1("cpuacct", "cpuacct.usage"), "5000999\n");
    given(V1("pids", "pids.current"), "3\n");
    assert_int_equal(cgroup_read(ID, &usage), 0);
    assert_int_equal(usage.memory_bytes, 700);
    assert_int_equal(usage.memory_limit_bytes, 5000);
    assert_int_equal(usage.oom_kills, 7);
    assert_int_equal(usage.cpu_us, 5000);
    assert_int_equal(usage.pids, 3);
}

static void v1_removes_from_every_hierarchy(void **state) {
    v1_host();
    assert_int_equal(cgroups_prepare("x", &e), 0);
    for (size_t i = 0; i < ARRAY_LENGTH(v1_controllers); i++) {
        cleanup_free char *folder = memory_print("%s/%s/replinet-x/" ID, tree, v1_controllers[i]);
        assert_int_equal(io_make_dirs(folder, 0755, &e), 0);
    }
    assert_int_equal(cgroup_remove(ID), 0);
    for (size_t i = 0; i < ARRAY_LENGTH(v1_controllers); i++) {
        cleanup_free char *folder = memory_print("%s/replinet-x/" ID, v1_controllers[i]);
        assert_false(exists(folder));
    }
}

/* --- hybrid --- */

static void hybrid_covers_the_unified_tree(void **state) {
    v1_host();
    given("unified/cgroup.controllers", "");
    cleanup_free char *unified = in_tree("unified");
    if (geteuid() || unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
        mount("test", unified, "tmpfs", 0, NULL))
        skip();
    given("unified/cgroup.controllers", "");
    assert_int_equal(cgroups_prepare("x", &e), 0);
    assert_int_equal(cgroups_current(), CGROUPS_HYBRID);
    assert_false(exists("unified/cgroup.controllers"));
    given("unified/replinet-x/" ID "/cgroup.procs", "1"); /* as crun leaves it */
    assert_int_equal(cgroup_remove(ID), 0);
    assert_false(exists("unified/replinet-x/" ID));
    umount2(unified, MNT_DETACH);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void) {
    const struct CMUnitTest tests[] = {
        CASE(an_empty_host_has_none),
        CASE(each_kind_of_host_is_told),
        CASE(a_missing_controller_is_named),
        CASE(at_the_root_it_makes_its_parent_there),
        CASE(a_login_scope_is_left_alone),
        CASE(what_systemd_delegates_is_used),
        CASE(a_later_start_knows_its_leaf),
        CASE(a_leaf_of_the_root_is_one_too),
        CASE(a_controller_that_is_not_handed_down_is_named),
        CASE(a_cgroup_beyond_the_namespace_is_refused),
        CASE(the_parent_goes_and_others_stay),
        CASE(v2_limits_are_set),
        CASE(v2_without_swap_accounting_is_well),
        CASE(v2_freezes_and_thaws),
        CASE(v2_kills),
        CASE(v2_usage_is_read),
        CASE(v2_lists_and_removes),
        CASE(v1_limits_are_set),
        CASE(v1_freezes_kills_and_reads),
        CASE(v1_removes_from_every_hierarchy),
        CASE(hybrid_covers_the_unified_tree),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
