#include "worker/lease_page.h"
#include "base/clock.h"
#include "base/memory.h"
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define PAGE_BYTES    4096
#define LOOK_EVERY_MS 50
#define WATCHER_STACK (64 * 1024)
#define LAPSED        (-1) /* instead of a beat: the last word */

int lease_page_make(struct lease_page *ret_page, struct error *e) {
    cleanup_close int fd = memfd_create("replinet-lease", MFD_CLOEXEC);
    if (fd < 0 || ftruncate(fd, 2 * PAGE_BYTES))
        return error_errno(e, errno, ERROR_INTERNAL, "cannot make a lease page");
    char *pages = mmap(NULL, 2 * PAGE_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (pages == MAP_FAILED)
        return error_errno(e, errno, ERROR_INTERNAL, "cannot map a lease page");
    *ret_page = (struct lease_page){.fd = take_fd(fd),
                                    .until = (int64_t *)pages,
                                    .beat = (int64_t *)(pages + PAGE_BYTES),
                                    .waits = (int64_t *)(pages + PAGE_BYTES) + 1};
    *ret_page->beat = clock_monotonic_ms();
    return 0;
}

void lease_page_set(struct lease_page *page, int64_t until) {
    __atomic_store_n(page->until, until, __ATOMIC_RELEASE);
}

bool lease_page_has_lapsed(const struct lease_page *page) {
    return page->beat && __atomic_load_n(page->beat, __ATOMIC_ACQUIRE) == LAPSED;
}

int64_t lease_page_beat(const struct lease_page *page) {
    int64_t beat = __atomic_load_n(page->beat, __ATOMIC_ACQUIRE);
    return beat == LAPSED ? clock_monotonic_ms() : beat; /* its end is seen by its descriptor */
}

bool lease_page_waits(const struct lease_page *page) {
    return page->waits && __atomic_load_n(page->waits, __ATOMIC_ACQUIRE);
}

void lease_page_done(struct lease_page *page) {
    if (page->until)
        munmap(page->until, 2 * PAGE_BYTES);
    cleanup_close_value(&page->fd);
    *page = (struct lease_page){.fd = -1};
}

static const int64_t *lease_until; /* of this process's job */
static int64_t *own_beat, *own_waits;

/* SIGKILL, not exit: no handler, no flush, no further step. */
static void *watch(void *user) {
    int64_t now;
    while ((now = clock_monotonic_ms()) + LEASE_PAGE_EARLY_MS < __atomic_load_n(lease_until, __ATOMIC_ACQUIRE)) {
        __atomic_store_n(own_beat, now, __ATOMIC_RELEASE);
        clock_sleep_ms(LOOK_EVERY_MS);
    }
    __atomic_store_n(own_beat, LAPSED, __ATOMIC_RELEASE);
    kill(getpid(), SIGKILL);
    return NULL;
}

int lease_page_watch(struct error *e) {
    struct stat st;
    if (fstat(LEASE_PAGE_FD, &st) || st.st_size != 2 * PAGE_BYTES)
        return error_set(e, EBADF, ERROR_BAD_INPUT, "jobs are started by `replinet worker`, not by hand");
    void *lease = mmap(NULL, PAGE_BYTES, PROT_READ, MAP_SHARED, LEASE_PAGE_FD, 0);
    void *beat = mmap(NULL, PAGE_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, LEASE_PAGE_FD, PAGE_BYTES);
    if (lease == MAP_FAILED || beat == MAP_FAILED)
        return error_errno(e, errno, ERROR_INTERNAL, "cannot map the lease page");
    lease_until = lease;
    own_beat = beat;
    own_waits = own_beat + 1;
    pthread_attr_t attributes;
    pthread_t thread;
    pthread_attr_init(&attributes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    pthread_attr_setstacksize(&attributes, WATCHER_STACK);
    int err = pthread_create(&thread, &attributes, watch, NULL);
    pthread_attr_destroy(&attributes);
    return err ? error_errno(e, err, ERROR_INTERNAL, "cannot watch the lease") : 0;
}

void lease_page_tell_waiting(bool waits) {
    __atomic_store_n(own_waits, waits, __ATOMIC_RELEASE);
}
