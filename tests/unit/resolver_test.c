/* keeper: names that are asked for and given up, with a DNS server that the test plays. */
#include "unit_test.h"

#include "base/memory.h"
#include "browsers/keeper/gate_resolve.h"
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define NAMES 200

static struct {
    uv_loop_t loop;
    struct resolver *resolver;
    int server, answered;
} world;

static int set_up(void **state) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof(address);
    char servers[32];
    struct error e;
    memset(&world, 0, sizeof(world));
    world.server = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (bind(world.server, (struct sockaddr *)&address, length) ||
        getsockname(world.server, (struct sockaddr *)&address, &length))
        return -1;
    snprintf(servers, sizeof(servers), "127.0.0.1:%d", ntohs(address.sin_port));
    uv_loop_init(&world.loop);
    return resolver_start(&world.loop, servers, &world.resolver, &e);
}

static int tear_down(void **state) {
    resolver_stop(world.resolver);
    uv_run(&world.loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&world.loop), 0);
    close(world.server);
    return 0;
}

static void on_answer(void *context, const struct resolver_answer *answer) {
    world.answered++;
}

/* Says of every name that there is none; counts the questions for "N.test" names by their first label. */
static void serve(bool asked[NAMES]) {
    unsigned char data[512];
    struct sockaddr_in from;
    socklen_t length = sizeof(from);
    for (ssize_t n; (n = recvfrom(world.server, data, sizeof(data), 0, (struct sockaddr *)&from, &length)) > 12;) {
        int name = -1;
        if (sscanf((char *)data + 13, "%d", &name) == 1 && name >= 0 && name < NAMES)
            asked[name] = true;
        data[2] |= 0x80;
        data[3] = 3; /* NXDOMAIN */
        sendto(world.server, data, (size_t)n, 0, (struct sockaddr *)&from, length);
    }
}

static void names_that_nobody_waits_for_are_not_asked(void **state) {
    static struct resolver_waiter waiters[NAMES], last;
    bool asked[NAMES] = {false};
    char name[32];
    int count = 0;
    for (int i = 0; i < NAMES; i++) {
        snprintf(name, sizeof(name), "%d.test", i);
        waiters[i] = (struct resolver_waiter){.done = on_answer};
        resolver_ask(world.resolver, name, &waiters[i]);
    }
    for (int i = 0; i < NAMES; i++)
        resolver_cancel(&waiters[i]);
    last = (struct resolver_waiter){.done = on_answer};
    resolver_ask(world.resolver, "last.test", &last);
    for (int i = 0; i < 1000 && !world.answered; i++) {
        serve(asked);
        uv_run(&world.loop, UV_RUN_NOWAIT);
        usleep(2000);
    }
    assert_int_equal(world.answered, 1);
    for (int i = 0; i < NAMES; i++)
        count += asked[i];
    assert_in_range(count, 1, RESOLVER_ACTIVE_MAX); /* they were on their way already */
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(names_that_nobody_waits_for_are_not_asked, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
