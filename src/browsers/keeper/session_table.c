#include "browsers/keeper/session_table.h"
#include "base/memory.h"
#include <stdlib.h>
#include <string.h>

static struct session **bucket_of(const struct session_table *table, const char *id) {
    uint32_t hash = 2166136261u; /* FNV-1a */
    for (; *id; id++)
        hash = (hash ^ (unsigned char)*id) * 16777619u;
    return (struct session **)&table->buckets[hash % SESSION_BUCKETS];
}

struct session *session_find(const struct session_table *table, const char *id) {
    struct session *session = *bucket_of(table, id);
    while (session && strcmp(session->id, id))
        session = session->next;
    return session;
}

struct session *session_add(struct session_table *table, const char *id, void *owner, struct session *parent) {
    struct session *session = session_find(table, id);
    if (session)
        return session;
    struct session **bucket = bucket_of(table, id);
    session = memory_alloc(sizeof(*session));
    session->owner = owner;
    session->parent = parent;
    session->next = *bucket;
    strncpy(session->id, id, sizeof(session->id) - 1);
    *bucket = session;
    table->count++;
    return session;
}

static struct session *find_child(const struct session_table *table, const struct session *parent) {
    for (size_t i = 0; i < SESSION_BUCKETS; i++)
        for (struct session *session = table->buckets[i]; session; session = session->next)
            if (session->parent == parent)
                return session;
    return NULL;
}

static void unlink_session(struct session_table *table, struct session *session) {
    struct session **link = bucket_of(table, session->id);
    while (*link != session)
        link = &(*link)->next;
    *link = session->next;
    table->count--;
}

void session_remove(struct session_table *table, struct session *session, void (*gone)(void *user, struct session *),
                    void *user) {
    for (;;) { /* deepest first, without recursion: a page decides how deep its frames nest */
        struct session *deepest = session;
        for (struct session *child; (child = find_child(table, deepest));)
            deepest = child;
        bool last = deepest == session;
        gone(user, deepest);
        unlink_session(table, deepest);
        free(deepest);
        if (last)
            return;
    }
}

void session_table_done(struct session_table *table) {
    for (size_t i = 0; i < SESSION_BUCKETS; i++)
        while (table->buckets[i]) {
            struct session *session = table->buckets[i];
            table->buckets[i] = session->next;
            free(session);
        }
}
