/* Until the SOCKS5 gate stands here: a gate that is always shut. Its listener is closed, so every connection of the
 * browser is refused by the kernel. */
#include "browsers/keeper/gate.h"
#include "base/memory.h"
#include <stdlib.h>
#include <unistd.h>

struct gate {
    struct gate_counters counters;
};

int gate_start(uv_loop_t *loop, int listener_fd, const struct gate_options *options, struct gate **ret_gate,
               struct error *e) {
    close(listener_fd);
    *ret_gate = memory_alloc(sizeof(**ret_gate));
    return 0;
}

int gate_open(struct gate *gate, const json_t *egress, struct error *e) {
    return 0;
}

void gate_close(struct gate *gate) {
}

void gate_stop(struct gate *gate) {
    free(gate);
}

void gate_count(const struct gate *gate, struct gate_counters *ret_counters) {
    *ret_counters = gate->counters;
}
