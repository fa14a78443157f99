#include "api/lanes.h"
#include "base/config.h"
#include "base/memory.h"
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>

#define STACK_BYTES (1 << 20) /* jansson recurses at most 2048 levels deep; libpq and libcurl need little */

struct lane {
    struct lanes *lanes;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    struct lane_job *first, **last;
    size_t waiting, most;
    bool closing;
    pthread_t *threads;
    size_t thread_count;
};

struct lanes {
    struct lane lanes[LANE_COUNT];
    uv_async_t bell; /* work was done */
    pthread_mutex_t done_lock;
    struct lane_job *done_first, **done_last;
};

static struct lane_job *take(struct lane *lane) {
    pthread_mutex_lock(&lane->lock);
    while (!lane->first && !lane->closing)
        pthread_cond_wait(&lane->wake, &lane->lock);
    struct lane_job *job = lane->first;
    if (job) {
        lane->first = job->next;
        if (!lane->first)
            lane->last = &lane->first;
        lane->waiting--;
    }
    pthread_mutex_unlock(&lane->lock);
    return job;
}

static void give_back(struct lanes *lanes, struct lane_job *job) {
    job->next = NULL;
    pthread_mutex_lock(&lanes->done_lock);
    bool was_empty = !lanes->done_first;
    *lanes->done_last = job;
    lanes->done_last = &job->next;
    pthread_mutex_unlock(&lanes->done_lock);
    if (was_empty)
        uv_async_send(&lanes->bell);
}

static void *serve(void *user) {
    struct lane_thread thread = {.lane = user};
    struct postgres_options options = {.purpose = "api",
                                       .timeout_ms = (int)config_int(CONFIG_DATABASE_TIMEOUT_SECONDS) * 1000};
    struct lane_job *job;
    postgres_prepare(&options, &thread.db);
    redis_open(&thread.redis, NULL);
    while ((job = take(thread.lane))) {
        job->work(job, &thread);
        give_back(thread.lane->lanes, job);
    }
    postgres_close(&thread.db);
    redis_close(&thread.redis);
    return NULL;
}

static void on_bell(uv_async_t *bell) {
    struct lanes *lanes = bell->data;
    pthread_mutex_lock(&lanes->done_lock);
    struct lane_job *job = lanes->done_first;
    lanes->done_first = NULL;
    lanes->done_last = &lanes->done_first;
    pthread_mutex_unlock(&lanes->done_lock);
    for (struct lane_job *next; job; job = next) {
        next = job->next;
        job->done(job);
    }
}

struct lanes *lanes_new(uv_loop_t *loop) {
    struct lanes *lanes = memory_alloc(sizeof *lanes);
    for (int i = 0; i < LANE_COUNT; i++) {
        struct lane *lane = &lanes->lanes[i];
        lane->lanes = lanes;
        lane->last = &lane->first;
        lane->most = (size_t)config_int(CONFIG_API_QUEUE_MAX);
        pthread_mutex_init(&lane->lock, NULL);
        pthread_cond_init(&lane->wake, NULL);
    }
    pthread_mutex_init(&lanes->done_lock, NULL);
    lanes->done_last = &lanes->done_first;
    uv_async_init(loop, &lanes->bell, on_bell);
    lanes->bell.data = lanes;
    return lanes;
}

/* Signals are the loop's. */
static int start_lane(struct lane *lane, size_t count, struct error *e) {
    pthread_attr_t attributes;
    sigset_t all, before;
    int err = 0;
    lane->threads = memory_alloc(count * sizeof *lane->threads);
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, STACK_BYTES);
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    while (!err && lane->thread_count < count) {
        err = pthread_create(&lane->threads[lane->thread_count], &attributes, serve, lane);
        lane->thread_count += !err;
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attributes);
    return err ? error_errno(e, err, ERROR_INTERNAL, "cannot start a thread") : 0;
}

int lanes_start(struct lanes *lanes, struct error *e) {
    int r = start_lane(&lanes->lanes[LANE_DATABASE], (size_t)config_int(CONFIG_API_DATABASE_LANES), e);
    return r < 0 ? r : start_lane(&lanes->lanes[LANE_SLOW], (size_t)config_int(CONFIG_API_SLOW_LANES), e);
}

int lanes_submit(struct lanes *lanes, enum api_lane which, struct lane_job *job) {
    struct lane *lane = &lanes->lanes[which];
    pthread_mutex_lock(&lane->lock);
    bool full = lane->waiting >= lane->most;
    if (!full) {
        job->next = NULL;
        *lane->last = job;
        lane->last = &job->next;
        lane->waiting++;
        pthread_cond_signal(&lane->wake);
    }
    pthread_mutex_unlock(&lane->lock);
    return full ? -EAGAIN : 0;
}

size_t lanes_waiting(struct lanes *lanes, enum api_lane which) {
    struct lane *lane = &lanes->lanes[which];
    pthread_mutex_lock(&lane->lock);
    size_t waiting = lane->waiting;
    pthread_mutex_unlock(&lane->lock);
    return waiting;
}

static void on_bell_closed(uv_handle_t *handle) {
    struct lanes *lanes = handle->data;
    for (int i = 0; i < LANE_COUNT; i++) {
        pthread_mutex_destroy(&lanes->lanes[i].lock);
        pthread_cond_destroy(&lanes->lanes[i].wake);
        free(lanes->lanes[i].threads);
    }
    pthread_mutex_destroy(&lanes->done_lock);
    free(lanes);
}

void lanes_stop(struct lanes *lanes) {
    for (int i = 0; i < LANE_COUNT; i++) {
        struct lane *lane = &lanes->lanes[i];
        pthread_mutex_lock(&lane->lock);
        lane->closing = true;
        pthread_cond_broadcast(&lane->wake);
        pthread_mutex_unlock(&lane->lock);
        for (size_t k = 0; k < lane->thread_count; k++)
            pthread_join(lane->threads[k], NULL);
    }
    uv_close((uv_handle_t *)&lanes->bell, on_bell_closed);
}
