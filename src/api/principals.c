#include "api/principals.h"
#include "base/clock.h"
#include "base/memory.h"
#include <stdlib.h>
#include <string.h>

#define SLOTS 4096 /* a newcomer takes an older one's slot */

struct slot {
    char reference[PRINCIPAL_REFERENCE_SIZE];
    struct principal who;
    int64_t until;
};

struct principals {
    uint64_t generation;
    bool trusted;
    struct slot *slots[SLOTS];
};

struct principals *principals_new(void) {
    return memory_alloc(sizeof(struct principals));
}

static void forget_all(struct principals *principals) {
    principals->generation++;
    for (size_t i = 0; i < SLOTS; i++) {
        free(principals->slots[i]);
        principals->slots[i] = NULL;
    }
}

void principals_free(struct principals *principals) {
    if (principals)
        forget_all(principals);
    free(principals);
}

/* FNV-1a. References are ours, nobody can choose them. */
static struct slot **slot_of(struct principals *principals, const char *reference) {
    uint32_t hash = 2166136261u;
    for (const unsigned char *p = (const unsigned char *)reference; *p; p++)
        hash = (hash ^ *p) * 16777619u;
    return &principals->slots[hash % SLOTS];
}

uint64_t principals_generation(const struct principals *principals) {
    return principals->generation;
}

bool principals_find(struct principals *principals, const char *reference, struct principal *ret_who) {
    const struct slot *slot = *slot_of(principals, reference);
    if (!slot || strcmp(slot->reference, reference) || slot->until <= clock_monotonic_ms())
        return false;
    *ret_who = slot->who;
    return true;
}

void principals_keep(struct principals *principals, const char *reference, const struct principal *who,
                     uint64_t generation) {
    if (!principals->trusted || generation != principals->generation)
        return;
    struct slot **slot = slot_of(principals, reference);
    if (!*slot)
        *slot = memory_alloc(sizeof **slot);
    **slot = (struct slot){.who = *who, .until = clock_deadline(PRINCIPAL_TTL_MS)};
    memccpy((*slot)->reference, reference, '\0', sizeof(*slot)->reference - 1);
}

void principals_forget_user(struct principals *principals, const char *user_id) {
    principals->generation++;
    for (size_t i = 0; i < SLOTS; i++)
        if (principals->slots[i] && !strcmp(principals->slots[i]->who.caller.id, user_id)) {
            free(principals->slots[i]);
            principals->slots[i] = NULL;
        }
}

void principals_trust(struct principals *principals, bool trust) {
    if (!trust)
        forget_all(principals);
    principals->trusted = trust;
}
