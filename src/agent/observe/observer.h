/* The insides of the observer, shared by the files of this folder. */
#pragma once

#include "agent/observe/observation.h"
#include "base/text.h"

/* A document, as the library in it calls itself. */
struct observed_world {
    char *token;
    char tab[129], session[129];
    int64_t *numbers; /* by the world's own id, 0: none yet */
    size_t room;
    int64_t first_look, listeners_next_ms;
};

struct observed_element {
    size_t world;
    int64_t id;
    char *line;
};

struct observer {
    struct observed_world *worlds;
    size_t world_count;
    struct observed_element *elements; /* element n is at n - 1 */
    size_t element_count;
    int64_t looks, dialogs_told;
    char hash[17];
    char last_world[64]; /* of the page that was looked at last */
};

/* The world of this name in a session; it is noted when it is new. */
size_t observer_world(struct observer *observer, const char *token, const char *tab, const char *session);
/* The number of an element, given when it has none yet; its line is kept. */
int64_t observer_number(struct observer *observer, size_t world, int64_t id, const char *line);

/* One line of an observation before it is chosen. Texts are borrowed from the answers. */
struct look_line {
    enum { LOOK_ELEMENT, LOOK_TEXT, LOOK_GROUP } kind;
    int zone; /* 0 in view, 1 below, 2 above */
    double distance;
    double box[4]; /* left, top, width, height in the view; of elements */
    const char *text;
    size_t world;
    int64_t id, number; /* LOOK_ELEMENT: the world's own; the run's, 0: it is not told */
    bool is_new, chosen;
    ssize_t parent; /* the group around it, -1: none */
};

struct look {
    json_t *answers; /* one per session of the page */
    const json_t *page;
    struct look_line *lines; /* in the order of the page */
    size_t count, room;
    int64_t counts[3]; /* elements by zone, those without a line included */
    int64_t texts;
    json_t *masks; /* boxes of fields whose value is secret although the page shows it */
};

/* Asks every session of the current tab, once. */
int look_take(struct run *run, size_t budget, int64_t deadline, struct look *ret_look, struct error *e);
void look_done(struct look *look);
#define cleanup_look __attribute__((cleanup(look_done)))

/* Shows the library elements that listen for clicks (of `answers` that it gave). Whether there are new ones. */
bool observer_find_listeners(struct run *run, const json_t *answers, int64_t deadline);

/* Takes the picture of what was looked at. */
int observer_picture(struct run *run, const struct look *look, bool boxes, int64_t deadline,
                     struct observation *observation, struct error *e);

/* Chooses lines and writes the text, at most `budget` bytes beyond its header. */
void compose(struct run *run, struct look *look, const char *header, size_t budget,
             struct observation *ret_observation);
