/* What the hub's files share. */
#pragma once

#include "api/api_internal.h"
#include "api/hub.h"
#include "net/websocket.h"

#define HUB_READ_MAX  200               /* events of one read */
#define HUB_QUEUE_MAX ((size_t)1 << 20) /* bytes that a consumer may leave unread */
#define HUB_CHANNELS  100               /* per socket */
#define HUB_NAME_SIZE 48                /* "thread:<id>" */
#define HUB_TRY_LATER 1013

/* Who listens: a WebSocket (hub.c) or an event stream of one thread (hub_stream.c). */
struct hub_socket {
    struct hub *hub;
    struct hub_socket *next;
    struct websocket *websocket;  /* NULL: an event stream */
    struct http_request *request; /* of an event stream */
    bool ending;                  /* an event stream that the next hub_sweep ends */
    bool ends_live;               /* its thread had ended when it came: it ends with what there is */
    size_t last_queued;           /* at the last tick */
    struct caller caller;
    unsigned scopes;
    char reference[PRINCIPAL_REFERENCE_SIZE];
    struct subscriber *subscriptions;
    size_t subscription_count;
    uint64_t serial;
    unsigned stuck_ticks; /* since it last took anything, while much waits for it */
};

struct subscriber {
    struct hub_socket *socket;
    struct channel *channel;
    struct subscriber *next_of_socket, *next_of_channel;
    char name[HUB_NAME_SIZE]; /* as the client calls it */
    int64_t seq;              /* of the last event sent; -1: from now on */
    bool live, told;          /* told: "subscribed" went out */
    struct catch_up *job;     /* NULL: none under way */
};

struct channel {
    struct hub *hub;
    struct channel *next;
    bool is_thread;
    char id[UUID_TEXT_SIZE]; /* of the user or thread */
    int64_t seq;             /* up to here all live subscribers have it */
    size_t live_count;
    struct subscriber *subscribers;
    struct bus_subscription *heard;
    bool dirty;           /* there may be more than seq */
    struct tail_job *job; /* NULL: nothing is being read */
};

#define HUB_BUCKETS 4096

struct hub {
    struct api *api;
    struct hub_socket *sockets;
    struct channel *channels[HUB_BUCKETS];
    size_t socket_count, stream_count, jobs;
    uint64_t serial;
    uv_timer_t timer;
    unsigned ticks;
    bool sweep_due, polling, checking, check_again, closing, timer_closed;
    void (*done)(void *user);
    void *user;
};

/* An event, ready to be sent to anybody. */
struct hub_frame {
    int64_t seq;
    struct block *block;
    size_t length;
    size_t data; /* where the event itself begins in it; it ends before the last byte */
    bool last;   /* the thread has ended with it */
};
struct hub_frames {
    struct hub_frame *list;
    size_t count;
};
void hub_frames_done(struct hub_frames *frames);

/* hub.c */
void hub_send(struct hub_socket *socket, const struct hub_frame *frame);
void hub_send_json(struct hub_socket *socket, json_t *message); /* stolen */
void hub_maybe_free(struct hub *hub);
/* A job of the hub's is submitted; false: the lane is full. */
bool hub_submit(struct hub *hub, struct lane_job *job);

/* Whether so much waits for the consumer that nothing may be added now. */
bool hub_is_full(const struct hub_socket *socket);

/* It ends soon, not within this call. */
void hub_end(struct hub_socket *socket, unsigned code, const char *reason);
void hub_keep(struct hub *hub, struct hub_socket *socket);
/* Unsubscribes and frees it. */
void hub_forget(struct hub_socket *socket);

/* hub_answer.c: {"op": "answer", "thread_id", "question_id", "answer": {...}}, told "answered" or "error". */
void hub_answer(struct hub_socket *socket, const json_t *message);

/* hub_stream.c */
void hub_stream_send(struct hub_socket *socket, const struct hub_frame *frame);
void hub_stream_beat(struct hub_socket *socket);
/* Marks it for hub_sweep when it is an event stream. */
void hub_stream_end(struct hub_socket *socket);
/* Ends the streams that are to end; called where nobody holds a socket or subscriber. */
void hub_sweep(struct hub *hub);

/* hub_channels.c */
/* It has taken what waited: those of its channels that fell behind go on. */
void hub_resume(struct hub_socket *socket);
/* `after` -1: from now on. */
void hub_subscribe(struct hub_socket *socket, const char *name, bool is_thread, const char *id, int64_t after);
void hub_unsubscribe(struct subscriber *subscriber);
void hub_tick_channels(struct hub *hub, bool poll);
