/* Lanes: bounded queues, each with its own threads, for work that may wait. The loop's thread submits; each thread owns
 * a PostgreSQL and a Redis connection, made when first used. What was done comes back to the loop. Lanes cannot starve
 * each other: a lane has its own threads and its own bound. */
#pragma once

#include "api/api.h"
#include <uv.h>

struct lane_thread {
    struct lane *lane;
    struct postgres db;
    struct redis redis;
};

struct lane_job {
    struct lane_job *next;
    void (*work)(struct lane_job *job, struct lane_thread *thread); /* on a thread of the lane */
    void (*done)(struct lane_job *job);                             /* on the loop */
};

struct lanes;

struct lanes *lanes_new(uv_loop_t *loop);
int lanes_start(struct lanes *lanes, struct error *e);
/* Puts the job behind the others; -EAGAIN when the lane's queue is full (the job stays the caller's). */
int lanes_submit(struct lanes *lanes, enum api_lane lane, struct lane_job *job);
size_t lanes_waiting(struct lanes *lanes, enum api_lane lane);
/* Waits for the threads; every job must be done. The lanes are freed once the loop has turned. */
void lanes_stop(struct lanes *lanes);
