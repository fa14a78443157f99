/* System calls that a container may make, a row per group; any other answers ENOSYS. Started from the profile of
 * containers-common, without what needs a capability, and without mount and its newer forms, ptrace, reading other
 * processes, keyrings, bpf, perf, userfaultfd, io_uring, System V IPC, message queues and whole-system sync. clone,
 * unshare and chroot are here so that Chromium builds its own sandbox inside.
 *
 * CALLS(names): space-separated. ONLY(name, argument, operation, value, value_two): allowed when the argument compares
 * so (the OCI runtime specification's operators). */
#pragma once

#include <linux/sched.h>
#include <sys/socket.h>

/* Namespaces that Chromium's sandbox does not need: mount, cgroup, UTS, IPC (and time, for unshare alone: in clone the
 * same bit is part of the exit signal). */
#define SECCOMP_NO_NAMESPACES (CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC)

#define SECCOMP_TABLE(CALLS, ONLY)                                                                                     \
    CALLS("read write readv writev pread64 pwrite64 preadv pwritev preadv2 pwritev2 lseek close close_range "          \
          "dup dup2 dup3 fcntl ioctl pipe pipe2 splice tee sendfile copy_file_range readahead fadvise64")              \
    CALLS("open openat openat2 creat access faccessat faccessat2 stat fstat lstat newfstatat statx statfs fstatfs "    \
          "readlink readlinkat getdents getdents64 getcwd chdir fchdir umask")                                         \
    CALLS("mkdir mkdirat rmdir unlink unlinkat rename renameat renameat2 link linkat symlink symlinkat truncate "      \
          "ftruncate fallocate fsync fdatasync sync_file_range chmod fchmod fchmodat chown fchown lchown fchownat "    \
          "utime utimes utimensat futimesat flock")                                                                    \
    CALLS("getxattr lgetxattr fgetxattr listxattr llistxattr flistxattr")                                              \
    CALLS("inotify_init inotify_init1 inotify_add_watch inotify_rm_watch")                                             \
    CALLS("mmap munmap mprotect mremap madvise msync mincore brk mlock mlock2 munlock mlockall munlockall "            \
          "memfd_create membarrier get_mempolicy pkey_alloc pkey_free pkey_mprotect remap_file_pages")                 \
    CALLS("fork vfork execve execveat exit exit_group wait4 waitid kill tkill tgkill getpid getppid gettid "           \
          "getpgid getpgrp setpgid getsid setsid pidfd_open pidfd_send_signal")                                        \
    CALLS("getuid geteuid getgid getegid getresuid getresgid getgroups setuid setgid setreuid setregid setresuid "     \
          "setresgid setgroups setfsuid setfsgid capget capset")                                                       \
    CALLS("rt_sigaction rt_sigprocmask rt_sigpending rt_sigqueueinfo rt_sigreturn rt_sigsuspend rt_sigtimedwait "      \
          "rt_tgsigqueueinfo sigaltstack signalfd signalfd4 pause restart_syscall")                                    \
    CALLS("futex set_robust_list get_robust_list rseq set_tid_address arch_prctl set_thread_area get_thread_area "     \
          "prctl seccomp landlock_create_ruleset landlock_add_rule landlock_restrict_self")                            \
    CALLS("clock_gettime clock_getres clock_nanosleep nanosleep gettimeofday time times alarm getitimer setitimer "    \
          "timer_create timer_settime timer_gettime timer_getoverrun timer_delete timerfd_create timerfd_settime "     \
          "timerfd_gettime")                                                                                           \
    CALLS("poll ppoll select pselect6 epoll_create epoll_create1 epoll_ctl epoll_wait epoll_pwait epoll_pwait2 "       \
          "eventfd eventfd2")                                                                                          \
    CALLS("connect bind listen accept accept4 send sendto sendmsg sendmmsg recv recvfrom recvmsg recvmmsg shutdown "   \
          "getsockname getpeername getsockopt setsockopt")                                                             \
    CALLS("sched_yield sched_getaffinity sched_setaffinity sched_getparam sched_setparam sched_getscheduler "          \
          "sched_setscheduler sched_getattr sched_setattr sched_get_priority_max sched_get_priority_min "              \
          "sched_rr_get_interval getpriority setpriority ioprio_get ioprio_set getcpu")                                \
    CALLS("getrlimit setrlimit prlimit64 getrusage uname sysinfo getrandom chroot")                                    \
    ONLY("clone", 0, "SCMP_CMP_MASKED_EQ", SECCOMP_NO_NAMESPACES, 0)                                                   \
    ONLY("unshare", 0, "SCMP_CMP_MASKED_EQ", SECCOMP_NO_NAMESPACES | CLONE_NEWTIME, 0)                                 \
    ONLY("socket", 0, "SCMP_CMP_EQ", AF_UNIX, 0)                                                                       \
    ONLY("socket", 0, "SCMP_CMP_EQ", AF_INET, 0)                                                                       \
    ONLY("socket", 0, "SCMP_CMP_EQ", AF_INET6, 0)                                                                      \
    ONLY("socketpair", 0, "SCMP_CMP_EQ", AF_UNIX, 0)                                                                   \
    ONLY("personality", 0, "SCMP_CMP_EQ", 0, 0)                                                                        \
    ONLY("personality", 0, "SCMP_CMP_EQ", 0xffffffff, 0)
