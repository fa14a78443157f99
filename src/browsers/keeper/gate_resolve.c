#include "browsers/keeper/gate_resolve.h"
#include "base/memory.h"
#include <ares.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define QUERY_TIMEOUT_MS 2000 /* of the first try; c-ares lengthens it for the next */
#define QUERY_TRIES      3

enum lookup_state { LOOKUP_QUEUED, LOOKUP_ACTIVE, LOOKUP_KEPT };

/* A name that is asked for or was answered. */
struct resolver_lookup {
    struct resolver *resolver;
    struct resolver_lookup *next; /* in the order of asking */
    enum lookup_state state;
    char name[HOST_NAME_MAX_LENGTH + 1];
    struct resolver_waiter *waiters;
    bool telling;     /* its answer is being handed out; whoever gets it may ask again */
    uint64_t expires; /* loop time; KEPT */
    int status;
    struct ip_address *addresses;
    size_t count;
};

/* A socket of c-ares that the loop watches. */
struct watched {
    uv_poll_t poll;
    struct resolver *resolver;
    ares_socket_t fd;
    struct watched *next;
};

struct resolver {
    uv_loop_t *loop;
    ares_channel channel;
    uv_timer_t timer;
    struct resolver_lookup *lookups;
    struct watched *watched;
    unsigned active;
    bool stopping;
};

static void lookup_free(struct resolver_lookup *lookup) {
    free(lookup->addresses);
    free(lookup);
}

static void free_handle(uv_handle_t *handle) {
    free(handle->data);
}

/* c-ares has deadlines of its own; the timer wakes it for them. */
static void on_timer(uv_timer_t *timer);

static void arm_timer(struct resolver *resolver) {
    struct timeval wait, *set = resolver->stopping ? NULL : ares_timeout(resolver->channel, NULL, &wait);
    if (!set)
        uv_timer_stop(&resolver->timer);
    else
        uv_timer_start(&resolver->timer, on_timer, (uint64_t)set->tv_sec * 1000 + (uint64_t)set->tv_usec / 1000 + 1, 0);
}

static void on_timer(uv_timer_t *timer) {
    struct resolver *resolver = timer->data;
    ares_process_fd(resolver->channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
    arm_timer(resolver);
}

static void on_ready(uv_poll_t *poll, int status, int events) {
    struct watched *watched = poll->data;
    struct resolver *resolver = watched->resolver;
    ares_socket_t fd = watched->fd;
    bool readable = status < 0 || events & UV_READABLE, writable = status < 0 || events & UV_WRITABLE;
    ares_process_fd(resolver->channel, readable ? fd : ARES_SOCKET_BAD, writable ? fd : ARES_SOCKET_BAD);
    arm_timer(resolver);
}

static struct watched **find_watched(struct resolver *resolver, ares_socket_t fd) {
    struct watched **place = &resolver->watched;
    while (*place && (*place)->fd != fd)
        place = &(*place)->next;
    return place;
}

static struct watched *watch_socket(struct resolver *resolver, ares_socket_t fd) {
    struct watched *watched = memory_alloc(sizeof *watched);
    if (uv_poll_init_socket(resolver->loop, &watched->poll, fd)) {
        free(watched);
        return NULL;
    }
    watched->poll.data = watched;
    watched->resolver = resolver;
    watched->fd = fd;
    watched->next = resolver->watched;
    resolver->watched = watched;
    return watched;
}

static void on_socket_state(void *context, ares_socket_t fd, int readable, int writable) {
    struct resolver *resolver = context;
    struct watched **place = find_watched(resolver, fd), *watched = *place;
    if (readable || writable) {
        if (!watched)
            watched = watch_socket(resolver, fd);
        if (watched)
            uv_poll_start(&watched->poll, (readable ? UV_READABLE : 0) | (writable ? UV_WRITABLE : 0), on_ready);
    } else if (watched) {
        *place = watched->next;
        uv_close((uv_handle_t *)&watched->poll, free_handle);
    }
}

int resolver_start(uv_loop_t *loop, const char *servers, struct resolver **ret_resolver, struct error *e) {
    struct resolver *resolver = memory_alloc(sizeof *resolver);
    /* "b": DNS only, never the hosts file. No search domains: a name means what it says. */
    struct ares_options options = {.flags = ARES_FLAG_NOSEARCH | ARES_FLAG_NOALIASES,
                                   .timeout = QUERY_TIMEOUT_MS,
                                   .tries = QUERY_TRIES,
                                   .lookups = (char[]){"b"},
                                   .sock_state_cb = on_socket_state,
                                   .sock_state_cb_data = resolver};
    int mask = ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_LOOKUPS | ARES_OPT_SOCK_STATE_CB;
    resolver->loop = loop;
    int status = ares_library_init(ARES_LIB_INIT_ALL);
    if (!status)
        status = ares_init_options(&resolver->channel, &options, mask);
    if (status) {
        free(resolver);
        return error_set(e, EIO, ERROR_INTERNAL, "cannot set up the resolver: %s", ares_strerror(status));
    }
    if (*servers && (status = ares_set_servers_ports_csv(resolver->channel, servers))) {
        ares_destroy(resolver->channel);
        free(resolver);
        return error_set(e, EINVAL, ERROR_BAD_CONFIG, "EGRESS_DNS=%s: %s", servers, ares_strerror(status));
    }
    uv_timer_init(loop, &resolver->timer);
    resolver->timer.data = resolver;
    *ret_resolver = resolver;
    return 0;
}

void resolver_stop(struct resolver *resolver) {
    if (!resolver)
        return;
    resolver->stopping = true;
    for (struct resolver_lookup *lookup = resolver->lookups; lookup; lookup = lookup->next)
        while (lookup->waiters)
            resolver_cancel(lookup->waiters);
    ares_destroy(resolver->channel);
    for (struct resolver_lookup *lookup = resolver->lookups, *next; lookup; lookup = next) {
        next = lookup->next;
        lookup_free(lookup);
    }
    uv_close((uv_handle_t *)&resolver->timer, free_handle);
    ares_library_cleanup();
}

static const char *status_text(int status) {
    return status == -ENOENT      ? "the name has no address"
           : status == -ETIMEDOUT ? "the DNS servers did not answer in time"
                                  : "the DNS servers gave no usable answer";
}

static int status_from_ares(int status) {
    switch (status) {
    case ARES_SUCCESS:
        return 0;
    case ARES_ENOTFOUND:
    case ARES_ENODATA:
    case ARES_EBADNAME:
        return -ENOENT;
    case ARES_ETIMEOUT:
        return -ETIMEDOUT;
    default:
        return -EIO;
    }
}

static void tell_waiters(struct resolver_lookup *lookup) {
    struct resolver_answer answer = {lookup->status, lookup->status ? status_text(lookup->status) : "",
                                     lookup->addresses, lookup->count};
    bool outermost = !lookup->telling;
    lookup->telling = true;
    while (lookup->waiters) {
        struct resolver_waiter *waiter = lookup->waiters;
        resolver_cancel(waiter);
        waiter->done(waiter->context, &answer);
    }
    if (outermost)
        lookup->telling = false;
}

/* Copies one family's addresses; returns the least time to live. */
static int keep_family(struct resolver_lookup *lookup, const struct ares_addrinfo *info, int family, int ttl) {
    for (struct ares_addrinfo_node *node = info->nodes; node; node = node->ai_next) {
        if (node->ai_family != family || lookup->count == RESOLVER_ADDRESSES_MAX)
            continue;
        if (!ip_from_sockaddr(node->ai_addr, &lookup->addresses[lookup->count]))
            lookup->count++;
        if (node->ai_ttl < ttl)
            ttl = node->ai_ttl;
    }
    return ttl;
}

/* IPv4 first: a host without IPv6 routes is the commoner one, and the next address is tried anyway. */
static uint64_t keep_answer(struct resolver_lookup *lookup, int status, const struct ares_addrinfo *info) {
    lookup->status = status_from_ares(status);
    if (lookup->status || !info)
        return RESOLVER_FAILURE_TTL_MS;
    lookup->addresses = memory_alloc(RESOLVER_ADDRESSES_MAX * sizeof *lookup->addresses);
    int ttl = keep_family(lookup, info, AF_INET, RESOLVER_TTL_MAX_MS / 1000);
    ttl = keep_family(lookup, info, AF_INET6, ttl);
    if (!lookup->count)
        lookup->status = -ENOENT;
    uint64_t ms = ttl < 0 ? 0 : (uint64_t)ttl * 1000;
    return ms < RESOLVER_TTL_MIN_MS ? RESOLVER_TTL_MIN_MS : ms;
}

/* Drops what is out of date, and the oldest answers beyond the bound. */
static void drop_old(struct resolver *resolver) {
    uint64_t now = uv_now(resolver->loop);
    unsigned kept = 0, excess;
    for (struct resolver_lookup *lookup = resolver->lookups; lookup; lookup = lookup->next)
        kept += lookup->state == LOOKUP_KEPT;
    excess = kept > RESOLVER_KEPT_MAX ? kept - RESOLVER_KEPT_MAX : 0;
    for (struct resolver_lookup **place = &resolver->lookups; *place;) {
        struct resolver_lookup *lookup = *place;
        bool old = lookup->state == LOOKUP_KEPT && !lookup->telling && (lookup->expires <= now || excess);
        if (!old) {
            place = &lookup->next;
            continue;
        }
        excess -= excess > 0;
        *place = lookup->next;
        lookup_free(lookup);
    }
}

static void ask_queued(struct resolver *resolver);

static void on_answer(void *context, int status, int timeouts, struct ares_addrinfo *info) {
    struct resolver_lookup *lookup = context;
    struct resolver *resolver = lookup->resolver;
    resolver->active--;
    lookup->state = LOOKUP_KEPT;
    lookup->expires = uv_now(resolver->loop) + keep_answer(lookup, status, info);
    if (info)
        ares_freeaddrinfo(info);
    if (resolver->stopping)
        return;
    tell_waiters(lookup);
    ask_queued(resolver);
}

static void ask(struct resolver_lookup *lookup) {
    struct resolver *resolver = lookup->resolver;
    struct ares_addrinfo_hints hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = ARES_AI_NOSORT};
    lookup->state = LOOKUP_ACTIVE;
    resolver->active++;
    ares_getaddrinfo(resolver->channel, lookup->name, NULL, &hints, on_answer, lookup);
    arm_timer(resolver);
}

static struct resolver_lookup *next_queued(struct resolver *resolver) {
    struct resolver_lookup *lookup = resolver->lookups;
    while (lookup && lookup->state != LOOKUP_QUEUED)
        lookup = lookup->next;
    return lookup;
}

static void ask_queued(struct resolver *resolver) {
    struct resolver_lookup *lookup;
    while (resolver->active < RESOLVER_ACTIVE_MAX && (lookup = next_queued(resolver)))
        ask(lookup);
}

static struct resolver_lookup *find_or_add(struct resolver *resolver, const char *name) {
    struct resolver_lookup **place = &resolver->lookups;
    for (; *place; place = &(*place)->next)
        if (!strcmp((*place)->name, name))
            return *place;
    struct resolver_lookup *lookup = *place = memory_alloc(sizeof *lookup);
    lookup->resolver = resolver;
    strncpy(lookup->name, name, HOST_NAME_MAX_LENGTH);
    return lookup;
}

void resolver_ask(struct resolver *resolver, const char *name, struct resolver_waiter *waiter) {
    drop_old(resolver);
    struct resolver_lookup *lookup = find_or_add(resolver, name);
    waiter->lookup = lookup;
    waiter->next = lookup->waiters;
    lookup->waiters = waiter;
    if (lookup->state == LOOKUP_KEPT)
        tell_waiters(lookup);
    else
        ask_queued(resolver);
}

/* Nobody waits for it any more; a page that asks and leaves, thousands of times, would make the queue grow. */
static void forget_queued(struct resolver_lookup *lookup) {
    struct resolver_lookup **place = &lookup->resolver->lookups;
    while (*place != lookup)
        place = &(*place)->next;
    *place = lookup->next;
    lookup_free(lookup);
}

void resolver_cancel(struct resolver_waiter *waiter) {
    if (!waiter->lookup)
        return;
    struct resolver_lookup *lookup = waiter->lookup;
    struct resolver_waiter **place = &lookup->waiters;
    while (*place != waiter)
        place = &(*place)->next;
    *place = waiter->next;
    waiter->lookup = NULL;
    waiter->next = NULL;
    if (!lookup->waiters && lookup->state == LOOKUP_QUEUED && !lookup->resolver->stopping)
        forget_queued(lookup);
}
