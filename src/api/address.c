#include "api/address.h"
#include "base/config.h"
#include "base/memory.h"
#include "base/text.h"
#include "net/host.h"
#include <errno.h>
#include <string.h>

#define PROXIES_MOST 64

static struct network {
    struct ip_address address;
    unsigned bits;
} proxies[PROXIES_MOST];
static size_t proxy_count;

static int parse_network(char *text, struct network *ret_network) {
    char *slash = strchr(text, '/');
    int64_t bits;
    if (slash)
        *slash = '\0';
    if (ip_parse(text, &ret_network->address) < 0)
        return -EINVAL;
    int64_t most = ret_network->address.family == AF_INET ? 32 : 128;
    bits = most;
    if (slash && text_parse_int(slash + 1, 0, most, &bits))
        return -EINVAL;
    ret_network->bits = (unsigned)bits;
    return 0;
}

int address_load(struct error *e) {
    cleanup_free char *list = memory_copy_text(config_text(CONFIG_TRUSTED_PROXIES));
    char *save = NULL;
    proxy_count = 0;
    for (char *item = strtok_r(list, ", ", &save); item; item = strtok_r(NULL, ", ", &save)) {
        cleanup_free char *shown = memory_copy_text(item);
        if (proxy_count == PROXIES_MOST || parse_network(item, &proxies[proxy_count++]) < 0) {
            error_set(e, EINVAL, ERROR_BAD_CONFIG, "TRUSTED_PROXIES: \"%s\" is not an address or network", shown);
            error_hint(e, "write addresses like 10.0.0.7 or networks like 10.0.0.0/8, at most %d", PROXIES_MOST);
            return -EINVAL;
        }
    }
    return 0;
}

static bool is_within(const struct ip_address *address, const struct network *network) {
    unsigned whole = network->bits / 8, rest = network->bits % 8;
    unsigned char mask = (unsigned char)(0xff00 >> rest);
    return address->family == network->address.family && !memcmp(address->bytes, network->address.bytes, whole) &&
           (!rest || !((address->bytes[whole] ^ network->address.bytes[whole]) & mask));
}

static bool is_proxy(const char *text) {
    struct ip_address address;
    bool found = false;
    if (ip_parse(text, &address) < 0)
        return false;
    for (size_t i = 0; i < proxy_count; i++)
        found |= is_within(&address, &proxies[i]);
    return found;
}

/* From the right, where the nearest proxy writes, to the first address that is no proxy of ours. */
const char *address_of(struct http_request *request) {
    const char *address = http_peer(request), *header;
    if (!proxy_count || !is_proxy(address) || !(header = http_header(request, "x-forwarded-for")))
        return address;
    char *list = http_memory(request, strlen(header) + 1);
    strcpy(list, header);
    for (char *comma = strrchr(list, ',');; comma = strrchr(list, ',')) {
        char *item = comma ? comma + 1 : list;
        struct ip_address parsed;
        item += strspn(item, " ");
        item[strcspn(item, " ")] = '\0';
        if (ip_parse(item, &parsed) < 0)
            return address;
        address = item;
        if (!comma || !is_proxy(item))
            return address;
        *comma = '\0';
    }
}

const char *address_group(const char *address, char *text) {
    struct ip_address parsed;
    if (ip_parse(address, &parsed) < 0 || parsed.family == AF_INET)
        return address;
    memset(parsed.bytes + 8, 0, 8);
    ip_print(&parsed, text);
    return strcat(text, "/64");
}
