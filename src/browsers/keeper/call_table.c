#include "browsers/keeper/call_table.h"
#include "base/memory.h"
#include <stdlib.h>

#define SLOTS_MAX  (1u << CALL_SLOT_BITS)
#define TURNS      (1u << (31 - CALL_SLOT_BITS))
#define FIRST_ROOM 16

static void grow(struct call_table *table) {
    table->room = table->room ? table->room * 2 : FIRST_ROOM;
    table->slots = memory_resize(table->slots, table->room * sizeof(*table->slots));
}

static struct call *take_slot(struct call_table *table) {
    if (table->first_free) {
        struct call *call = &table->slots[table->first_free - 1];
        table->first_free = call->next_free;
        return call;
    }
    if (table->touched == SLOTS_MAX)
        return NULL;
    if (table->touched == table->room)
        grow(table);
    struct call *call = &table->slots[table->touched++];
    call->turn = 0;
    return call;
}

struct call *call_open(struct call_table *table, int32_t *ret_id) {
    struct call *call = take_slot(table);
    if (!call)
        return NULL;
    uint16_t turn = (uint16_t)((call->turn + 1) % TURNS);
    *call = (struct call){.used = true, .turn = turn};
    table->open++;
    *ret_id = (int32_t)((uint32_t)turn << CALL_SLOT_BITS | (uint32_t)(call - table->slots));
    return call;
}

struct call *call_find(const struct call_table *table, int64_t id) {
    uint32_t slot = (uint32_t)id & (SLOTS_MAX - 1);
    if (id < 0 || slot >= table->touched)
        return NULL;
    struct call *call = &table->slots[slot];
    return call->used && call->turn == id >> CALL_SLOT_BITS ? call : NULL;
}

void call_close(struct call_table *table, struct call *call) {
    call->used = false;
    call->next_free = table->first_free;
    table->first_free = (uint32_t)(call - table->slots) + 1;
    table->open--;
}

void call_close_if(struct call_table *table, bool (*is_over)(const struct call *, const void *), const void *what) {
    for (uint32_t i = 0; i < table->touched; i++)
        if (table->slots[i].used && is_over(&table->slots[i], what))
            call_close(table, &table->slots[i]);
}

void call_table_done(struct call_table *table) {
    free(table->slots);
    *table = (struct call_table){0};
}
