/* The shapes of the script language (tables in shapes.c): targets, conditions, readings and each action's arguments. */
#pragma once

#include "agent/shape.h"

extern const struct shape shape_step, shape_target, shape_condition, shape_reading, shape_list, shape_table;
extern const struct shape shape_goto, shape_click, shape_fill, shape_press, shape_wait_for, shape_extract,
    shape_screenshot, shape_download, shape_assert, shape_repeat;

/* Whether an object has a criterion of a target in it. */
bool shapes_has_target(const json_t *object);

/* The members of an object that belong to a target (a new object). */
json_t *shapes_target_of(const json_t *object);
