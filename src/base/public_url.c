#include "base/public_url.h"
#include "base/config.h"
#include "base/memory.h"
#include <string.h>

char *public_url(void) {
    const char *url = config_text(CONFIG_PUBLIC_URL), *host = config_text(CONFIG_BACKEND_HOST);
    size_t length = strlen(url);
    while (length && url[length - 1] == '/')
        length--;
    if (length)
        return memory_copy_bytes(url, length);
    bool any = !strcmp(host, "0.0.0.0") || !strcmp(host, "::");
    return memory_print(strchr(host, ':') && !any ? "http://[%s]:%lld" : "http://%s:%lld", any ? "localhost" : host,
                        (long long)config_int(CONFIG_BACKEND_PORT));
}
