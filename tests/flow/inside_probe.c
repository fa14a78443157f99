/* Stands where Chromium would in a container and tries what a taken-over Chromium might: every message on descriptor 3
 * is answered on descriptor 4 with {"id":N,"result":{ATTEMPT: errno, ...}}, 0 where the attempt succeeded. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/keyctl.h>
#include <linux/sched.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define COMMANDS_FD 3
#define ANSWERS_FD  4
#define FORKS_MOST  5000

static char answer[65536];

static void note(const char *name, long result) {
    char *place = answer + strlen(answer);
    snprintf(place, sizeof answer - (size_t)(place - answer), ",\"%s\":%d", name, result < 0 ? errno : 0);
    for (char *quote = place + 2; (quote = strchr(quote, '"')) && quote[1] != ':';) /* those within the name */
        *quote = '\'';
}

#define TRY(call)         (errno = 0, note(#call, (long)(call)))
#define TRY_SYSCALL(name) (errno = 0, note(#name, syscall(SYS_##name, 0, 0, 0, 0, 0, 0)))

/* Runs an attempt in a child, whose exit status is its errno: for what would change this process. */
static void try_in_child(const char *name, long (*attempt)(void)) {
    pid_t pid = fork();
    int status = 0;
    if (!pid)
        _exit(attempt() < 0 ? errno : 0);
    waitpid(pid, &status, 0);
    errno = WIFEXITED(status) ? WEXITSTATUS(status) : 255;
    note(name, errno ? -1 : 0);
}

static long open_for(const char *path, int flags) {
    int fd = open(path, flags, 0755);
    if (fd >= 0)
        close(fd);
    return fd;
}

static long connect_to(const char *host, int port) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    int sock = socket(AF_INET, SOCK_STREAM, 0);
    inet_pton(AF_INET, host, &address.sin_addr);
    long r = connect(sock, (struct sockaddr *)&address, sizeof address);
    int err = errno;
    close(sock);
    errno = err;
    return r;
}

static long mount_in_own_namespace(void) {
    if (unshare(CLONE_NEWUSER))
        return 0; /* shown as success: the attempt must get as far as the mount */
    return mount("x", "/tmp", "tmpfs", 0, NULL);
}

static long mount_namespace_by_clone(void) {
    return syscall(SYS_clone, CLONE_NEWUSER | CLONE_NEWNS | SIGCHLD, 0, 0, 0, 0);
}

static long namespaces_of_chromium(void) {
    return unshare(CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET);
}

static long run_from_tmp(void) {
    int fd = open("/tmp/program", O_WRONLY | O_CREAT, 0755);
    if (fd < 0 || write(fd, "#!/x\n", 5) != 5)
        return 0;
    close(fd);
    return execl("/tmp/program", "program", NULL);
}

static long map_code_from_tmp(void) {
    int fd = open("/tmp/code", O_RDWR | O_CREAT, 0755);
    if (fd < 0 || ftruncate(fd, 4096))
        return 0;
    return mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0) == MAP_FAILED ? -1 : 0;
}

/* Forks until the kernel refuses; the children end with their parent's pipe. */
static int count_forks(void) {
    int ends[2], count = 0;
    char byte;
    if (pipe(ends))
        return -1;
    for (; count < FORKS_MOST; count++) {
        pid_t pid = fork();
        if (pid < 0)
            break;
        if (!pid) {
            close(ends[1]);
            _exit(read(ends[0], &byte, 1) < 0);
        }
    }
    close(ends[1]);
    while (wait(NULL) > 0)
        ;
    close(ends[0]);
    return count;
}

static void try_system_calls(void) {
    TRY(mount("x", "/tmp", "tmpfs", 0, NULL));
    TRY(umount2("/tmp", MNT_DETACH));
    TRY(unshare(CLONE_NEWNS));
    TRY(unshare(CLONE_NEWUSER | CLONE_NEWNS));
    TRY(ptrace(PTRACE_TRACEME, 0, 0, 0));
    TRY_SYSCALL(fsopen);
    TRY_SYSCALL(fsmount);
    TRY_SYSCALL(move_mount);
    TRY_SYSCALL(open_tree);
    TRY_SYSCALL(mount_setattr);
    TRY_SYSCALL(pivot_root);
    TRY_SYSCALL(setns);
    TRY_SYSCALL(bpf);
    TRY_SYSCALL(keyctl);
    TRY_SYSCALL(add_key);
    TRY_SYSCALL(request_key);
    TRY_SYSCALL(process_vm_readv);
    TRY_SYSCALL(process_vm_writev);
    TRY_SYSCALL(perf_event_open);
    TRY_SYSCALL(userfaultfd);
    TRY_SYSCALL(io_uring_setup);
    TRY_SYSCALL(open_by_handle_at);
    TRY_SYSCALL(name_to_handle_at);
    TRY_SYSCALL(pidfd_getfd);
    TRY_SYSCALL(kcmp);
    TRY_SYSCALL(init_module);
    TRY_SYSCALL(finit_module);
    TRY_SYSCALL(kexec_load);
    TRY_SYSCALL(reboot);
    TRY_SYSCALL(swapon);
    TRY_SYSCALL(syslog);
    TRY_SYSCALL(acct);
    TRY_SYSCALL(quotactl);
    TRY_SYSCALL(settimeofday);
    TRY_SYSCALL(clock_adjtime);
    TRY_SYSCALL(sethostname);
    TRY_SYSCALL(iopl);
    TRY_SYSCALL(sync);
    TRY_SYSCALL(shmget);
    TRY_SYSCALL(clone3);
}

static void try_identity(void) {
    TRY(setuid(0));
    TRY(setgid(0));
    TRY(chown("/tmp", 0, 0));
    TRY(mknod("/tmp/device", S_IFCHR | 0666, 1));
    TRY(chmod("/dev/null", 0));
    TRY(chmod("/usr", 0777));
}

static void try_sockets(void) {
    TRY(socket(AF_NETLINK, SOCK_RAW, 0));
    TRY(socket(AF_PACKET, SOCK_RAW, 0));
    TRY(socket(AF_VSOCK, SOCK_STREAM, 0));
    TRY(socket(AF_ALG, SOCK_SEQPACKET, 0));
    TRY(socket(AF_BLUETOOTH, SOCK_RAW, 0));
    TRY(socket(AF_INET, SOCK_RAW, IPPROTO_TCP));
    TRY(connect_to("1.1.1.1", 443));
    TRY(connect_to("169.254.169.254", 80));
    TRY(connect_to("127.0.0.1", 22));
}

static void try_files(void) {
    TRY(open_for("/etc/shadow", O_RDONLY));
    TRY(open_for("/usr/local", O_RDONLY));
    TRY(open_for("/sys", O_RDONLY));
    TRY(open_for("/run", O_RDONLY));
    TRY(open_for("/bin/sh", O_RDONLY));
    TRY(open_for("/dev/mem", O_RDONLY));
    TRY(open_for("/dev/kmsg", O_RDONLY));
    TRY(open_for("/usr/new", O_WRONLY | O_CREAT));
    TRY(open_for("/etc/passwd", O_WRONLY));
    TRY(open_for("/.empty", O_RDONLY));
    TRY(open_for("/proc/sysrq-trigger", O_WRONLY));
    TRY(open_for("/proc/sys/kernel/core_pattern", O_WRONLY));
    TRY(open_for("/proc/sys/net/ipv4/ip_forward", O_WRONLY));
    TRY(open_for("/home/browser/new", O_WRONLY | O_CREAT));
    TRY(open_for("/home/browser/transfer/new", O_WRONLY | O_CREAT));
    TRY(rename("/home/browser/transfer", "/home/browser/moved"));
    TRY(rmdir("/home/browser/transfer"));
}

static void try_everything(void) {
    try_identity();
    try_files();
    try_sockets();
    try_system_calls();
    try_in_child("mount in a user namespace of its own", mount_in_own_namespace);
    try_in_child("mount namespace by clone", mount_namespace_by_clone);
    try_in_child("namespaces that Chromium's sandbox makes", namespaces_of_chromium);
    try_in_child("run a program from /tmp", run_from_tmp);
    try_in_child("map code from /tmp", map_code_from_tmp);
}

int main(void) {
    char command[65536], start[64];
    for (;;) {
        ssize_t n = read(COMMANDS_FD, command, sizeof command - 1);
        if (n <= 0)
            return 0;
        command[n] = '\0';
        const char *id = strstr(command, "\"id\":");
        *answer = '\0';
        try_everything();
        size_t length = strlen(answer);
        snprintf(answer + length, sizeof answer - length, ",\"forks\":%d,\"pid\":%d,\"uid\":%d}}", count_forks(),
                 getpid(), getuid());
        snprintf(start, sizeof start, "{\"id\":%d,\"result\":{", id ? atoi(id + strlen("\"id\":")) : 0);
        if (write(ANSWERS_FD, start, strlen(start)) < 0 || write(ANSWERS_FD, answer + 1, strlen(answer)) < 0)
            return 1; /* the answer's first comma is left out, the NUL after it is not */
    }
}
