/* The SOCKS parser and the upstream proxy's answers over arbitrary bytes. What is parsed must be inside the input, and
 * a parsed host must read back as itself. */
#include "base/memory.h"
#include "browsers/keeper/gate_upstream.h"
#include "browsers/keeper/socks.h"
#include "fuzz.h"
#include "net/address_policy.h"
#include <assert.h>
#include <string.h>

static void check_request(const uint8_t *data, size_t size) {
    struct socks_request request;
    enum socks_reply reply;
    int used = socks_parse_request(data, size, &request, &reply);
    if (used <= 0)
        return;
    struct host again;
    assert((size_t)used <= size && used <= SOCKS_REQUEST_MAX && request.port >= 1 && request.port <= 65535);
    assert(!host_parse(request.host.name, strlen(request.host.name), &again));
    assert(!strcmp(again.name, request.host.name) && again.is_address == request.host.is_address);
    if (again.is_address)
        assert(ip_equal(&again.address, &request.host.address));
}

static void check_upstream(const uint8_t *data, size_t size, enum upstream_kind kind) {
    struct upstream upstream = {.kind = kind, .port = 1080, .username = "user", .password = "word"};
    struct ip_address target = {AF_INET, {11, 22, 33, 44}};
    struct upstream_talk talk;
    cleanup_text struct text out = {0};
    bool done = false;
    upstream_start(&talk, &upstream, &target, 443, &out);
    while (!done) {
        int used = upstream_take(&talk, data, size, &out, &done);
        if (used <= 0)
            break;
        assert((size_t)used <= size);
        data += used;
        size -= (size_t)used;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    cleanup_free uint8_t *exact = (uint8_t *)memory_copy_bytes(data, size); /* so that a read past the end is seen */
    int used = socks_parse_greeting(exact, size);
    assert(used <= SOCKS_GREETING_MAX && (used <= 0 || (size_t)used <= size));
    check_request(exact, size);
    if (used > 0)
        check_request(exact + used, size - (size_t)used);
    check_upstream(exact, size, UPSTREAM_SOCKS5);
    check_upstream(exact, size, UPSTREAM_HTTP);
    return 0;
}
